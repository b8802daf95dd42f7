"""In which way a region is hidden badly: not at all, elsewhere, a frame late, or weakly.

Asked once something of the original is known to be left, so that a person learns what to mend.
Where a cover is shows in where the output differs from its original. Only what the difference
shows plainly is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, cast

import cv2
import numpy as np

from ..core.frame import Picture
from ..core.geometry import Box, Size
from .kernels import Reals, detail, reduced

SIDE: Final = 96  # samples of the shorter side at which covers are searched for
CHANGED: Final = 5.0  # levels of difference, a mean of 3 x 3 samples, that count as covered
NOISE: Final = 2.0  # times what is usual around the region, which a codec changes too
COVERED: Final = 0.35  # of a cover's place that is changed at least
APART: Final = 0.4  # at most so much of what it left bare is changed as of what it covers instead
NEAR: Final = 2.0  # samples by which a place may be wrong
ALSO: Final = 0.8  # of how far it is off across, from which down is named too
COARSE: Final = 16  # samples of the shorter side at which a weak cover is told
WEAK: Final = (0.5, 0.75)  # gain and likeness of the original's coarse detail
BARE: Final = (0.75, 0.85)  # the same of its fine detail

LEFT: Final = "detail of the original is left inside a region"


def left(
    was: Picture, now: Picture, here: Box, before: Box | None, others: Sequence[Box] = ()
) -> str:
    """What is wrong with the region `here`, of which something is left; uint8 (h, w) as displayed.

    `before`: where the region was one frame earlier, if it was; `others`: all that is hidden.
    """
    where = _elsewhere(was, now, here, before, others)
    if where:
        return f"{LEFT}: {where}"
    cells = here.cells(Size(was.shape[1], was.shape[0]))
    if cells is None:
        return LEFT
    was, now = was[cells], now[cells]
    short = min(was.shape)
    if _remains(was, now, max(1, short // SIDE), BARE):
        return f"{LEFT}: nothing covers it"
    if _remains(was, now, max(1, short // COARSE), WEAK):
        return f"{LEFT}: its cover is too weak"
    return LEFT


def _remains(was: Picture, now: Picture, step: int, least: tuple[float, float]) -> bool:
    """Is the original's detail of that size left all over the region?"""
    a, b = (detail(reduced(picture, step)) for picture in (was, now))
    both, own, other = (float((p * q).sum()) for p, q in ((a, b), (a, a), (b, b)))
    gain, alike = least
    return own > 0 and both >= gain * own and both * both >= alike * alike * own * other


def _elsewhere(
    was: Picture, now: Picture, here: Box, before: Box | None, others: Sequence[Box]
) -> str:
    """Where the region's cover is instead; nothing where that can't be told."""
    size = Size(was.shape[1], was.shape[0])
    around = here.grown(here.width / 2, here.height / 2).cells(size)
    if around is None or here.cells(size) is None:
        return ""
    step = max(1, int(min(here.width, here.height)) // SIDE)
    rows, cols = around
    apart = cv2.blur(np.abs(reduced(was[around], step) - reduced(now[around], step)), (3, 3))
    place = _within(here, rows.start, cols.start, step)
    inside = _cells(place, apart)
    ring = np.ones(apart.shape, bool)
    ring[inside] = False
    usual = float(np.median(apart[ring])) if ring.any() else 0.0
    changed = (apart > max(CHANGED, NOISE * usual)).astype(np.float32)
    kept = changed[inside].copy()
    for other in others:
        if other != here:
            changed[_cells(_within(other, rows.start, cols.start, step), changed)] = 0
    changed[inside] = kept
    found = _cover(changed, place)
    if found is None:
        return ""
    right, down = found[0] - place[0], found[1] - place[1]
    if before is not None:
        earlier = _within(before, rows.start, cols.start, step)
        moved, off = _apart(earlier, place), _apart(earlier, found)
        late = moved >= NEAR and off <= min(NEAR, moved / 2)
        if late and any(_instead(changed, cover, place) for cover in (earlier, found)):
            return "its cover is where the region was in the frame before"
    far = max(abs(right), abs(down))
    if far < NEAR or not _instead(changed, found, place):
        return ""
    ways = [
        plus if by > 0 else minus
        for by, plus, minus in ((right, "right", "left"), (down, "down", "up"))
        if abs(by) > ALSO * far
    ]
    return f"its cover lies too far {' and '.join(ways)}"


Place = tuple[float, float, float, float]  # x0, y0, x1, y1 in samples of what is looked at


def _within(box: Box, top: int, left: int, step: int) -> Place:
    return (
        (box.x0 - left) / step,
        (box.y0 - top) / step,
        (box.x1 - left) / step,
        (box.y1 - top) / step,
    )


def _apart(a: Place, b: Place) -> float:
    """How far two places lie apart, in samples, across or down."""
    return max(abs(a[0] - b[0]), abs(a[1] - b[1]))


def _cells(place: Place, changed: Reals) -> tuple[slice, slice]:
    x0, y0, x1, y1 = (max(0, round(edge)) for edge in place)
    return slice(y0, min(y1, changed.shape[0])), slice(x0, min(x1, changed.shape[1]))


def _cover(changed: Reals, place: Place) -> Place | None:
    """Where a box of that size holds most changed samples; of equals, the nearest to `place`."""
    rows, cols = _cells(place, changed)
    high, wide = rows.stop - rows.start, cols.stop - cols.start
    if min(high, wide) < 4:
        return None
    means: Any = cv2.boxFilter(
        changed, -1, (wide, high), anchor=(0, 0), borderType=cv2.BORDER_CONSTANT
    )
    shares = cast(Reals, means[: changed.shape[0] - high + 1, : changed.shape[1] - wide + 1])
    best = float(shares.max())
    if best < COVERED:
        return None
    y, x = np.nonzero(shares >= best - 1e-3)
    nearest = int(np.argmin((x - cols.start) ** 2 + (y - rows.start) ** 2))
    right, down = int(x[nearest]) - cols.start, int(y[nearest]) - rows.start
    return place[0] + right, place[1] + down, place[2] + right, place[3] + down


def _instead(changed: Reals, cover: Place, here: Place) -> bool:
    """Is the part of `cover` beyond `here` covered, and the part of `here` beyond `cover` not?"""
    mine, theirs = np.zeros(changed.shape, bool), np.zeros(changed.shape, bool)
    mine[_cells(here, changed)] = theirs[_cells(cover, changed)] = True
    bare, covered = changed[mine & ~theirs], changed[theirs & ~mine]
    if not bare.size or not covered.size:
        return False
    share = float(covered.mean())
    return share >= COVERED and float(bare.mean()) <= APART * share
