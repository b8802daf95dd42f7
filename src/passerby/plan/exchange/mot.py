"""MOT challenge's text: ``frame,id,left,top,width,height,confidence,class,visibility``.

Frames, ids and pixels are counted from 1 (Milan et al., MOT16, arXiv 1603.00831). Which class a
number means is said by ``labels.txt`` beside it, a name a line, as CVAT writes it. Reasons (`why`)
and absent scores don't fit in: what comes back was put there by a person. Rows that are not to
count (a confidence of 0) show people like the others, and are read.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from ...core.errors import PlanError
from ...core.track import Why
from .sheet import Found, Labels, Numbers, Place, Row, Sheet, box_of, tracks_of


def to_mot(sheet: Sheet) -> tuple[str, str]:
    """The text, and that of ``labels.txt``."""
    kinds = sorted({row.kind for row in sheet.rows})
    lines = _sorted(sheet, kinds)
    return "".join(f"{line}\n" for line in lines), "".join(f"{kind}\n" for kind in kinds)


def _sorted(sheet: Sheet, kinds: Sequence[str]) -> list[str]:
    told = []
    for row in sheet.rows:
        for place in row.places:
            box = place.box
            numbers = [box.x0 + 1, box.y0 + 1, box.width, box.height]
            score = 1.0 if place.score is None else place.score
            text = ",".join(map(_number, [*numbers, score]))
            line = f"{place.frame + 1},{row.id},{text},{kinds.index(row.kind) + 1},-1"
            told.append(((place.frame, row.id), line))
    return [line for _, line in sorted(told)]


def from_mot(text: str, labels: str | None, starts: Sequence[int], names: Labels) -> Found:
    """`labels`: the text of ``labels.txt``; without it, class 1 is a pedestrian, as in MOT16, and
    whatever has no class, or another, goes by the name of its number. `PlanError` for what is no
    such text."""
    known = None if labels is None else [line.strip() for line in labels.splitlines()]
    rows: dict[tuple[int, str], list[Place]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        values = _values(line, number)
        frame, track, left, top, width, height = values[:6]
        label = _label(int(values[7]) if len(values) > 7 else -1, known)
        kind = names.kind(label)
        if kind is None:
            continue
        if frame != int(frame) or track != int(track):
            raise PlanError(f"line {number}: frame and track are whole numbers")
        box = box_of(left - 1, top - 1, left - 1 + width, top - 1 + height, f"line {number}")
        rows.setdefault((int(track), kind), []).append(Place(int(frame) - 1, box, Why.EDITED))
    return Found(tracks_of(_numbered(rows), starts), names.left)


def _numbered(rows: dict[tuple[int, str], list[Place]]) -> list[Row]:
    """Their own numbers; -1, which MOT writes for whom nobody followed, becomes one a box."""
    numbers = Numbers(track for track, _ in rows)
    return [
        Row(numbers.of(track), kind, tuple(some))
        for (track, kind), places in rows.items()
        for some in ([[place] for place in places] if track < 0 else [places])
    ]


def _values(line: str, number: int) -> list[float]:
    try:
        values = [float(part) for part in line.replace(" ", ",").split(",") if part]
    except ValueError:
        raise PlanError(f"line {number}: want numbers with commas between") from None
    if len(values) < 6 or not all(map(math.isfinite, values)):
        raise PlanError(f"line {number}: want frame,id,left,top,width,height,...")
    return values


def _label(number: int, known: Sequence[str] | None) -> str:
    if known is None:
        return "pedestrian" if number == 1 else str(number)
    if not 1 <= number <= len(known):
        raise PlanError(f"class {number} is not in labels.txt, which has {len(known)}")
    return known[number - 1]


def _number(value: float) -> str:
    return repr(int(value)) if value == int(value) else repr(float(value))
