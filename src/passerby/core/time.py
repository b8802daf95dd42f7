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
