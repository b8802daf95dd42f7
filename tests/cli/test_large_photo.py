"""A photo as large as phones make them goes through as it comes, small faces and all."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from tests.cli.conftest import surroundings

FACES = (32, 48, 80, 400)  # pixels high; the portrait's face fills 120 of 200
GIGABYTE = 1 << 30

# The command, which tells last the most memory that it ever had, in KiB. What is asked about it
# from outside begins with that of who started it.
MEASURED = """
import atexit, re
from pathlib import Path
from passerby.apps.cli import main

status = Path("/proc/self/status")
atexit.register(lambda: print(re.search(r"VmHWM:\\s+(\\d+)", status.read_text())[1]))
main()
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells the peak")
@pytest.mark.slow
def test_two_hundred_megapixels_are_redacted_by_default_in_bounded_memory(
    tmp_path: Path, portrait: Image.Image
) -> None:
    wall = Image.effect_noise((2040, 1530), 25).resize((16320, 12240), Image.Resampling.BICUBIC)
    large = wall.convert("RGB")
    places: dict[int, tuple[float, float]] = {}
    for number, height in enumerate(FACES):
        side = height * 200 // 120
        x, y = 1500 + 4100 * number, 9000 - 2200 * number
        large.paste(portrait.resize((side, side), Image.Resampling.LANCZOS), (x, y))
        places[height] = (x + side / 2, y + side * 0.45)
    large.save(tmp_path / "large.jpg", quality=90)
    del wall, large
    words = ("redact", "large.jpg", "--quiet", "--save-plan", "plan.json")
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, *words],
        cwd=tmp_path,
        env=surroundings(tmp_path),
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    keys = [
        k for t in json.loads((tmp_path / "plan.json").read_text())["tracks"] for k in t["keys"]
    ]
    for height, (mx, my) in places.items():
        assert any(k[1] < mx < k[3] and k[2] < my < k[4] for k in keys), f"{height} px is bare"
    assert int(done.stdout) * 1024 < 3 * GIGABYTE
