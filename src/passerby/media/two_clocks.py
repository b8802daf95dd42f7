"""A camera's clock beside this machine's."""

from __future__ import annotations

import time
from fractions import Fraction
from typing import Final

from ..core.time import Clock

JUMP: Final = 2.0  # seconds that a camera's clock may leap
_SLIP: Final = 0.5  # seconds back that are no new clock, only a frame out of order
_DRIFT: Final = 0.002  # share of the difference between two clocks that is made up a frame


class TwoClocks:
    """Of the last frame that was taken: `last`, its ticks by the camera's clock; by this machine's,
    in monotonic seconds, `now`, when it came, and `moment`, when it was shot, as far as that can be
    told. `wait`: seconds until it is its turn, where frames are `paced` as a film's are.
    """

    def __init__(self, tick: Fraction, *, paced: bool) -> None:
        self.clock, self._paced = Clock(tick), paced
        self._tick = float(tick)
        self._anchor: float | None = None
        self.last = -1
        self.now = self.moment = self.wait = 0.0

    def begin(self, pts: int | None) -> bool:
        """A frame from which nothing before it is followed on."""
        self._anchor = None
        return bool(self.take(pts))

    def take(self, pts: int | None) -> bool | None:
        """True when the clock begins anew with this frame; None when the frame is out of order."""
        self.now, new = time.monotonic(), False
        if pts is None:
            pts = self.last + max(1, round((self.now - self.moment) / self._tick))
        if self._anchor is not None:
            ahead = (pts - self.last) * self._tick
            if -_SLIP < ahead <= 0:
                return None
            leap = not -JUMP < pts * self._tick + self._anchor - self.now < 2 * JUMP
            new = ahead <= 0 or ahead > JUMP or (leap and not self._paced)
        if self._anchor is None or new:
            self._anchor, new = self.now - pts * self._tick, True
        self.last = pts
        self.moment = pts * self._tick + self._anchor
        if self._paced:
            self.wait = max(0.0, self.moment - self.now)
            self.now += self.wait
        else:
            self._anchor += _DRIFT * (self.now - self.moment)
        return new
