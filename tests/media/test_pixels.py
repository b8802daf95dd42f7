"""Looking at frames: turned, small and in colour, against slow and obvious twins."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passerby.core.frame import Picture
from passerby.core.geometry import Box, Orientation, Size
from passerby.media.orient import from_matrix, to_matrix
from passerby.media.pixels import halved, rgb, scaled, shown, yuv_to_rgb

sides = st.integers(1, 33)
ways = st.sampled_from(list(Orientation))


def noise(width: int, height: int, seed: int = 0) -> Picture:
    return np.random.default_rng(seed).integers(0, 256, (height, width), np.uint8)


@given(sides, sides, ways)
def test_every_shown_pixel_is_the_stored_one_that_geometry_says(
    width: int, height: int, turned: Orientation
) -> None:
    stored = noise(width, height)
    seen = shown(stored, turned)
    size = Size(seen.shape[1], seen.shape[0])
    assert turned.stored(size) == Size(width, height)
    for y in range(size.height):
        for x in range(size.width):
            box = turned.to_stored(Box(x, y, x + 1, y + 1), size)
            assert seen[y, x] == stored[int(box.y0), int(box.x0)]


@given(ways, sides, sides)
def test_a_display_matrix_says_the_same_when_read_back(
    turned: Orientation, width: int, height: int
) -> None:
    assert from_matrix(np.array(to_matrix(turned, Size(width, height)), np.int64)) == turned


@given(sides, sides)
def test_halving_is_the_mean_of_each_two_by_two(width: int, height: int) -> None:
    image = noise(width * 2, height * 2)
    means = image.reshape(height, 2, width, 2).mean((1, 3), dtype=np.float64)
    assert np.abs(halved(image) - means).max() <= 0.5


@given(sides, sides, st.tuples(st.booleans(), st.booleans()))
def test_halving_any_size_gives_half_but_at_least_one(
    width: int, height: int, first: tuple[bool, bool]
) -> None:
    assert halved(noise(width, height), first).shape == (max(1, height // 2), max(1, width // 2))


@given(sides, sides, sides, sides)
def test_scaling_gives_the_size_that_was_asked_for(w: int, h: int, cols: int, rows: int) -> None:
    assert scaled(noise(w, h), cols, rows).shape == (rows, cols)


@given(sides, sides, sides, sides, st.integers(0, 255))
def test_scaling_one_colour_gives_that_colour(
    w: int, h: int, cols: int, rows: int, value: int
) -> None:
    flat = np.full((h, w), value, np.uint8)
    assert (scaled(flat, cols, rows) == value).all()


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("matrix", [1, 5, 6, 9])
def test_black_white_and_grey_have_no_tint(matrix: int, full: bool) -> None:
    low, high = (0, 255) if full else (16, 235)
    y = np.array([[low, high, (low + high) // 2]], np.uint8)
    grey = np.full_like(y, 128)
    seen = rgb(y, grey, grey, yuv_to_rgb(matrix, full))
    assert np.abs(seen[0].astype(int) - [[0] * 3, [255] * 3, [127] * 3]).max() <= 1


@pytest.mark.parametrize(("matrix", "weights"), [(1, (0.2126, 0.0722)), (6, (0.299, 0.114))])
@given(colour=st.tuples(*[st.integers(0, 255)] * 3))
def test_colours_survive_the_way_to_yuv_and_back(
    matrix: int, weights: tuple[float, float], colour: tuple[int, int, int]
) -> None:
    kr, kb = weights
    r, g, b = colour
    y = kr * r + (1 - kr - kb) * g + kb * b
    samples = y, (b - y) / (2 - 2 * kb) + 128, (r - y) / (2 - 2 * kr) + 128
    planes = [np.full((1, 1), min(255, round(s)), np.uint8) for s in samples]
    seen = rgb(planes[0], planes[1], planes[2], yuv_to_rgb(matrix, True))
    assert np.abs(seen[0, 0].astype(int) - colour).max() <= 4
