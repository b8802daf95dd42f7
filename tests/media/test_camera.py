"""A camera that nobody lets go."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from tests.live.camera import Film


def test_a_program_that_ends_while_it_holds_a_camera_does_end(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    Film.of(Image.fromarray(np.zeros((20, 20, 3), np.uint8))).write(film)
    code = (
        "from passerby.media.addresses import source; from passerby.media.camera import Camera\n"
        f"arrivals = Camera(source({str(film)!r})).arrivals(); next(arrivals); print('seen')"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True
    )
    assert said.stdout == "seen\n"
