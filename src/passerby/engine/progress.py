"""Say how far the frames that pass by have come, without slowing them down."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Final

from ..core.frame import Frame
from ..core.ports import Progress
from ..core.time import Clock, Ticks
from .ending import ending

PAUSE: Final = 0.1  # seconds between two reports


def told(
    frames: Iterable[Frame],
    progress: Progress | None,
    phase: str,
    clock: Clock,
    total: Fraction | None,
    *,
    pause: float = PAUSE,
) -> Iterator[Frame]:
    """Yield `frames` unchanged; tell `progress` about them every `pause` seconds, and at the end.

    `done` counts from the start of the first frame to the end of the one that was passed on last.
    """
    with ending(frames):
        if progress is None:
            yield from frames
            return
        first: Ticks | None = None
        done, last = Fraction(0), time.monotonic()
        progress(phase, done, total)
        for frame in frames:
            yield frame
            first = frame.span.start if first is None else first
            done = clock.seconds(Ticks(frame.span.end - first))
            if time.monotonic() - last >= pause:
                last = time.monotonic()
                progress(phase, done, total)
        progress(phase, done, total)
