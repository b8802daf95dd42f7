"""Files that unpack to far more than any camera writes: refused before they fill time or memory."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from ..core.errors import Unsupported
from ..core.time import FOREVER, Ticks
from .card import Card
from .faults import TOO_LARGE

# A still scene in 4K costs an encoder about a hundred bytes a frame: 80 000 pixels a byte.
_PIXELS_A_BYTE: Final = 1_000_000
_FREE_PIXELS: Final = 10**10
# A slide show at a frame a second and fifty bytes a frame: twenty seconds a thousand bytes.
_SECONDS_A_BYTE: Final = Fraction(1, 10)
_FREE_SECONDS: Final = Fraction(600)
_NEVER: Final = FOREVER // 4  # ticks; what is later could not be told from the end of all time


class Bulk:
    """Counts what comes out of a file of `size` bytes. `limit` multiplies what is allowed."""

    def __init__(self, card: Card, size: int, limit: int) -> None:
        self._path, self._tick, self._area = card.path, card.clock.tick, card.size.area
        self._frames = 0
        self._first: Ticks | None = None
        self._most_frames = limit * max(_FREE_PIXELS, _PIXELS_A_BYTE * size) // self._area
        self._most_ticks = limit * max(_FREE_SECONDS, size * _SECONDS_A_BYTE) / self._tick

    def frame(self, at: Ticks) -> None:
        """One more frame, shown from `at`; `Unsupported` when it is one too many, or
        its moment makes no sense."""
        if abs(at) >= _NEVER:
            what = "says that it is shown at a moment that no clock reaches"
            raise Unsupported(what, path=self._path, hint="convert it first")
        self._frames += 1
        self._first = at if self._first is None else self._first
        if self._frames > self._most_frames:
            what = "unpacks to far more pictures than a file of its size can hold"
            raise Unsupported(what, path=self._path, at=at, hint=TOO_LARGE)
        if at - self._first > self._most_ticks:
            what = "lasts far longer than a film of its size can last"
            raise Unsupported(what, path=self._path, at=at, hint=TOO_LARGE)
