"""What the loops promise, whoever finds, paints and writes."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator, Sequence
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passerby.core.frame import Frame
from passerby.core.geometry import Box
from passerby.core.schedule import Region
from passerby.core.time import Clock
from passerby.engine.prefetch import prefetch
from passerby.engine.progress import told
from passerby.engine.run import Room, render, scheduled, settled, survey
from passerby.plan import FollowingPlanner, Policy
from passerby.testing import ArrayFrame, ListedSink

from .fakes import Reaching, Sightings, film, films, sightings

Hidden = list[tuple[int, tuple[Region, ...]]]


class Noting:
    """A redactor that only remembers what it was asked to hide."""

    def __init__(self) -> None:
        self.asked: Hidden = []

    def redact(self, frame: Frame, regions: Sequence[Region]) -> None:
        self.asked.append((frame.span.start, tuple(regions)))


def planner(seen: Sightings, reach: int) -> FollowingPlanner:
    return FollowingPlanner([Reaching(seen, reach)], Policy())


def live(frames: Sequence[Frame], seen: Sightings, horizon: int) -> Hidden:
    """All stages side by side: what is shown waits `horizon` frames and no longer."""
    plan, noting = planner(seen, horizon), Noting()
    shown = prefetch(settled(survey(prefetch(iter(frames), 2), plan), plan), 2)
    render(shown, noting, ListedSink())
    return noting.asked


def file(frames: Sequence[Frame], seen: Sightings, horizon: int) -> Hidden:
    """First all of it is looked at, then all of it is painted."""
    plan, noting = planner(seen, horizon), Noting()
    for _ in survey(frames, plan):
        pass
    render(scheduled(frames, plan.schedule), noting, ListedSink())
    return noting.asked


@st.composite
def scenes(draw: st.DrawFn) -> tuple[list[ArrayFrame], Sightings, int]:
    frames = draw(films())
    return frames, draw(sightings(len(frames))), draw(st.integers(0, 5))


@given(scenes())
def test_live_and_file_hide_the_same_pixels(scene: tuple[list[ArrayFrame], Sightings, int]) -> None:
    assert live(*scene) == file(*scene)


@given(scenes())
def test_every_sighting_is_inside_a_region_of_its_own_frame(
    scene: tuple[list[ArrayFrame], Sightings, int],
) -> None:
    frames, seen, _ = scene
    hidden = dict(live(*scene))
    for number, people in seen.items():
        for box in people.values():
            regions = hidden[frames[number].span.start]
            assert any(region.box.contains(box) for region in regions)


@given(scenes())
def test_somebody_is_hidden_before_they_are_first_seen(
    scene: tuple[list[ArrayFrame], Sightings, int],
) -> None:
    frames, seen, horizon = scene
    hidden = dict(live(*scene))
    for number, people in seen.items():
        for earlier in frames[max(0, number - horizon) : number]:
            assert len(hidden.get(earlier.span.start, ())) >= len(people)


@given(scenes())
def test_every_frame_is_written_once_and_in_order(
    scene: tuple[list[ArrayFrame], Sightings, int],
) -> None:
    frames, seen, horizon = scene
    plan, sink = planner(seen, horizon), ListedSink()
    written = render(settled(survey(iter(frames), plan), plan), Noting(), sink)
    assert written == len(frames)
    assert [f.span for f in sink.frames] == [f.span for f in frames]
    assert not sink.closed


@given(scenes())
def test_no_more_frames_wait_than_the_horizon_is_long(
    scene: tuple[list[ArrayFrame], Sightings, int],
) -> None:
    frames, seen, horizon = scene
    plan = planner(seen, horizon)
    came = left = 0

    def counted() -> Iterator[Frame]:
        nonlocal came
        for frame in frames:
            came += 1
            assert came - left <= horizon + 2  # the one that decides, and the next, for motion
            yield frame

    for _ in settled(survey(counted(), plan), plan):
        left += 1
    assert left == len(frames)


@given(scenes(), st.integers(0, 3))
def test_where_more_would_wait_than_there_is_room_for_all_is_surveyed_first(
    scene: tuple[list[ArrayFrame], Sightings, int], most: int
) -> None:
    frames, seen, horizon = scene
    plan, noting, sink = planner(seen, horizon), Noting(), ListedSink()
    came = again = 0

    def counted() -> Iterator[Frame]:
        nonlocal came
        for frame in frames:
            came += 1
            yield frame

    def once_more() -> Sequence[Frame]:
        nonlocal again
        again += 1
        assert came == len(frames), "before all was surveyed"
        return frames

    shown = settled(survey(counted(), plan), plan, Room(most, once_more))
    assert render(shown, noting, sink) == len(frames)
    assert [f.span for f in sink.frames] == [f.span for f in frames]
    assert noting.asked == live(frames, seen, horizon)
    assert again == (min(horizon + 1, len(frames)) > most)


def test_a_photo_is_a_stream_of_one_frame() -> None:
    frames = film([0])
    seen = {0: {0: Box(10, 10, 20, 20)}}
    [(at, regions)] = live(frames, seen, 0)
    assert at == 0
    assert regions[0].box.contains(seen[0][0])


def test_a_frame_that_nobody_decided_about_does_not_leave() -> None:
    class Undecided(FollowingPlanner):
        def finish(self) -> None:
            """Forgets to."""

    plan = Undecided([Reaching({}, 3)], Policy())
    with pytest.raises(RuntimeError, match="without deciding"):
        list(settled(survey(film([0, 1, 2]), plan), plan))


class Tap:
    """Frames that say whether they were let go of."""

    def __init__(self, frames: Sequence[Frame]) -> None:
        self._frames = frames
        self.closed = threading.Event()

    def frames(self) -> Iterator[Frame]:
        try:
            yield from self._frames
        finally:
            self.closed.set()


@pytest.mark.parametrize("where", ["planner", "redactor", "sink"])
def test_a_failure_anywhere_closes_the_source_before_it_is_told(where: str) -> None:
    class Failing(FollowingPlanner):
        def see(self, frame: Frame) -> None:
            super().see(frame)
            if where == "planner" and self.frames == 4:
                raise OSError(where)

    class Brush:
        def redact(self, frame: Frame, regions: Sequence[Region]) -> None:
            if where == "redactor":
                raise OSError(where)

    class Full(ListedSink):
        def write(self, frame: Frame) -> None:
            if where == "sink":
                raise OSError(where)

    tap, seen = Tap(film(range(0, 400, 4))), {0: {0: Box(0, 0, 5, 5)}}
    plan = Failing([Reaching(seen, 1)], Policy())
    gc.disable()
    try:
        with pytest.raises(OSError, match=where):
            render(prefetch(settled(survey(prefetch(tap.frames()), plan), plan)), Brush(), Full())
        assert tap.closed.is_set()
        assert [t.name for t in threading.enumerate() if t.name == "prefetch"] == []
    finally:
        gc.enable()


@given(films(least=2))
def test_progress_ends_with_the_length_of_the_film(frames: list[ArrayFrame]) -> None:
    said: list[Fraction] = []

    def tell(phase: str, done: Fraction, total: Fraction | None) -> None:
        assert phase == "find"
        assert total == 7
        said.append(done)

    clock = Clock(Fraction(1, 90_000))
    passed = told(frames, lambda f: f.span, clock, tell, phase="find", total=Fraction(7), pause=0)
    assert list(passed) == frames
    assert said == sorted(said)
    assert said[0] == 0
    assert said[-1] == clock.tick * (frames[-1].span.end - frames[0].span.start)
