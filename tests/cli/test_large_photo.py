"""A photo as large as phones make them goes through as it comes, small faces and all."""

from __future__ import annotations

import json
import resource
from pathlib import Path

import pytest
from PIL import Image
from tests.cli.conftest import Run

FACES = (32, 48, 80, 400)  # pixels high; the portrait's face fills 120 of 200
GIGABYTE = 1 << 30


@pytest.mark.slow
def test_two_hundred_megapixels_are_redacted_by_default_in_bounded_memory(
    passerby: Run, tmp_path: Path, portrait: Image.Image
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
    done = passerby("redact", "large.jpg", "--quiet", "--save-plan", "plan.json")
    assert done.returncode == 0, done.stderr
    keys = [
        k for t in json.loads((tmp_path / "plan.json").read_text())["tracks"] for k in t["keys"]
    ]
    for height, (mx, my) in places.items():
        assert any(k[1] < mx < k[3] and k[2] < my < k[4] for k in keys), f"{height} px is bare"
    # Of the largest child so far, which this one is by far; Linux counts in KiB.
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 < 3 * GIGABYTE
