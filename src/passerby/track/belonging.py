"""Whose face is whose, and what is only a part of somebody, among the people of one frame."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from ..core.detection import contained, overlaps
from ..core.geometry import Box

# Of 704 faces inside boxes of people, 90 % end above these shares.
_LOW: Final = 0.75  # of a box's width: however much of the body shows, the head ends there
_CLOSE: Final = 0.8  # of its height: where no more than head and shoulders show
_BUST: Final = 1.0  # times as high as wide: no more than head and shoulders show
_LYING: Final = 1.5  # times as wide as high: the head may be at either end
_USUAL: Final = 0.4  # of a box's width: a face, half of the time
_LEAST: Final = 0.2  # of it: what is smaller is another's face, or none
_AROUND: Final = 0.1  # of a head's size: a face's middle may lie so far outside
_GROUP: Final = 3  # faces
_COUPLE: Final = 2  # faces in a head region that is
_WIDE: Final = 1.4  # times as wide as high, which only those of wide boxes are
_SAME: Final = 0.4  # heads that overlap more than this are one, seen twice

# Head and shoulders seen again within the box of the whole body, and what is left of it.
_INSIDE: Final = 0.75  # of the smaller box lies in the larger
_MIDDLE: Final = 0.15  # of the larger box's width: the face is no further from its middle
_SPREAD: Final = 0.12  # of its width: a face, where arms are stretched out
_PART: Final = 0.8  # of a box within the others of one person: it is a part of that person

# Of whoever fills the picture the box may begin at the chest: the network doesn't reach further.
_LARGE: Final = 0.3  # of the picture's longer side: so high such a box is
_BROAD: Final = 0.3  # of its width: so wide at least is the face above it
_ASIDE: Final = 0.3  # of its width: the face is no further from its middle
_CHIN: Final = (-0.5, 1.0)  # of the face's height: it begins so far below the chin
_GRAIN: Final = 8  # points each way at which a box is compared with several


def head_of(person: Box) -> Box:
    """The part of a person's box in which the head is; all of it where that isn't known."""
    if person.width > _LYING * person.height:
        return person
    body = max(0.0, person.height / max(person.width, 1e-6) - _BUST)
    high = min(max(_LOW, 1.0 - body) * person.width, _CLOSE * person.height)
    return Box(person.x0, person.y0, person.x1, person.y0 + high)


def own_faces(people: Sequence[Box], faces: Mapping[int, Box]) -> list[frozenset[int]]:
    """Which faces are each person's own.

    A face belongs to the head that it fits best, and to no other: in a crowd somebody's face often
    lies where the head is of somebody in front, who is seen from behind. It is also that of
    whoever is plainly the same person: the head region is the same, or the body's box holds that
    of the head and has the face in its middle.
    """
    heads = [head_of(person) for person in people]
    own: list[set[int]] = [set() for _ in people]
    if people and faces:
        rows = np.array([head.corners for head in heads], np.float32)
        bodies = np.array([person.corners for person in people], np.float32)
        same, inside = overlaps(rows, rows) >= _SAME, contained(bodies, bodies) >= _INSIDE
    for number, face in faces.items():
        misfits = [_misfit(head, face) for head in heads]
        best = min(range(len(heads)), key=misfits.__getitem__, default=None)
        if best is None or math.isinf(misfits[best]):
            continue
        for n, head in enumerate(heads):
            twice = same[best, n] and not math.isinf(misfits[n])
            whole = (
                inside[best, n]
                and people[best].area <= people[n].area
                and not math.isinf(_misfit(head, face, _SPREAD))
                and abs(_across(face) - _across(head)) < _MIDDLE * head.width
            )
            if n == best or twice or whole:
                own[n].add(number)
    return [frozenset(some) for some in own]


def is_group(person: Box, faces: Mapping[int, Box]) -> bool:
    """Whether several faces lie where the head should be: a group, taken for one person."""
    head = head_of(person)
    inside = sum(_holds(head, face) for face in faces.values())
    return inside >= (_COUPLE if head.width > _WIDE * head.height else _GROUP)


def is_near(person: Box, face: Box, room: float) -> bool:
    """Whether a face's middle lies in the head region, or off it by `room` of the box's width."""
    return _holds(head_of(person).grown(room * person.width, room * person.width), face)


def parts(
    people: Sequence[Box],
    own: Sequence[frozenset[int]],
    faces: Mapping[int, Box],
    longest: float,
) -> list[int | None]:
    """For each person without a face: the face of whoever they are only a part of, else None.

    An arm, a chest or a trunk lies in the box of its person, or in that and in other parts of the
    same person together; or it is large (`longest`: the picture's longer side, pixels) and begins
    below the face. Boxes are cut at the picture's edge.
    """
    bodies: dict[int, list[Box]] = {}
    for person, some in zip(people, own, strict=True):
        for face in some:
            bodies.setdefault(face, []).append(person)
    found: list[int | None] = [None] * len(people)
    grew = True
    while grew:  # what lies in a part is a part
        grew = False
        for n, person in enumerate(people):
            if own[n] or found[n] is not None:
                continue
            for face, body in bodies.items():
                if _among(person, body) or begins_below(person, faces[face], longest):
                    found[n], grew = face, True
                    body.append(person)
                    break
    return found


def begins_below(part: Box, face: Box, longest: float) -> bool:
    """Whether `part` is what shows of a large person below their face."""
    aside = abs(_across(face) - _across(part))
    low, high = (share * face.height for share in _CHIN)
    return (
        part.height > _LARGE * longest
        and face.width >= _BROAD * part.width
        and aside < _ASIDE * part.width
        and low < part.y0 - face.y1 < high
    )


def _among(part: Box, body: Sequence[Box]) -> bool:
    """Whether most of `part` lies in boxes of which one at least is larger."""
    if not any(box.area > part.area for box in body):
        return False
    steps = (np.arange(_GRAIN) + 0.5) / _GRAIN
    x, y = part.x0 + steps * part.width, part.y0 + steps * part.height
    inside = np.zeros((_GRAIN, _GRAIN), bool)
    for box in body:
        rows, columns = (y >= box.y0) & (y <= box.y1), (x >= box.x0) & (x <= box.x1)
        inside |= rows[:, None] & columns[None, :]
    return bool(inside.mean() > _PART)


def _across(box: Box) -> float:
    return (box.x0 + box.x1) / 2


def _holds(place: Box, face: Box) -> bool:
    """Whether the middle of `face` lies in `place`."""
    y = (face.y0 + face.y1) / 2
    return place.x0 <= _across(face) <= place.x1 and place.y0 <= y <= place.y1


def _misfit(head: Box, face: Box, least: float = _LEAST) -> float:
    """How little a face looks like that of a head: infinite where it can't be."""
    place = head.grown(_AROUND * head.width, _AROUND * head.height)
    if not _holds(place, face) or face.width < max(least * head.width, 1e-6):
        return math.inf
    off = abs(_across(face) - _across(head)) / max(head.width, 1e-6)
    return off + abs(math.log(face.width / max(_USUAL * head.width, 1e-6)))
