"""Makes films and photos to measure speed with, out of real footage that keeps changing.

    film.py OUTPUT.mp4 WIDTH HEIGHT SECONDS FOOTAGE...
    film.py --photos OUTPUT_DIR PHOTO...

A film shows its footage piece by piece, forwards and backwards, five seconds each, while a window
pans and zooms over it (as a hand-held camera would), at 30 frames a second. Faces come and go, the
encoder has work, and no second looks like another. The photos are 12-megapixel sheets.
"""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import cv2
import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

RATE: Final = 30
PIECE: Final = 5 * RATE  # frames
LOADED: Final = 90  # frames of one piece of footage held at once
Image = NDArray[Any]


def film(target: Path, width: int, height: int, seconds: int, footage: list[Path]) -> None:
    pieces = itertools.cycle(footage)
    partial = target.with_suffix(".partial.mp4")
    with av.open(str(partial), "w", format="mp4") as made:
        stream = made.add_stream("libx264", rate=RATE, options={"preset": "veryfast", "crf": "18"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.time_base = Fraction(1, RATE)
        left, number = seconds * RATE, 0
        while left:
            for image in itertools.islice(_there_and_back(next(pieces)), min(left, PIECE)):
                window = _window(image, number, width, height)
                frame = VideoFrame.from_ndarray(window, format="bgr24")
                frame.pts = number
                made.mux(stream.encode(frame))
                number += 1
            left = seconds * RATE - number
        made.mux(stream.encode(None))
    partial.rename(target)


def photos(folder: Path, sources: list[Path]) -> None:
    """Each source 3 x 3 times, differently turned over, on a sheet of 4000 x 3000 pixels."""
    folder.mkdir(parents=True, exist_ok=True)
    for source in sources:
        image = cv2.imread(str(source))
        if image is None:
            continue
        cell = cv2.resize(image, (1334, 1000), interpolation=cv2.INTER_CUBIC)
        row = np.hstack([cell, cv2.flip(cell, 1), cell])
        sheet = np.vstack([row, cv2.flip(row, 1), row])[:3000, :4000]
        cv2.imwrite(str(folder / f"{source.stem}.jpg"), sheet, [cv2.IMWRITE_JPEG_QUALITY, 92])


def _there_and_back(path: Path) -> Iterator[Image]:
    images = list(itertools.islice(_images(path), LOADED))
    if not images:
        raise SystemExit(f"nothing to see in {path.name}")
    return itertools.cycle(images + images[-2:0:-1])


def _images(path: Path) -> Iterator[Image]:
    if path.suffix.lower() in (".png", ".jpg", ".jpeg"):
        yield np.asarray(cv2.imread(str(path)))
        return
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            yield frame.to_ndarray(format="bgr24")


def _window(image: Image, number: int, width: int, height: int) -> Image:
    """A part of `image` of the film's shape that wanders and breathes."""
    high, wide = image.shape[:2]
    fit = min(wide / width, high / height)
    share = 0.85 + 0.14 * math.cos(number / 47)
    across, down = fit * width * share, fit * height * share
    x = (wide - across) * (0.5 + 0.49 * math.sin(number / 61))
    y = (high - down) * (0.5 + 0.49 * math.sin(number / 37 + 1))
    move = np.array(
        [[width / across, 0, -x * width / across], [0, height / down, -y * height / down]]
    )
    return np.asarray(cv2.warpAffine(image, move, (width, height), borderMode=cv2.BORDER_REFLECT))


if __name__ == "__main__":
    if sys.argv[1] == "--photos":
        photos(Path(sys.argv[2]), [Path(name) for name in sys.argv[3:]])
    else:
        across, down, length = map(int, sys.argv[2:5])
        film(Path(sys.argv[1]), across, down, length, [Path(name) for name in sys.argv[5:]])
