"""How many frames of a camera are taken, how finely, and how long each may wait.

Note [what gives way]: under load fewer frames are taken, evenly, and then the picture that is
looked at is halved, and the one that is published twice: who is too small to be found is then too
small to be known. Of the frames that are taken none is looked at less. What cannot be decided in
time all the same is covered. A network sees little in a picture that is halved twice, so that is as
far as it goes.
"""

from __future__ import annotations

from typing import Final

from ..core.live import Arrival

RUNGS: Final = ((1, 0), (2, 0), (2, 1), (3, 1))  # one frame in so many; looks halved so often
SLOWEST: Final = 0.2  # seconds between frames that are taken: a decision needs two frames more
_LONGEST: Final = 2.0  # seconds: the slowest cameras are given no more
_LOADED: Final = 1.0  # seconds of load before something gives way
_EASED: Final = (6.0, 300.0)  # seconds of ease before it is tried again; at most
_SOON: Final = 12.0  # seconds after which load is no longer because of the last try
_MISSED: Final = 0.7  # seconds for which a frame that was not decided in time tells of load
_SMOOTH: Final = 0.2


class Pace:
    """`delay`: seconds from a frame's arrival to its deadline; None: no clock, all frames."""

    def __init__(self, delay: float | None) -> None:
        self._delay = delay
        self._rung = 0
        self._number = 0
        self._step = 0.0  # seconds between two frames of the camera, smoothed
        self._last: tuple[int, float] | None = None
        self._late = 0.0
        self._missed = float("-inf")
        self._loaded: float | None = None
        self._eased: float | None = None
        self._tried = float("-inf")  # when more was tried last
        self._patience = _EASED[0]

    @property
    def stride(self) -> int:
        """One in so many frames is taken; of a slow camera all are."""
        least = RUNGS[self._rung][0]
        return least if not self._step else max(1, min(least, int(SLOWEST / self._step + 0.1)))

    @property
    def halvings(self) -> int:
        """How often what is looked at is halved."""
        return RUNGS[self._rung][1]

    def takes(self, arrival: Arrival, behind: float, now: float) -> bool:
        """Whether this frame is taken. `behind`: for how long the oldest unseen frame waits."""
        if self._delay is None:
            return True
        if self._last is not None and self._last[0] == arrival.section:
            step = min(_LONGEST, max(0.0, arrival.moment - self._last[1]))
            self._step += (step - self._step) * (_SMOOTH if self._step else 1.0)
        self._last = arrival.section, arrival.moment
        self._change(max(behind, self._late), now)
        self._number += 1
        return self._number % self.stride == 0

    @property
    def allowed(self) -> float:
        """Seconds for which a frame may wait. It needs the next two to be decided, so the slower
        the camera, the longer."""
        if self._delay is None:
            return float("inf")
        return max(self._delay, min(_LONGEST, 3 * self._step * self.stride))

    def deadline(self, arrival: Arrival) -> float:
        """Monotonic seconds."""
        return arrival.arrived + self.allowed

    def hopeless(self, behind: float) -> bool:
        """Whether frames wait to be seen for so long that all of them would be too late."""
        return self._delay is not None and behind > self.allowed + 0.5

    def published(self, took: float) -> None:
        """A frame went out `took` seconds after it came."""
        if self._delay is not None:
            self._late = max(0.0, took - self.allowed)

    def missed(self, now: float) -> None:
        """A frame was covered because nobody had decided about it in time."""
        self._missed = now

    def _change(self, pressure: float, now: float) -> None:
        assert self._delay is not None
        missed = now - self._missed
        heavy = pressure > 0.4 * self._delay or missed < _MISSED
        light = pressure < 0.2 * self._delay and missed > _LOADED
        self._loaded = (self._loaded or now) if heavy else None
        self._eased = (self._eased or now) if light else None
        if self._loaded is not None and now - self._loaded > _LOADED:
            if self._rung + 1 < len(RUNGS):
                self._rung += 1
            if now - self._tried < _SOON:
                self._patience = min(_EASED[1], 2 * self._patience)
            self._loaded = now
        elif self._eased is not None and now - self._eased > self._patience:
            if self._rung:
                self._rung -= 1
                self._tried = now
            else:
                self._patience = _EASED[0]
            self._eased = now
