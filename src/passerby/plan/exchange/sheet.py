"""Boxes by the number of their frame: what all the formats have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from ...core.detection import KINDS
from ...core.errors import PlanError
from ...core.geometry import Box
from ...core.time import Span, Ticks
from ...core.track import Key, Track, Why
from ..document import Document
from ..history import active
from ..moving import Moving
from ..vocabulary import Hide, HideMoving

SYNONYMS: Final = {
    "faces": "face",
    "license_plate": "plate",
    "license plate": "plate",
    "licence plate": "plate",
    "number plate": "plate",
    "pedestrian": "person",
    "people": "person",
}


@dataclass(frozen=True, slots=True)
class Place:
    """One box in one frame, numbered from 0."""

    frame: int
    box: Box
    why: Why
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One track, by rising frame."""

    id: int
    kind: str
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """`size`: width and height in display pixels. `starts`: first tick of each frame, rising;
    `end`: first tick after the last. `name`: of the footage, for those that write it."""

    size: tuple[int, int]
    starts: tuple[int, ...]
    end: int
    rows: tuple[Row, ...] = ()
    name: str = ""

    def __post_init__(self) -> None:
        if any(a >= b for a, b in zip(self.starts, self.starts[1:], strict=False)):
            raise ValueError("frames start one after the other")

    def number(self, at: int) -> int | None:
        """Of the frame that begins at tick `at`; None where none does."""
        low, high = 0, len(self.starts)
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if self.starts[middle] < at else (low, middle)
        return low if low < len(self.starts) and self.starts[low] == at else None

    def span(self, frame: int) -> Span:
        last = frame + 1 == len(self.starts)
        return Span(Ticks(self.starts[frame]), Ticks(self.end if last else self.starts[frame + 1]))


@dataclass(slots=True)
class Labels:
    """What others call a kind -> the kind; `left` counts what was left out on purpose."""

    given: Mapping[str, str] = field(default_factory=dict)
    left: Counter[str] = field(default_factory=Counter)

    def kind(self, label: str) -> str | None:
        """None for what is to be left out; `PlanError` for what nobody said anything about."""
        known = self.given.get(label)
        plain = label.strip().lower()
        known = known or (plain if plain in KINDS else SYNONYMS.get(plain))
        if known is None and not self.given:
            raise PlanError(
                f"nothing known is called {label!r}",
                hint="say what it is, as --label NAME=face; names that you don't say are left out",
            )
        if known is None:
            self.left[label] += 1
        return known


@dataclass(frozen=True, slots=True)
class Found:
    """What was read: tracks in the footage's ticks, and how many boxes were left out by name."""

    tracks: tuple[Track, ...]
    left: Mapping[str, int]


def sheet_of(document: Document, starts: Sequence[int], name: str = "") -> Sheet:
    """The plan's tracks, and the boxes that people hide, each as one more track.

    A frame in a track's hole is given the hull of the keys about it: what is covered there.
    `PlanError` where a key is at a tick at which none of `starts` begins.
    """
    media = document.media
    sheet = Sheet(media.size, tuple(starts), media.end, name=name)
    rows = [Row(t.id, t.kind, tuple(_dense(t, sheet))) for t in document.whole_tracks()]
    number = max((row.id for row in rows), default=0)
    for _, edit in active(document.edits):
        places = tuple(_pointed(edit, document, sheet))
        if places and isinstance(edit, Hide | HideMoving):
            number += 1
            rows.append(Row(number, edit.kind, places))
    return Sheet(sheet.size, sheet.starts, sheet.end, tuple(rows), name)


def _dense(track: Track, sheet: Sheet) -> Iterator[Place]:
    before: Place | None = None
    for key in track.keys:
        number = sheet.number(key.at)
        if number is None:
            raise PlanError(
                f"track {track.id} is at tick {key.at}, at which no frame begins",
                hint="was the plan made for this footage?",
            )
        if before is not None:
            for missing in range(before.frame + 1, number):
                yield Place(missing, before.box.hull(key.box), Why.FILLED)
        before = Place(number, key.box, key.why, key.score)
        yield before


def _pointed(edit: object, document: Document, sheet: Sheet) -> Iterator[Place]:
    if isinstance(edit, Hide):
        span = None if edit.span is None else Span(Ticks(edit.span[0]), Ticks(edit.span[1]))
        for frame in range(len(sheet.starts)):
            if span is None or span.touches(sheet.span(frame)):
                yield Place(frame, Box(*edit.box), Why.EDITED)
    elif isinstance(edit, HideMoving):
        style, kind = document.policy.style, edit.kind
        moving = Moving.of(edit.keys, edit.end, style=style, kind=kind, track=-1)
        for frame in range(len(sheet.starts)):
            region = moving.during(sheet.span(frame))
            if region is not None:
                yield Place(frame, region.box, Why.EDITED)


class Numbers:
    """A number for each track: its own, unless that is taken, or is none."""

    def __init__(self, own: Iterable[int]) -> None:
        self._taken: set[int] = set()
        self._fresh = max(own, default=0)

    def of(self, own: int) -> int:
        if own < 0 or own in self._taken:
            self._fresh += 1
            own = self._fresh
        self._taken.add(own)
        return own


def tracks_of(rows: Iterable[Row], starts: Sequence[int]) -> tuple[Track, ...]:
    """In the footage's ticks, boxes snapped outwards. `PlanError` for frames that it does not have,
    and two boxes of one track in one frame."""
    return tuple(_track(row, starts) for row in rows if row.places)


def _track(row: Row, starts: Sequence[int]) -> Track:
    keys: dict[int, Key] = {}
    for place in sorted(row.places, key=lambda place: place.frame):
        if not 0 <= place.frame < len(starts):
            raise PlanError(
                f"track {row.id} is in frame {place.frame} (from 0), and there are {len(starts)}",
                hint="is it for this footage?",
            )
        at = starts[place.frame]
        if at in keys:
            raise PlanError(f"track {row.id} is twice in frame {place.frame} (from 0)")
        keys[at] = Key(Ticks(at), place.box.snapped(), place.why, place.score)
    return Track(row.id, row.kind, tuple(keys.values()))


def box_of(x0: float, y0: float, x1: float, y1: float, where: str) -> Box:
    """`PlanError` where it is none."""
    try:
        box = Box(x0, y0, x1, y1)
    except ValueError:
        raise PlanError(f"{where}: the box is inside out, or no number") from None
    if max(map(abs, box.corners)) > 1e6:
        raise PlanError(f"{where}: the box is far outside any picture")
    return box
