"""Which looks to take at a frame, and how to join what they saw."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np

from ..core.detection import Detections, contained, overlaps
from ..core.frame import Frame, Picture
from ..core.geometry import Box, Size
from ..core.ports import Detector, Look
from .rows import Row, hull
from .settings import FACE, FollowSettings, Traits

FOUND: Final = FACE.found  # a face of this many network pixels is found nearly always
_STEP: Final = 32  # network pixels that sides are multiples of
_OVERLAP: Final = 32  # network pixels that neighbouring tiles share
CLOSE: Final = FACE.close  # network pixels across a close look at a face
_SAME_PLACE: Final = 0.5
_SAME: Final = 0.45
_INSIDE: Final = 0.9
_HUGE: Final = 0.25  # overlap of a huge thing with what a much coarser look sees there
_AS_IT_IS: Final = 1.26  # up to this scale a picture is hardly softer than the frame itself
DARK: Final = 60  # mean brightness below which every other look is brightened


def coarse_scale(size: Size, settings: FollowSettings) -> float:
    """Of a look at the whole frame: never enlarged."""
    return min(1.0, settings.coarse / max(size.width, size.height))


def fine_scale(size: Size, settings: FollowSettings) -> float:
    """Of a look for the smallest faces."""
    return min(settings.enlarge, settings.fine / max(size.width, size.height))


def smallest(size: Size, settings: FollowSettings) -> float:
    """The smallest thing searched for, display pixels: higher ones are found nearly always."""
    scale = max(fine_scale(size, settings), coarse_scale(size, settings))
    return settings.traits.found / scale


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


def close_look(
    row: Row, size: Size, threshold: float, turn: int = 0, traits: Traits = FACE
) -> Look:
    """A look at one place: a face about 48 network pixels high, four times its size around it.

    A line is shown whole, with half its length beside it, and no higher than it has to be.
    """
    x0, y0, x1, y1 = (float(v) for v in row)
    long, short = max(x1 - x0, y1 - y0), min(x1 - x0, y1 - y0)
    scale = min(4.0, traits.shown / max(8.0, short if traits.lines else long))
    if traits.lines:
        scale = min(scale, traits.close / (2 * long))
    crop = around(row, size, traits.close / scale)
    fit = min(scale, traits.close / max(crop.width, crop.height))
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


def united(parts: list[Detections], lines: bool = False) -> Detections:
    """All sightings of several looks; of those that overlap much, the one with the best score.

    Of `lines` that overlap, what holds them all: one look may have lost an end that another saw.
    """
    joined = Detections.joined(parts)
    if len(parts) < 2 or len(joined) < 2:
        return joined
    if lines:
        return _held(joined)
    order = np.argsort(-joined.scores, kind="stable")
    shared = overlaps(joined.boxes, joined.boxes)
    stay: list[int] = []
    for i in order:
        if not any(shared[i, j] > _SAME for j in stay):
            stay.append(int(i))
    return Detections(joined.boxes[stay], joined.scores[stay])


def believed(
    detector: Detector, frame: Frame, look: Look, traits: Traits, coarsest: bool
) -> Detections:
    """What `detector` sees, without what is too high for `look` to tell.

    `coarsest`: no coarser look shows it. Note [huge letters]: what is too high there is believed
    if a look so much smaller that it would be an ordinary line sees it as well. A network that
    takes a suit or a wall for one huge letter does so at one scale only.
    """
    seen = detector.detect(frame, look)
    if math.isinf(traits.highest) or not len(seen):
        return seen
    high = (seen.boxes[:, 2:] - seen.boxes[:, :2]).min(axis=1) * look.scale
    huge = high > traits.highest
    keep = ~huge
    if look.scale > _AS_IT_IS:
        keep &= high <= traits.enlarged * look.scale
    elif coarsest and huge.any():
        smaller = look.scale * traits.highest / (4 * float(high.max()))
        again = detector.detect(frame, replace(look, scale=smaller))
        if len(again):
            same = overlaps(seen.boxes, again.boxes).max(axis=1) > _HUGE
            keep |= (seen.scores >= traits.surely) & same
    return Detections(seen.boxes[keep], seen.scores[keep])


def possible(seen: Detections, look: Look, size: Size, traits: Traits) -> Detections:
    """Without what is never believed, whatever another look would say: what is too high for a look
    of this scale and not sure, and walls, see Note [walls]. What lies beyond the picture counts."""
    sides = seen.boxes[:, 2:] - seen.boxes[:, :2]
    high = sides.min(axis=1, initial=math.inf) * look.scale
    keep = (high <= traits.highest) | (seen.scores >= traits.surely)
    keep &= (sides <= (traits.wall * size.width, traits.wall * size.height)).any(axis=1)
    return Detections(seen.boxes[keep], seen.scores[keep])


def _held(seen: Detections) -> Detections:
    """Boxes that overlap much, or lie in a larger one, as the box that holds them all."""
    sides = seen.boxes[:, 2:] - seen.boxes[:, :2]
    boxes: list[Row] = []
    scores: list[float] = []
    for i in np.argsort(-sides.prod(axis=1), kind="stable"):
        box, score = seen.boxes[i], float(seen.scores[i])
        if boxes:
            known = np.stack(boxes)
            same = overlaps(box[None], known)[0] > _SAME
            inside = contained(box[None], known)[0] > _INSIDE
            at = int((same | inside).argmax())
            if same[at] or inside[at]:
                boxes[at] = hull(boxes[at], box)
                scores[at] = max(scores[at], score)
                continue
        boxes.append(box)
        scores.append(score)
    return Detections(np.stack(boxes).astype(np.float32), np.array(scores, np.float32))


def detailed(luma: Picture, scale: float, crop: Box | None, least: float) -> bool:
    """Whether `crop` (display pixels; all by default) shows enough for small things to be in it.

    `luma` uint8 (h, w), with `scale` of its samples a display pixel. Of the rows and columns of
    blocks of 8 x 8 samples, one block has to differ by `least` levels from sample to sample.
    """
    if least <= 0:
        return True
    part = luma
    if crop is not None:
        x0, y0 = math.floor(crop.x0 * scale), math.floor(crop.y0 * scale)
        x1, y1 = math.ceil(crop.x1 * scale), math.ceil(crop.y1 * scale)
        part = luma[y0:y1, x0:x1]
    if min(part.shape) < 9:
        return True
    grey = part.astype(np.float32)
    step = np.abs(np.diff(grey, axis=1))[1:] + np.abs(np.diff(grey, axis=0))[:, 1:]
    rows, cols = step.shape[0] // 8 * 8, step.shape[1] // 8 * 8
    blocks = step[:rows, :cols].reshape(rows // 8, 8, cols // 8, 8).mean(axis=(1, 3))
    return bool(blocks.max() / 2 >= least)
