"""Say how far the items that pass by have come, without slowing them down."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from typing import Final, TypeVar

from ..core.ports import Progress
from ..core.time import Clock, Span, Ticks
from .ending import ending

PAUSE: Final = 0.1  # seconds between two reports
T = TypeVar("T")


def told(
    items: Iterable[T],
    span: Callable[[T], Span],
    clock: Clock,
    tell: Progress | None,
    *,
    phase: str,
    total: Fraction | None,
    pause: float = PAUSE,
) -> Iterator[T]:
    """Yield `items` unchanged; `tell` how far they are at first, every `pause` s and at the end.

    How far: seconds from the start of the first item to the end of the last that was passed on.
    """
    with ending(items):
        if tell is None:
            yield from items
            return
        first: Ticks | None = None
        done, last = Fraction(0), time.monotonic()
        tell(phase, done, total)
        for item in items:
            yield item
            when = span(item)
            first = when.start if first is None else first
            done = clock.seconds(Ticks(when.end - first))
            if time.monotonic() - last >= pause:
                last = time.monotonic()
                tell(phase, done, total)
        tell(phase, done, total)
