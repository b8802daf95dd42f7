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
from functools import lru_cache
from itertools import product
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
from .settings import FACE, FollowSettings, Traits

_CELL: Final = 8  # pixels of a small square that is compared with itself; noise is averaged out
_ACROSS: Final = 160  # at most so many of them along the longer side
_CHANGED: Final = (1.5, 3.0)  # levels by which a cell differs where something changed: dark, light
_NOISY: Final = 7.4  # times the median difference: that, up to twice as much as usual, is noise
_LIT: Final = (2.5, 0.75)  # of these: lighter or darker all around, and the rest of it
_AROUND: Final = 9  # cells
_MARGIN: Final = 32  # network pixels around what changed that a network wants to see
_WORTH: Final = 224  # network pixels: smaller looks are cheap, and taken whole
_MOST: Final = 96  # looks that are remembered
_SAME: Final = 0.45
_INSIDE: Final = 0.6
_LITTLE: Final = 0.15  # share of a huge thing that may change before all of it is looked at again
_MOST_OF: Final = 0.8  # share of a look that its parts may cost
_SIDE: Final = 640
_ACROSS_OF: Final = (0.15, 0.225, 0.3, 0.5, 1.0)  # shares of a look's width that parts of it have
_DOWN_OF: Final = (0.3, 0.4, 0.5, 1.0)  # and of its height
_STEP: Final = 32  # network pixels that sides of parts are multiples of
_SHORTEST: Final = 192  # network pixels of a part's side
_LEAST: Final = 96  # network pixels of the sides of the least parts, or of one side
_COARSE: Final = 600  # network pixels: smaller looks have such parts, too
_CALL: Final = 20_000  # network pixels that can be looked at in the time that being asked takes

Cells = NDArray[np.float32]


@dataclass(slots=True)
class _Known:
    """What a look saw. `cells`: how the picture was when each part of it was looked at last.

    `young`: bool (n,), what was seen once and has to be seen again, see Note [no second sighting].
    """

    seen: Detections
    young: NDArray[np.bool_]
    cells: Cells  # of the part of the picture that was looked at
    whole: Ticks  # when all of it was looked at


class Remembering:
    """Implements `core.ports.Detector` over another one, for the frames of one film in order.

    `fresh`: ticks after which a look that is remembered is taken again, changed or not. `seed`: the
    score that a new thing needs. What is never believed by its `traits` is not told: it would be
    looked at again and again, and walls are large.

    Note [no second sighting]: who asks takes what is seen twice for what is there. An answer that
    is only remembered is no second one, so where something new was seen, the next look is taken.

    Note [an answer holds]: a part of a picture looks otherwise to a network than the whole, and so
    does each next frame, by its noise. Were all that parts show added to what is known, a wall
    would fill with signs. What is seen in a part counts where something changed.
    """

    def __init__(
        self, detector: Detector, fresh: Ticks, seed: float = 0.0, traits: Traits = FACE
    ) -> None:
        self._detector, self._fresh, self._seed = detector, fresh, seed
        self._traits = traits
        self._known: OrderedDict[Look, _Known] = OrderedDict()
        self._last: tuple[int, int, Cells] | None = None
        self.asked = {"whole": 0, "part": 0, "none": 0}

    @property
    def info(self) -> DetectorInfo:
        return self._detector.info

    def detect(self, frame: Frame, look: Look) -> Detections:
        cells = self._cells(frame)
        known = self._known.get(look)
        if known is None or not self._kept(frame, look, known, cells):
            self.asked["whole"] += 1
            seen = self._asked(frame, look)
            young = self._young(seen, known)
            _, rows, cols = _place(frame, look, cells)
            own = cells[rows, cols].copy()
            known = self._known[look] = _Known(seen, young, own, frame.span.start)
        self._known.move_to_end(look)
        self._forget(frame.span.start)
        return known.seen

    def _forget(self, now: Ticks) -> None:
        """What would be taken again anyway, and what nobody has asked for longest."""
        while len(self._known) > 1:
            look, oldest = next(iter(self._known.items()))
            if len(self._known) <= _MOST and now - oldest.whole < self._fresh:
                return
            del self._known[look]

    def _asked(self, frame: Frame, look: Look) -> Detections:
        seen = self._detector.detect(frame, look)
        return looks.possible(seen, look, frame.size, self._traits)

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

    def _kept(self, frame: Frame, look: Look, known: _Known, now: Cells) -> bool:
        """Bring up to date what is known; False where all has to be looked at again."""
        if frame.span.start - known.whole >= self._fresh:
            return False
        grid, rows, cols = _place(frame, look, now)
        region = _region(frame, look)
        changed = differing(now[rows, cols], known.cells, float(now.mean()) < DARK)
        if not changed.any() and not known.young.any():
            self.asked["none"] += 1
            return True
        if max(region.width, region.height) * look.scale < _WORTH:
            return False
        cells = grid.boxes(changed, rows.start, cols.start)
        again = shared(_wider(known.seen.boxes), cells) & ~_steady(known.seen.boxes, cells, region)
        again |= known.young
        needs = [
            *_spots(changed, grid, rows.start, cols.start, _MARGIN / look.scale),
            *(Box(*map(float, row)) for row in known.seen.boxes[again]),
        ]
        parts = _parts(needs, region, look)
        if parts is None:
            return False
        self.asked["part"] += len(parts)
        old = Detections(known.seen.boxes[again], known.seen.scores[again])
        kept = Detections(known.seen.boxes[~again], known.seen.scores[~again])
        for part in parts:
            fresh = self._asked(frame, replace(look, crop=part))
            here = shared(fresh.boxes, cells) | (
                overlaps(fresh.boxes, old.boxes).max(1, initial=0) > 0
            )
            fresh = Detections(fresh.boxes[here], fresh.scores[here])
            kept = _joined(kept, fresh, part, region)
        known.seen, known.young = kept, self._young(kept, known)
        known.cells = np.where(changed, now[rows, cols], known.cells)
        return True

    def _young(self, seen: Detections, known: _Known | None) -> NDArray[np.bool_]:
        """Which of `seen` could begin something and were not seen before."""
        young = seen.scores >= self._seed
        if known is not None and len(known.seen) and len(seen):
            young &= overlaps(seen.boxes, known.seen.boxes).max(axis=1) < _SAME
        return np.asarray(young, np.bool_)


def differing(now: Cells, then: Cells, dark: bool) -> NDArray[np.bool_]:
    """Which cells show something else now, bool like them.

    Not where it is only noise, or where all around became a little brighter or darker alike: a
    cloud, a lamp, a camera that corrects itself.
    """
    off = now - then
    around = _AROUND, _AROUND
    light, usually = cv2.blur(off, around), cv2.blur(then, around)
    rest = np.abs(off - light * then / np.maximum(usually, 1))  # light multiplies
    usual = _CHANGED[0] if dark else _CHANGED[1]
    least = min(2 * usual, max(usual, _NOISY * float(np.median(rest))))
    only_lit = (rest < _LIT[1] * least) & (np.abs(light) < _LIT[0] * usual)
    return np.asarray((np.abs(off) > least) & ~only_lit, np.bool_)


def shapes(size: Size, settings: FollowSettings) -> Iterator[Look]:
    """One look in each shape of picture that looks at frames of `size` have most."""
    whole = Box(0, 0, size.width, size.height)
    scale = looks.coarse_scale(size, settings)
    yield Look(scale, settings.near)
    for across, down in _sides(whole, Look(scale, settings.near)):
        yield Look(scale, settings.near, Box(0, 0, across, down))
    for halvings in range(1, len(settings.traits.coarser)):
        less = settings.coarser(halvings, max(size.width, size.height))
        yield Look(looks.coarse_scale(size, less), settings.near)
    if settings.traits.turned:
        yield Look(scale, settings.near, turn=1)
    if settings.close_looks:
        x, y = size.width / 2, size.height / 2
        middle = np.array([x - 8, y - 8, x + 8, y + 8], np.float32)
        for traits in (settings.traits, settings.traits.less_close()):
            yield looks.close_look(middle, size, settings.near, 0, traits)


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


def _region(frame: Frame, look: Look) -> Box:
    return look.crop or Box(0, 0, frame.size.width, frame.size.height)


def _place(frame: Frame, look: Look, cells: Cells) -> tuple[_Grid, slice, slice]:
    """How `cells` lie in a frame, and which of them are in what is looked at."""
    grid = _Grid(cells.shape[1] / frame.size.width, cells.shape[0] / frame.size.height)
    return (grid, *grid.slices(_region(frame, look), cells.shape))


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


def _steady(boxes: Boxes, cells: Boxes, region: Box) -> NDArray[np.bool_]:
    """Which boxes are larger than half of `region` each way, and hardly changed inside.

    A wall that a network takes for one huge letter is no reason to look at all of the picture
    whenever somebody walks by. A huge thing that moves changes much more than this.
    """
    if not len(boxes):
        return np.zeros(0, np.bool_)
    low = np.maximum(boxes[:, :2], (region.x0, region.y0))
    sides = np.minimum(boxes[:, 2:], (region.x1, region.y1)) - low
    huge = (sides > (region.width / 2, region.height / 2)).all(axis=1)
    middle = (cells[:, :2] + cells[:, 2:]) / 2
    inside = (middle > boxes[:, None, :2]) & (middle < boxes[:, None, 2:])
    changed = inside.all(axis=2).sum(axis=1) * (cells[:1, 2:] - cells[:1, :2]).prod()
    return np.asarray(huge & (changed < _LITTLE * sides.prod(axis=1)), np.bool_)


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


def _parts(needs: Sequence[Box], region: Box, look: Look) -> list[Box] | None:
    """A few parts of `region` that hold all that is needed, each whole in one of them.

    None where taking all of it costs hardly more. Few shapes, because a network prepares itself
    for each shape of its pictures.
    """
    sides = _sides(region, look)

    def cost(part: Box) -> float:
        return part.area * look.scale**2 + _CALL

    hulls: list[tuple[Box, Box]] = []  # what is needed, and the part that holds it
    for need in sorted(needs, key=lambda box: box.corners):
        hull = need
        while (part := _part(hull, region, sides)) is not None:
            joins = [
                (cost(one) - cost(both), n)
                for n, (other, one) in enumerate(hulls)
                if (both := _part(hull.hull(other), region, sides)) is not None
                and cost(both) <= cost(one) + cost(part)
            ]
            if not joins:
                break
            hull = hull.hull(hulls.pop(max(joins)[1])[0])
        if part is None:
            return None
        hulls.append((hull, part))
    if sum(cost(part) for _, part in hulls) > _MOST_OF * cost(region):
        return None
    return [part for _, part in hulls]


def _sides(region: Box, look: Look) -> tuple[tuple[float, float], ...]:
    return _sides_of(region.width, region.height, look.scale, look.turn != 0)


@lru_cache(_MOST)
def _sides_of(
    width: float, height: float, scale: float, turned: bool
) -> tuple[tuple[float, float], ...]:
    """Width and height of the parts that a look at so much may have, display pixels; the least
    first.

    Those of coarse looks would be nearly as large as the looks, so they have smaller ones as well,
    which are the same to a network however coarse the look is.
    """
    sides = []
    if max(width, height) * scale < _COARSE:
        for across, down in ((_LEAST, _LEAST), (_LEAST, 2 * _LEAST), (2 * _LEAST, _LEAST)):
            wide, high = (float(math.floor(side / scale)) for side in (across, down))
            sides.append((min(width, wide), min(height, high)))
    shares = (_ACROSS_OF[2:], _DOWN_OF[1:]) if turned else (_ACROSS_OF, _DOWN_OF)
    for wide, high in product(*shares):
        if wide < 1 or high < 1:
            sides.append((_side(width, wide, scale), _side(height, high, scale)))
    return tuple(sorted(sides, key=lambda side: (side[0] * side[1], *side)))


def _side(whole: float, share: float, scale: float) -> float:
    """About that share of a side, so that it fills a network's input; the side where not less."""
    steps = share * whole * scale / _STEP
    wanted = max(_SHORTEST, _STEP * (math.ceil(steps) if share >= 0.5 else math.floor(steps)))
    return min(whole, float(math.floor(wanted / scale)))


def _part(need: Box, region: Box, sides: Sequence[tuple[float, float]]) -> Box | None:
    """The least part of `region` that holds what of `need` is inside."""
    x0, y0 = max(need.x0, region.x0), max(need.y0, region.y0)
    x1, y1 = min(need.x1, region.x1), min(need.y1, region.y1)
    fits = next((side for side in sides if side[0] >= x1 - x0 and side[1] >= y1 - y0), None)
    if fits is None or x1 <= x0 or y1 <= y0:
        return None
    wide, high = fits
    left = min(max(region.x0, math.floor((x0 + x1 - wide) / 2)), region.x1 - wide)
    top = min(max(region.y0, math.floor((y0 + y1 - high) / 2)), region.y1 - high)
    return Box(left, top, left + wide, top + high)


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
