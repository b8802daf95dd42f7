"""Sightings of one face, put together: what a person is told, and what a repair hides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import reduce
from itertools import groupby, pairwise
from typing import Final

from ..core.geometry import Box
from ..core.time import Ticks
from .eyes import Sighting
from .findings import Finding

CHECK = "eyes"
LARGE: Final = 96  # pixels; smaller faces cost little to hide generously


@dataclass(frozen=True, slots=True)
class Room:
    """How generously an episode is hidden: `seen`, `unseen` are shares of the face by which its
    cover is larger on every side, where it was seen and where nobody saw it; one cover for several
    places may be `alike` times as large as the least of theirs."""

    seen: float
    unseen: float
    alike: float


ROOMY: Final = Room(0.25, 0.5, 1.5)
TIGHT: Final = Room(0.2, 0.35, 1.25)  # what isn't a face after all may stay for a whole film


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

    Between two sightings both places are hidden, all with the room that their size asks for.
    Neighbours in time are put together as long as that makes none of them much larger.
    """
    room = TIGHT if episode.best.box.height >= LARGE else ROOMY
    seen = [_one(list(same)) for _, same in groupby(episode.sightings, lambda s: s.span.start)]
    first, last = seen[0], seen[-1]
    parts = [(Ticks(first.span.start - reach), first.span.start, _wide(first.box, room.unseen))]
    for a, b in pairwise(seen):
        parts.append(
            (a.span.start, b.span.start, _wide(a.box, room.seen).hull(_wide(b.box, room.seen)))
        )
    parts.append((last.span.start, last.span.end, _wide(last.box, room.seen)))
    parts.append((last.span.end, Ticks(last.span.end + reach), _wide(last.box, room.unseen)))
    whole = [part for part in parts if part[1] > part[0]]
    start, end, box = whole[0]
    least = box.area
    for low, high, other in whole[1:]:
        both, least = box.hull(other), min(least, other.area)
        if both.area <= room.alike * least:
            end, box = high, both
        else:
            yield start, end, box.snapped()
            start, end, box, least = low, high, other, other.area
    yield start, end, box.snapped()


def _one(frame: list[Sighting]) -> Sighting:
    """Sightings in one frame as one, where all of them are."""
    return replace(frame[0], box=reduce(Box.hull, (sighting.box for sighting in frame)))


def _wide(box: Box, share: float) -> Box:
    return box.grown(share * box.width, share * box.height)
