"""Back through the film: new faces to where they came in, known ones to their last sighting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from ..core.geometry import Size
from ..core.time import Ticks
from . import motion
from .film import Film
from .gait import Gait
from .motion import Step, Still
from .path import Path
from .rows import Row, beyond, fit, stacked

_WARM: Final = 5  # frames


@dataclass(slots=True)
class _Walker:
    """A path on its way back."""

    path: Path
    row: Row
    like: Row  # its size when it was seen
    new: bool
    gait: Gait = field(default_factory=Gait)
    lost_since: Ticks | None = None


@dataclass(frozen=True, slots=True)
class Tracer:
    """Walks paths back through a film, frame by frame.

    A new path is followed for `reach` ticks, and for `hold` more ticks than its motion can be,
    unless it leaves the picture or meets a path that was lost since: then the two are one. A path
    that went astray is covered where it was believed to be and where it is followed back to.
    `number` gives the id of a new path.
    """

    film: Film
    size: Size
    reach: Ticks
    hold: Ticks
    number: Callable[[], int]

    def trace_back(
        self, now: Still, paths: list[Path], news: list[Path], astray: list[Path], final: int
    ) -> list[Path]:
        """Walk `news` and `astray` back from frame `now`, at most to frame `final` or a cut.

        Returns `paths` without those that were joined to older ones, and with new forks.
        """
        walkers = [
            _Walker(p, p.at(now.index), p.at(now.index), new)
            for some, new in ((news, True), (astray, False))
            for p in some
        ]
        for walker in walkers:
            walker.gait.saw(now, walker.row)
        joined: set[int] = set()
        forks: list[Path] = []
        index = now.index
        while walkers and index > final and not self.film.cut(index):
            later, earlier = self.film[index], self.film[index - 1]
            if earlier.index == later.index:
                break
            step = motion.step(
                later,
                earlier,
                stacked([w.row for w in walkers]),
                stacked([w.gait.velocity for w in walkers], 2),
                calm=True,
            )
            index -= 1
            going: list[_Walker] = []
            for number, walker in enumerate(walkers):
                twin = self._walk(walker, step, number, later, earlier)
                if twin is not None:
                    forks.append(twin.path)
                    going.append(twin)
                if self._goes_on(walker, earlier, now, paths, joined):
                    going.append(walker)
            walkers = going
        return [p for p in paths + forks if p.id not in joined]

    def _walk(
        self, walker: _Walker, step: Step, number: int, later: Still, earlier: Still
    ) -> _Walker | None:
        """Move a walker one frame back: with what it shows, or as it moved before.

        Returns its twin where its motion breaks off: see Note [forks].
        """
        gait, twin = walker.gait, None
        walker.row = gait.moved(
            walker.row,
            step.boxes[number],
            float(step.held[number]),
            step.camera,
            earlier,
            walker.like,
            self.film.jolted(later.index),
        )
        if gait.straight_on is not None and walker.new:
            path = walker.path.fork(self.number(), earlier.index, gait.straight_on, gait)
            path.alive = False
            twin = _Walker(path, gait.straight_on, walker.like, True, gait.twin())
            twin.lost_since = later.span.start
        if not gait.lost:
            walker.lost_since = None
        elif walker.lost_since is None:
            walker.lost_since = later.span.start
        walker.path.ran = walker.path.ran or gait.runs
        if walker.new and walker.path.last_seen - earlier.index <= _WARM:
            # A new path starts forwards with the speed at which it is followed back.
            walker.path.gait.velocity, walker.path.gait.surely = -gait.velocity, gait.surely
        return twin

    def _goes_on(
        self, walker: _Walker, earlier: Still, now: Still, paths: list[Path], joined: set[int]
    ) -> bool:
        """Mark one frame further back; False when the walk ends here."""
        index, path = earlier.index, walker.path
        if not walker.new:
            mark = path.marks.get(index)
            if mark is None or mark.score is not None:
                return False
            path.cover(index, walker.row, 2 * index > path.seen_before + now.index)
            return True
        if self._lost_or_far(walker, earlier, now):
            return False
        old = _met(walker, paths, index)
        if old is not None:
            if not walker.gait.coasts:
                old.continued(path, index)
                joined.add(path.id)
            return False
        path.follow(index, walker.row, now.index - index)
        return not beyond(walker.row, self.size)

    def _lost_or_far(self, walker: _Walker, earlier: Still, now: Still) -> bool:
        if now.span.start - earlier.span.start > self.reach:
            return True
        since = walker.lost_since
        return since is not None and since - earlier.span.start > self.hold


def _met(walker: _Walker, paths: list[Path], index: int) -> Path | None:
    """The path that a walker has met, one that was not seen since."""
    for old in paths:
        mark = old.marks.get(index)
        if old is walker.path or mark is None or old.last_seen > index or old.gait.coasts:
            continue
        if fit(walker.row, mark.row) >= 0.35:
            return old
    return None
