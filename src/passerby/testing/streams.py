"""A source, a sink and a schedule held in lists: the two ends of a job without a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from ..core.frame import Frame
from ..core.geometry import Size
from ..core.schedule import Region
from ..core.time import FOREVER, Clock, Span, Ticks


class ListedSource:
    """A `core.ports.Source` of frames that are already there; `frames()` starts over each time."""

    def __init__(self, frames: Sequence[Frame], clock: Clock | None = None) -> None:
        self._frames = tuple(frames)
        self._clock = clock or Clock(Fraction(1, 30))

    @property
    def clock(self) -> Clock:
        return self._clock

    @property
    def size(self) -> Size:
        return self._frames[0].size

    def frames(self) -> Iterator[Frame]:
        return iter(self._frames)


class ListedSink:
    """A `core.ports.Sink` that keeps what it was given in `frames`."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.closed = self.discarded = False

    def write(self, frame: Frame) -> None:
        self.frames.append(frame)

    def close(self) -> None:
        self.closed = True

    def discard(self) -> None:
        self.discarded = True
        self.frames.clear()


class ListedSchedule:
    """A `core.schedule.Schedule` of (span, region) pairs; all of it is final unless told."""

    def __init__(
        self, entries: Sequence[tuple[Span, Region]], final_until: Ticks = FOREVER
    ) -> None:
        self._entries = tuple(entries)
        self._final_until = final_until

    @property
    def final_until(self) -> Ticks:
        return self._final_until

    def regions(self, span: Span) -> tuple[Region, ...]:
        return tuple(region for when, region in self._entries if when.touches(span))
