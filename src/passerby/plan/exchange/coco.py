"""COCO's JSON, with the frames of a film as its images, told apart by ``frame_id``, from 0, and who
is in them by ``track_id``. A box is ``[left, top, width, height]``, pixels from 0."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, Final

from ...core.errors import PlanError
from ...core.track import Why
from .sheet import Found, Labels, Numbers, Place, Row, Sheet, box_of, tracks_of

_WHYS: Final = {why.value: why for why in Why}


def to_coco(sheet: Sheet) -> str:
    """Every frame is an image, with boxes or without; `tick` says when it begins."""
    kinds = sorted({row.kind for row in sheet.rows})
    width, height = sheet.size
    alone = len(sheet.starts) == 1
    images = [
        {
            "id": number + 1,
            "file_name": sheet.name if alone and sheet.name else f"{number + 1:06d}.jpg",
            "width": width,
            "height": height,
            "video_id": 1,
            "frame_id": number,
            "tick": at,
        }
        for number, at in enumerate(sheet.starts)
    ]
    made = {
        "info": {"description": "made by Passerby"},
        "videos": [{"id": 1, "name": sheet.name, "width": width, "height": height}],
        "images": images,
        "categories": [{"id": n + 1, "name": kind} for n, kind in enumerate(kinds)],
        "annotations": list(_annotations(sheet, kinds)),
    }
    return _lines(made)


def _annotations(sheet: Sheet, kinds: Sequence[str]) -> Iterator[dict[str, Any]]:
    number = 0
    for row in sheet.rows:
        for place in row.places:
            number += 1
            box = place.box
            about: dict[str, Any] = {"why": place.why.value}
            if place.score is not None:
                about["score"] = place.score
            yield {
                "id": number,
                "image_id": place.frame + 1,
                "video_id": 1,
                "track_id": row.id,
                "category_id": kinds.index(row.kind) + 1,
                "bbox": [box.x0, box.y0, box.width, box.height],
                "area": box.area,
                "iscrowd": 0,
                "attributes": about,
            }


def from_coco(text: str, name: str, starts: Sequence[int], names: Labels) -> Found:
    """What is in it about the footage called `name`; all of it where no image has that name.

    `PlanError` for what is no COCO, and where nobody can tell which frame an image is.
    """
    try:
        whole = json.loads(text)
        images, annotations = whole["images"], whole["annotations"]
        labels = {one["id"]: str(one["name"]) for one in whole["categories"]}
        frames = _frames(images, name, len(starts))
        rows: dict[tuple[int, str], list[Place]] = {}
        fresh = max((int(a.get("track_id") or 0) for a in annotations), default=0)
        for annotation in annotations:
            frame = frames.get(annotation["image_id"])
            if frame is None:
                continue
            kind = names.kind(labels[annotation["category_id"]])
            if kind is None:
                continue
            track = annotation.get("track_id", annotation.get("instance_id"))
            if track is None:
                fresh += 1
                track = fresh
            rows.setdefault((int(track), kind), []).append(_place(annotation, frame))
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise PlanError(f"no COCO, or damaged ({type(error).__name__})") from None
    return Found(tracks_of(_rows(rows), starts), names.left)


def _place(annotation: Mapping[str, Any], frame: int) -> Place:
    left, top, width, height = map(float, annotation["bbox"])
    box = box_of(left, top, left + width, top + height, f"annotation {annotation['id']}")
    about = annotation.get("attributes")
    about = about if isinstance(about, Mapping) else {}
    why = _WHYS.get(str(about.get("why")), Why.EDITED)
    score = about.get("score")
    fits = isinstance(score, int | float) and 0 <= score <= 1
    return Place(frame, box, why, float(score) if fits and score is not None else None)


def _rows(rows: Mapping[tuple[int, str], Sequence[Place]]) -> list[Row]:
    """One number for each kind of a track that has several."""
    numbers = Numbers(track for track, _ in rows)
    return [Row(numbers.of(track), kind, tuple(some)) for (track, kind), some in rows.items()]


def _frames(images: Sequence[Mapping[str, Any]], name: str, count: int) -> dict[Any, int]:
    """Number of the frame, from 0, by the image's id."""
    ours = [one for one in images if PurePosixPath(str(one.get("file_name"))).name == name]
    if ours:
        return {one["id"]: int(one.get("frame_id", n)) for n, one in enumerate(ours)}
    if all("frame_id" in one for one in images):
        if len({one.get("video_id") for one in images}) > 1:
            raise PlanError("there are several films in it", hint="split it, one film each")
        return {one["id"]: int(one["frame_id"]) for one in images}
    if len(images) != count:
        raise PlanError(
            f"{len(images)} images without frame_id, and {count} frames: which is which?",
            hint="give each image its frame_id, from 0",
        )
    return {one["id"]: n for n, one in enumerate(sorted(images, key=_natural))}


def _natural(image: Mapping[str, Any]) -> tuple[tuple[bool, int, str], ...]:
    """img2 before img10."""
    parts = re.split(r"(\d+)", str(image.get("file_name")))
    return tuple((part.isdigit(), int(part) if part.isdigit() else 0, part) for part in parts)


def _lines(made: Mapping[str, Any]) -> str:
    """One image and one annotation a line."""
    parts = []
    for key, value in made.items():
        if isinstance(value, list) and value:
            body = ",\n".join(f"  {json.dumps(one, ensure_ascii=False)}" for one in value)
            parts.append(f' "{key}": [\n{body}\n ]')
        else:
            parts.append(f' "{key}": {json.dumps(value, ensure_ascii=False)}')
    return "{\n" + ",\n".join(parts) + "\n}\n"
