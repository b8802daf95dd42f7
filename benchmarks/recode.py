"""The least that any redactor of photos must do: decode and encode, with Pillow, on all cores.

recode.py QUALITY OUTPUT_DIR PHOTO...
"""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image


def recode(photo: Path, to: Path, quality: int) -> None:
    with Image.open(photo) as image:
        image.convert("RGB").save(to / f"{photo.stem}.jpg", "JPEG", quality=quality)


if __name__ == "__main__":
    quality, folder = int(sys.argv[1]), Path(sys.argv[2])
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda name: recode(Path(name), folder, quality), sys.argv[3:]))
