"""What is published where there is more to look at than is possible, or little time for it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from fractions import Fraction

import pytest
from tests.engine.fakes import shot

from passerby.core.frame import Frame
from passerby.core.live import Arrival
from passerby.core.schedule import Region
from passerby.core.time import Clock, Span, Ticks
from passerby.engine import live
from passerby.engine.live import Live

STEP = 0.05  # seconds between frames


class Planner:
    """Looks for `takes` seconds; without `decides` decides nothing before it is told to look less
    finely. `behind`: frames that it has to see after one to decide it."""

    def __init__(self, takes: float, *, decides: bool = True, behind: int = 0) -> None:
        self.final_until = Ticks(0)
        self._takes, self._decides, self._behind = takes, decides, behind

    @property
    def schedule(self) -> Planner:
        return self

    def see(self, frame: Frame) -> None:
        time.sleep(self._takes)
        if self._decides:
            self.final_until = Ticks(frame.span.end - self._behind)

    def coarser(self, halvings: int, stretch: int = 1) -> None:
        if halvings > 1:
            self._takes, self._decides = 0.0, True

    def regions(self, span: Span) -> tuple[Region, ...]:
        return ()

    def finish(self) -> None:
        if self._decides:
            self.final_until = Ticks(self.final_until + self._behind)

    def forget(self, before: Ticks) -> None: ...


class Seen:
    """What is published, in order: True for a picture."""

    def __init__(self) -> None:
        self.pictures: list[bool] = []

    def redact(self, frame: Frame, regions: Sequence[Region]) -> None: ...

    def shape(self, frame: Frame) -> None: ...

    def show(self, frame: Frame, moment: float, halvings: int = 0) -> None:
        self.pictures.append(True)

    def curtain(self, moment: float) -> None:
        self.pictures.append(False)


def arrivals(seconds: float, *, broken: int = 0, step: float = STEP) -> Iterator[Arrival]:
    """Of the frames one in `broken` is not to be shown."""
    clock = Clock(Fraction(step))
    for number in range(round(seconds / step)):
        now = time.monotonic()
        clean = not broken or number % broken != 0
        yield Arrival(shot(number, number + 1), clock, now, number * step, 0, clean=clean)
        time.sleep(step)


def published(planner: Planner, frames: Iterator[Arrival]) -> tuple[Live, list[bool]]:
    seen = Seen()
    loop = Live(lambda first, failed: planner, seen, seen, delay=0.3)
    loop.run(frames)
    return loop, seen.pictures


def test_a_beginning_that_is_too_much_does_not_last_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where nothing was ever decided, being late tells of load as well, after a while."""
    monkeypatch.setattr(live, "_BEGINNING", (0.2, 0.6))
    loop, pictures = published(Planner(0.4, decides=False), arrivals(8))
    assert loop.counts.shown > 20
    assert sum(pictures) == loop.counts.shown


def test_of_many_curtains_in_a_row_a_few_are_published() -> None:
    loop, pictures = published(Planner(0.0, decides=False), arrivals(3))
    assert loop.counts.covered == 60
    assert 10 <= len(pictures) <= 16
    assert not any(pictures)


def test_no_picture_stays_where_a_frame_is_covered() -> None:
    """The first curtain after a picture is published, however short ago the last one was."""
    loop, pictures = published(Planner(0.0), arrivals(2, broken=2))
    assert pictures == [False, True] * 20
    assert loop.counts.covered == loop.counts.shown == 20


def test_of_a_slow_camera_each_frame_waits_for_the_next_two_and_is_shown() -> None:
    """And no curtain comes between, as where nothing comes."""
    loop, pictures = published(Planner(0.1, behind=2), arrivals(9, step=1.25))
    assert loop.counts.came == 7
    assert loop.counts.shown >= 5
    assert pictures[pictures.index(True) :] == [True] * loop.counts.shown
    assert loop.counts.halvings == 0
