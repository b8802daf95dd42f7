"""The loop of a camera: look, settle and render side by side, against the clock, failing closed.

Three threads share one line of waiting frames. The reader puts frames in, the surveyor shows each
to the planner and writes down what is decided, and the caller's own thread publishes them in order.
A frame that is not decided at its deadline is published as a curtain: a picture made without it.

Note [nothing unseen]: a frame is shown only if the planner saw it and all that its horizon asks
for. Whatever fails, hangs or is slow only ever takes away decisions, never makes one.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from ..core.errors import DetectorError, PasserbyError
from ..core.live import Arrival, Counts, LivePlanner, Outlet
from ..core.ports import Redactor
from ..core.schedule import Region
from .detail import Detail
from .ending import ending
from .pace import Pace
from .spare import Spare

HANG: Final = 10.0  # seconds for which one frame may be looked at
TRIES: Final = 8  # failures in a row after which there is no hope
HANGS: Final = 3  # in a row
LEFT: Final = 6  # threads that hang, over weeks: each holds models of its own
IDLE: Final = (1.0, 0.5)  # seconds without a frame after which, and at which, curtains are shown
_USUAL: Final = 2  # times the time between two frames
_TICK: Final = 0.1
_LOOKERS: Final = "survey-"  # what their threads' names begin with
_FORGET: Final = 256  # frames
_BEGINNING: Final = (1.5, 4.0)  # seconds after the first decision; after all is ready, without one
_OPENING: Final = 60.0  # seconds for which models may be made ready, beyond those of a look
_CURTAINS: Final = 0.2  # seconds between curtains that follow each other
_AHEAD: Final = 4  # frames that may wait to be seen where there is no clock


@dataclass(slots=True, eq=False)
class _Waiting:
    """One frame in the line. `deadline`: the earliest. `regions`: None until they are decided.
    `thinned`: not published."""

    arrival: Arrival
    deadline: float
    regions: Sequence[Region] | None = None
    hopeless: bool = False
    halvings: int = 0
    thinned: bool = False


class Live:
    """Publishes what `arrivals` gives, with what `open_planner` decides hidden.

    `open_planner` is asked for a planner with the first arrival of each section, in the thread that
    looks, and is told whether the one before failed or hangs. `delay`: seconds after which an
    undecided frame is covered; None waits for ever, and then pixels depend on nothing but the
    frames. `hang`: seconds for which one frame may be looked at. `stop` ends it early.
    """

    def __init__(
        self,
        open_planner: Callable[[Arrival, bool], LivePlanner],
        redactor: Redactor,
        outlet: Outlet,
        *,
        delay: float | None,
        stop: threading.Event | None = None,
        hang: float = HANG,
    ) -> None:
        self._open, self._redactor, self._outlet = open_planner, redactor, outlet
        self._delay, self._hang = delay, hang
        self._stop = stop or threading.Event()
        self.counts = Counts()
        self._pace = Pace(delay, Spare())
        self._change = threading.Condition()
        self._line: deque[_Waiting] = deque()  # to be published
        self._unseen: deque[_Waiting] = deque()  # to be looked at
        self._ended = self._looked = False  # no more frames come; all that came were looked at
        self._lost: PasserbyError | BaseException | None = None
        self._surveyor = 0  # the number of the one who may decide
        self._busy: float | None = None  # since when one frame has been looked at
        self._bad = self._hangs = 0
        self._shaped = self._anew = False
        self._open_since: float | None = None  # when whoever looks had all that that takes
        self._begun: float | None = None  # when it decided something for the first time
        self._moment = float("-inf")
        self._covered = float("-inf")  # the moment of the last curtain, if no picture came after
        self._looker: threading.Thread

    def run(self, arrivals: Iterable[Arrival]) -> Counts:
        """Until the frames end, `stop` is set, or an error: `StreamLost`, `DetectorError`, ..."""
        reader = threading.Thread(target=self._read, args=(arrivals,), name="camera", daemon=True)
        self._start_surveyor()
        reader.start()
        try:
            self._publish()
        finally:
            self._stop.set()
            with self._change:
                self._surveyor += 1
                self._line.clear()
                self._unseen.clear()
                self._change.notify_all()
            reader.join(5)
            # Models have threads of their own, which must not be cut off in the middle of a look.
            self._looker.join(self._hang)
        if self._lost is not None:
            raise self._lost
        return self.counts

    # The camera's thread.

    def _read(self, arrivals: Iterable[Arrival]) -> None:
        try:
            with ending(arrivals):
                for arrival in arrivals:
                    if self._stop.is_set():
                        break
                    self._admit(arrival)
        except BaseException as error:  # not swallowed: raised again by `run`
            self._lost = error
        with self._change:
            self._ended = True
            self._change.notify_all()

    def _admit(self, arrival: Arrival) -> None:
        counts, now = self.counts, time.monotonic()
        with self._change:
            counts.came += 1
            counts.last = arrival.arrived
            counts.sections = max(counts.sections, arrival.section + 1)
            while self._delay is None and len(self._unseen) >= _AHEAD and not self._stop.is_set():
                self._change.wait(_TICK)
            behind = now - self._unseen[0].arrival.arrived if self._unseen else 0.0
            if not self._pace.takes(arrival, behind if self._warm(now) else 0.0, now):
                counts.dropped += 1
                return
            counts.stride, counts.halvings = self._pace.stride, self._pace.halvings
            counts.thinning, counts.stretch = self._pace.thinning, self._pace.stretch
            warm = self._warm(now)
            if self._pace.hopeless(behind) or (warm and self._pace.in_vain(behind)):
                if warm:
                    self._pace.gave_up(len(self._unseen), now)
                self._give_up()
            deadline, thinned = self._pace.deadline(arrival), not self._pace.publishes
            waiting = _Waiting(arrival, deadline, thinned=thinned)
            self._line.append(waiting)
            self._unseen.append(waiting)
            self._change.notify_all()

    def _warm(self, now: float) -> bool:
        """Whether being late tells of load: a beginning is looked at closely, and takes longer.

        But where the load is too much for it nothing is ever decided, and nothing would give way.
        """
        if self._begun is not None:
            return now - self._begun > _BEGINNING[0]
        return self._open_since is not None and now - self._open_since > _BEGINNING[1]

    def _give_up(self) -> None:
        """Whoever looks is so far behind that what waits would be decided after its deadline.

        It is covered, and what comes next is looked at at once, for it is long after the last look.
        Note [no new beginning]: a planner that began anew would look closely at everything first,
        be late again, and never get anywhere.
        """
        for waiting in self._unseen:
            waiting.hopeless = True
        self._unseen.clear()

    # The surveyor's thread.

    def _start_surveyor(self) -> None:
        self._surveyor += 1
        self._busy = None
        number = self._surveyor
        name = f"{_LOOKERS}{number}"
        self._looker = threading.Thread(target=self._survey, args=(number,), name=name, daemon=True)
        self._looker.start()

    def _survey(self, number: int) -> None:
        planner: LivePlanner | None = None
        section: int | None = None
        held: deque[_Waiting] = deque()
        seen = 0
        detail = Detail()
        while (waiting := self._next(number)) is not None:
            frame, its = waiting.arrival.frame, waiting.arrival.section
            try:
                if planner is None or its != section:
                    if planner is not None:
                        planner.finish()
                        self._decide(number, held, planner)
                    held.clear()
                    planner, section = self._opened(number, waiting.arrival), its
                    detail = Detail()
                if detail.wanted(self._pace.halvings, self._pace.stretch):
                    planner.coarser(detail.looked, detail.stretch)
                waiting.halvings = detail.shown()
                for other in held:  # not decided yet, so from here on looked at no finer either
                    other.halvings = max(other.halvings, waiting.halvings)
                planner.see(frame)
                held.append(waiting)
                self._decide(number, held, planner)
                seen += 1
                if seen % _FORGET == 0:
                    planner.forget((held[0] if held else waiting).arrival.frame.span.start)
            except BaseException as error:  # the curtain falls; what went wrong may go away
                planner = None
                if not self._failed(number, error, [*held, waiting]):
                    return
                held.clear()
            else:
                self._went_well(number)
        try:
            if planner is not None and number == self._surveyor:
                planner.finish()
                self._decide(number, held, planner)
        except Exception as error:  # as in the loop: the curtain falls
            self._failed(number, error, held)
        with self._change:
            if number == self._surveyor:
                self._looked, self._busy = True, None
                self._change.notify_all()

    def _went_well(self, number: int) -> None:
        if number == self._surveyor:
            self._bad = self._hangs = 0
            now = time.monotonic()
            with self._change:
                self._pace.worked(now - (self._busy or now), now)

    def _opened(self, number: int, first: Arrival) -> LivePlanner:
        with self._change:
            failed, self._anew = self._anew, False
            self._open_since = self._begun = None
            self._busy = time.monotonic() + _OPENING
        try:
            return self._open(first, failed)
        finally:
            with self._change:
                if number == self._surveyor:  # else another one is at work
                    self._busy = self._open_since = time.monotonic()
                    if self._delay is not None:
                        self._give_up()  # what came meanwhile tells of no load

    def _next(self, number: int) -> _Waiting | None:
        """The next frame to look at; None when there will be none for this surveyor."""
        with self._change:
            if number != self._surveyor:
                return None
            self._busy = None
            while not self._unseen:
                if self._ended or self._stop.is_set():
                    self._busy = time.monotonic()
                    return None
                self._change.wait(_TICK)
                if number != self._surveyor:
                    return None
            self._busy = time.monotonic()
            waiting = self._unseen.popleft()
            self._change.notify_all()
            return waiting

    def _decide(self, number: int, held: deque[_Waiting], planner: LivePlanner) -> None:
        """Write down the regions of all that became final."""
        schedule = planner.schedule
        ready: list[tuple[_Waiting, Sequence[Region]]] = []
        while held and held[0].arrival.frame.span.end <= schedule.final_until:
            waiting = held.popleft()
            ready.append((waiting, schedule.regions(waiting.arrival.frame.span)))
        if not ready:
            return
        with self._change:
            if number != self._surveyor:
                return  # it hung, and was replaced: it decides nothing any more
            self._begun = self._begun or time.monotonic()
            for waiting, regions in ready:
                waiting.regions = regions
            self._change.notify_all()

    def _failed(self, number: int, error: BaseException, held: Iterable[_Waiting]) -> bool:
        """Cover what was being looked at; wait a little. False when there is no use in trying."""
        with self._change:
            if number != self._surveyor:
                return False
            self.counts.failures += 1
            self._bad += 1
            self._anew = True
            self._busy = None
            for waiting in held:
                waiting.hopeless = True
            if self._bad >= TRIES:
                self._fail(error)
                return False
            self._change.notify_all()
        self._stop.wait(min(4.0, 0.125 * 2**self._bad))
        with self._change:
            if number != self._surveyor:
                return False
            self._give_up()
        return True

    def _fail(self, error: BaseException) -> None:
        ours = isinstance(error, PasserbyError)
        self._lost = (
            error
            if ours
            else DetectorError(
                f"fails on every frame ({type(error).__name__})",
                hint="passerby doctor tells what runs the models",
            )
        )
        self._stop.set()
        self._change.notify_all()

    # The caller's thread.

    def _publish(self) -> None:
        last = time.monotonic()
        while not self._stop.is_set():
            waiting = self._due(last)
            if waiting is not None:
                self._put(waiting)
                last = time.monotonic()
            elif self._over():
                return
            elif self._idle(last):
                last = time.monotonic() - self._quiet + IDLE[1]
            self._watch()

    def _over(self) -> bool:
        with self._change:
            return self._ended and not self._line

    def _due(self, last: float) -> _Waiting | None:
        """The first in line, once it is decided, hopeless or late; None after a while without."""
        until = time.monotonic() + _TICK
        with self._change:
            while not self._stop.is_set():
                now = time.monotonic()
                wait = until - now
                if self._line:
                    first = self._line[0]
                    late = max(first.deadline, self._pace.deadline(first.arrival))
                    never = self._looked and first.regions is None
                    if first.regions is not None or first.hopeless or now >= late or never:
                        return self._line.popleft()
                    wait = min(wait, late - now)
                if wait <= 0:
                    return None
                self._change.wait(wait)
        return None

    def _put(self, waiting: _Waiting) -> None:
        arrival, counts = waiting.arrival, self.counts
        if not self._shaped:
            self._outlet.shape(arrival.frame)
            self._shaped = True
        moment, now = self._rising(arrival.moment), time.monotonic()
        if waiting.regions is None and not waiting.hopeless and self._warm(now):
            self._pace.missed(now)
        if waiting.thinned:
            counts.thinned += 1
        elif waiting.regions is None or not arrival.clean:
            self._cover(moment)
        else:
            self._show(waiting, moment)
        took = time.monotonic() - arrival.arrived
        self._pace.published(took, decided=waiting.regions is not None)
        counts.latency = took if not counts.latency else 0.9 * counts.latency + 0.1 * took

    def _show(self, waiting: _Waiting, moment: float) -> None:
        """Paint and publish; where whoever paints needs a model that fails, cover."""
        frame = waiting.arrival.frame
        try:
            if waiting.regions:
                self._redactor.redact(frame, waiting.regions)
        except DetectorError:
            self.counts.failures += 1
            self._cover(moment)
            return
        self._covered = float("-inf")
        self.counts.shown += 1
        self._outlet.show(frame, moment, waiting.halvings)

    def _cover(self, moment: float) -> None:
        """One curtain is like the other: of many in a row a few are enough, where there is load."""
        self.counts.covered += 1
        if self._delay is None or moment - self._covered >= _CURTAINS:
            self._covered = moment
            self._outlet.curtain(moment)

    def _idle(self, last: float) -> bool:
        """While nothing comes, curtains tell receivers that somebody is there."""
        now = time.monotonic()
        if self._delay is None or not self._shaped or now - last < self._quiet:
            return False
        self._outlet.curtain(self._rising(now - self._delay))
        self.counts.idle += 1
        return True

    @property
    def _quiet(self) -> float:
        """Seconds without a frame that tell that none comes; of a slow camera they are usual."""
        return max(IDLE[0], _USUAL * self._pace.step)

    def _rising(self, moment: float) -> float:
        self._moment = max(moment, self._moment + 0.001)
        return self._moment

    def _watch(self) -> None:
        """Replace a surveyor that hangs. Its thread is left behind: nothing can end it."""
        with self._change:
            if self._busy is None or time.monotonic() - self._busy < self._hang:
                return
            self.counts.failures += 1
            self._hangs += 1
            self._anew = True
            for waiting in self._line:
                waiting.hopeless = waiting.regions is None
            self._give_up()
            if self._hangs >= HANGS or len(_looking()) >= LEFT:
                self._lost = DetectorError(
                    "hangs, again and again", hint="start again, perhaps with another --device"
                )
                self._stop.set()
                return
            self._start_surveyor()


def still_looking() -> bool:
    """Whether somebody looks who hung and was left behind; nothing can end that thread."""
    return bool(_looking())


def _looking() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith(_LOOKERS)]
