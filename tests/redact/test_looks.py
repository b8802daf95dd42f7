"""How a veil looks: continuous at its border, smooth inside, and calm from frame to frame."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import cast

import av
import numpy as np
import pytest

from passerby.core.frame import Picture
from passerby.core.geometry import Box
from passerby.core.schedule import Region, Style
from passerby.redact import Paint
from passerby.testing import ArrayFrame

FACE = Box(160, 45, 285, 195)


@pytest.fixture(scope="module")
def portrait(astronaut: Path) -> Picture:
    with av.open(str(astronaut)) as container:
        return cast(Picture, next(container.decode(video=0)).to_ndarray(format="rgb24"))


def veiled(portrait: Picture, box: Box) -> np.ndarray:
    frame = ArrayFrame.of(portrait)
    Paint().redact(frame, [Region(box, Style.VEIL, "face", 0)])
    return frame.luma(0).astype(int)


def test_a_veil_is_smooth_inside(portrait: Picture) -> None:
    """No step between neighbours that the eye would take for an edge or a block."""
    inside = veiled(portrait, FACE)[47:193, 162:283]
    bends = [np.abs(np.diff(inside, 2, axis)).max() for axis in (0, 1)]
    steps = [np.abs(np.diff(inside, axis=axis)).max() for axis in (0, 1)]
    assert max(bends) <= 4
    assert max(steps) <= 14


def test_a_veil_meets_the_mean_of_its_surroundings(portrait: Picture) -> None:
    """Along each side the veil's border has the level of the picture beside it."""
    picture = veiled(portrait, FACE)
    sides = [
        (picture[39:45, 160:285].mean(0), picture[45:47, 160:285].mean(0)),
        (picture[195:201, 160:285].mean(0), picture[193:195, 160:285].mean(0)),
        (picture[45:195, 154:160].mean(1), picture[45:195, 160:162].mean(1)),
        (picture[45:195, 285:291].mean(1), picture[45:195, 283:285].mean(1)),
    ]
    window = np.ones(25) / 25
    for beside, border in sides:
        apart = np.convolve(beside, window, "valid") - np.convolve(border, window, "valid")
        assert np.abs(apart).mean() <= 16


@pytest.mark.parametrize(("right", "down", "larger"), [(0.5, 0.25, 0), (1, 0, 0), (0, 0, 0.5)])
def test_a_veil_that_moves_or_grows_does_not_flicker(
    portrait: Picture, right: float, down: float, larger: float
) -> None:
    """Up to a pixel a frame over a still picture, past hair, background and collar: the middle of
    the veil changes by what passes at its border, most where it grows into one more cell."""
    boxes = [
        Box(
            FACE.x0 + i * (right - larger),
            FACE.y0 + i * (down - larger),
            FACE.x1 + i * (right + larger),
            FACE.y1 + i * (down + larger),
        )
        for i in range(24)
    ]
    frames = [veiled(portrait, box)[75:170, 190:270] for box in boxes]
    changes = [np.abs(b - a) for a, b in pairwise(frames)]
    assert max(c.mean() for c in changes) <= 9
    assert max(c.max() for c in changes) <= 20
