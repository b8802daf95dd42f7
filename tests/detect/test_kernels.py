"""The numeric parts of detection against slow, obvious twins."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from passerby.core.detection import Boxes, Scores
from passerby.core.geometry import Box, Orientation, Size
from passerby.detect.kernels import (
    Floats,
    decode_centers,
    decode_corners,
    suppressed,
    turned_back,
)


@st.composite
def maps(draw: st.DrawFn) -> tuple[Floats, Floats, Floats]:
    """Heat, sizes and offsets of a small network output."""
    shape = (draw(st.integers(1, 6)), draw(st.integers(1, 6)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    heat = np.round(rng.uniform(0, 1, shape), 1).astype(np.float32)
    sizes = rng.uniform(-1, 5, (2, *shape)).astype(np.float32)
    offsets = rng.uniform(-1, 1, (2, *shape)).astype(np.float32)
    return heat, sizes, offsets


@given(maps(), st.sampled_from([0.05, 0.3, 0.5, 0.95]), st.sampled_from([4, 8]))
def test_centres_are_decoded_as_cell_by_cell(
    given_maps: tuple[Floats, Floats, Floats], threshold: float, stride: int
) -> None:
    heat, sizes, offsets = given_maps
    wanted = []
    for row in range(heat.shape[0]):
        for col in range(heat.shape[1]):
            if heat[row, col] < np.float32(threshold):
                continue
            high = math.exp(sizes[0, row, col]) * stride
            wide = math.exp(sizes[1, row, col]) * stride
            y = (row + offsets[0, row, col] + 0.5) * stride
            x = (col + offsets[1, row, col] + 0.5) * stride
            wanted.append((x - wide / 2, y - high / 2, x + wide / 2, y + high / 2, heat[row, col]))
    boxes, scores = decode_centers(heat, sizes, offsets, threshold, stride)
    assert (str(boxes.dtype), str(scores.dtype)) == ("float32", "float32")
    got = np.column_stack([boxes, scores])
    np.testing.assert_allclose(
        got, np.array(wanted, np.float64).reshape(-1, 5), rtol=1e-4, atol=1e-3
    )


@given(maps(), st.sampled_from([0.05, 0.5, 0.95]), st.sampled_from([8, 32]))
def test_corners_are_decoded_as_cell_by_cell(
    given_maps: tuple[Floats, Floats, Floats], threshold: float, stride: int
) -> None:
    scores, sizes, offsets = given_maps
    wanted = []
    for row in range(scores.shape[0]):
        for col in range(scores.shape[1]):
            if scores[row, col] < np.float32(threshold):
                continue
            wide = math.exp(sizes[0, row, col]) * stride
            high = math.exp(sizes[1, row, col]) * stride
            x = (col + offsets[0, row, col]) * stride
            y = (row + offsets[1, row, col]) * stride
            box = (x - wide / 2, y - high / 2, x + wide / 2, y + high / 2)
            wanted.append((*box, scores[row, col]))
    boxes, found = decode_corners(scores, np.concatenate([offsets, sizes]), threshold, stride)
    assert (str(boxes.dtype), str(found.dtype)) == ("float32", "float32")
    got = np.column_stack([boxes, found])
    np.testing.assert_allclose(
        got, np.array(wanted, np.float64).reshape(-1, 5), rtol=1e-4, atol=1e-3
    )


@st.composite
def crowds(draw: st.DrawFn) -> tuple[Boxes, Scores]:
    """Boxes on whole pixels that overlap, with scores that are often equal."""
    side, score = st.integers(1, 12), st.integers(1, 5)
    rows = draw(
        st.lists(
            st.tuples(st.integers(-5, 12), st.integers(-5, 12), side, side, score), max_size=12
        )
    )
    boxes = np.array([(x, y, x + w, y + h) for x, y, w, h, _ in rows], np.float32).reshape(-1, 4)
    return boxes, np.array([s / 5 for *_, s in rows], np.float32)


def pixels(box: Floats) -> set[tuple[int, int]]:
    x0, y0, x1, y1 = (int(v) for v in box)
    return {(x, y) for x in range(x0, x1) for y in range(y0, y1)}


@given(crowds(), st.sampled_from([0.0, 0.23, 0.45, 0.71, 1.0]))
def test_of_boxes_that_overlap_too_much_the_best_stays(
    crowd: tuple[Boxes, Scores], limit: float
) -> None:
    boxes, scores = crowd
    stay: list[int] = []
    for i in sorted(range(len(boxes)), key=lambda i: -scores[i]):  # stable: the first of equals
        mine = pixels(boxes[i])
        others = [pixels(boxes[j]) for j in stay]
        if all(len(mine & other) <= limit * len(mine | other) + 1e-6 for other in others):
            stay.append(i)
    assert suppressed(boxes, scores, limit).tolist() == stay


QUARTERS = {
    0: Orientation.UP,
    1: Orientation.TURN_90,
    2: Orientation.TURN_180,
    3: Orientation.TURN_270,
}
CORNER = st.integers(-40, 140).map(lambda v: v / 4)


@given(
    st.lists(st.tuples(CORNER, CORNER, st.integers(0, 60), st.integers(0, 60)), max_size=4),
    st.integers(-4, 7),
    st.integers(1, 40),
    st.integers(1, 40),
)
def test_turning_back_undoes_turning(
    corners: list[tuple[float, float, int, int]], quarters: int, width: int, height: int
) -> None:
    before = np.array([(x, y, x + w, y + h) for x, y, w, h in corners], np.float32).reshape(-1, 4)
    turned, size = before, (width, height)
    for _ in range(quarters % 4):  # clockwise, once: right becomes down, down becomes left
        x0, y0, x1, y1 = turned.T
        turned = np.stack([size[1] - y1, x0, size[1] - y0, x1], axis=1)
        size = size[::-1]
    np.testing.assert_array_equal(turned_back(turned, quarters, width, height), before)


@given(
    st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(1, 4), st.integers(1, 4)),
    st.integers(0, 3),
)
def test_a_box_turned_back_holds_the_pixels_that_it_held_in_the_turned_picture(
    place: tuple[int, int, int, int], quarters: int
) -> None:
    x, y, w, h = place
    picture = np.zeros((8, 9), np.uint8)
    picture[y : y + h, x : x + w] = 1
    rows, cols = np.nonzero(np.rot90(picture, -quarters))
    found = np.array([[cols.min(), rows.min(), cols.max() + 1, rows.max() + 1]], np.float32)
    assert turned_back(found, quarters, 9, 8).tolist() == [[x, y, x + w, y + h]]


@given(st.integers(0, 3), st.integers(1, 30), st.integers(1, 30))
def test_turns_are_those_of_the_orientations(quarters: int, width: int, height: int) -> None:
    """A stored picture shown under orientation `TURN_90` is one that was turned clockwise."""
    shown = Size(height, width) if quarters % 2 else Size(width, height)
    box = Box(1, 2, 4.25, 8)
    back = QUARTERS[quarters].to_stored(box, shown)
    row = np.array([box.corners], np.float32)
    assert tuple(turned_back(row, quarters, width, height)[0].tolist()) == back.corners
