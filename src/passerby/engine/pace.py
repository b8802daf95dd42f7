"""How many frames of a camera are taken, and how long each may wait.

Under load fewer frames are taken, evenly; of those that are, none is looked at less.
"""

from __future__ import annotations

from typing import Final

from ..core.live import Arrival

MOST: Final = 12  # at least one in so many frames is taken
_LONGEST: Final = 2.0  # seconds: the slowest cameras are given no more
_STEADY: Final = (1.0, 4.0)  # seconds of load, or of ease, before the pace changes


class Pace:
    """`delay`: seconds from a frame's arrival to its deadline; None: no clock, all frames."""

    def __init__(self, delay: float | None) -> None:
        self._delay = delay
        self.stride = 1
        self._number = 0
        self._step = 0.0  # seconds between two frames that are taken, smoothed
        self._last: tuple[int, float] | None = None
        self._late = 0.0
        self._loaded: float | None = None
        self._eased: float | None = None

    def takes(self, arrival: Arrival, behind: float, now: float) -> bool:
        """Whether this frame is taken. `behind`: for how long the oldest unseen frame waits."""
        if self._delay is None:
            return True
        self._change(max(behind, self._late), now)
        self._number += 1
        if self._number % self.stride:
            return False
        if self._last is not None and self._last[0] == arrival.section:
            step = min(_LONGEST, max(0.0, arrival.moment - self._last[1]))
            self._step = step if not self._step else 0.8 * self._step + 0.2 * step
        self._last = arrival.section, arrival.moment
        return True

    def deadline(self, arrival: Arrival) -> float:
        """Monotonic seconds. A frame needs the next two to be decided, so the slower the camera,
        the longer it may wait."""
        if self._delay is None:
            return float("inf")
        return arrival.arrived + max(self._delay, min(_LONGEST, 3 * self._step))

    def hopeless(self, behind: float) -> bool:
        """Whether frames wait to be seen for so long that all of them would be too late."""
        return self._delay is not None and behind > max(self._delay, 3 * self._step) + 0.5

    def published(self, arrival: Arrival, took: float) -> None:
        """A frame went out `took` seconds after it came."""
        if self._delay is not None:
            allowed = max(self._delay, min(_LONGEST, 3 * self._step))
            self._late = max(0.0, took - allowed)

    def _change(self, pressure: float, now: float) -> None:
        assert self._delay is not None
        heavy, light = pressure > 0.4 * self._delay, pressure < 0.2 * self._delay
        self._loaded = (self._loaded or now) if heavy else None
        self._eased = (self._eased or now) if light else None
        if self._loaded is not None and now - self._loaded > _STEADY[0]:
            self.stride, self._loaded = min(MOST, self.stride + 1), now
        elif self._eased is not None and now - self._eased > _STEADY[1]:
            self.stride, self._eased = max(1, self.stride - 1), now
