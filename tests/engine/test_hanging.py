"""Whoever looks and hangs is replaced: it changes nothing any more, and few stay behind."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from fractions import Fraction

import pytest
from tests.engine.fakes import shot

from passerby.core.errors import DetectorError
from passerby.core.frame import Frame
from passerby.core.live import Arrival
from passerby.core.schedule import Region
from passerby.core.time import Clock, Span, Ticks
from passerby.engine import live
from passerby.engine.live import Live

HANG = 0.3  # seconds


class Planner:
    """Decides each frame at once; `hangs` at its second one, until `released`."""

    def __init__(self, released: threading.Event, *, hangs: bool) -> None:
        self.final_until = Ticks(0)
        self._released, self._hangs, self._seen = released, hangs, 0

    @property
    def schedule(self) -> Planner:
        return self

    def see(self, frame: Frame) -> None:
        self._seen += 1
        if self._hangs and self._seen == 2:
            self._released.wait()
        self.final_until = frame.span.end

    def regions(self, span: Span) -> tuple[Region, ...]:
        return ()

    def finish(self) -> None: ...

    def forget(self, before: Ticks) -> None: ...

    def coarser(self, halvings: int, stretch: int = 1) -> None: ...


class Nowhere:
    def redact(self, frame: Frame, regions: Sequence[Region]) -> None: ...

    def shape(self, frame: Frame) -> None: ...

    def show(self, frame: Frame, moment: float, halvings: int = 0) -> None: ...

    def curtain(self, moment: float) -> None: ...


def arrivals(count: int, over: threading.Event) -> Iterator[Arrival]:
    """So many frames, twenty a second, and then nothing until it is `over`."""
    clock = Clock(Fraction(1, 20))
    for number in range(count):
        now = time.monotonic()
        yield Arrival(shot(number, number + 1), clock, now, now, 0)
        time.sleep(0.05)
    over.wait(20)


def test_one_that_comes_back_from_opening_is_no_hang_of_who_replaced_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live, "_OPENING", 0.2)
    late, over, opened = threading.Event(), threading.Event(), list[bool]()

    def opener(arrival: Arrival, failed: bool) -> Planner:
        opened.append(failed)
        if len(opened) == 1:
            late.wait()
        return Planner(late, hangs=False)

    loop = Live(opener, Nowhere(), Nowhere(), delay=0.5, hang=HANG)

    def come_back() -> None:
        while loop.counts.failures == 0 and not over.wait(0.05):
            pass
        late.set()
        time.sleep(4 * HANG)
        over.set()

    threading.Thread(target=come_back, daemon=True).start()
    assert loop.run(arrivals(3, over)).failures == 1


def test_not_too_many_stay_behind_that_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each sees one frame well, so none hangs time and again."""
    monkeypatch.setattr(live, "LEFT", 4)
    released, over = threading.Event(), threading.Event()
    over.set()

    def opener(arrival: Arrival, failed: bool) -> Planner:
        return Planner(released, hangs=True)

    loop = Live(opener, Nowhere(), Nowhere(), delay=0.5, hang=HANG)
    try:
        with pytest.raises(DetectorError, match="hangs"):
            loop.run(arrivals(120, over))
    finally:
        released.set()
    assert loop.counts.failures == 4
