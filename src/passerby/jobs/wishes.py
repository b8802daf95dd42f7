"""Zones and times as people write them, turned into edits of a plan.

A zone is ``X0,Y0,X1,Y1``, each in display pixels or in percent of the picture's side, and may hold
for a time only: ``10%,0,50%,100%@0:10-0:12.5``. A time is ``START-END``, counted from the film's
first frame, each ``h:mm:ss.fff``, ``m:ss`` or seconds; one of the two may be left out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from ..core.errors import UsageError
from ..core.geometry import Size
from ..core.time import FOREVER, Clock, Ticks
from ..plan import Edit, Hide, KeepZone

KINDS: Final = ("zone", "time")  # of the edits that hide a place or a time

_NUMBER: Final = r"\d{1,9}(?:\.\d{1,9})?"
_EDGE: Final = re.compile(rf"\s*({_NUMBER})\s*(%?)\s*")
_CLOCK: Final = re.compile(rf"(?:(?:(\d{{1,4}}):)?(\d{{1,4}}):)?({_NUMBER})")
_ZONES: Final = "X0,Y0,X1,Y1 in pixels or percent, such as 10%,0,50%,100%"
_TIMES: Final = "START-END as h:mm:ss or seconds, such as 0:10-0:12.5"


@dataclass(frozen=True, slots=True)
class When:
    """Seconds from the first frame; `None` is the beginning, or the end."""

    start: Fraction | None
    end: Fraction | None


@dataclass(frozen=True, slots=True)
class Zone:
    """`edges`: x0, y0, x1, y1, each with whether it counts in percent."""

    edges: tuple[tuple[Fraction, bool], ...]
    when: When | None

    def corners(self, size: Size) -> tuple[Fraction, Fraction, Fraction, Fraction]:
        """In display pixels of a picture of `size`."""
        sides = (size.width, size.height) * 2
        x0, y0, x1, y1 = (
            value * side / 100 if percent else value
            for (value, percent), side in zip(self.edges, sides, strict=True)
        )
        return x0, y0, x1, y1


@dataclass(frozen=True, slots=True)
class Footing:
    """What wishes are measured by: the picture's size, the film's clock and first tick, and how
    long it lasts, if known. `still`: a photo, which knows no times."""

    size: Size
    clock: Clock
    first: Ticks
    length: Fraction | None
    still: bool


def parse_zone(text: str, option: str = "zone") -> Zone:
    """`UsageError` if it is none."""
    place, at, span = text.partition("@")
    found = [_EDGE.fullmatch(part) for part in place.split(",")]
    edges = tuple((Fraction(m[1]), m[2] == "%") for m in found if m is not None)
    if len(found) != 4 or len(edges) != 4:
        raise _wrong(option, text, "is no zone", f"write {_ZONES}")
    if any(percent and value > 100 for value, percent in edges):
        raise _wrong(option, text, "lies outside the picture", "100% is its right and lower edge")
    for low, high in ((0, 2), (1, 3)):
        if edges[low][1] == edges[high][1] and edges[low][0] >= edges[high][0]:
            raise _wrong(option, text, "has nothing in it", "X0 is below X1, and Y0 below Y1")
    return Zone(edges, parse_time(span, option) if at else None)


def parse_time(text: str, option: str = "time") -> When:
    """`UsageError` if it is none."""
    start, dash, end = text.strip().partition("-")
    if not dash or not (start.strip() or end.strip()):
        raise _wrong(option, text, "is no time", f"write {_TIMES}")
    when = When(_seconds(start, text, option), _seconds(end, text, option))
    if when.end is not None and when.end <= (when.start or 0):
        raise _wrong(option, text, "ends before it begins", f"write {_TIMES}")
    return when


def _seconds(text: str, whole: str, option: str) -> Fraction | None:
    """``1:02:03.5`` -> exactly 3723.5 seconds; `None` where nothing was said."""
    if not text.strip():
        return None
    found = _CLOCK.fullmatch(text.strip())
    if found is None:
        raise _wrong(option, whole, "is no time", f"write {_TIMES}")
    hours, minutes, seconds = found[1], found[2], Fraction(found[3])
    if (hours is not None and int(minutes) >= 60) or (minutes is not None and seconds >= 60):
        raise _wrong(option, whole, "is no time", "minutes and seconds end at 59")
    return 3600 * int(hours or 0) + 60 * int(minutes or 0) + seconds


def _wrong(option: str, text: str, what: str, hint: str) -> UsageError:
    return UsageError(f"{option}: {text!r} {what}", hint=hint)


def timed(zones: Iterable[str], times: Iterable[str]) -> bool:
    """Whether any of them speaks of time, so that the first frame's has to be known."""
    return any(True for _ in times) or any("@" in text for text in zones)


def edits_of(
    zones: Iterable[str], times: Iterable[str], keep_zones: Iterable[str], footing: Footing
) -> tuple[Edit, ...]:
    """The edits that say the same about one film or photo; `UsageError` where that makes no sense.

    What is hidden is rounded outwards in space and time, and what is kept inwards.
    """
    return (
        *_hidden(zones, times, footing),
        *(_kept(text, footing) for text in keep_zones),
    )


def _hidden(zones: Iterable[str], times: Iterable[str], footing: Footing) -> Iterator[Hide]:
    size = footing.size
    for text in zones:
        zone = parse_zone(text)
        x0, y0, x1, y1 = _inside(zone, text, "zone", size)
        box = _quarters(x0, -1), _quarters(y0, -1), _quarters(x1, 1), _quarters(y1, 1)
        span = _span(zone.when, text, "zone", footing, outwards=True)
        yield Hide(span=span, box=box, kind="zone", note=f"zone {text}")
    for text in times:
        span = _span(parse_time(text), text, "time", footing, outwards=True)
        yield Hide(span=span, box=(0, 0, size.width, size.height), kind="time", note=f"time {text}")


def _kept(text: str, footing: Footing) -> KeepZone:
    zone = parse_zone(text, "keep-zone")
    x0, y0, x1, y1 = _inside(zone, text, "keep-zone", footing.size)
    box = _quarters(x0, 1), _quarters(y0, 1), _quarters(x1, -1), _quarters(y1, -1)
    if box[2] <= box[0] or box[3] <= box[1]:
        raise _wrong("keep-zone", text, "has nothing in it", "X0 is below X1, and Y0 below Y1")
    span = _span(zone.when, text, "keep-zone", footing, outwards=False)
    return KeepZone(span=span, box=box, note=f"keep-zone {text}")


def _inside(
    zone: Zone, text: str, option: str, size: Size
) -> tuple[Fraction, Fraction, Fraction, Fraction]:
    x0, y0, x1, y1 = zone.corners(size)
    if x1 <= x0 or y1 <= y0:
        raise _wrong(option, text, "has nothing in it", "X0 is below X1, and Y0 below Y1")
    if x0 >= size.width or y0 >= size.height:
        hint = f"the picture is {size.width} by {size.height} pixels"
        raise _wrong(option, text, "lies outside the picture", hint)
    return x0, y0, x1, y1


def _quarters(value: Fraction, way: int) -> float:
    """To quarter pixels, downwards (-1) or upwards (1)."""
    return (math.floor if way < 0 else math.ceil)(value * 4) / 4


def _span(
    when: When | None, text: str, option: str, footing: Footing, *, outwards: bool
) -> tuple[int, int] | None:
    """In the film's ticks."""
    if when is None:
        return None
    if footing.still:
        raise _wrong(option, text, "speaks of time, and a photo has none", "leave the time out")
    start, end = when.start or Fraction(0), when.end
    if footing.length is not None and start >= footing.length:
        raise _late(text, option, footing.length)
    tick, first = footing.clock.tick, footing.first
    low, high = (math.floor, math.ceil) if outwards else (math.ceil, math.floor)
    ticks = first + low(start / tick), FOREVER if end is None else first + high(end / tick)
    if when.start is None:
        ticks = -FOREVER, ticks[1]
    if ticks[1] <= ticks[0]:
        raise _wrong(option, text, "holds no moment of this film's clock", "make it longer")
    return ticks


def _late(text: str, option: str, length: Fraction) -> UsageError:
    hint = f"the film lasts {float(length):.3f} s"
    return _wrong(option, text, "begins after the film's end", hint)


def check_reached(edits: Iterable[Edit], clock: Clock, first: Ticks, end: Ticks) -> None:
    """`UsageError` where a zone or time speaks of a moment at which there was no frame."""
    for edit in edits:
        if not isinstance(edit, KeepZone) and not (isinstance(edit, Hide) and edit.kind in KINDS):
            continue
        span = edit.span
        if span is not None and not (span[0] < end and first < span[1]):
            option, _, text = (edit.note or "zone").partition(" ")
            raise _late(text, option, clock.seconds(Ticks(end - first)))
