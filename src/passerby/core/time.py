"""Time: integer ticks of a stream's own clock. No floats, no frame numbers.

A `Span` is half-open, ``[start, end)``, so spans tile a stream without gaps or overlap.
`FOREVER` is the watermark of a stream that has ended.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final, NewType

Ticks = NewType("Ticks", int)
FOREVER: Final = Ticks(2**62)
SHORTEST: Final = Fraction(1, 64)  # seconds


@dataclass(frozen=True, slots=True)
class Clock:
    """How long one tick lasts in seconds, e.g. ``Clock(Fraction(1, 30000))``."""

    tick: Fraction

    def __post_init__(self) -> None:
        if self.tick <= 0:
            raise ValueError(f"a tick must last longer than nothing, got {self.tick}")

    def ticks(self, seconds: Fraction) -> Ticks:
        """Whole ticks that cover `seconds`, rounded up: a promise of *at least* this long."""
        count = seconds / self.tick
        return Ticks(-(-count.numerator // count.denominator))

    def seconds(self, at: Ticks) -> Fraction:
        """The exact moment of tick `at`, in seconds."""
        return at * self.tick


class Pulse:
    """A stream's moments in which no frame is shorter than `SHORTEST`, for what is done some times
    a second: where a file's own moments are far too dense, it would hardly ever be done.
    """

    def __init__(self, clock: Clock) -> None:
        self._least = max(1, clock.ticks(SHORTEST) - 1)
        self._start: int | None = None
        self._now = 0

    def at(self, start: Ticks) -> Ticks:
        """The moment of the frame that begins at `start`, which follows the one asked for last."""
        if self._start is not None:
            self._now += max(self._least, start - self._start)
        self._start = start
        return Ticks(self._now)


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Ticks from `start` up to, not including, `end`."""

    start: Ticks
    end: Ticks

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise ValueError(f"a span needs start < end, got [{self.start}, {self.end})")

    def __contains__(self, at: int) -> bool:
        return self.start <= at < self.end

    def touches(self, other: Span) -> bool:
        """True when the two spans share at least one tick."""
        return self.start < other.end and other.start < self.end
