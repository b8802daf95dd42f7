"""The synthetic frames keep the promises of core.frame.Frame."""

from __future__ import annotations

import numpy as np
import pytest

from passerby.core.geometry import Box, Orientation, Size
from passerby.testing import ArrayFrame, Layout

EVERY_WAY = list(Orientation)


@pytest.mark.parametrize("orientation", EVERY_WAY)
@pytest.mark.parametrize("layout", list(Layout))
@pytest.mark.parametrize("depth", [8, 10])
def test_a_picture_comes_back_the_way_up_it_was_given(
    orientation: Orientation, layout: Layout, depth: int
) -> None:
    rng = np.random.default_rng(3)
    given = np.kron(rng.integers(0, 256, (3, 4, 1), np.uint8), np.ones((4, 4, 3), np.uint8))
    frame = ArrayFrame.of(given, layout, depth=depth, orientation=orientation)
    assert frame.size == Size(16, 12)
    back = frame.picture(frame.size)
    assert np.abs(back.astype(int) - given).max() <= 3
    bright = frame.luma(2).astype(int)
    assert bright.shape == (3, 4)
    gain = 219 / 255 if "U" in layout.letters else 1
    black = 16 if "U" in layout.letters else 0
    assert np.abs(bright - (given[::4, ::4, 0] * gain + black)).max() <= 1.5


@pytest.mark.parametrize("orientation", EVERY_WAY)
def test_a_display_box_finds_the_same_pixels_in_the_stored_planes(
    orientation: Orientation,
) -> None:
    frame = ArrayFrame.noise(Size(13, 9), Layout.GRAY, orientation=orientation)
    box = Box(2, 3, 7, 8)
    stored_box = orientation.to_stored(box, frame.size)
    cells = stored_box.cells(orientation.stored(frame.size))
    assert cells is not None
    inside = np.sort(frame.planes()[0].pixels[cells], axis=None)
    assert np.array_equal(inside, np.sort(frame.luma(0)[3:8, 2:7], axis=None))


@pytest.mark.parametrize("layout", list(Layout))
def test_painting_leaves_the_arrays_that_were_handed_in_alone(layout: Layout) -> None:
    frame = ArrayFrame.noise(Size(7, 5), layout, depth=10)
    before = [p.pixels for p in frame.planes()]
    copies = [p.copy() for p in before]
    for plane in frame.writable():
        plane.pixels[...] = 0
    assert all(np.array_equal(a, b) for a, b in zip(before, copies, strict=True))
    assert all((plane.pixels == 0).all() for plane in frame.planes())


@pytest.mark.parametrize(("side", "halvings", "want"), [(5, 1, 2), (5, 3, 1), (16, 2, 4)])
def test_halved_luma_rounds_its_sides_down_but_never_to_nothing(
    side: int, halvings: int, want: int
) -> None:
    frame = ArrayFrame.flat(Size(side, side), level=77)
    assert frame.luma(halvings).shape == (want, want)
    assert (frame.luma(halvings) == 77).all()
