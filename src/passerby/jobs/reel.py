"""Frames of a film by their number, for somebody who looks: as they are, and as they will be."""

from __future__ import annotations

import threading
from array import array
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Generator, Iterator
from typing import Final

from ..core.errors import UsageError
from ..core.frame import Frame
from ..core.time import Span, Ticks
from ..media import Card, VideoSource
from ..media.seeking import Astray, Index, SeekingSource
from ..plan import Document, check_frames
from . import doors
from .settings import Settings

BUDGET: Final = 96 * 2**20  # bytes of frames that are remembered
AHEAD: Final = 48  # frames that are rather decoded than sought


class Reel:
    """Frames of `card` by number, remembered as long as there is room. For several threads.

    `document` says how many there are. The frames are those that a job gets, one by one.
    """

    def __init__(self, card: Card, settings: Settings, document: Document) -> None:
        self._card, self._settings = card, settings
        self._end = Ticks(document.media.end)
        self._lock = threading.Lock()
        self._known: OrderedDict[int, Frame] = OrderedDict()
        self._most = max(3, min(128, BUDGET // max(1, doors.frame_bytes(card))))
        self._running: Generator[Frame] | Iterator[Frame] | None = None
        self._next = 0
        self._seeker: SeekingSource | None = None
        self._index: Index | None = None
        source = doors.open_source(card, settings)
        if isinstance(source, VideoSource):
            self._seeker = SeekingSource(
                card, accept_damaged=settings.accept_damaged, limit=settings.limit
            )
            if not settings.accept_damaged:
                self._index = self._seeker.index(document.media.frames, document.media.first)
        if self._index is not None:
            self.starts = self._index.starts
        else:
            self.starts = array("q", (frame.span.start for frame in source.frames()))
            check_frames(document, len(self.starts))

    def __len__(self) -> int:
        return len(self.starts)

    def span(self, number: int) -> Span:
        """When frame `number` is shown."""
        last = number + 1 == len(self.starts)
        end = self._end if last else self.starts[number + 1]
        return Span(Ticks(self.starts[number]), Ticks(max(end, self.starts[number] + 1)))

    def number(self, at: int) -> int:
        """The frame that is shown at tick `at`; the first, or the last, outside of the film."""
        return max(0, min(len(self.starts), bisect_right(self.starts, at)) - 1)

    def frame(self, number: int) -> Frame:
        """To be looked at, not painted: others look at it, too."""
        if not 0 <= number < len(self.starts):
            raise UsageError(f"there is no frame {number}", hint=f"0 to {len(self.starts) - 1}")
        with self._lock:
            if number not in self._known:
                try:
                    self._decode(number)
                except Astray:
                    self._index = None
                    self._rewind(0)
                    self._decode(number)
            self._known.move_to_end(number)
            return self._known[number]

    def close(self) -> None:
        with self._lock:
            self._stop()
            self._known.clear()

    def _decode(self, number: int) -> None:
        key = 0 if self._index is None else self._index.key_before(number)
        near = self._running is not None and self._next <= number
        if not near or (key > self._next and number - self._next > AHEAD):
            self._rewind(key)
        while self._next <= number:
            assert self._running is not None
            frame = next(self._running, None)
            if frame is None:
                raise Astray("fewer frames than were listed", path=self._card.path)
            self._known[self._next] = frame
            self._next += 1
            while len(self._known) > self._most:
                self._known.popitem(last=False)

    def _rewind(self, key: int) -> None:
        self._stop()
        self._next = key
        if self._seeker is not None and self._index is not None:
            self._running = self._seeker.frames_from(key, self._index, self._end)
        else:
            self._next = 0
            self._running = iter(doors.open_source(self._card, self._settings).frames())

    def _stop(self) -> None:
        running, self._running = self._running, None
        close = getattr(running, "close", None)
        if close is not None:
            close()
