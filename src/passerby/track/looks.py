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
_STEP: Final = 32  # network pixels that sides are multiples of
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

    All tiles of a frame become network pictures of one shape, the one that the whole frame has when
    its long side is `side` network pixels: a network is compiled once a shape, and memory is flat.
    """
    long = max(size.width, size.height)
    if long * scale <= side * 1.15:
        yield min(scale, side / long), None
        return
    cols, wide = _parts(size.width, scale, _canvas(size.width * side / long))
    rows, high = _parts(size.height, scale, _canvas(size.height * side / long))
    scale = min(wide, high)
    width, height = _canvas(size.width * side / long), _canvas(size.height * side / long)
    for y0, y1 in _cuts(size.height, rows, math.floor(height / scale)):
        for x0, x1 in _cuts(size.width, cols, math.floor(width / scale)):
            yield scale, Box(x0, y0, x1, y1)


def _canvas(side: float) -> int:
    """Network pixels of a picture's side: a multiple of what the network asks for.

    Of a very narrow picture at least what two tiles share and as much again, or tiles get nowhere.
    """
    return max(2 * _OVERLAP, math.ceil(side / _STEP) * _STEP)


def _parts(length: int, scale: float, side: int) -> tuple[int, float]:
    """How many tiles of `side` network pixels, and the scale at which so many just fit."""
    parts = max(1, math.ceil((length * scale - _OVERLAP) / (side - _OVERLAP) - 0.15))
    return parts, (parts * (side - _OVERLAP) + _OVERLAP) / length


def _cuts(length: int, parts: int, span: int) -> list[tuple[int, int]]:
    """`parts` stretches of at most `span` pixels that together cover `length`, evenly spread."""
    span = length if parts == 1 else min(span, length)  # the division may have lost a pixel
    last = length - span
    starts = [round(last * i / (parts - 1)) if parts > 1 else 0 for i in range(parts)]
    return [(start, start + span) for start in starts]


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
