"""Sightings of one face, put together: what a person is told, and what a repair hides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import reduce
from itertools import groupby, pairwise

from ..core.geometry import Box
from ..core.time import Ticks
from .eyes import Sighting
from .findings import Finding

CHECK = "eyes"


@dataclass(frozen=True, slots=True)
class Episode:
    """Sightings near each other in time and place, in order of time, at least one."""

    sightings: tuple[Sighting, ...]

    @property
    def best(self) -> Sighting:
        """The surest, and of these the first."""
        return max(self.sightings, key=lambda s: s.score)

    def finding(self) -> Finding:
        """For a person: the first tick, the surest box, how often, how large."""
        best, count = self.best, len({s.span.start for s in self.sightings})
        times = "" if count == 1 else f", seen in {count} frames"
        what = f"a face of {best.box.height:.0f} px shows to other eyes{times}"
        return Finding(CHECK, what, best.span.start, best.box, best.score)


def episodes(sightings: Iterable[Sighting], gap: Ticks) -> list[Episode]:
    """The surest first. `gap`: ticks without a sighting after which it is another episode."""
    open_: list[list[Sighting]] = []
    for sighting in sorted(sightings, key=lambda s: s.span.start):
        for group in open_:
            last = group[-1]
            if sighting.span.start - last.span.end <= gap and _near(last.box, sighting.box):
                group.append(sighting)
                break
        else:
            open_.append([sighting])
    found = [Episode(tuple(group)) for group in open_]
    return sorted(found, key=lambda e: -e.best.score)


def _near(a: Box, b: Box) -> bool:
    """Could the face at `a` be at `b` a moment later?"""
    reach = a.grown(a.width / 2, a.height / 2)
    return reach.x0 < b.x1 and b.x0 < reach.x1 and reach.y0 < b.y1 and b.y0 < reach.y1


def cover(episode: Episode, reach: Ticks) -> Iterator[tuple[Ticks, Ticks, Box]]:
    """First tick, first tick after, and box of what hides the episode, and `reach` around it.

    Between two sightings both places are hidden. Boxes are enlarged by a quarter of the face, and
    where nobody saw it, before the first and after the last, by a half. Neighbours in time that
    hide nearly the same are put together.
    """
    seen = [_one(list(same)) for _, same in groupby(episode.sightings, lambda s: s.span.start)]
    first, last = seen[0], seen[-1]
    parts = [(Ticks(first.span.start - reach), first.span.start, _wide(first.box, 0.5))]
    for a, b in pairwise(seen):
        parts.append((a.span.start, b.span.start, _wide(a.box, 0.25).hull(_wide(b.box, 0.25))))
    parts.append((last.span.start, last.span.end, _wide(last.box, 0.25)))
    parts.append((last.span.end, Ticks(last.span.end + reach), _wide(last.box, 0.5)))
    whole = [part for part in parts if part[1] > part[0]]
    start, end, box = whole[0]
    for low, high, other in whole[1:]:
        both = box.hull(other)
        if both.area <= 1.5 * min(box.area, other.area):
            end, box = high, both
        else:
            yield start, end, box.snapped()
            start, end, box = low, high, other
    yield start, end, box.snapped()


def _one(frame: list[Sighting]) -> Sighting:
    """Sightings in one frame as one, where all of them are."""
    return replace(frame[0], box=reduce(Box.hull, (sighting.box for sighting in frame)))


def _wide(box: Box, share: float) -> Box:
    return box.grown(share * box.width, share * box.height)
