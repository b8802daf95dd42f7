"""How many frames of a camera are taken, how finely, and how long each may wait.

Note [what gives way]: under load a fast camera loses every second frame, and then the picture that
is published is halved, step by step, and the one that is looked at shrinks by less: who is too
small to be found is then too small to be known. Before the last step every second frame is only
looked at, and neither painted nor coded: half as many pictures tell more than pictures of half the
size. Of the frames that are taken none is looked at less. What cannot be decided in time all the
same is covered.

Note [late before its time]: until a frame is decided, all of the look-ahead behind it has to be
seen too. Where that will take longer than there is time, looking at it is in vain, and makes those
behind it late as well: a line that is a little too long stays so, and then nothing is published at
all. So it is given up with all that wait, and whoever looks goes on with what comes next.

Note [a step needs time]: after it all is looked at anew in another size, and what waited is still
late. That tells nothing about whether the step was enough.

Note [waiting instead]: where frames may wait twice as long, a late look is in time more often, and
looks are rarer, as rare as in a film. So before more pictures are left out, all come later.

Note [few frames last]: what comes in must be seen before the first frame that shows it is due, so
looks come at fixed times, however few frames lie between them; leaving out more of these saves
nothing. Only so few that an answer reaches back to none, and each is looked at, cost less again.
They wait for longer yet, for each needs the next two: the last resort, before nothing at all.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from fractions import Fraction
from typing import Final, NamedTuple

from ..core.live import Arrival

SHARE: Final = Fraction(3, 5)  # of the delay that goes into looking ahead; the rest is for work


class Rung(NamedTuple):
    """One frame in `stride` is taken, and what is published is halved so often; of those taken one
    in `thinning` is published. Frames may wait `stretch` times the delay. `slowest`: seconds
    between frames that are taken, if a camera is not slower itself."""

    stride: int
    halvings: int
    thinning: int = 1
    stretch: int = 1
    slowest: float = 0.08


RUNGS: Final = (
    Rung(1, 0),
    Rung(2, 0),
    Rung(2, 1),
    Rung(2, 2),
    Rung(2, 2, 2),
    Rung(2, 3, 2),
    Rung(2, 3, 2, 2),
    Rung(24, 3, 1, 2, 0.42),
    Rung(36, 3, 1, 2, 0.6),
)
RAREST: Final = 0.25  # seconds between frames that are published, if others do not lie between
_LONGEST: Final = 30.0  # seconds: the slowest cameras are given no more; slower ones are silent
_SHORT: Final = 1.0  # seconds: a longer delay is not stretched, for nothing would be gained
_LOADED: Final = 1.0  # seconds of load, less those of ease, before something gives way
_EASED: Final = (4.0, 120.0)  # seconds of ease before it is tried again; at most
_SOON: Final = 12.0  # seconds after which load is no longer because of the last try
_MISSED: Final = 0.35  # seconds of load that a frame tells of which was not decided in time
_OVER: Final = 10.0  # seconds over which such frames add up
_OFTEN: Final = 10  # of them, from which something gives way
_LAST: Final = 4  # times as much of both, before all but a few frames are left out
_SETTLES: Final = 1.5  # seconds after something gave way that tell nothing
_GIVEN_UP: Final = 0.75  # seconds of load that it tells of when frames are given up
_PAST: Final = 0.1  # seconds past the deadline of a frame that nobody looked at yet
_NEXT: Final = 2  # frames that have to be seen after one, at least, before it is decided
_PATIENT: Final = 0.5  # share of the time for work that a frame may always wait for its look
_SMOOTH: Final = 0.2
_OF: Final = 4.0  # seconds over which it is measured how busy whoever looks is
_ROOM: Final = 0.8  # of all time that it may be busy after a step back
_FREE: Final = 0.3  # processors that nobody uses, where that is known, before a step back
_DEARER: Final = (1.3, 1.6)  # how much dearer a step back is: in detail; or in looks


class Pace:
    """`delay`: seconds from a frame's arrival to its deadline; None: no clock, all frames.

    `spare`: how many processors of this machine nobody uses, at a time; None where not known.
    """

    def __init__(
        self, delay: float | None, spare: Callable[[float], float | None] = lambda now: None
    ) -> None:
        self._delay, self._spare = delay, spare
        self._rung = 0
        self._number = 0
        self._step = 0.0  # seconds between two frames of the camera, smoothed
        self._last: tuple[int, float] | None = None
        self._late = 0.0
        self._missed = deque[float]()  # when frames were not decided in time
        self._given = 0  # frames that were given up since one was decided in time
        self._load = 0.0
        self._before: float | None = None
        self._eased: float | None = None
        self._tried = float("-inf")  # when more was tried last
        self._trying = False  # and it is not known yet whether it is borne
        self._gave_way = float("-inf")  # when something gave way last
        self._patience = _EASED[0]
        self._free: float | None = None
        self._work = deque[tuple[float, float]]()  # until when somebody looked, and for how long

    @property
    def stride(self) -> int:
        """One in so many frames is taken; of a slow camera all are."""
        return self._stride(self._rung)

    @property
    def halvings(self) -> int:
        """How often what is published is halved, see `core.live.LivePlanner.coarser`."""
        return RUNGS[self._rung].halvings

    @property
    def thinning(self) -> int:
        """Of the frames that are taken, one in so many is published; of a slow camera all are."""
        return self._thinning(self._rung)

    @property
    def stretch(self) -> int:
        """How many times as long as usual frames may wait, see `core.live.LivePlanner.coarser`."""
        return self._stretch(self._rung)

    @property
    def publishes(self) -> bool:
        """Whether the frame that was taken last is published once it was looked at."""
        return self._number // self.stride % self.thinning == 0

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
        return max(self._delay * self.stretch, min(_LONGEST, 3 * self.step))

    @property
    def step(self) -> float:
        """Seconds between two frames that are taken; 0 as long as that is not known."""
        return self._step * self.stride

    def deadline(self, arrival: Arrival) -> float:
        """Monotonic seconds."""
        return arrival.arrived + self.allowed

    def hopeless(self, behind: float) -> bool:
        """Whether frames wait to be seen for so long that all of them would be too late.

        Whoever looks goes on with what comes next then: a line that is long stays long, and all
        that passes through it is late.
        """
        return self._delay is not None and behind > self.allowed + _PAST

    def in_vain(self, behind: float) -> bool:
        """Whether the oldest of them would be decided too late even if it were looked at now, by
        what looks took lately: Note [late before its time]."""
        step = self.step
        if self._delay is None or not step:
            return False
        frames = 1 + max(_NEXT, float(SHARE) * self.allowed / step)
        least = _PATIENT * float(1 - SHARE) * self.allowed
        return behind > max(least, self.allowed - frames * self._each())

    def gave_up(self, frames: int, now: float) -> None:
        """So many frames were given up at once, which counts as one that was missed. As many as
        the delay has, and none decided in time between them: twice, and no step needs time."""
        self._given += frames
        if self._given * self.step < self.allowed:
            self.missed(now)
            return
        self._given = 0
        self._gave_way = float("-inf")
        self._load += _GIVEN_UP

    def published(self, took: float, *, decided: bool = True) -> None:
        """A frame went out `took` seconds after it came; `decided` in time or covered."""
        if decided:
            self._given = 0
        if self._delay is not None:
            self._late = max(0.0, took - self.allowed)

    def missed(self, now: float) -> None:
        """A frame was covered because nobody had decided about it in time."""
        self._missed.append(now)

    def worked(self, took: float, now: float) -> None:
        """Somebody looked at a frame for `took` seconds until now."""
        self._work.append((now, took))
        self._forget_work(now)

    def busy(self, now: float) -> float:
        """The share of the last seconds in which somebody looked."""
        self._forget_work(now)
        return sum(took for _, took in self._work) / _OF

    def _each(self) -> float:
        """Seconds for which a frame was looked at lately; one long look tells of no load."""
        times = [took for _, took in self._work]
        return (sum(times) - max(times)) / (len(times) - 1) if len(times) > 1 else 0.0

    def _forget_work(self, now: float) -> None:
        while self._work and now - self._work[0][0] > _OF:
            self._work.popleft()

    def _stride(self, rung: int) -> int:
        most, step = RUNGS[rung].stride, self._step
        return most if not step else max(1, min(most, int(RUNGS[rung].slowest / step + 0.1)))

    def _thinning(self, rung: int) -> int:
        most, step = RUNGS[rung].thinning, self._step * self._stride(rung)
        return most if not step else max(1, min(most, int(RAREST / step + 0.1)))

    def _stretch(self, rung: int) -> int:
        return RUNGS[rung].stretch if self._delay is not None and self._delay <= _SHORT else 1

    def _at(self, rung: int) -> tuple[int, int, int, int]:
        """What a rung comes to for this camera."""
        halvings = RUNGS[rung].halvings
        return self._stride(rung), halvings, self._thinning(rung), self._stretch(rung)

    def _change(self, pressure: float, now: float) -> None:
        assert self._delay is not None
        self._free = self._spare(now)
        while self._missed and now - self._missed[0] > _OVER:
            self._missed.popleft()
        since = now - self._missed[-1] if self._missed else float("inf")
        if now - self._gave_way < max(_SETTLES, self.allowed):
            self._missed.clear()
            self._before = now
            return
        last, pressed = self._at_last(), pressure > 0.4 * self.allowed
        heavy = since < _MISSED or (pressed and not last)
        light = not pressed and since > _LOADED
        passed = min(_LOADED, now - self._before) if self._before is not None else 0.0
        self._before = now
        self._load = max(0.0, self._load + (passed if heavy else -passed))
        self._eased = (self._eased or now) if light else None
        bears = _LAST if last else 1
        if self._load > bears * _LOADED or len(self._missed) >= bears * _OFTEN:
            self._give_way(now)
        elif self._eased is not None and now - self._eased > self._patience:
            if not self._rung:
                self._patience = _EASED[0]
            elif self._bears_more(now):
                self._rung = self._finer()
                self._tried, self._eased, self._trying = now, now, True
        if self._trying and now - self._tried > _SOON:
            self._patience = max(_EASED[0], self._patience / 2)
            self._trying = False

    def _at_last(self) -> bool:
        """Whether all but a few frames are left out next. Many pictures of which some are covered
        tell more than few, so only those count then that come too late."""
        few = [rung.slowest > RUNGS[0].slowest for rung in RUNGS]
        return not few[self._rung] and few[self._rung + 1]

    def _give_way(self, now: float) -> None:
        here = self._at(self._rung)
        while self._rung + 1 < len(RUNGS):
            self._rung += 1
            if self._at(self._rung) != here:  # to a slow camera some make no difference
                break
        if now - self._tried < _SOON:
            self._patience = min(_EASED[1], 2 * self._patience)
            self._trying = False
        self._load = 0.0
        self._gave_way = now
        self._missed.clear()

    def _finer(self) -> int:
        """The rung that is the next one back in effect."""
        rung, here = self._rung - 1, self._at(self._rung)
        while rung and self._at(rung) == here:
            rung -= 1
        return rung

    def _bears_more(self, now: float) -> bool:
        """Whether whoever looks has time for it, and the machine: other cameras share that."""
        if self._free is not None and self._free < _FREE:
            return False
        stride, _, _, stretch = self._at(self._finer())
        often = (stride, stretch) != (self.stride, self.stretch)
        dearer = _DEARER[1] if often else _DEARER[0]
        return self.busy(now) * dearer < _ROOM
