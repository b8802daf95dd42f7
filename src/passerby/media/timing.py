"""Moments of showing: what to do where a file gives none, the same twice, or an older one.

Correct timestamps pass through untouched, tick for tick.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeVar

from ..core.time import Span, Ticks

T = TypeVar("T")
_FAR: Final = 1 << 62
_SLIPS: Final = 3


class ShowTimes:
    """Gives each decoded frame, in the order of showing, the tick at which it is shown.

    `timed` says that the container stores moments of showing. Where it does not (AVI), it
    stores one moment a packet in the order of decoding, and the k-th frame shown gets the k-th
    moment: a decoder neither invents frames nor loses any between the two orders. `step` is
    how long a frame lasts where nothing else says so. A moment more than `jump` ticks back is
    no slip but another clock: `behind` says how many ticks to add behind that many jumps.
    """

    def __init__(
        self,
        *,
        timed: bool,
        zero: int = 0,
        step: int = 1,
        jump: int = _FAR,
        behind: Callable[[int], int | None] = lambda jumps: None,
    ) -> None:
        self._timed, self._zero, self._jump, self._behind = timed, zero, jump, behind
        self._newest: int | None = None  # of the moments as stored, without corrections
        self._moved = self.jumps = 0
        self._moments: list[int] = []  # a heap
        self._last: int | None = None
        self._step = step
        self._slips = self.repaired = 0

    def packet(self, moment: int | None) -> None:
        """A packet went into the decoder, with its moment of decoding if it has one."""
        if moment is not None:
            heapq.heappush(self._moments, moment)

    def frame(self, shown: int | None, lasts: int) -> Ticks:
        """A frame came out of the decoder with its moment of showing, if it has one.

        Later than every frame before it; a moment that is missing, repeated or older is
        replaced by the end of the frame before, or by its next tick.
        Note [no clock at all]: more than `_SLIPS` such moments in a row are none. As ticks they
        would make a film of moments, in which there is hardly time to look, and all of which
        would wait for what comes a second later.
        """
        stored = heapq.heappop(self._moments) if self._moments else None
        found = shown if self._timed and shown is not None else stored
        at = None if found is None else self._moment(found)
        if self._last is None:
            at = 0 if at is None else at
        elif at is None:
            at = self._last + self._step
            self.repaired += 1
        elif at <= self._last:
            self._slips += 1
            at = self._last + (1 if self._slips <= _SLIPS else self._step)
            self.repaired += 1
        else:
            self._slips, self._step = 0, at - self._last
        if lasts > 0:
            self._step = lasts
        self._last = at
        return Ticks(at)

    def _moment(self, found: int) -> int:
        if self._newest is not None and found < self._newest - self._jump:
            self.jumps += 1
            moved = self._behind(self.jumps)
            if moved is None:
                assert self._last is not None
                moved = self._last + self._step - found + self._zero
            self._moved = moved
        self._newest = found
        return found - self._zero + self._moved


def spans(
    shown: Iterable[tuple[Ticks, int, T]], end: int | None = None
) -> Iterator[tuple[Span, T]]:
    """Each frame's span: up to the next one's start; the last one's up to `end`, where the
    container says so, or for as long as the frame itself says it lasts.

    Takes (start, how long it says it lasts, frame); holds one frame back.
    """
    held: tuple[Ticks, int, T] | None = None
    step = 1
    for item in shown:
        if held is not None:
            step = item[0] - held[0]
            yield Span(held[0], item[0]), held[2]
        held = item
    if held is not None:
        start, lasts, frame = held
        if end is None or end <= start:
            end = start + (lasts if lasts > 0 else max(1, step))
        yield Span(start, Ticks(end)), frame
