"""A detector that remembers: where no pixel changed since a look, the answer is still the same.

Note [still scenes]: a camera on a wall sees the same street all day. What a detector said of a
part of the picture holds until that part changes, however slowly; so only what changed is looked
at again. It is compared with how it was *at the look*, not a frame ago: what creeps in is noticed
as soon as it adds up. Now and then all is looked at again anyway.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.detection import Boxes, Detections, contained, overlaps
from ..core.frame import Frame
from ..core.geometry import Box, Size
from ..core.ports import Detector, DetectorInfo, Look
from ..core.time import Ticks
from . import looks
from .looks import DARK
from .settings import FollowSettings

_CELL: Final = 8  # pixels of a small square that is compared with itself; noise is averaged out
_ACROSS: Final = 160  # at most so many of them along the longer side
_CHANGED: Final = (1.5, 3.0)  # levels by which a cell differs where something changed: dark, light
_MARGIN: Final = 48  # network pixels around what changed that a network wants to see
_WORTH: Final = 400  # network pixels: smaller looks are cheap, and taken whole
_MOST: Final = 96  # looks that are remembered
_SAME: Final = 0.45
_INSIDE: Final = 0.6
_MOST_OF: Final = 0.8  # share of a look that its parts may cost
_SIDE: Final = 640

Cells = NDArray[np.float32]


@dataclass(slots=True)
class _Known:
    """What a look saw. `cells`: how the picture was when each part of it was looked at last."""

    seen: Detections
    cells: Cells
    whole: Ticks  # when all of it was looked at


class Remembering:
    """Implements `core.ports.Detector` over another one, for the frames of one film in order.

    `fresh`: ticks after which a look that is remembered is taken again, changed or not.
    """

    def __init__(self, detector: Detector, fresh: Ticks) -> None:
        self._detector, self._fresh = detector, fresh
        self._known: OrderedDict[Look, _Known] = OrderedDict()
        self._last: tuple[int, int, Cells] | None = None
        self.asked = {"whole": 0, "part": 0, "none": 0}

    @property
    def info(self) -> DetectorInfo:
        return self._detector.info

    def detect(self, frame: Frame, look: Look) -> Detections:
        cells = self._cells(frame)
        known = self._known.get(look)
        seen: Detections | None = None
        if known is not None and frame.span.start - known.whole < self._fresh:
            seen = self._again(frame, look, known, cells)
        if seen is None:
            self.asked["whole"] += 1
            seen = self._detector.detect(frame, look)
            known = _Known(seen, cells.copy(), frame.span.start)
            self._known[look] = known
            if len(self._known) > _MOST:
                self._known.popitem(last=False)
        else:
            assert known is not None
            known.seen = seen
        self._known.move_to_end(look)
        return seen

    def _cells(self, frame: Frame) -> Cells:
        """Mean brightness of small squares of the picture, made once a frame."""
        at = (frame.span.start, id(frame))
        if self._last is None or self._last[:2] != at:
            halvings = 0
            while max(frame.size.width, frame.size.height) >> halvings > _SIDE:
                halvings += 1
            luma = frame.luma(halvings)
            height, width = luma.shape
            cells = min(_ACROSS, max(frame.size.width, frame.size.height) / _CELL)
            by = cells / max(width, height)
            size = (max(1, round(width * by)), max(1, round(height * by)))
            small = cv2.resize(np.ascontiguousarray(luma), size, interpolation=cv2.INTER_AREA)
            self._last = (*at, np.asarray(small, np.float32))
        return self._last[2]

    def _again(self, frame: Frame, look: Look, known: _Known, now: Cells) -> Detections | None:
        """What the look would see now; None where all of it has to be taken again."""
        region = look.crop or Box(0, 0, frame.size.width, frame.size.height)
        grid = _Grid(now.shape[1] / frame.size.width, now.shape[0] / frame.size.height)
        rows, cols = grid.slices(region, now.shape)
        least = _CHANGED[0] if float(now.mean()) < DARK else _CHANGED[1]
        changed = np.abs(now[rows, cols] - known.cells[rows, cols]) > least
        if not changed.any():
            self.asked["none"] += 1
            return known.seen
        if max(region.width, region.height) * look.scale < _WORTH:
            return None
        cells = grid.boxes(changed, rows.start, cols.start)
        touched = shared(_wider(known.seen.boxes), cells)
        needs = [
            *_spots(changed, grid, rows.start, cols.start, _MARGIN / look.scale),
            *(Box(*map(float, row)) for row in known.seen.boxes[touched]),
        ]
        parts = _parts(needs, region)
        if parts is None:
            return None
        self.asked["part"] += len(parts)
        kept = Detections(known.seen.boxes[~touched], known.seen.scores[~touched])
        for part in parts:
            fresh = self._detector.detect(frame, replace(look, crop=part))
            rows, cols = grid.slices(part, now.shape)
            known.cells[rows, cols] = now[rows, cols]
            kept = _joined(kept, fresh, part, region)
        return kept


def shapes(size: Size, settings: FollowSettings) -> Iterator[Look]:
    """One look in each shape of picture that looks at frames of `size` have most."""
    whole = Box(0, 0, size.width, size.height)
    scale = looks.coarse_scale(size, settings)
    across, down = float(math.ceil(whole.width / 2)), float(math.ceil(whole.height / 2))
    yield Look(scale, settings.near)
    yield Look(scale, settings.near, Box(0, 0, across, down))
    yield Look(scale, settings.near, Box(0, 0, whole.width, down))
    if settings.traits.turned:
        yield Look(scale, settings.near, turn=1)
    if settings.close_looks:
        middle = np.array([across - 8, down - 8, across + 8, down + 8], np.float32)
        yield looks.close_look(middle, size, settings.near, 0, settings.traits)


@dataclass(frozen=True, slots=True)
class _Grid:
    """Cells a display pixel, across and down."""

    x: float
    y: float

    def slices(self, box: Box, shape: tuple[int, ...]) -> tuple[slice, slice]:
        """Rows and columns of the cells that `box` touches, one at least."""
        y0, x0 = max(0, math.floor(box.y0 * self.y)), max(0, math.floor(box.x0 * self.x))
        y1, x1 = math.ceil(box.y1 * self.y), math.ceil(box.x1 * self.x)
        y0, x0 = min(y0, shape[0] - 1), min(x0, shape[1] - 1)
        return slice(y0, max(y0 + 1, y1)), slice(x0, max(x0 + 1, x1))

    def boxes(self, changed: NDArray[np.bool_], top: int, left: int) -> Boxes:
        """The changed cells as boxes in display pixels, float32 (n, 4)."""
        y, x = np.nonzero(changed)
        corners = np.stack([x + left, y + top, x + left + 1, y + top + 1], axis=1)
        scale = np.array([self.x, self.y, self.x, self.y])
        return np.asarray(corners / scale, np.float32)


def shared(boxes: Boxes, places: Boxes) -> NDArray[np.bool_]:
    """Which of `boxes` have something in common with any of `places`, bool (len(boxes),)."""
    low = np.maximum(boxes[:, None, :2], places[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], places[None, :, 2:])
    common = (low < high).all(axis=2)
    return np.asarray(np.any(common, axis=1), np.bool_)


def _wider(boxes: Boxes) -> Boxes:
    """Each with a quarter of its size around it: what happens there may have to do with it."""
    margin = (boxes[:, 2:] - boxes[:, :2]) / 4
    return np.concatenate([boxes[:, :2] - margin, boxes[:, 2:] + margin], axis=1)


def _spots(
    changed: NDArray[np.bool_], grid: _Grid, top: int, left: int, margin: float
) -> Iterator[Box]:
    """Where changed cells lie together, with `margin` display pixels around them."""
    reach = np.ones((1 + 2 * math.ceil(margin * grid.y), 1 + 2 * math.ceil(margin * grid.x)))
    near = cv2.dilate(changed.astype(np.uint8), reach.astype(np.uint8))
    _, _, spots, _ = cv2.connectedComponentsWithStats(near)
    for x, y, width, height, _ in spots[1:]:
        x0, y0 = (x + left) / grid.x, (y + top) / grid.y
        yield Box(x0, y0, x0 + width / grid.x, y0 + height / grid.y)


def _parts(needs: Sequence[Box], region: Box) -> list[Box] | None:
    """A few parts of `region` that hold all that is needed, each a quarter or a half of it.

    None where taking all of it costs hardly more. Few shapes, because a network prepares itself
    for each shape of its pictures.
    """
    hulls: list[Box] = []
    for need in sorted(needs, key=lambda box: box.corners):
        for n, hull in enumerate(hulls):
            if _part(hull.hull(need), region, _part(hull, region)) is not None:
                hulls[n] = hull.hull(need)
                break
        else:
            hulls.append(need)
    parts = [_part(hull, region) for hull in hulls]
    found = [part for part in parts if part is not None]
    if len(found) < len(parts) or sum(part.area for part in found) > _MOST_OF * region.area:
        return None
    return found


def _part(need: Box, region: Box, like: Box | None = None) -> Box | None:
    """The least part of `region` that holds what of `need` is inside; no larger than `like`."""
    x0, y0 = max(need.x0, region.x0), max(need.y0, region.y0)
    x1, y1 = min(need.x1, region.x1), min(need.y1, region.y1)
    across, down = float(math.ceil(region.width / 2)), float(math.ceil(region.height / 2))
    if y1 - y0 > down or x1 <= x0 or y1 <= y0:
        return None
    wide = across if x1 - x0 <= across else region.width
    if like is not None and wide > like.width:
        return None
    left = min(max(region.x0, math.floor((x0 + x1 - wide) / 2)), region.x1 - wide)
    top = min(max(region.y0, math.floor((y0 + y1 - down) / 2)), region.y1 - down)
    return Box(left, top, left + wide, top + down)


def _joined(kept: Detections, fresh: Detections, part: Box, region: Box) -> Detections:
    """What stayed as it was, and what is seen now; of those at one place, what is seen now.

    A thing that the edge of `part` cuts is known whole already, if it did not change.
    """
    if not len(kept) or not len(fresh):
        return Detections.joined([kept, fresh])
    cut = _cut(fresh.boxes, part, region) & (
        contained(fresh.boxes, kept.boxes).max(axis=1) > _INSIDE
    )
    fresh = Detections(fresh.boxes[~cut], fresh.scores[~cut])
    if not len(fresh):
        return kept
    again = overlaps(kept.boxes, fresh.boxes).max(axis=1) > _SAME
    return Detections.joined([Detections(kept.boxes[~again], kept.scores[~again]), fresh])


def _cut(boxes: Boxes, part: Box, region: Box) -> NDArray[np.bool_]:
    """Which boxes touch an edge of `part` that is not one of `region`."""
    cut = np.zeros(len(boxes), np.bool_)
    for column, (inner, outer) in enumerate(zip(part.corners, region.corners, strict=True)):
        if inner != outer:
            off = boxes[:, column] - inner
            cut |= (off < 2) if column < 2 else (off > -2)
    return cut
