"""Other eyes with detectors that see what a test tells them: which frames, which places, whom."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passerby.core.detection import Detections
from passerby.core.errors import UsageError
from passerby.core.frame import Frame
from passerby.core.geometry import Box, Size
from passerby.core.ports import DetectorInfo, Look
from passerby.core.schedule import Region, Style
from passerby.core.time import Clock, Span, Ticks
from passerby.testing import ArrayFrame, Layout
from passerby.verify.episodes import cover, episodes
from passerby.verify.eyes import PACES, SURE, Eyes, Pace, Sighting, tiles
from passerby.verify.kernels import changes, sudden
from passerby.verify.views import View, flipped, seen, share

CLOCK = Clock(Fraction(1, 30))
SIZE = Size(640, 360)
EVERY = Pace(Fraction(0), Fraction(100), 0)
Faces = Callable[[int], list[tuple[Box, float]]]


class Told:
    """A detector that sees `faces(tick)` wherever it looks, if their middle is in the crop."""

    def __init__(self, faces: Faces) -> None:
        self.faces = faces
        self.asked: list[tuple[int, Look]] = []
        self.info = DetectorInfo("told.v1", "told", "face", "0" * 64, "none", "none")

    def detect(self, frame: Frame, look: Look) -> Detections:
        self.asked.append((frame.span.start, look))
        crop = look.crop or Box(0, 0, frame.size.width, frame.size.height)
        mirrored = type(frame).__name__ == "Mirrored"
        found = []
        for face, score in self.faces(frame.span.start):
            box = flipped(face, frame.size.width) if mirrored else face
            x, y = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
            if score >= look.threshold and crop.x0 <= x < crop.x1 and crop.y0 <= y < crop.y1:
                found.append((*box.corners, score))
        rows = np.array(found, np.float32).reshape(-1, 5)
        return Detections(rows[:, :4], rows[:, 4])


def span(number: int) -> Span:
    return Span(Ticks(number), Ticks(number + 1))


def region(box: Box, track: int = 1) -> Region:
    return Region(box, Style.VEIL, "face", track)


def shown(
    faces: Faces,
    frames: int,
    hidden: Callable[[int], tuple[Region, ...]] = lambda _: (),
    kept: Callable[[int], tuple[Region, ...]] = lambda _: (),
    pace: Pace = EVERY,
    *,
    trusting: bool = True,
) -> tuple[Eyes, Told]:
    told = Told(faces)
    eyes = Eyes(told, CLOCK, pace, trusting=trusting)
    for number in range(frames):
        frame = ArrayFrame.flat(SIZE, span=span(number))
        eyes.see(frame, span(number), hidden(number), kept(number))
    return eyes, told


FACE = Box(300, 100, 340, 150)


def test_a_face_that_shows_in_one_frame_is_a_sighting_of_that_frame() -> None:
    eyes, _ = shown(lambda at: [(FACE, 0.9)] if at == 3 else [], 6)
    [sighting] = eyes.sightings
    assert (sighting.span, sighting.box) == (span(3), FACE)
    assert sighting.score == pytest.approx(0.9)


def test_what_the_plan_hides_or_keeps_is_none() -> None:
    around = FACE.grown(8, 12)
    hidden, _ = shown(lambda _: [(FACE, 0.9)], 3, hidden=lambda _: (region(around),))
    kept, _ = shown(lambda _: [(FACE, 0.9)], 3, kept=lambda _: (region(around),))
    assert hidden.sightings == kept.sightings == []


def test_what_was_only_to_be_hidden_is_one_where_nobody_compares() -> None:
    around = (region(FACE.grown(8, 12)),)
    bare, _ = shown(lambda _: [(FACE, 0.9)], 2, hidden=lambda _: around, trusting=False)
    assert [s.span for s in bare.sightings] == [span(0), span(1)]
    kept, _ = shown(lambda _: [(FACE, 0.9)], 2, kept=lambda _: around, trusting=False)
    assert kept.sightings == []


def test_the_more_of_it_is_hidden_the_surer_they_must_be() -> None:
    third = Box(FACE.x0, FACE.y0, FACE.x1, FACE.y0 + 16)
    below = SURE + 0.3
    unsure, _ = shown(lambda _: [(FACE, below)], 1, lambda _: (region(third),))
    assert unsure.sightings == []
    sure, _ = shown(lambda _: [(FACE, 0.95)], 1, lambda _: (region(third),))
    assert len(sure.sightings) == 1


def test_what_is_only_likely_needs_another_frame_that_says_so() -> None:
    likely = SURE - 0.05
    once, _ = shown(lambda at: [(FACE, likely)] if at == 2 else [], 6)
    assert once.sightings == []
    twice, _ = shown(lambda at: [(FACE, likely)] if at in (2, 3) else [], 6)
    assert {s.span for s in twice.sightings} == {span(2), span(3)}


def test_a_detector_of_the_finders_family_is_refused() -> None:
    told = Told(lambda _: [])
    with pytest.raises(UsageError, match="own family"):
        Eyes(told, CLOCK, EVERY, ["centerface", "told"])
    Eyes(told, CLOCK, EVERY, ["centerface"])


def test_a_cover_that_ends_or_begins_is_looked_around_at_once() -> None:
    rare = Pace(Fraction(10), Fraction(100), 0)
    covered = region(FACE.grown(8, 12))
    eyes, _ = shown(
        lambda at: [(FACE, 0.9)] if at in (4, 9) else [],
        14,
        lambda at: () if 4 <= at < 10 else (covered,),
        pace=rare,
    )
    assert [s.span for s in eyes.sightings] == [span(4), span(9)]


def test_what_changes_suddenly_is_looked_at_between_looks_at_everything() -> None:
    told = Told(lambda at: [(FACE, 0.9)] if at == 5 else [])
    eyes = Eyes(told, CLOCK, Pace(Fraction(10), Fraction(100), 0))
    for number in range(8):
        luma = np.full((360, 640), 120, np.uint8)
        if number == 5:
            luma[90:160, 290:350] = 220
        eyes.see(ArrayFrame([luma], Layout.GRAY, span=span(number)), span(number), ())
    assert [s.span for s in eyes.sightings] == [span(5)]


def test_places_that_change_leave_looks_for_a_picture_that_changes_as_a_whole() -> None:
    told = Told(lambda at: [(FACE, 0.9)] if at == 40 else [])
    eyes = Eyes(told, CLOCK, Pace(Fraction(10), Fraction(100), 0))
    for number in range(44):
        luma = np.full((360, 640), 220 if number == 40 else 120, np.uint8)
        for corner in range(4):  # somewhere new each time
            x = (150 * corner + 37 * number) % 600
            luma[40 + 60 * corner : 70 + 60 * corner, x : x + 30] = 250
        eyes.see(ArrayFrame([luma], Layout.GRAY, span=span(number)), span(number), ())
    assert eyes.looks["around"] > 16
    assert {s.span for s in eyes.sightings} == {span(40)}


def test_the_pace_decides_how_often_everything_is_looked_at() -> None:
    for name in ("balanced", "thorough"):
        eyes, _ = shown(lambda _: [], 30, pace=PACES[name])
        assert (eyes.looks["whole"] >= 30) == (name == "thorough")
        assert eyes.looks["whole"] >= 6


@given(st.integers(1, 6000), st.integers(1, 4000))
def test_tiles_cover_every_pixel_and_hold_every_face_of_the_lap_whole(
    width: int, height: int
) -> None:
    size = Size(width, height)
    parts = tiles(size)
    assert all(0 <= p.x0 < p.x1 <= width and 0 <= p.y0 < p.y1 <= height for p in parts)
    for x in range(0, width, 97):
        for y in range(0, height, 89):
            face = Box(x, y, min(width, x + 100), min(height, y + 100))
            assert any(part.contains(face) for part in parts)


@given(st.integers(0, 400), st.integers(0, 200), st.integers(10, 120), st.booleans())
def test_a_mirrored_look_gives_boxes_of_the_frame(x: int, y: int, side: int, crop: bool) -> None:
    face = Box(x, y, x + side, y + side)
    look = Look(1.0, 0.1, face.grown(20, 20) if crop else None)
    told = Told(lambda _: [(face, 0.5)])
    found = seen(told, View(ArrayFrame.flat(SIZE)), look, mirrored=True)
    np.testing.assert_allclose(found.boxes, [face.corners])


@given(
    st.lists(
        st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(1, 50), st.integers(1, 50)),
        max_size=4,
    )
)
def test_share_is_that_of_points_counted_one_by_one(rows: list[tuple[int, int, int, int]]) -> None:
    covers = [Box(x, y, x + w, y + h) for x, y, w, h in rows]
    box = Box(10, 20, 42, 52)
    points = [(10 + 2 * i + 1, 20 + 2 * j + 1) for i in range(16) for j in range(16)]
    inside = sum(any(c.x0 <= x < c.x1 and c.y0 <= y < c.y1 for c in covers) for x, y in points)
    assert share(box, covers) == pytest.approx(inside / 256)


sightings = st.lists(
    st.builds(
        lambda at, x, y, side: Sighting(span(at), Box(x, y, x + side, y + side), 0.6),
        st.integers(0, 90),
        st.integers(0, 500),
        st.integers(0, 300),
        st.integers(5, 100),
    ),
    min_size=1,
    max_size=12,
)


@given(sightings, st.integers(0, 15))
def test_a_repair_hides_every_sighting_with_room_and_time_around_it(
    seen_: list[Sighting], reach: int
) -> None:
    found = episodes(seen_, CLOCK.ticks(Fraction(1)))
    assert sorted(s.span for e in found for s in e.sightings) == sorted(s.span for s in seen_)
    for episode in found:
        parts = list(cover(episode, Ticks(reach)))
        assert all(a[1] == b[0] for a, b in pairwise(parts))
        assert parts[0][0] == episode.sightings[0].span.start - reach
        assert parts[-1][1] >= episode.sightings[-1].span.end + reach
        for sighting in episode.sightings:
            wide = sighting.box.grown(sighting.box.width / 5, sighting.box.height / 5)
            over = [b for start, end, b in parts if start <= sighting.span.start < end]
            assert any(b.contains(wide) for b in over)


def test_sightings_far_apart_are_faces_of_their_own_and_the_surest_comes_first() -> None:
    far = Box(10, 10, 50, 60)
    found = episodes(
        [
            Sighting(span(0), FACE, 0.5),
            Sighting(span(4), FACE.grown(2, 2), 0.7),
            Sighting(span(4), far, 0.9),
            Sighting(span(80), FACE, 0.6),
        ],
        CLOCK.ticks(Fraction(1)),
    )
    assert [len(e.sightings) for e in found] == [1, 2, 1]
    finding = found[1].finding()
    assert (finding.check, finding.at, finding.score) == ("eyes", Ticks(4), 0.7)
    assert "54 px" in finding.what
    assert "in 2 frames" in finding.what


def test_places_that_always_change_are_no_surprise_and_a_cut_is_the_whole_picture() -> None:
    rng = np.random.default_rng(3)
    still = np.full((90, 160), 100, np.uint8)
    restless = still.copy()
    restless[20:50, 20:60] = rng.integers(0, 255, (30, 40))
    usual = changes(still, restless)
    assert sudden(usual, usual) == []
    [(x0, y0, x1, y1)] = sudden(usual, np.zeros_like(usual)) or []
    assert x0 <= 20
    assert y0 <= 20
    assert x1 >= 60
    assert y1 >= 50
    assert sudden(changes(still, 255 - still), np.zeros_like(usual)) is None
