"""The small luma of a frame, made once for all who follow something in it."""

from __future__ import annotations

from ..core.frame import Frame
from . import motion
from .motion import Still


class Stills:
    """Remembers the last still: whoever asks for it next, for another kind of thing, gets the same.

    A frame is known by its number and its span, so one film at a time.
    """

    def __init__(self) -> None:
        self._last: Still | None = None

    def of(self, frame: Frame, index: int) -> Still:
        last = self._last
        if last is None or last.index != index or last.span != frame.span:
            last = self._last = motion.still(frame, index)
        return last
