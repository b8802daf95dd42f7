"""Looks miss no pixel, stay inside the frame and say how small a face they search for."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from passerby.core.detection import Detections, overlaps
from passerby.core.geometry import Box, Size
from passerby.track import FollowSettings, looks
from passerby.track.rows import Row

from .films import PATIENT, Actor, Eyes, follower, shot, straight

SIZES = st.builds(Size, st.integers(1, 9000), st.integers(1, 9000))
OVERLAP = 32  # network pixels: a face that is found at 12 or more is whole in one of two tiles


def crops(size: Size, scale: float, side: int) -> list[tuple[float, Box]]:
    whole = Box(0, 0, size.width, size.height)
    return [(fitted, crop or whole) for fitted, crop in looks.tiles(size, scale, side)]


def gapless(cuts: set[tuple[float, float]], length: int, overlap: float) -> bool:
    """Whether pieces of a line cover 0..length, each sharing `overlap` with the next."""
    ordered = sorted(cuts)
    return (
        ordered[0][0] == 0
        and max(end for _, end in ordered) == length
        and all(b[0] <= a[1] - overlap + 1e-6 for a, b in pairwise(ordered))
    )


@given(SIZES, st.floats(0.05, 4), st.integers(640, 1280))
@example(Size(589, 99), 1.25, 640)  # 99 rows, less one that rounding lost
@example(Size(3000, 60), 1.0, 1280)  # too narrow for two tiles to share a strip
def test_tiles_show_every_pixel_and_neighbours_share_a_strip(
    size: Size, scale: float, side: int
) -> None:
    found = crops(size, scale, side)
    columns = {(c.x0, c.x1) for _, c in found}
    rows = {(c.y0, c.y1) for _, c in found}
    assert {(c.x0, c.x1, c.y0, c.y1) for _, c in found} == {(*c, *r) for c in columns for r in rows}
    shared = OVERLAP / found[0][0] - 2  # tiles begin and end at whole pixels
    assert gapless(columns, size.width, shared)
    assert gapless(rows, size.height, shared)


@given(SIZES, st.floats(0.05, 4), st.integers(640, 1280))
def test_tiles_lie_inside_stay_small_and_are_about_as_fine_as_asked(
    size: Size, scale: float, side: int
) -> None:
    whole = Box(0, 0, size.width, size.height)
    for fitted, crop in crops(size, scale, side):
        assert whole.contains(crop)
        assert max(crop.width, crop.height) * fitted <= 1.15 * side + 32 + 2 * fitted
        assert fitted >= 0.8 * scale


@given(
    SIZES,
    st.floats(-500, 9500),
    st.floats(-500, 9500),
    st.floats(1, 3000),
    st.floats(1, 3000),
    st.integers(0, 3),
)
def test_a_close_look_lies_inside_the_frame_and_holds_the_middle_of_the_face(
    size: Size, x: float, y: float, w: float, h: float, turn: int
) -> None:
    look = looks.close_look(np.array([x, y, x + w, y + h], np.float32), size, 0.3, turn)
    assert look.crop is not None
    assert Box(0, 0, size.width, size.height).contains(look.crop)
    assert look.scale > 0
    assert max(look.crop.width, look.crop.height) * look.scale <= looks.CLOSE + 1e-6
    assert (look.threshold, look.turn) == (0.3, turn)
    assert look.crop.x0 <= min(max(x + w / 2, 0), size.width) <= look.crop.x1
    assert look.crop.y0 <= min(max(y + h / 2, 0), size.height) <= look.crop.y1


@pytest.mark.parametrize("preset", ["fast", "balanced", "thorough"])
@given(size=SIZES)
def test_no_look_at_the_whole_frame_enlarges_it_and_fine_ones_only_as_far_as_allowed(
    preset: str, size: Size
) -> None:
    chosen = FollowSettings.preset(preset)
    long = max(size.width, size.height)
    assert looks.coarse_scale(size, chosen) == min(1, chosen.coarse / long)
    assert looks.fine_scale(size, chosen) == min(chosen.enlarge, chosen.fine / long)


@pytest.mark.parametrize("fine", [320, 640])
def test_the_smallest_face_is_the_one_of_twelve_network_pixels_in_the_finest_look(
    fine: int,
) -> None:
    film = shot(2, Actor(straight(100, 60, 0)))
    eyes = Eyes(film)
    chosen = replace(PATIENT, coarse=160, fine=fine, enlarge=2.0)
    one = follower(film, eyes, chosen)
    for frame in film.frames:
        one.see(frame)
    finest = max(look.scale for _, look in eyes.looks if not look.turn)
    assert one.smallest == pytest.approx(12 / (fine / 320))
    assert finest >= 0.9 * fine / 320


@st.composite
def sightings(draw: st.DrawFn) -> Detections:
    """Up to eight boxes that often overlap."""
    n = draw(st.integers(0, 8))
    corner = st.integers(0, 40)
    rows = [(draw(corner), draw(corner)) for _ in range(n)]
    boxes = [(x, y, x + draw(st.integers(5, 30)), y + draw(st.integers(5, 30))) for x, y in rows]
    scores = [draw(st.integers(1, 99)) / 100 for _ in range(n)]
    return Detections(np.array(boxes, np.float32).reshape(-1, 4), np.array(scores, np.float32))


@given(st.lists(sightings(), min_size=2, max_size=3))
def test_of_sightings_at_one_place_the_best_stays_and_no_place_is_lost(
    parts: list[Detections],
) -> None:
    every, kept = Detections.joined(parts), looks.united(parts)
    shared = overlaps(kept.boxes, kept.boxes)
    np.fill_diagonal(shared, 0)
    assert not (shared > 0.45).any()
    for box, score in zip(every.boxes, every.scores, strict=True):
        fits = overlaps(box[None], kept.boxes)[0]
        assert ((fits > 0.45) & (kept.scores >= score)).any()


@given(sightings(), sightings())
def test_turned_looks_add_only_what_is_elsewhere(seen: Detections, known: Detections) -> None:
    kept = looks.elsewhere(seen, known)
    places = {tuple(b) for b in kept.boxes.tolist()}
    for box in seen.boxes:
        on = any(_inside(box, k) >= 0.5 for k in known.boxes)
        assert (tuple(box.tolist()) in places) != on


def _inside(a: Row, b: Row) -> float:
    """The shared area, as a share of the smaller of two boxes."""
    wide = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    high = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    return float(wide * high / min((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1])))
