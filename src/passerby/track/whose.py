"""Whose face is whose, by all that is known of them so far, and so who has none.

Boxes of people are rough, and faces flicker; one frame tells little. Tracks tell more: whose face
was seen on somebody most of the time is theirs, and an arm that was part of somebody stays one.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from ..core.detection import contained
from ..core.geometry import Box, Size
from ..core.time import FOREVER, Ticks
from ..core.track import Key, Why
from .belonging import begins_below, head_of, is_group, is_near, own_faces, parts

_SURE: Final = 0.5  # best score of a face that is one; of others the head is hidden as well
_ONCE: Final = 0.5  # of the smaller of two faces lies in the larger: they are one
_OWNED: Final = 0.7  # of the sightings of both: a face is theirs, even where the boxes say less
_ROOM: Final = 0.25  # of a person's width: so far off the head region their face may be
_MOSTLY: Final = 0.5  # of a person's sightings: it is a part of somebody
_WEAK: Final = 0.6  # best score of a person who may be none, and isn't followed for long

_NEVER: Final = Ticks(-FOREVER)

Scores = tuple[float, float]  # needed of one sighting, and where there are more
Sighted = Sequence[tuple[int, Key]]  # tracks, and where they are in one frame


@dataclass(slots=True)
class _Face:
    """What is known of the track of a face. `seen`: when lately."""

    best: float = 0.0
    sightings: int = 0
    seen: deque[Ticks] = field(default_factory=deque)
    last: Ticks = _NEVER


@dataclass(slots=True)
class _Person:
    """What is known of the track of a person; the counts are of sightings.

    `own`, `together`: with each face, as its own, or just at the same time. `parts`: as a part of
    somebody, whose faces and tracks are `of_faces` and `of_people`. `above`: where that face is if
    the box begins below it, in widths of the box from its upper left corner.
    """

    best: float = 0.0
    sightings: int = 0
    seen: deque[Ticks] = field(default_factory=deque)
    own: Counter[int] = field(default_factory=Counter)
    together: Counter[int] = field(default_factory=Counter)
    parts: int = 0
    of_faces: set[int] = field(default_factory=set)
    of_people: set[int] = field(default_factory=set)
    above: tuple[float, float, float, float] | None = None
    last: Ticks = _NEVER

    def is_firm(self, firm: Scores) -> bool:
        """Whether it is a person beyond doubt."""
        once, twice = firm
        return self.best >= (twice if self.sightings > 1 else once)

    def theirs(self, box: Box, faces: Mapping[int, Box]) -> frozenset[int]:
        """Which of `faces`, where the person is in `box`, are known to be their own."""
        return frozenset(
            face
            for face, count in self.own.items()
            if face in faces
            and count >= _OWNED * self.together[face]
            and is_near(box, faces[face], _ROOM)
        )

    def is_part(self) -> bool:
        """Whether it was a part of somebody most of the time, and never anybody by itself."""
        mostly = self.parts > 0 and self.parts >= _MOSTLY * self.sightings
        return mostly and not any(n >= _OWNED * self.together[f] for f, n in self.own.items())

    def head(self, box: Box) -> Box:
        """Where the head is while the person is in `box`."""
        head = head_of(box)
        if self.above is None or not self.is_part():
            return head
        x0, y0, x1, y1 = (share * box.width for share in self.above)
        return head.hull(Box(box.x0 + x0, box.y0 + y0, box.x0 + x1, box.y0 + y1))


@dataclass(slots=True)
class Weighed:
    """One frame: sure faces, people, and which faces are each one's own."""

    faces: dict[int, Box]
    people: Sighted
    own: list[frozenset[int]]


class Whose:
    """Is told of every frame in order, first of its faces, then of its people.

    `fresh`: ticks beyond its sightings after which a followed face, or a weak person, may have been
    lost. `firm`: of lesser scores nobody is believed to be there while the picture shows a face,
    which says that people can be seen in it. Tracks have a key in every frame; nothing is kept of
    those that ended before the frame given to `forget`.
    """

    def __init__(self, size: Size, fresh: Ticks, firm: Scores) -> None:
        self._size, self._fresh, self._firm = size, fresh, firm
        self._faces: dict[int, _Face] = {}
        self._people: dict[int, _Person] = {}

    @property
    def remembered(self) -> int:
        """How many tracks something is known of."""
        return len(self._faces) + len(self._people)

    def learn(self, at: Ticks, faces: Sighted) -> None:
        """Faces of the frame at `at`; to be known up to `fresh` ahead of what is weighed."""
        for track, key in faces:
            face = self._faces.setdefault(track, _Face())
            face.last, face.best = at, max(face.best, key.score or 0.0)
            if key.why is Why.SEEN:
                face.sightings += 1
                face.seen.append(at)

    def weigh(self, at: Ticks, faces: Sighted, people: Sighted) -> Weighed:
        """Whose faces are whose in the frame at `at`, which is remembered."""
        sure = self._sure(faces)
        own = own_faces([key.box for _, key in people], sure)
        for n, (track, key) in enumerate(people):
            one = self._people.setdefault(track, _Person())
            one.last, one.best = at, max(one.best, key.score or 0.0)
            if key.why is Why.SEEN:
                one.sightings += 1
                one.seen.append(at)
                one.together.update(sure.keys())
                one.own.update(own[n])
            own[n] |= one.theirs(key.box, sure)
        weighed = Weighed(sure, people, own)
        self._weigh_parts(weighed)
        return weighed

    def bare(self, at: Ticks, weighed: Weighed) -> Iterator[tuple[int, Key]]:
        """The heads of those who have no face, by what is known by now: people's tracks, keys."""
        there = {track for track, _ in weighed.people}
        for (track, key), own in zip(weighed.people, weighed.own, strict=True):
            one = self._people[track]
            faced = own or is_group(key.box, weighed.faces) or one.theirs(key.box, weighed.faces)
            cared_for = one.of_faces & weighed.faces.keys() or one.of_people & there
            doubtful = weighed.faces and not one.is_firm(self._firm)
            if faced or doubtful or (cared_for and one.is_part()) or self._is_astray(at, one, key):
                continue
            yield track, Key(at, one.head(key.box), Why.HEAD, key.score)

    def forget(self, before: Ticks) -> None:
        """Forget tracks that have no key at `before` or later, as far as was told."""
        self._faces = {n: face for n, face in self._faces.items() if face.last >= before}
        self._people = {n: one for n, one in self._people.items() if one.last >= before}

    def _sure(self, faces: Sighted) -> dict[int, Box]:
        """Faces that are there beyond doubt, each once: of two boxes that are one face, that which
        was seen more often."""
        some = [(track, key.box) for track, key in faces if self._is_sure(track, key)]
        some.sort(key=lambda face: (-self._faces[face[0]].sightings, face[0]))
        rows = np.array([box.corners for _, box in some], np.float32).reshape(-1, 4)
        again = np.asarray(np.triu(contained(rows, rows) >= _ONCE, 1).any(axis=0))
        return {track: box for (track, box), seen in zip(some, again, strict=True) if not seen}

    def _is_sure(self, track: int, key: Key) -> bool:
        face = self._faces[track]
        if face.best < _SURE:
            return False
        return key.why is not Why.REACH or _is_close(face.seen, key.at, self._fresh)

    def _is_astray(self, at: Ticks, one: _Person, key: Key) -> bool:
        """Whether a person who may be none is just followed, long before or after it was seen."""
        weak = 0 < one.best < _WEAK and key.why is Why.REACH
        return weak and not _is_close(one.seen, at, self._fresh)

    def _weigh_parts(self, weighed: Weighed) -> None:
        """Remember who is seen as a part of somebody."""
        boxes = [_cut(key.box, self._size) for _, key in weighed.people]
        longest = max(self._size.width, self._size.height)
        found = parts(boxes, weighed.own, weighed.faces, longest)
        for (track, key), face in zip(weighed.people, found, strict=True):
            if face is None or key.why is not Why.SEEN:
                continue
            one, box = self._people[track], weighed.faces[face]
            one.parts += 1
            one.of_faces.add(face)
            one.of_people.update(
                other
                for (other, _), own in zip(weighed.people, weighed.own, strict=True)
                if face in own
            )
            if begins_below(key.box, box, longest):
                left, top, wide = key.box.x0, key.box.y0, key.box.width
                one.above = (
                    (box.x0 - left) / wide,
                    (box.y0 - top) / wide,
                    (box.x1 - left) / wide,
                    (box.y1 - top) / wide,
                )


def _is_close(seen: deque[Ticks], at: Ticks, fresh: Ticks) -> bool:
    """Whether something was seen at most `fresh` before or after `at`; forgets what is older."""
    while seen and seen[0] < at - fresh:
        seen.popleft()
    return bool(seen) and seen[0] <= at + fresh


def _cut(box: Box, size: Size) -> Box:
    """What of a box lies in the picture."""
    x0, x1 = (min(max(x, 0.0), float(size.width)) for x in (box.x0, box.x1))
    y0, y1 = (min(max(y, 0.0), float(size.height)) for y in (box.y0, box.y1))
    return Box(x0, y0, x1, y1)
