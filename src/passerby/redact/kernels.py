"""Numeric work on patches: plain functions on arrays, no frames, no regions.

The membrane works on cells: float32 (rows, cols, channels), where the last channel is a weight
in [0, 1], the share of the cell that is known, and the others are means over the whole cell in
which all that is unknown counts as 0 (value times weight).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.geometry import Cells

Reals = NDArray[np.float32]

# How fast trust grows on the way to coarser levels. A coarse cell of which a third is known
# counts as known, so a border shines into the hole as far as the hole is wide, and the middle
# of the hole is not grey.
TRUST: Final = np.float32(3)
SMOOTHING: Final = (5, 3)  # cells
ONE: Final = np.float32(1)
TINY: Final = np.float32(1e-9)


def membrane(state: Reals) -> Reals | None:
    """The patch with every unknown cell filled smoothly from the known ones.

    `state` float32 (rows, cols, n + 1): n <= 3 premultiplied channels, then the weight; where the
    weight is 0 the channels must be 0 too, and then nothing else of those cells matters.
    Returns a new array of the same shape (its last channel means nothing), or `None` when
    nothing is known at all.

    Goes to ever coarser levels until something is known everywhere, then comes back, fills each
    level from the coarser one and smooths what it filled, so that little depends on where the
    coarse cells happen to lie: a veil that moves or grows does not flicker.
    """
    levels = []
    while not state[..., -1].all():
        rows, cols = state.shape[:2]
        if rows == cols == 1:
            return None
        levels.append(state)
        state = _resized(state, ((cols + 1) // 2, (rows + 1) // 2))
        state *= np.minimum(TRUST, ONE / np.maximum(state[..., -1:], TINY))
    filled: Any = state / state[..., -1:]
    for state in reversed(levels):
        rows, cols = state.shape[:2]
        unknown = ONE - state[..., -1:]
        filled = _resized(filled, (cols, rows), cv2.INTER_LINEAR)
        filled *= unknown
        filled += state
        for reach in SMOOTHING:
            filled = cv2.blur(filled, (reach, reach))
            filled *= unknown
            filled += state
    result: Reals = filled
    return result


def coverage(rects: Sequence[Cells], rows: int, cols: int, step: int) -> Reals:
    """The exact share of each step x step cell under the union of `rects`.

    `rects` are slices inside a patch of (rows * step, cols * step). float32 (rows, cols) in
    [0, 1]. The union is cut along every edge into intervals, so overlaps count once and no
    full-size mask is ever made.
    """
    ys = sorted({0, rows * step, *(y for r, _ in rects for y in (r.start, r.stop))})
    xs = sorted({0, cols * step, *(x for _, c in rects for x in (c.start, c.stop))})
    inside = np.zeros((len(ys) - 1, len(xs) - 1), np.float32)
    for r, c in rects:
        y0, y1 = ys.index(r.start), ys.index(r.stop)
        inside[y0:y1, xs.index(c.start) : xs.index(c.stop)] = 1
    shares: Any = _overlaps(ys, rows, step) @ inside @ _overlaps(xs, cols, step).T
    return cast(Reals, shares)


def reduced(patch: Reals, step: tuple[int, int]) -> Reals:
    """The mean of each block of `step` rows and columns; both divide the sides of `patch`."""
    if step == (1, 1):
        return patch
    return _resized(patch, (patch.shape[1] // step[1], patch.shape[0] // step[0]))


def enlarged(cells: Reals, step: tuple[int, int], depth: int) -> NDArray[Any]:
    """Every cell becomes `step` rows and columns of samples: cubic up to four, then linear.

    Rounded and clipped to `depth` bits: uint8, or uint16 when `depth` > 8.
    """
    rows, cols = cells.shape
    if min(step) > 4:
        cells = _resized(cells, (cols * 4, rows * 4), cv2.INTER_CUBIC)
    # Clipped, and lifted by the half that makes cutting off the same as rounding, while small:
    # what is linear in between can't leave those limits again.
    cells = np.clip(cells, 0, np.float32((1 << depth) - 1)) + np.float32(0.5)
    large = _resized(cells, (cols * step[1], rows * step[0]), cv2.INTER_LINEAR)
    cut: NDArray[Any] = large.astype(np.uint8 if depth <= 8 else np.uint16)
    return cut


def tiled(patch: Reals, rows: int, cols: int) -> Reals:
    """`patch` in rows x cols even tiles, each one its mean."""
    high, wide = patch.shape[:2]
    return _resized(_resized(patch, (cols, rows)), (wide, high), cv2.INTER_NEAREST)


def smeared(patch: Reals, sigma: tuple[float, float]) -> Reals:
    """A Gaussian blur of `sigma` rows and columns that sees only the patch, its edge repeated."""
    high, wide = patch.shape
    # Fine detail is on its way out anyhow: blur a smaller picture.
    rows, cols = (max(1, int(side * 6 / s)) for side, s in zip((high, wide), sigma, strict=True))
    rows, cols = min(rows, high), min(cols, wide)
    small: Any = cv2.GaussianBlur(
        _resized(patch, (cols, rows)),
        (0, 0),
        sigmaX=sigma[1] * cols / wide,
        sigmaY=sigma[0] * rows / high,
        borderType=cv2.BORDER_REPLICATE,
    )
    return _resized(small, (wide, high), cv2.INTER_LINEAR)


def whole(values: Reals, depth: int) -> NDArray[Any]:
    """Rounded and clipped to `depth` bits: uint8, or uint16 when `depth` > 8. Changes `values`."""
    np.rint(values, out=values)
    np.clip(values, 0, (1 << depth) - 1, out=values)
    rounded: NDArray[Any] = values.astype(np.uint8 if depth <= 8 else np.uint16)
    return rounded


def _resized(patch: Reals, size: tuple[int, int], how: int = cv2.INTER_AREA) -> Reals:
    return cast(Reals, cv2.resize(patch, size, interpolation=how))


def _overlaps(edges: list[int], count: int, step: int) -> Reals:
    """float32 (count, len(edges) - 1): the share of each cell that lies in each interval."""
    cuts = np.array(edges, np.float32) / np.float32(step)
    reached = np.clip(cuts - np.arange(count, dtype=np.float32)[:, None], 0, 1)
    shares: Any = reached[:, 1:] - reached[:, :-1]
    return cast(Reals, shares)
