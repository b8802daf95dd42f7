"""What is remembered is what would be seen: only looks are saved, never a face."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest

from passerby.core.detection import Detections, overlaps
from passerby.core.frame import Frame
from passerby.core.geometry import Box, Size
from passerby.core.ports import Look
from passerby.core.time import Ticks
from passerby.testing import ArrayFrame, Layout
from passerby.track import FollowSettings, Remembering, shapes

from .films import TICK, Actor, Eyes, Film, shot, straight, within

SIZE = Size(640, 360)
WHOLE = Look(1.0, 0.3)
LONG = Ticks(1000 * TICK)


def noisy(film: Film, sigma: float = 2.0) -> Film:
    """As a sensor shows it."""
    rng = np.random.default_rng(3)
    frames = []
    for frame in film.frames:
        grey = frame.planes()[0].pixels.astype(np.float32)
        grey += rng.normal(0, sigma, grey.shape).astype(np.float32)
        pixels = np.clip(grey, 0, 255).astype(np.uint8)
        frames.append(ArrayFrame([pixels], Layout.GRAY, span=frame.span))
    return Film(frames, film.actors)


def placed(seen: Detections) -> list[tuple[float, ...]]:
    return sorted({tuple(map(float, row)) for row in seen.boxes})


def asked(eyes: Eyes) -> float:
    """Of how many whole pictures the detector was shown, as shares of one."""
    whole = SIZE.width * SIZE.height
    return sum((look.crop.area / whole) if look.crop else 1.0 for _, look in eyes.looks)


def test_a_still_scene_is_looked_at_once_and_everybody_in_it_stays_seen() -> None:
    film = noisy(shot(40, Actor(straight(300, 150, 0)), size=SIZE))
    eyes = Eyes(film)
    remembering = Remembering(eyes, LONG)
    for frame in film.frames:
        assert placed(remembering.detect(frame, WHOLE)) == [(300, 150, 332, 190)]
    whole, again = (look for _, look in eyes.looks)  # who is new is looked at once more
    assert whole.crop is None
    assert again.crop is not None
    assert again.crop.area < SIZE.width * SIZE.height / 4


def test_a_lamp_that_flickers_is_no_news_but_who_steps_into_its_light_is() -> None:
    rng = np.random.default_rng(4)
    still = shot(40, size=SIZE).frames
    walked = shot(40, Actor(within(straight(300, 150, 0), 30, 40)), size=SIZE)
    frames = []
    for i, (frame, after) in enumerate(zip(still, walked.frames, strict=True)):
        pixels = (after if i >= 30 else frame).planes()[0].pixels.astype(np.float32)
        pixels = pixels * (1 + 0.03 * np.sin(i)) + rng.normal(0, 2, pixels.shape)
        frames.append(
            ArrayFrame([np.clip(pixels, 0, 255).astype(np.uint8)], Layout.GRAY, span=frame.span)
        )
    eyes = Eyes(Film(frames, walked.actors))
    remembering = Remembering(eyes, LONG)
    found = [placed(remembering.detect(frame, WHOLE)) for frame in frames]
    assert [i for i, _ in eyes.looks if i < 30] == [0]
    assert found[:30] == [[]] * 30
    assert found[30:] == [[(300, 150, 332, 190)]] * 10


class Ghosts(Eyes):
    """Eyes that see somebody at `there`, where nothing is, in looks that `haunted` chooses."""

    def __init__(self, film: Film, there: Box, haunted: Callable[[int, Look], bool]) -> None:
        super().__init__(film)
        self._there, self._haunted = there, haunted

    def detect(self, frame: Frame, look: Look) -> Detections:
        seen = super().detect(frame, look)
        if not self._haunted(self._film.index[frame.span.start], look):
            return seen
        ghost = np.array([self._there.corners], np.float32)
        return Detections.joined([seen, Detections(ghost, np.array([0.5], np.float32))])


def test_a_part_that_is_looked_at_again_tells_nothing_of_what_did_not_change() -> None:
    film = noisy(shot(30, Actor(straight(50, 200, 8)), size=SIZE))
    there = Box(100, 140, 116, 156)
    eyes = Ghosts(film, there, lambda _, look: look.crop is not None and look.crop.contains(there))
    remembering = Remembering(eyes, LONG)
    for frame in film.frames:
        assert len(remembering.detect(frame, WHOLE)) == 1
    assert any(look.crop and look.crop.contains(there) for _, look in eyes.looks)


def test_a_wall_taken_for_something_huge_does_not_make_every_look_a_whole_one() -> None:
    film = noisy(shot(40, Actor(straight(50, 200, 8)), size=SIZE))
    eyes = Ghosts(film, Box(-200, -60, 840, 300), lambda _, look: look.crop is None)
    remembering = Remembering(eyes, LONG)
    for frame in film.frames:
        assert len(remembering.detect(frame, WHOLE)) == 2
    assert asked(eyes) < 0.4 * 40


def test_something_huge_that_moves_is_looked_at_whole() -> None:
    film = noisy(shot(10, Actor(straight(20, 40, 15), wide=400, high=250), size=SIZE))
    plain, remembering = Eyes(film), Remembering(Eyes(film), LONG)
    for frame in film.frames:
        want, got = plain.detect(frame, WHOLE), remembering.detect(frame, WHOLE)
        assert overlaps(want.boxes, got.boxes)[0, 0] > 0.8


def test_what_was_seen_once_is_looked_at_again_before_it_is_believed_for_long() -> None:
    film = noisy(shot(6, size=SIZE))
    eyes = Ghosts(film, Box(80, 90, 110, 130), lambda i, _: i == 0)
    remembering = Remembering(eyes, LONG, seed=0.2)
    assert [len(remembering.detect(frame, WHOLE)) for frame in film.frames] == [1, 0, 0, 0, 0, 0]
    weak = Ghosts(film, Box(80, 90, 110, 130), lambda i, _: i == 0)
    remembering = Remembering(weak, LONG, seed=0.6)  # too weak to begin anything
    assert [len(remembering.detect(frame, WHOLE)) for frame in film.frames] == [1] * 6
    assert len(weak.looks) == 1


def test_now_and_then_all_is_looked_at_again() -> None:
    film = noisy(shot(40, size=SIZE))
    eyes = Eyes(film)
    remembering = Remembering(eyes, Ticks(10 * TICK))
    for frame in film.frames:
        remembering.detect(frame, WHOLE)
    assert [i for i, _ in eyes.looks] == [0, 10, 20, 30]


@pytest.mark.parametrize(
    ("fresh", "most"), [(LONG, 400_000), (Ticks(2 * TICK), 100_000)], ids=["many", "old"]
)
def test_it_keeps_little_of_looks_that_nobody_asks_for_again(fresh: Ticks, most: int) -> None:
    film = shot(8, size=SIZE)
    remembering = Remembering(Eyes(film), fresh)
    tracemalloc.start()
    try:
        for n in range(160):
            x, y = 5 * n % 570, 7 * n % 290
            remembering.detect(film.frames[n // 20], Look(1.0, 0.3, Box(x, y, x + 64, y + 64)))
        remembering.detect(film.frames[-1], WHOLE)
        kept = tracemalloc.take_snapshot()
    finally:
        tracemalloc.stop()
    mine = kept.filter_traces([tracemalloc.Filter(True, "*remembering.py")])
    assert sum(one.size for one in mine.statistics("filename")) < most


@pytest.mark.parametrize("seed", range(4))
def test_the_answers_are_those_of_the_detector(seed: int) -> None:
    """People who walk, stand, come and go: each is seen as if all was looked at."""
    rng = np.random.default_rng(seed)
    actors = []
    for n in range(4):
        x, y, dx, dy = (float(v) for v in rng.uniform((0, 0, -12, -6), (610, 330, 12, 6)))
        first = int(rng.integers(0, 15))
        course = within(straight(x, y, dx, dy), first, first + int(rng.integers(5, 30)))
        still = rng.random() < 0.4
        actors.append(
            Actor(straight(x, y, 0) if still else course, seed=50 + n, wide=36 + 8 * n, high=48)
        )
    film = noisy(shot(30, *actors, size=SIZE))
    eyes, plain = Eyes(film), Eyes(film)
    remembering = Remembering(eyes, LONG)
    for frame in film.frames:
        want, got = plain.detect(frame, WHOLE), remembering.detect(frame, WHOLE)
        if len(want):
            assert len(got)
            assert (overlaps(want.boxes, got.boxes).max(axis=1) > 0.8).all()
        if len(got):  # and nothing stays where nobody is any more
            assert len(want)
            assert (overlaps(got.boxes, want.boxes).max(axis=1) > 0.8).all()
    assert asked(eyes) < 30


@pytest.mark.parametrize("scale", [1.0, 0.55])
def test_who_walks_through_a_still_street_costs_a_fraction_of_looking_at_all_of_it(
    scale: float,
) -> None:
    """However coarse the looks are: as live takes them where it gives way to load."""
    film = noisy(shot(60, Actor(straight(50, 200, 8)), size=SIZE))
    eyes = Eyes(film)
    remembering = Remembering(eyes, LONG)
    for frame in film.frames:
        assert len(remembering.detect(frame, Look(scale, 0.3))) == 1
    assert asked(eyes) < 0.35 * 60


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("walked", [False, True])
def test_who_creeps_in_is_noticed(dark: bool, walked: bool) -> None:
    """A face that comes out of the wall by a fraction of a level a frame, also while somebody walks
    elsewhere, so that parts of the picture are looked at all the time."""
    length, there = 80, straight(500, 40, 0)
    walker = [Actor(straight(20, 250, 2), seed=5)] if walked else []
    share = 0.25 if dark else 1.0
    before = shot(length, *walker, size=SIZE).frames
    after = shot(length, *walker, Actor(there), size=SIZE).frames
    frames = []
    for i, (old, new) in enumerate(zip(before, after, strict=True)):
        wall, face = (frame.planes()[0].pixels.astype(np.float32) for frame in (old, new))
        pixels = ((wall + (face - wall) * (i / length)) * share).astype(np.uint8)
        frames.append(ArrayFrame([pixels], Layout.GRAY, span=old.span))
    film = Film(frames, (*walker, Actor(there, score=lambda i: i / length)))
    remembering = Remembering(Eyes(film), LONG)
    seen = [
        i
        for i, frame in enumerate(frames)
        if (500, 40, 532, 80) in placed(remembering.detect(frame, WHOLE))
    ]
    assert seen[0] < 40  # the detector by itself sees it from 24 on
    assert seen == list(range(seen[0], length))


def test_other_looks_are_remembered_apart() -> None:
    film = shot(4, Actor(straight(300, 150, 0)), size=SIZE)
    eyes = Eyes(film)
    remembering = Remembering(eyes, LONG, seed=2)
    closer = Look(2.0, 0.3, Box(280, 140, 350, 200))
    for frame in film.frames:
        for look in (WHOLE, closer, Look(1.0, 0.3, turn=1)):
            remembering.detect(frame, look)
    assert len(eyes.looks) == 3


def test_all_shapes_of_looks_lie_inside_the_picture() -> None:
    for kind in ("face", "plate", "text", "person"):
        for size in (SIZE, Size(640, 360), Size(1081, 1920), Size(64, 48)):
            frame = ArrayFrame([np.zeros((size.height, size.width), np.uint8)], Layout.GRAY)
            for look in shapes(size, FollowSettings.preset("balanced", kind)):
                assert look.crop is None or Box(0, 0, size.width, size.height).contains(look.crop)
                frame.picture(Size(8, 8), look.crop)


def test_what_is_never_believed_is_not_told_and_costs_no_look() -> None:
    """A row of houses as one huge plate, and a hazy letter that is too high for the look."""
    from passerby.track.settings import PLATE

    wall = Actor(straight(100, 10, 0), wide=400, high=300)
    haze = Actor(straight(40, 40, 0), seed=901, wide=500, high=150, score=lambda _: 0.5)
    plate = Actor(straight(300, 320, 0), seed=902, wide=60, high=16)
    film = noisy(shot(6, wall, haze, plate, size=SIZE))
    remembering = Remembering(Eyes(film), LONG, traits=PLATE)
    for frame in film.frames:
        assert placed(remembering.detect(frame, WHOLE)) == [(300, 320, 360, 336)]
    told = Remembering(Eyes(film), LONG).detect(film.frames[0], WHOLE)
    assert len(told) == 3  # of faces, all would be
