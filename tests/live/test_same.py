"""Live hides what a file hides with the same horizon, and forgetting the past changes nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
from PIL import Image
from tests.live.camera import Film

from passerby.core.errors import DetectorError
from passerby.core.frame import Frame
from passerby.core.live import Arrival
from passerby.core.schedule import Region
from passerby.core.time import Ticks
from passerby.engine.live import Live
from passerby.engine.pace import RUNGS
from passerby.engine.run import settled, survey
from passerby.jobs import Settings, doors
from passerby.jobs.account import policy_of
from passerby.jobs.finders import video_finder
from passerby.media import Card
from passerby.plan import FollowingPlanner

pytestmark = pytest.mark.slow
HORIZON = Fraction(2, 5)
THIN = next(n for n, rung in enumerate(RUNGS) if rung.thinning > 1)
SETTINGS = Settings()
Hidden = list[tuple[int, tuple[Region, ...]]]


@pytest.fixture(scope="module")
def card(astronaut: Path, tmp_path_factory: pytest.TempPathFactory) -> Card:
    path = tmp_path_factory.mktemp("same") / "film.mp4"
    with Image.open(astronaut) as image:
        Film.of(image.convert("RGB").crop((120, 20, 320, 220))).write(path)
    return doors.look_at(path, SETTINGS)


class Watching(FollowingPlanner):
    def coarser(self, halvings: int, stretch: int = 1) -> None:
        raise AssertionError("nothing gives way where there is no clock")


def planner(card: Card) -> Watching:
    finder = video_finder(SETTINGS, card.clock, card.size, horizon=HORIZON)
    return Watching(finder.followers, policy_of(SETTINGS))


@pytest.fixture(scope="module")
def of_the_file(card: Card) -> Hidden:
    """What is hidden in each frame, surveyed as a file is."""
    eyes = planner(card)
    pairs = settled(survey(doors.open_source(card, SETTINGS).frames(), eyes), eyes)
    return [(frame.span.start, tuple(regions)) for frame, regions in pairs]


class Shown:
    """A redactor and an outlet that write down what they are given."""

    def __init__(self) -> None:
        self.hidden: dict[int, tuple[Region, ...]] = {}
        self.frames: list[int] = []
        self.curtains = 0

    def redact(self, frame: Frame, regions: Sequence[Region]) -> None:
        self.hidden[frame.span.start] = tuple(regions)

    def shape(self, frame: Frame) -> None:
        pass

    def show(self, frame: Frame, moment: float, halvings: int = 0) -> None:
        self.frames.append(frame.span.start)

    def curtain(self, moment: float) -> None:
        self.curtains += 1

    @property
    def all(self) -> Hidden:
        return [(at, self.hidden.get(at, ())) for at in self.frames]


def arrivals(card: Card) -> Iterator[Arrival]:
    for number, frame in enumerate(doors.open_source(card, SETTINGS).frames()):
        yield Arrival(frame, card.clock, arrived=0.0, moment=number / 12, section=0)


def test_live_hides_the_same_as_a_file_with_its_horizon(card: Card, of_the_file: Hidden) -> None:
    shown = Shown()
    counts = Live(lambda first, failed: planner(card), shown, shown, delay=None).run(arrivals(card))
    assert shown.all == of_the_file
    assert (counts.shown, counts.covered, counts.dropped) == (len(of_the_file), 0, 0)
    assert sum(bool(regions) for _, regions in of_the_file) > len(of_the_file) / 2


class Failing(Shown):
    """Needs a model to paint, which fails at every third frame."""

    def redact(self, frame: Frame, regions: Sequence[Region]) -> None:
        super().redact(frame, regions)
        if len(self.hidden) % 3 == 0:
            raise DetectorError("fails", at=frame.span.start)


def test_a_frame_that_cannot_be_painted_is_covered(card: Card, of_the_file: Hidden) -> None:
    shown = Failing()
    counts = Live(lambda first, failed: planner(card), shown, shown, delay=None).run(arrivals(card))
    painted = sum(bool(regions) for _, regions in of_the_file)
    assert shown.curtains == counts.covered == counts.failures == painted // 3 > 5
    assert len(shown.frames) == counts.shown == len(of_the_file) - painted // 3


def test_where_fewer_frames_are_published_each_is_looked_at_all_the_same(card: Card) -> None:
    seen: list[int] = []

    class Counting(Watching):
        def coarser(self, halvings: int, stretch: int = 1) -> None:
            assert halvings == RUNGS[THIN][1]

        def see(self, frame: Frame) -> None:
            seen.append(frame.span.start)
            super().see(frame)

    def eyes(first: Arrival, failed: bool) -> Counting:
        finder = video_finder(SETTINGS, card.clock, card.size, horizon=HORIZON)
        return Counting(finder.followers, policy_of(SETTINGS))

    def now() -> Iterator[Arrival]:
        for number, arrival in enumerate(arrivals(card)):
            while number > 2 + len(seen):  # what comes while models are opened is given up
                time.sleep(0.01)
            yield replace(arrival, arrived=time.monotonic())

    shown = Shown()
    live = Live(eyes, shown, shown, delay=60)
    live._pace._rung = THIN
    counts = live.run(now())
    given_up = counts.came - counts.dropped - len(seen)  # as models were opened, or before
    assert len(seen) > 50
    assert given_up + counts.dropped <= 4
    assert shown.curtains == counts.covered <= given_up
    assert abs(counts.thinned - len(seen) / 2) < 3
    assert abs(counts.shown - len(seen) / 2) < 3
    step = min(after - before for before, after in pairwise(seen))
    assert {(at - shown.frames[0]) // step % 2 for at in shown.frames} == {0}


def test_what_is_decided_by_coarser_looks_is_published_no_finer(card: Card) -> None:
    """Frames that waited when the step was taken, too."""
    seen: list[int] = []
    decided: list[int] = []  # how many were final as looks became coarser

    class Counting(Watching):
        def coarser(self, halvings: int, stretch: int = 1) -> None:
            decided.append(sum(at < self.schedule.final_until for at in seen))

        def see(self, frame: Frame) -> None:
            seen.append(frame.span.start)
            super().see(frame)
            if len(seen) == 30:
                live._pace._rung = THIN - 1

    class Fine(Shown):
        def __init__(self) -> None:
            super().__init__()
            self.fine: list[int] = []

        def show(self, frame: Frame, moment: float, halvings: int = 0) -> None:
            super().show(frame, moment)
            if not halvings:
                self.fine.append(frame.span.start)

    def eyes(first: Arrival, failed: bool) -> Counting:
        finder = video_finder(SETTINGS, card.clock, card.size, horizon=HORIZON)
        return Counting(finder.followers, policy_of(SETTINGS))

    def now() -> Iterator[Arrival]:
        for number, arrival in enumerate(arrivals(card)):
            while number > 2 + len(seen):
                time.sleep(0.01)
            yield replace(arrival, arrived=time.monotonic())

    shown = Fine()
    live = Live(eyes, shown, shown, delay=60)
    live.run(now())
    assert len(decided) == 1
    assert 20 < decided[0] < 30
    assert set(shown.fine) <= set(seen[: decided[0]])
    assert len(shown.frames) > len(shown.fine) + 25


@pytest.mark.parametrize("every", [1, 7])
def test_what_is_forgotten_was_not_needed(card: Card, of_the_file: Hidden, every: int) -> None:
    eyes = planner(card)
    there: Hidden = []

    def forgetting() -> Iterator[Frame]:
        for number, frame in enumerate(survey(doors.open_source(card, SETTINGS).frames(), eyes)):
            yield frame
            if there and number % every == 0:
                eyes.forget(Ticks(there[-1][0]))

    for frame, regions in settled(forgetting(), eyes):
        there.append((frame.span.start, tuple(regions)))
    assert [at for at, _ in there] == [at for at, _ in of_the_file]
    assert [regions for _, regions in there] == [regions for _, regions in of_the_file]
    assert eyes.frames < len(of_the_file) / 2


def test_a_frame_waits_no_longer_than_its_horizon(card: Card) -> None:
    eyes = planner(card)
    longest = Ticks(0)
    for frame in survey(doors.open_source(card, SETTINGS).frames(), eyes):
        decided = eyes.schedule.final_until
        if decided < frame.span.end:
            longest = max(longest, Ticks(frame.span.end - max(decided, Ticks(0))))
    assert card.clock.seconds(longest) <= HORIZON + Fraction(1, 6)
