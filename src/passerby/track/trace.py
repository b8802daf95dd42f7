"""Back through the film: new faces to where they came in, known ones to their last sighting."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..core.geometry import Size
from ..core.time import Ticks
from . import motion
from .film import Film
from .motion import Step, Still
from .path import Path
from .rows import Floats, Row, centre, fit, shift, shifted, sized, stacked


@dataclass(slots=True)
class _Walker:
    """A path on its way back."""

    path: Path
    row: Row
    like: Row  # its size when it was seen
    new: bool
    velocity: Floats = field(default_factory=lambda: np.zeros(2, np.float32))
    lost_since: Ticks | None = None


def trace_back(
    film: Film,
    now: Still,
    paths: list[Path],
    news: list[Path],
    astray: list[Path],
    final: int,
    reach: Ticks,
    hold: Ticks,
    size: Size,
) -> set[int]:
    """Walk `news` and `astray` back from frame `now`, at most to frame `final` or a cut.

    A new path is followed for `reach` ticks, and for `hold` more ticks than its motion can be,
    unless it leaves the picture or meets one of `paths` that was lost since: then the two are one.
    A path that went astray is covered where it was believed to be and where it is followed back to.
    Returns the ids of new paths that were joined to old ones.
    """
    walkers = [_Walker(p, p.at(now.index), p.at(now.index), True) for p in news]
    walkers += [_Walker(p, p.at(now.index), p.at(now.index), False) for p in astray]
    joined: set[int] = set()
    index = now.index
    while walkers and index > final and not film.cut(index):
        later, earlier = film[index], film[index - 1]
        if earlier.index == later.index:
            break
        step = motion.step(
            later,
            earlier,
            stacked([w.row for w in walkers]),
            stacked([w.velocity for w in walkers], 2),
            calm=True,
        )
        jolted = film.jolted(index)
        index -= 1
        going: list[_Walker] = []
        for number, walker in enumerate(walkers):
            _walk(walker, step, number, jolted, later)
            if not walker.new:
                goes_on = _cover(walker, index, now)
            elif _lost_or_far(walker, earlier, now, reach, hold):
                goes_on = False
            elif (old := _met(walker, paths, index)) is not None:
                old.continued(walker.path, index)
                joined.add(walker.path.id)
                goes_on = False
            else:
                walker.path.follow(index, walker.row, now.index - index)
                goes_on = _inside(walker.row, size)
            if goes_on:
                going.append(walker)
        walkers = going
    return joined


def _walk(walker: _Walker, step: Step, number: int, jolted: bool, later: Still) -> None:
    """Move a walker one frame back: with what it shows, or as it moved before."""
    row, held = step.boxes[number], float(step.held[number])
    if held >= motion.ENOUGH and not jolted:
        moved = shift(walker.row, row) - step.camera
        walker.velocity = ((walker.velocity + moved) / 2).astype(np.float32)
        walker.row = sized(row, walker.like)
        walker.lost_since = None
        return
    drift = np.zeros(2, np.float32) if jolted else step.camera + walker.velocity
    walker.velocity = walker.velocity * np.float32(0.93)
    walker.row = shifted(walker.row, drift)
    if walker.lost_since is None:
        walker.lost_since = later.span.start


def _cover(walker: _Walker, index: int, now: Still) -> bool:
    """Widen a known path; False when it is back at its last sighting."""
    path = walker.path
    mark = path.marks.get(index)
    if mark is None or mark.score is not None:
        return False
    path.cover(index, walker.row, 2 * index > path.seen_before + now.index)
    return True


def _lost_or_far(walker: _Walker, earlier: Still, now: Still, reach: Ticks, hold: Ticks) -> bool:
    if now.span.start - earlier.span.start > reach:
        return True
    since = walker.lost_since
    return since is not None and since - earlier.span.start > hold


def _met(walker: _Walker, paths: list[Path], index: int) -> Path | None:
    """The path that a walker has met, one that was not seen since."""
    for old in paths:
        mark = old.marks.get(index)
        if old is walker.path or mark is None or old.last_seen > index:
            continue
        if fit(walker.row, mark.row) >= 0.35:
            return old
    return None


def _inside(row: Row, size: Size) -> bool:
    cx, cy = centre(row)
    return 0 <= cx < size.width and 0 <= cy < size.height
