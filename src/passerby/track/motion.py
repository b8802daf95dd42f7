"""How things moved between two frames: sparse optical flow on a small luma, forwards and back.

Each box is carried by the median motion of a grid of points on it, checked by following the points
back to where they came from (Kalal, Mikolajczyk, Matas: "Forward-Backward Error", ICPR 2010). The
points are followed by pyramidal Lucas-Kanade (Bouguet 2000).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.frame import Frame, Picture
from ..core.time import Span
from .rows import shift, shifted

Points = NDArray[np.float32]
Rows = NDArray[np.float32]

SIDE: Final = 640  # the small luma's long side is at most this
_GRID: Final = 4  # points across and down a box
_BACK: Final = (7, 5)  # points across and down the whole picture, for the camera's own motion
_FEW: Final = (5, 3)  # as many, where the pictures are known to be alike
_WINDOW: Final = (13, 13)
_CELL: Final = 4  # small pixels
_STIRRED: Final = (1.0, 2.5)  # levels by which a cell differs where something stirs: least, most
_NOISY: Final = 7.4  # times the median difference: noise
_ABOUT: Final = 96  # small pixels around what stirs that are looked at, whole pyramids of them
_LEVELS: Final = 3
_STOP: Final = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 12, 0.03)
ENOUGH: Final = 0.35  # share of a box's points that must agree for its motion to count
_ALIKE: Final = 0.55  # correlation with itself that a box must keep from frame to frame
_FOUND: Final = 0.65  # correlation that a box searched for must have
_FAR: Final = 0.2  # by so much more where it is farthest from where it is expected
_TEMPLATE: Final = 20  # small pixels: larger templates are shrunk before the search
_RETURN: Final = 1.2  # small pixels within which a point must return


@dataclass(frozen=True, slots=True)
class Still:
    """What is kept of a frame for following: a small luma and its brightness."""

    index: int
    span: Span
    scale: float  # small pixels per display pixel
    width: int  # of the small luma
    height: int
    luma: Picture
    thumb: NDArray[np.float32]
    cells: NDArray[np.float32]  # mean brightness of squares of `_CELL` small pixels
    light: float  # mean brightness, 0..255


@dataclass(frozen=True, slots=True)
class Step:
    """Boxes after one step, float32 (n, 4) display pixels; `held`: share of points that agree."""

    boxes: Rows
    held: NDArray[np.float32]
    camera: NDArray[np.float32]  # (2,) display pixels: how the background moved
    steady: float  # share of background points that could be followed


def still(frame: Frame, index: int, side: int = SIDE) -> Still:
    """Shrink to at most `side` pixels a side; keep nothing else of the frame."""
    halvings = 0
    while max(frame.size.width, frame.size.height) >> halvings > side:
        halvings += 1
    luma = np.ascontiguousarray(frame.luma(halvings))
    return _still(luma, index, frame.span, luma.shape[1] / frame.size.width)


def resized(still: Still, like: Still) -> Still:
    """The same with a small luma of the size of another's, coarser or finer."""
    size = like.width, like.height
    how = cv2.INTER_AREA if like.width < still.width else cv2.INTER_LINEAR
    luma = np.asarray(cv2.resize(still.luma, size, interpolation=how), np.uint8)
    return _still(luma, still.index, still.span, like.scale)


def _still(luma: Picture, index: int, span: Span, scale: float) -> Still:
    thumb = cv2.resize(luma, (48, 32), interpolation=cv2.INTER_AREA).astype(np.float32)
    height, width = luma.shape
    return Still(
        index=index,
        span=span,
        scale=scale,
        width=width,
        height=height,
        luma=luma,
        thumb=thumb,
        cells=cv2.resize(
            luma, (_cells(width), _cells(height)), interpolation=cv2.INTER_AREA
        ).astype(np.float32),
        light=float(thumb.mean()),
    )


def _cells(side: int) -> int:
    return max(1, side // _CELL)


def likeness(a: Still, b: Still) -> float:
    """Correlation of two frames' thumbnails, -1..1; blind to brightness and contrast."""
    x, y = a.thumb - a.thumb.mean(), b.thumb - b.thumb.mean()
    norm = float(np.sqrt((x * x).sum() * (y * y).sum()))
    return float((x * y).sum()) / norm if norm > 1 else 1.0


def change(a: Still, b: Still) -> NDArray[np.float32]:
    """By how many levels of brightness each cell of the thumbnail changed, float32 (32, 48).

    Global brightness is taken out: something that appears from nowhere shows here, whatever the
    light does.
    """
    return np.abs((a.thumb - a.light) - (b.thumb - b.light))


def places(change: NDArray[np.float32], above: float, still: Still) -> list[Rows]:
    """Where cells that changed by more than `above` lie together, rows in display pixels."""
    _, _, spots, _ = cv2.connectedComponentsWithStats((change > above).astype(np.uint8))
    cell = np.array([still.width / change.shape[1], still.height / change.shape[0]])
    found: list[Rows] = []
    for x, y, width, height, _ in spots[1:]:
        corners = np.array([x, y, x + width, y + height]) * np.tile(cell, 2) / still.scale
        found.append(corners.astype(np.float32))
    return found


def _flow(a: Still, b: Still, points: Points) -> tuple[Points, Any]:
    moved, status, _ = cv2.calcOpticalFlowPyrLK(
        a.luma,
        b.luma,
        points,
        None,  # type: ignore[call-overload]  # allowed, and not in its hints
        winSize=_WINDOW,
        maxLevel=_LEVELS,
        criteria=_STOP,
    )
    return moved, status.ravel() > 0


def _background(width: int, height: int, across: int, down: int) -> Points:
    xs = (np.arange(across, dtype=np.float32) + 0.5) * width / across
    ys = (np.arange(down, dtype=np.float32) + 0.5) * height / down
    return np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2).astype(np.float32)


def _on_boxes(boxes: Rows, width: int, height: int) -> Points:
    """A grid of points on the visible middle of each box, (n, GRID * GRID, 2)."""
    share = (np.arange(_GRID, dtype=np.float32) + 0.5) / _GRID * 0.8 + 0.1
    x0, x1 = np.clip(boxes[:, 0], 0, width - 1), np.clip(boxes[:, 2], 1, width)
    y0, y1 = np.clip(boxes[:, 1], 0, height - 1), np.clip(boxes[:, 3], 1, height)
    xs = x0[:, None] + (x1 - x0)[:, None] * share
    ys = y0[:, None] + (y1 - y0)[:, None] * share
    grid = np.empty((len(boxes), _GRID, _GRID, 2), np.float32)
    grid[..., 0] = xs[:, None, :]
    grid[..., 1] = ys[:, :, None]
    return grid.reshape(len(boxes), _GRID * _GRID, 2)


def step(
    a: Still, b: Still, boxes: Rows, ahead: Points | None = None, *, calm: bool = False
) -> Step:
    """Carry `boxes` (n, 4), display pixels, from frame `a` to frame `b` (either may be earlier).

    A box whose points are lost, or that no longer looks like itself (the face ran away and the
    points stayed on the background), is searched for around where `ahead` (n, 2), display pixels,
    says that it moved to; `held` is 1 when it was found there and 0 when it was not.
    `calm` says that the two pictures are known to be alike: with no boxes nothing is computed.
    """
    if calm and not len(boxes):
        nothing = np.zeros(0, np.float32)
        return Step(boxes, nothing, np.zeros(2, np.float32), 1.0)
    small = boxes * np.float32(a.scale)
    if ahead is None:
        ahead = np.zeros((len(boxes), 2), np.float32)
    n, per = len(boxes), _GRID * _GRID
    on_boxes = _on_boxes(small, a.width, a.height)
    background = _background(a.width, a.height, *(_FEW if calm else _BACK))
    start = np.concatenate([background, on_boxes.reshape(-1, 2)])
    there, found = _flow(a, b, start)
    shifts, nb = there - start, len(background)
    # A calm background moves by little, and the median forgives the rest: only boxes are checked.
    checked = slice(nb if calm else 0, None)
    back, returned = _flow(b, a, there[checked])
    good = found.copy()
    error = np.abs(back - start[checked]).max(axis=1)
    good[checked] = found[checked] & returned & (error < _RETURN)
    outside = good[:nb] & ~_covered(background, small)
    camera = np.median(shifts[:nb][outside], axis=0) if outside.sum() >= 5 else np.zeros(2)
    moved = small.copy()
    held = np.zeros(n, np.float32)
    steps, goods = shifts[nb:].reshape(n, per, 2), good[nb:].reshape(n, per)
    for i in range(n):
        ok = goods[i]
        held[i] = ok.mean()
        if ok.sum() < 4:
            continue
        move = np.median(steps[i][ok], axis=0)
        near = np.abs(steps[i] - move).max(axis=1) < max(1.5, 0.15 * (small[i, 2] - small[i, 0]))
        held[i] = (ok & near).mean()
        zoom = _zoom(on_boxes[i][ok & near], steps[i][ok & near])
        centre = (small[i, :2] + small[i, 2:]) / 2 + move
        half = (small[i, 2:] - small[i, :2]) / 2 * zoom
        moved[i] = np.concatenate([centre - half, centre + half])
    for i in range(n):
        if held[i] >= ENOUGH and alike(a, b, small[i], moved[i]) >= _ALIKE:
            continue
        there_small = ahead[i] * np.float32(a.scale)
        reach = 2.0 * _longer(small[i]) + float(np.abs(there_small).max())
        found_at = sought(a, b, small[i], there_small, reach)
        held[i] = 0 if found_at is None else 1
        if found_at is not None:
            moved[i] = found_at
    return Step(
        boxes=(moved / np.float32(a.scale)).astype(np.float32),
        held=held,
        camera=(camera / a.scale).astype(np.float32),
        steady=float(good[:nb].mean()),
    )


def carried(a: Still, b: Still, boxes: Rows, ahead: Points) -> Step:
    """Like `step`, for two pictures that are known to be alike: only what stirs is followed.

    Where no square of either picture differs by more than noise, a box stays where it is; who moves
    so little is far from its edges for long, and is looked at before they are reached. The others
    are followed in the part of the picture that holds them.
    """
    held, moved = np.ones(len(boxes), np.float32), boxes.copy()
    stirs = np.flatnonzero(stirring(a, b, boxes))
    if len(stirs):
        small = boxes[stirs] * np.float32(a.scale)
        low = np.maximum(0, np.floor(small[:, :2].min(axis=0)) - _ABOUT).astype(int)
        high = np.ceil(small[:, 2:].max(axis=0)).astype(int) + _ABOUT
        shift = np.tile(low, 2).astype(np.float32) / np.float32(a.scale)
        parts = [_part(still, *low, *high) for still in (a, b)]
        if min(parts[0].width, parts[0].height) < _ABOUT:  # hardly in the picture any more
            parts, shift = [a, b], np.zeros(4, np.float32)
        there = step(parts[0], parts[1], boxes[stirs] - shift, ahead[stirs], calm=True)
        moved[stirs], held[stirs] = there.boxes + shift, there.held
    return Step(moved, held, np.zeros(2, np.float32), 1.0)


def stirring(a: Still, b: Still, boxes: Rows) -> NDArray[np.bool_]:
    """In or close around which of `boxes`, display pixels, anything changed between two frames."""
    off = b.cells - a.cells
    off = np.abs(off - np.median(off))
    least, most = _STIRRED
    changed = off > min(most, max(least, _NOISY * float(np.median(off))))
    by = np.tile([changed.shape[1] / a.width, changed.shape[0] / a.height], 2) * a.scale
    around = np.concatenate([boxes[:, :2] - boxes[:, 2:], boxes[:, 2:] - boxes[:, :2]], axis=1) / 4
    rows = (boxes + around) * by
    low = np.maximum(0, np.floor(rows[:, :2])).astype(int)
    high = np.maximum(0, np.ceil(rows[:, 2:])).astype(int)
    spots = [changed[y0:y1, x0:x1].any() for (x0, y0), (x1, y1) in zip(low, high, strict=True)]
    return np.array(spots, np.bool_)


def _part(still: Still, x0: int, y0: int, x1: int, y1: int) -> Still:
    luma = np.ascontiguousarray(still.luma[y0:y1, x0:x1])
    return replace(still, luma=luma, width=luma.shape[1], height=luma.shape[0])


def _patch(luma: Picture, row: Rows) -> Picture | None:
    """The part of `luma` inside `row` (small pixels), None when less than 3 x 3 of it shows."""
    x0, y0 = max(0, int(row[0])), max(0, int(row[1]))
    x1, y1 = min(luma.shape[1], int(np.ceil(row[2]))), min(luma.shape[0], int(np.ceil(row[3])))
    return luma[y0:y1, x0:x1] if x1 - x0 >= 3 and y1 - y0 >= 3 else None


def alike(a: Still, b: Still, before: Rows, after: Rows) -> float:
    """Correlation of a box with itself one step later, -1..1; 1 when too little of it shows."""
    x, y = _patch(a.luma, before), _patch(b.luma, after)
    if x is None or y is None:
        return 1.0
    side = (min(16, x.shape[1]), min(16, x.shape[0]))
    p = cv2.resize(x, side, interpolation=cv2.INTER_AREA).astype(np.float32)
    q = cv2.resize(y, side, interpolation=cv2.INTER_AREA).astype(np.float32)
    p -= p.mean()
    q -= q.mean()
    norm = float(np.sqrt((p * p).sum() * (q * q).sum()))
    return float((p * q).sum()) / norm if norm > p.size else 1.0


def sought_again(known: Still, now: Still, row: Rows, about: Rows) -> Rows | None:
    """Search `now` for what was inside `row` in `known`, around `about` (display pixels)."""
    scale = np.float32(known.scale)
    ahead = shift(row, about) * scale
    reach = 1.5 * _longer(row * scale) + 0.25 * float(np.abs(ahead).max())
    found = sought(known, now, row * scale, ahead, reach)
    return None if found is None else (found / scale).astype(np.float32)


def _longer(row: Rows) -> float:
    return float(max(row[2] - row[0], row[3] - row[1]))


def sought(a: Still, b: Still, row: Rows, ahead: Points, reach: float) -> Rows | None:
    """Search frame `b` for what is inside `row` (small pixels) in `a`, around `row` + `ahead`.

    By normalised correlation (Lewis 1995), `reach` pixels each way; None when nothing is alike.
    """
    template = _patch(a.luma, row)
    if template is None:
        return None
    h, w = template.shape
    x0, y0 = max(0.0, float(row[0])), max(0.0, float(row[1]))
    left, top = max(0, int(x0 + ahead[0] - reach)), max(0, int(y0 + ahead[1] - reach))
    right = min(b.width, int(x0 + ahead[0] + w + reach))
    bottom = min(b.height, int(y0 + ahead[1] + h + reach))
    if right - left <= w or bottom - top <= h:
        return None
    window = b.luma[top:bottom, left:right]
    shrink = max(1.0, max(w, h) / _TEMPLATE)
    if shrink > 1:
        template, window = _shrunk(template, shrink), _shrunk(window, shrink)
        if window.shape[0] <= template.shape[0] or window.shape[1] <= template.shape[1]:
            return None
    if float(template.std()) < 4:
        return None
    likeness = cv2.matchTemplate(window, template, cv2.TM_CCOEFF_NORMED)
    expected = (x0 + ahead[0] - left) / shrink, (y0 + ahead[1] - top) / shrink
    likeness = likeness - _away(likeness.shape, expected, reach / shrink)
    _, best, _, at = cv2.minMaxLoc(likeness)
    if best < _FOUND:
        return None
    by = np.array([left + at[0] * shrink - x0, top + at[1] * shrink - y0], np.float32)
    return shifted(row, by)


def _away(
    shape: tuple[int, ...], expected: tuple[float, float], reach: float
) -> NDArray[np.float32]:
    """What likeness loses by distance from where it is expected, 0 there and `_FAR` at `reach`.

    Much of a picture is a little like a small face; the farther away, the likelier by chance.
    """
    ys, xs = np.arange(shape[0], dtype=np.float32), np.arange(shape[1], dtype=np.float32)
    dy, dx = (ys - expected[1]) / reach, (xs - expected[0]) / reach
    return np.asarray(_FAR * (dx[None, :] ** 2 + dy[:, None] ** 2), np.float32)


def _shrunk(picture: Picture, by: float) -> Picture:
    """Smaller by the factor `by`, at least 4 x 4."""
    height, width = picture.shape
    size = (max(4, round(width / by)), max(4, round(height / by)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def _covered(points: Points, boxes: Rows) -> NDArray[np.bool_]:
    """Which of the points lie on any box."""
    x, y = points[:, 0, None], points[:, 1, None]
    on = (x >= boxes[:, 0]) & (x < boxes[:, 2]) & (y >= boxes[:, 1]) & (y < boxes[:, 3])
    result: NDArray[np.bool_] = np.any(on, axis=1)
    return result


def _zoom(points: Points, shifts: Points) -> float:
    """By how much the points moved apart: 1 is not at all; bounded, 1 when there are too few."""
    if len(points) < 6:
        return 1.0
    before = points - points.mean(axis=0)
    after = points + shifts - (points + shifts).mean(axis=0)
    spread = float((before * before).sum())
    if spread < 1:
        return 1.0
    return float(np.clip((before * after).sum() / spread, 0.9, 1.1))
