"""The last second or so of the film, small: what is needed to follow something back in it."""

from __future__ import annotations

from collections import deque
from typing import Final

from ..core.detection import Boxes
from ..core.time import Clock, Pulse, Ticks
from . import motion
from .motion import Step, Still
from .rows import Floats, Row

_JOLT: Final = 0.25  # share of background points below which nothing can be followed
_CUT: Final = 0.6  # likeness below which a jolt is a cut
_BLINK: Final = 3  # frames that a flash may last
_SAME: Final = 0.9  # likeness of what is before and after it
_CALM: Final = 0.985  # likeness above which nothing can have jolted
_FLASH: Final = 8.0  # change of mean brightness that may be a flash
_PLACES: Final = 3  # at most so many of them
_UPSET: Final = 10.0  # sudden local change of brightness that is worth a look


class Film:
    """A ring of stills in order, and where among them the picture jumped.

    `live`: of two pictures that are alike only what stirs is followed.

    A *jolt* is a frame into which nothing can be followed: a cut, a flash, a violent shake. A *cut*
    is a jolt to another scene, across which nothing is followed or held.

    Note [a flash is no cut]: a flash that burns the picture out looks like another scene, and so
    does a picture that was put in. Where after so few frames all is as it was, none of the jolts
    in between is a cut: who was there before was there all the time.
    """

    def __init__(self, clock: Clock, *, live: bool = False) -> None:
        self._live, self._pulse = live, Pulse(clock)
        self._ring: deque[Still] = deque()
        self._starts: deque[tuple[int, Ticks, Ticks]] = deque()
        self._jolts: set[int] = set()
        self._cuts: set[int] = set()
        self._usual = 0.0  # how much the most changed part of the picture usually changes
        self.blinked: int | None = None  # where a flash began that is over with the last frame
        self.upset: list[Row] = []  # places where something came or went all at once

    def __len__(self) -> int:
        return len(self._ring)

    @property
    def last(self) -> Still:
        return self._ring[-1]

    @property
    def first(self) -> Still:
        return self._ring[0]

    def __getitem__(self, index: int) -> Still:
        """The still of frame `index`; the oldest one kept when it is older."""
        return self._ring[max(0, index - self._ring[0].index)]

    def start(self, index: int) -> Ticks:
        """When frame `index` began; the oldest one whose start is kept when it is older."""
        return self._starts[max(0, index - self._starts[0][0])][1]

    def moment(self, index: int) -> Ticks:
        """The same by `core.time.Pulse`."""
        return self._starts[max(0, index - self._starts[0][0])][2]

    def jolted(self, index: int) -> bool:
        return index in self._jolts

    def cut(self, index: int) -> bool:
        return index in self._cuts

    def fit(self, now: Still) -> None:
        """Bring all that is kept to the size of the next still, which may be another one."""
        if self._ring and self.last.luma.shape != now.luma.shape:
            self._ring = deque(motion.resized(still, now) for still in self._ring)

    def push(self, now: Still) -> None:
        if not self._ring:
            self._cuts.add(now.index)
        self._ring.append(now)
        start = now.span.start
        self._starts.append((now.index, start, self._pulse.at(start)))

    def step(self, now: Still, rows: Boxes, ahead: Floats) -> Step:
        """Carry `rows` from the last frame into `now`, and note a jolt, a cut or an upset there."""
        before, self.blinked = self.last, None
        alike = motion.likeness(before, now)
        flash = abs(now.light - before.light) > _FLASH
        self._notice(before, now)
        calm = alike > _CALM and not flash
        if calm and self._live:
            return motion.carried(before, now, rows, ahead)
        step = motion.step(before, now, rows, ahead, calm=calm)
        if step.steady < _JOLT and not calm:
            self._jolts.add(now.index)
            self._usual = 0.0
            if alike < _CUT:
                self.blinked = self._blink(now)
                if self.blinked is None:
                    self._cuts.add(now.index)
                else:
                    self._cuts = {c for c in self._cuts if c < self.blinked}
        return step

    def _blink(self, now: Still) -> int | None:
        """The frame with which a flash began, if `now` is the first one after it."""
        for cut in sorted(self._cuts, reverse=True):
            before = self[cut - 1]
            if now.index - cut > _BLINK or before.index != cut - 1:
                return None
            if motion.likeness(before, now) > _SAME:
                return cut
        return None

    def _notice(self, before: Still, now: Still) -> None:
        """Fill `upset` when places changed far more than they usually do in this film."""
        change = motion.change(before, now)
        most = float(change.max())
        sudden = most > _UPSET and most > 2.5 * self._usual
        self._usual = max(0.93 * self._usual, most)
        self.upset = motion.places(change, most / 3, now)[:_PLACES] if sudden else []

    def forget(self, before: int, starts: int | None = None) -> None:
        """Drop what is older than frame `before`, keeping two stills at least.

        When frames began is kept from frame `starts` on, where that is older.
        """
        while len(self._ring) > 2 and self._ring[0].index < before:
            self._ring.popleft()
        starts = self._ring[0].index if starts is None else min(starts, self._ring[0].index)
        while self._starts[0][0] < starts:
            self._starts.popleft()
        self._jolts = {j for j in self._jolts if j >= before}
        self._cuts = {c for c in self._cuts if c >= before}
