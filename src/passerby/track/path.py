"""One face on its way through the film: where it is believed to be in every frame so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from ..core.geometry import Box
from ..core.track import Why
from .gait import Gait
from .rows import Row, area, fit, hull

_LOOSEN: Final = 0.015  # a followed box grows by this share of its side a frame, on every side
_LOOSEST: Final = 0.2
_DOUBTED: Final = 0.55  # share of the best score below which a sighting's size is doubted
_LOST: Final = (1, 3)  # frames
_SHRINK: Final = 0.93  # such a sighting may be smaller than the one before by this factor


@dataclass(slots=True)
class Mark:
    """One frame of a path. `slack`: share of the box's side added on every side when it is kept."""

    row: Row
    score: float | None = None  # None: followed, not seen
    slack: float = 0.0


@dataclass(slots=True)
class Path:
    """A track while it is still growing. Frames are counted by index within the film."""

    id: int
    marks: dict[int, Mark]
    first_seen: int
    last_seen: int
    best: float
    size_like: Row  # as it was last seen
    sightings: int = 1
    turn: int = 0  # quarter turns after which the detector saw it
    gait: Gait = field(default_factory=Gait)
    seen_before: int = -1  # the sighting before the last
    lost: int = 0  # frames since its motion could last be followed
    lost_at: int = -1
    missed: int = 0  # looks in a row that did not see it
    alive: bool = True
    ran: bool = False  # it moved fast, and by itself
    cut_off: int = -1  # the frame of the cut with which it ended
    kept: bool = False  # part of the plan, as far as is decided

    @classmethod
    def begun(cls, number: int, index: int, row: Row, score: float) -> Path:
        """A path that starts with one sighting."""
        return cls(number, {index: Mark(row, score)}, index, index, score, row)

    def fork(self, number: int, index: int, row: Row, gait: Gait) -> Path:
        """The same face, if it went on as it went: at `row` in frame `index`.

        Note [forks]: a face whose motion breaks off may really have stopped, or what stands still
        (another face, a pillar) may have caught the points. Both are covered until one is seen.
        """
        twin = Path(number, {}, self.first_seen, self.last_seen, self.best, self.size_like)
        twin.sightings, twin.turn, twin.kept = self.sightings, self.turn, self.kept
        twin.ran = self.ran
        twin.gait, twin.lost, twin.lost_at = gait.twin(), 1, index
        twin.follow(index, row, abs(index - self.last_seen))
        return twin

    @property
    def hurried(self) -> bool:
        """It moves fast, or its motion was lost just now or a moment ago."""
        return self.lost in _LOST or self.gait.hurries

    def at(self, index: int) -> Row:
        return self.marks[index].row

    def see(self, index: int, row: Row, score: float, final: int) -> bool:
        """The detector saw it in frame `index`. Frames before `final` may not change any more.

        What was followed since the last sighting is bent towards this one. False when the two are
        so far apart that bending would not do: then it must be followed back from here.
        """
        if score < _DOUBTED * self.best:
            row = _at_least(row, self.size_like)
        before, off = self.last_seen, row - self.at(index)
        agrees = fit(row, self.at(index)) > 0.5
        if agrees:
            for j in range(max(before + 1, final), index):
                mark = self.marks.get(j)
                if mark is not None:
                    mark.row = mark.row + off * np.float32((j - before) / (index - before))
                    mark.slack = min(mark.slack, 0.02)
        hurry = (off[:2] + off[2:]) / (2 * max(4, index - before))
        self.gait.velocity = (self.gait.velocity + hurry).astype(np.float32)
        self.marks[index] = Mark(row, score)
        self.size_like = row
        self.seen_before = before
        self.first_seen, self.last_seen = min(self.first_seen, index), max(self.last_seen, index)
        self.best = max(self.best, score)
        self.sightings += 1
        self.missed = self.lost = 0
        return agrees

    def follow(self, index: int, row: Row, since: int) -> None:
        """It was not looked for, or not seen, in frame `index`, `since` frames from a sighting."""
        self.marks[index] = Mark(row, None, min(_LOOSEST, _LOOSEN * max(0, since)))

    def cover(self, index: int, row: Row, later: bool) -> None:
        """Also cover `row` in frame `index`; where the two lie far apart, only the likelier one.

        `later` says that the frame is nearer to the sighting from which `row` was followed back.
        """
        mark = self.marks[index]
        both = hull(mark.row, row)
        if area(both) <= 3 * max(area(mark.row), area(row)):
            mark.row = both
        elif later:
            mark.row = row

    def continued(self, other: Path, index: int) -> None:
        """`other`, followed back to frame `index`, turned out to be this one: take it over."""
        for j, theirs in other.marks.items():
            if j <= index:
                continue
            mine = self.marks.get(j)
            if mine is not None and mine.score is None and fit(mine.row, theirs.row) > 0.1:
                both = hull(mine.row, theirs.row)
                self.marks[j] = Mark(both, theirs.score, theirs.slack)
            else:
                self.marks[j] = theirs
        self.last_seen = other.last_seen
        self.best = max(self.best, other.best)
        self.sightings += other.sightings
        self.ran = self.ran or other.ran
        self.missed = self.lost = 0
        self.alive = other.alive
        self.gait, self.size_like, self.turn = other.gait, other.size_like, other.turn

    def why(self, index: int) -> Why:
        if self.marks[index].score is not None:
            return Why.SEEN
        return Why.FILLED if self.first_seen < index < self.last_seen else Why.REACH


def _at_least(row: Row, like: Row) -> Row:
    """`row`, about its middle hardly smaller than `like`.

    A face that turns away, or goes behind something, is seen with less certainty and seems to
    shrink, while the head stays as large as it was.
    """
    size = np.maximum(row[2:] - row[:2], _SHRINK * (like[2:] - like[:2]))
    middle = (row[:2] + row[2:]) / 2
    return np.concatenate([middle - size / 2, middle + size / 2]).astype(np.float32)


def box_of(mark: Mark, slender: bool = False) -> Box:
    """The mark's box with its slack, outwards to quarter pixels.

    `slender`: it drifts by shares of its lesser side rather than of its length.
    """
    x0, y0, x1, y1 = (float(v) for v in mark.row)
    long, short = max(x1 - x0, y1 - y0), min(x1 - x0, y1 - y0)
    grow = mark.slack * (min(long, 2 * short) if slender else long)
    return Box(x0 - grow, y0 - grow, x1 + grow, y1 + grow).snapped()
