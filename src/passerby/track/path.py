"""One face on its way through the film: where it is believed to be in every frame so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..core.geometry import Box
from ..core.track import Why

Row = NDArray[np.float32]  # (4,) x0 y0 x1 y1, display pixels

_LOOSEN: Final = 0.015  # a followed box grows by this share of its side a frame, on every side
_LOOSEST: Final = 0.3


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
    sightings: int = 1
    confirmed: bool = False
    turn: int = 0  # quarter turns after which the detector saw it
    size_like: Row = field(default_factory=lambda: np.zeros(4, np.float32))
    velocity: Row = field(default_factory=lambda: np.zeros(2, np.float32))
    lost: int = 0  # frames since its motion could last be followed
    lost_at: int = -1
    missed: int = 0  # looks in a row that did not see it
    seen_before: int = -1  # the sighting before the last
    alive: bool = True
    kept: bool | None = None  # whether it is part of the plan; None until its first frame is final

    def at(self, index: int) -> Row:
        return self.marks[index].row

    def see(self, index: int, row: Row, score: float) -> None:
        """The detector saw it in frame `index`."""
        self.marks[index] = Mark(row, score)
        self.size_like = row
        self.first_seen, self.last_seen = min(self.first_seen, index), max(self.last_seen, index)
        self.best = max(self.best, score)
        self.sightings += 1
        self.missed = 0
        self.lost = 0

    def follow(self, index: int, row: Row, since: int) -> None:
        """It was not looked for, or not seen, in frame `index`, `since` frames from a sighting."""
        self.marks[index] = Mark(row, None, min(_LOOSEST, _LOOSEN * max(0, since)))

    def cover(self, index: int, row: Row, later: bool) -> None:
        """Also cover `row` in frame `index`; where the two lie far apart, only the likelier one.

        `later` says that the frame is nearer to the sighting from which `row` was followed back.
        """
        mark = self.marks[index]
        both = hull(mark.row, row)
        if _area(both) <= 3 * max(_area(mark.row), _area(row)):
            mark.row = both
        elif later:
            mark.row = row

    def why(self, index: int) -> Why:
        if self.marks[index].score is not None:
            return Why.SEEN
        return Why.FILLED if self.first_seen < index < self.last_seen else Why.REACH


def sized(row: Row, like: Row, most: float = 1.35) -> Row:
    """`row` about its centre, its sides at most `most` times those of `like` and at least 1/`most`.

    Motion alone tells size badly, and errors add up: between sightings a face keeps its size nearly.
    """
    half = (row[2:] - row[:2]) / 2
    whole = (like[2:] - like[:2]) / 2
    fit = np.clip(half, whole / np.float32(most), whole * np.float32(most))
    centre = (row[2:] + row[:2]) / 2
    return np.concatenate([centre - fit, centre + fit]).astype(np.float32)


def _area(row: Row) -> float:
    return float((row[2] - row[0]) * (row[3] - row[1]))


def hull(a: Row, b: Row) -> Row:
    """The smallest row that holds both."""
    return np.concatenate([np.minimum(a[:2], b[:2]), np.maximum(a[2:], b[2:])])


def box_of(mark: Mark) -> Box:
    """The mark's box with its slack, outwards to quarter pixels."""
    x0, y0, x1, y1 = (float(v) for v in mark.row)
    grow = mark.slack * max(x1 - x0, y1 - y0)
    return Box(x0 - grow, y0 - grow, x1 + grow, y1 + grow).snapped()
