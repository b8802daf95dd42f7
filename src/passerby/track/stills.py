"""The small luma of a frame, made once for all who follow something in it."""

from __future__ import annotations

from ..core.frame import Frame
from . import motion
from .motion import Still


class Stills:
    """Remembers the last still: whoever asks for it next, for another kind of thing, gets the same.

    A frame is known by its number and its span, so one film at a time.

    Note [half as large]: where no more than a quarter of a picture's sides is published, motion is
    followed in stills of half their size. That is still more than anybody sees, and of what live
    following costs the stills are most.
    """

    def __init__(self) -> None:
        self._last: Still | None = None
        self._side = motion.SIDE

    def coarser(self, halvings: int) -> None:
        """See `core.live.LivePlanner`."""
        self._side = motion.SIDE // 2 if halvings > 1 else motion.SIDE

    def of(self, frame: Frame, index: int) -> Still:
        last = self._last
        if last is None or last.index != index or last.span != frame.span:
            last = self._last = motion.still(frame, index, self._side)
        return last
