"""Where the heads of people are whose faces nobody saw: turned away, masked, helmeted, in the dark.

A safety net: it costs a cover too many rather than a head too few.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from ..core.detection import overlaps
from ..core.frame import Frame
from ..core.geometry import Box
from ..core.ports import Follower
from ..core.time import Ticks
from ..core.track import Key, Why

# Of 704 faces inside boxes of people, 90 % end above these shares.
_LOW: Final = 0.75  # of a box's width: however much of the body shows, the head ends there
_CLOSE: Final = 0.8  # of its height: where no more than head and shoulders show
_LYING: Final = 1.5  # times as wide as high: the head may be at either end
_USUAL: Final = 0.4  # of a box's width: a face, half of the time
_LEAST: Final = 0.2  # of it: what is smaller is another's face, or none
_AROUND: Final = 0.1  # of a head's size: a face's middle may lie so far outside
_GROUP: Final = 3  # faces
_COUPLE: Final = 2  # faces in a head region that is
_WIDE: Final = 1.4  # times as wide as high, which only those of wide boxes are
_DOUBTED: Final = 0.35  # score of a face that may be none: the head is hidden as well
_SAME: Final = 0.4  # heads that overlap more than this are one, seen twice

Found = tuple[int, str, Key]  # as followers hand it on


def head_of(person: Box) -> Box:
    """The part of a person's box in which the head is; all of it where that isn't known."""
    if person.width > _LYING * person.height:
        return person
    high = min(_LOW * person.width, _CLOSE * person.height)
    return Box(person.x0, person.y0, person.x1, person.y0 + high)


def faceless(heads: Sequence[Box], faces: Sequence[Box]) -> list[bool]:
    """Which heads have no face of their own.

    A face belongs to the head that it fits best, and to no other: in a crowd somebody's face often
    lies where the head is of somebody in front, who is seen from behind. But a head
    region in which several faces lie is that of a group, and they are its heads.
    """
    without = [_alone(head, faces) for head in heads]
    if not heads:
        return without
    rows = np.array([head.corners for head in heads], np.float32)
    same = overlaps(rows, rows) >= _SAME
    for face in faces:
        misfits = [_misfit(head, face) for head in heads]
        best = min(range(len(heads)), key=misfits.__getitem__)
        if math.isinf(misfits[best]):
            continue
        for n in range(len(heads)):
            if n == best or (same[best, n] and not math.isinf(misfits[n])):
                without[n] = False
    return without


def _alone(head: Box, faces: Sequence[Box]) -> bool:
    """False for the head region of a group, which the network took for one person."""
    inside = sum(
        head.x0 <= (face.x0 + face.x1) / 2 <= head.x1
        and head.y0 <= (face.y0 + face.y1) / 2 <= head.y1
        for face in faces
    )
    return inside < (_COUPLE if head.width > _WIDE * head.height else _GROUP)


def _misfit(head: Box, face: Box) -> float:
    """How little a face looks like that of a head: infinite where it can't be."""
    place = head.grown(_AROUND * head.width, _AROUND * head.height)
    x, y = (face.x0 + face.x1) / 2, (face.y0 + face.y1) / 2
    inside = place.x0 <= x <= place.x1 and place.y0 <= y <= place.y1
    if not inside or face.width < max(_LEAST * head.width, 1e-6):
        return math.inf
    off = abs(x - (head.x0 + head.x1) / 2) / max(head.width, 1e-6)
    return off + abs(math.log(face.width / max(_USUAL * head.width, 1e-6)))


class Heads:
    """A follower of faces and one of people as one: heads without a face become faces.

    Whoever is a person, and has no face at that moment, gets a track of kind "face" whose keys say
    `Why.HEAD`; but not for a sighting of less than `least`, which may be anything. People
    themselves are handed on only if `people_too`.
    """

    def __init__(
        self, faces: Follower, people: Follower, *, people_too: bool, least: float = 0.0
    ) -> None:
        self._faces, self._people, self._people_too = faces, people, people_too
        self._least = least
        self._seen: list[Found] = []  # faces, not yet handed on
        self._there: list[Found] = []  # people, likewise

    def see(self, frame: Frame) -> None:
        self._faces.see(frame)
        self._people.see(frame)

    def finish(self) -> None:
        self._faces.finish()
        self._people.finish()

    @property
    def final_until(self) -> Ticks:
        return min(self._faces.final_until, self._people.final_until)

    def take(self) -> Sequence[Found]:
        self._seen += self._faces.take()
        self._there += self._people.take()
        until = self.final_until
        seen, self._seen = _parted(self._seen, until)
        there, self._there = _parted(self._there, until)
        taken = [(3 * track, kind, key) for track, kind, key in seen]
        if self._people_too:
            taken += [(3 * track + 1, kind, key) for track, kind, key in there]
        faces: dict[Ticks, list[Box]] = {}
        for _, _, key in seen:
            if key.score is not None and key.score < _DOUBTED:
                continue
            faces.setdefault(key.at, []).append(key.box)
        people: dict[Ticks, list[tuple[int, Key]]] = {}
        for track, _, key in there:
            if key.score is None or key.score >= self._least:
                people.setdefault(key.at, []).append((track, key))
        for at, persons in people.items():
            heads = [head_of(key.box) for _, key in persons]
            bare = faceless(heads, faces.get(at, ()))
            for (track, key), head, without in zip(persons, heads, bare, strict=True):
                if without:
                    taken.append((3 * track + 2, "face", Key(at, head, Why.HEAD, key.score)))
        return taken


def _parted(keys: list[Found], until: Ticks) -> tuple[list[Found], list[Found]]:
    """Those before `until`, and the others."""
    return [k for k in keys if k[2].at < until], [k for k in keys if k[2].at >= until]
