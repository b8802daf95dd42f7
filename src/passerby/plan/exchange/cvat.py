"""CVAT for video 1.1: XML with a track for everybody, frames from 0, corners in pixels from 0.

A box holds until the track's next one: between two that show somebody it moves straight, and after
the last until the film's end, unless one with ``outside`` ends it. So whoever leaves gets one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

from ...core.errors import PlanError
from ...core.geometry import Box
from ...core.track import Why
from .sheet import Found, Labels, Numbers, Place, Row, Sheet, box_of, tracks_of

_WHYS: Final = {why.value: why for why in Why}
_ATTRIBUTES: Final = ("why", "score")


def to_cvat(sheet: Sheet) -> str:
    return "".join(f"{line}\n" for line in _written(sheet))


def _written(sheet: Sheet) -> Iterator[str]:
    width, height = sheet.size
    yield '<?xml version="1.0" encoding="utf-8"?>'
    yield "<annotations>"
    yield " <version>1.1</version>"
    yield f" <meta><task><name>{escape(sheet.name)}</name>"
    yield f"  <size>{len(sheet.starts)}</size><mode>interpolation</mode>"
    last = len(sheet.starts) - 1
    yield f"  <start_frame>0</start_frame><stop_frame>{last}</stop_frame>"
    yield "  <labels>"
    for kind in sorted({row.kind for row in sheet.rows}):
        yield f"   <label><name>{escape(kind)}</name><type>rectangle</type><attributes>"
        for name in _ATTRIBUTES:
            yield (
                f"    <attribute><name>{name}</name><mutable>True</mutable>"
                "<input_type>text</input_type><default_value></default_value>"
                "<values></values></attribute>"
            )
        yield "   </attributes></label>"
    yield "  </labels>"
    size = f"<width>{width}</width><height>{height}</height>"
    yield f"  <original_size>{size}</original_size></task></meta>"
    for row in sheet.rows:
        yield f' <track id="{row.id}" label={quoteattr(row.kind)} source="auto">'
        yield from _boxes(row, len(sheet.starts))
        yield " </track>"
    yield "</annotations>"


def _boxes(row: Row, frames: int) -> Iterator[str]:
    last = None
    for place in row.places:
        if last is not None and place.frame > last.frame + 1:
            yield _box(Place(last.frame + 1, last.box, last.why), outside=True)
        yield _box(place, outside=False)
        last = place
    if last is not None and last.frame + 1 < frames:
        yield _box(Place(last.frame + 1, last.box, last.why), outside=True)


def _box(place: Place, *, outside: bool) -> str:
    corners = zip(("xtl", "ytl", "xbr", "ybr"), place.box.corners, strict=True)
    where = " ".join(f'{name}="{float(value)!r}"' for name, value in corners)
    head = f'  <box frame="{place.frame}" keyframe="1" outside="{int(outside)}" occluded="0"'
    told = "" if outside else f'<attribute name="why">{place.why.value}</attribute>'
    if place.score is not None:
        told += f'<attribute name="score">{place.score!r}</attribute>'
    return f'{head} {where} z_order="0">{told}</box>'


def from_cvat(text: str, starts: Sequence[int], names: Labels) -> Found:
    """`PlanError` for what is no such XML. Somebody who leaves and comes back is two tracks."""
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise PlanError("XML with a DOCTYPE is not read")
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise PlanError(f"no XML, or damaged: line {error.position[0]}") from None
    if root.tag != "annotations":
        raise PlanError("no CVAT XML: it does not begin with <annotations>")
    if root.find("image") is not None:
        raise PlanError(
            "this is CVAT for images", hint="export the task as CVAT for video 1.1, or as COCO"
        )
    rows = list(_rows(root, len(starts), names))
    return Found(tracks_of(rows, starts), names.left)


def _rows(root: ElementTree.Element, frames: int, names: Labels) -> Iterator[Row]:
    tracks = list(root.iter("track"))
    own = [_whole(track.attrib, "id", "a track") for track in tracks]
    numbers = Numbers(own)
    for track, number in zip(tracks, own, strict=True):
        kind = names.kind(track.attrib.get("label", ""))
        if kind is None:
            continue
        for stay in _stays(track, number, frames):
            yield Row(numbers.of(number), kind, tuple(stay))


def _stays(track: ElementTree.Element, number: int, frames: int) -> Iterator[list[Place]]:
    """Each time that somebody is there, every frame of it."""
    boxes = sorted(
        (_whole(box.attrib, "frame", f"track {number}"), n, box)
        for n, box in enumerate(track.iter("box"))
    )
    stay: list[Place] = []
    for frame, _, box in boxes:
        if box.attrib.get("outside") == "1":
            if stay:
                yield _held(stay, frame)
            stay = []
            continue
        place = _place(box, frame, number)
        if stay:
            stay.extend(_between(stay[-1], place))
        stay.append(place)
    if stay:
        yield _held(stay, frames)


def _held(stay: list[Place], until: int) -> list[Place]:
    """And still there after the last box, up to the frame `until`."""
    last = stay[-1]
    return stay + [Place(n, last.box, Why.FILLED) for n in range(last.frame + 1, until)]


def _between(before: Place, after: Place) -> Iterator[Place]:
    length = after.frame - before.frame
    for step in range(1, length):
        box = before.box.mixed(after.box, step / length)
        yield Place(before.frame + step, box, Why.FILLED)


def _place(box: ElementTree.Element, frame: int, number: int) -> Place:
    where = f"track {number}, frame {frame}"
    try:
        corners = [float(box.attrib[name]) for name in ("xtl", "ytl", "xbr", "ybr")]
    except (KeyError, ValueError):
        raise PlanError(f"{where}: want xtl, ytl, xbr and ybr") from None
    about = {one.attrib.get("name", ""): one.text or "" for one in box.iter("attribute")}
    why = _WHYS.get(about.get("why", ""), Why.EDITED)
    made: Box = box_of(corners[0], corners[1], corners[2], corners[3], where)
    return Place(frame, made, why, _score(about.get("score", "")))


def _score(text: str) -> float | None:
    try:
        score = float(text)
    except ValueError:
        return None
    return score if 0 <= score <= 1 else None


def _whole(attributes: Mapping[str, str], name: str, where: str) -> int:
    try:
        return int(attributes[name])
    except (KeyError, ValueError):
        raise PlanError(f"{where}: {name} is no whole number") from None
