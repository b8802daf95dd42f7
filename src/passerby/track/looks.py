"""Which looks to take at a frame, and how to join what they saw."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import numpy as np

from ..core.detection import Detections, contained, overlaps
from ..core.geometry import Box, Size
from ..core.ports import Look
from .rows import Row
from .settings import FollowSettings

FOUND: Final = 12.0  # a face of this many network pixels is found nearly always
_OVERLAP: Final = 32  # network pixels that neighbouring tiles share
CLOSE: Final = 192  # network pixels across a close look
_CLOSE_FACE: Final = 48  # network pixels that the face has in it
_SAME_PLACE: Final = 0.5
_SAME: Final = 0.45
DARK: Final = 60  # mean brightness below which every other look is brightened


def coarse_scale(size: Size, settings: FollowSettings) -> float:
    """Of a look at the whole frame: never enlarged."""
    return min(1.0, settings.coarse / max(size.width, size.height))


def fine_scale(size: Size, settings: FollowSettings) -> float:
    """Of a look for the smallest faces."""
    return min(settings.enlarge, settings.fine / max(size.width, size.height))


def smallest(size: Size, settings: FollowSettings) -> float:
    """The smallest face searched for, display pixels: higher ones are found nearly always."""
    return FOUND / fine_scale(size, settings)


def tiles(size: Size, scale: float, side: int) -> Iterator[tuple[float, Box | None]]:
    """(scale, crop) of the looks that together show all of the frame at about `scale`.

    No tile is longer than about `side` network pixels, so that memory stays flat.
    """
    long = max(size.width, size.height)
    parts = max(1, math.ceil(long * scale / side - 0.15))
    if parts == 1:
        yield min(scale, side * 1.15 / long), None
        return
    scale = (parts * side - (parts - 1) * _OVERLAP) / long
    rows, cols = _cuts(size.height, scale, side), _cuts(size.width, scale, side)
    for y0, y1 in rows:
        for x0, x1 in cols:
            yield scale, Box(x0, y0, x1, y1)


def _cuts(length: int, scale: float, side: int) -> list[tuple[int, int]]:
    span, overlap = side / scale, _OVERLAP / scale
    parts = max(1, math.ceil((length - overlap) / (span - overlap) - 1e-6))
    if parts == 1:
        return [(0, length)]
    step = (length - overlap) / parts
    return [
        (max(0, math.floor(i * step)), min(length, math.ceil(i * step + step + overlap)))
        for i in range(parts)
    ]


def close_look(row: Row, size: Size, threshold: float, turn: int = 0) -> Look:
    """A look at one place: the face about 48 network pixels high, four times its size around it."""
    x0, y0, x1, y1 = (float(v) for v in row)
    face = max(8.0, x1 - x0, y1 - y0)
    scale = min(4.0, _CLOSE_FACE / face)
    crop = around(row, size, CLOSE / scale)
    fit = min(scale, CLOSE / max(crop.width, crop.height))
    return Look(scale=fit, threshold=threshold, crop=crop, turn=turn)


def around(row: Row, size: Size, side: float) -> Box:
    """A square of `side` display pixels about the middle of `row`, as far as it is inside."""
    x0, y0, x1, y1 = (float(v) for v in row)
    cx = min(max((x0 + x1) / 2, 0.0), float(size.width))
    cy = min(max((y0 + y1) / 2, 0.0), float(size.height))
    return Box(
        math.floor(max(0.0, cx - side / 2)),
        math.floor(max(0.0, cy - side / 2)),
        math.ceil(min(float(size.width), cx + side / 2)),
        math.ceil(min(float(size.height), cy + side / 2)),
    )


def elsewhere(seen: Detections, known: Detections) -> Detections:
    """Without the sightings that lie on, or hold, a known one: the same face, seen otherwise."""
    if not len(seen) or not len(known):
        return seen
    keep = contained(seen.boxes, known.boxes).max(axis=1) < _SAME_PLACE
    return Detections(seen.boxes[keep], seen.scores[keep])


def united(parts: list[Detections]) -> Detections:
    """All sightings of several looks; of those that overlap much, the one with the best score."""
    joined = Detections.joined(parts)
    if len(parts) < 2 or len(joined) < 2:
        return joined
    order = np.argsort(-joined.scores, kind="stable")
    shared = overlaps(joined.boxes, joined.boxes)
    stay: list[int] = []
    for i in order:
        if not any(shared[i, j] > _SAME for j in stay):
            stay.append(int(i))
    return Detections(joined.boxes[stay], joined.scores[stay])
