"""A cover that is missing in some frames: what is hidden before and after shows in between.

Plain functions on brightness, uint8 (rows, cols), of frames that follow each other.

Three things together tell a gap from people who come and go: before and after it the place has
hardly any detail, or has a mosaic's; it comes and goes from one frame to the next; and what is
around the place changes little, or as it always does, at both of these moments. The covers before
and after must be alike. None of it asks what shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np

from ..core.frame import Picture
from ..core.geometry import Box
from .grids import jointed

INNER: Final = 0.7  # of the place's sides: a cover that follows a face still lies there
AROUND: Final = (1.6, 2.4)  # of the place's sides
BARE: Final = 1.0  # rms of slopes in levels a pixel, below which nothing shows
LESS: Final = 0.5  # of the bare frame's slopes, at most, are left under a cover
TILED: Final = 0.5  # of all steps, on joints, from which it is a mosaic
FREE: Final = 0.35  # at most, where none is
WHOLE: Final = 0.7  # of what shows at most, shows at once
APART: Final = 3.0  # levels by which the place changes when a cover comes or goes, at least
MORE: Final = 1.5  # times as much as it does while it is covered
STILL: Final = 0.4  # of that, at most, changes around it
USUAL: Final = 1.3  # times what changes around it anyhow, when people or the camera move
ALIKE: Final = 2.0  # times as much detail in one cover as in the other, at most
SMALL: Final = 8  # samples of the shorter side of a place that is looked at


def gap(frames: Sequence[Picture], at: int, place: Box) -> tuple[int, int] | None:
    """The first and the last frame in which the cover of `place` is missing, at `at` as well; None
    if it isn't known to be covered before and after."""
    inside = _part(frames[at], place, INNER)
    if inside is None:
        return None
    shows, tiles = _detail(frames[at][inside]), jointed(frames[at][inside])
    if shows < BARE:
        return None

    def covered(number: int) -> bool:
        there = frames[number][inside]
        tiled = tiles < FREE and jointed(there) > TILED
        return tiled or _detail(there) < LESS * shows

    first = next((n + 1 for n in range(at - 1, -1, -1) if covered(n)), None)
    last = next((n - 1 for n in range(at + 1, len(frames)) if covered(n)), None)
    if first is None or last is None:
        return None
    longer = [n for n in (first - 2, last + 2) if 0 <= n < len(frames)]
    if not longer or not all(covered(n) for n in longer):
        return None
    bare = [_detail(frames[n][inside]) for n in range(first, last + 1)]
    if min(bare[0], bare[-1]) < WHOLE * max(bare):
        return None  # it came or went little by little
    low, high = sorted(_detail(frames[n][inside]) for n in (first - 1, last + 1))
    if high > ALIKE * low + BARE / 2:
        return None
    # How much the covered place and what is around it change anyhow.
    usual = _apart(frames[min(longer)], frames[min(longer) + 1], place)
    if longer[0] > last:
        usual = _apart(frames[last + 1], frames[last + 2], place)
    for was, now in ((first - 1, first), (last, last + 1)):
        apart = _apart(frames[was], frames[now], place)
        if usual is None or apart is None or not _sudden(apart, usual):
            return None
    return first, last


def _sudden(apart: tuple[float, float], usual: tuple[float, float]) -> bool:
    """Did the place change, much more than usual, and what is around it little, or as usual?"""
    inside, around = apart
    still = around < STILL * inside or around < USUAL * usual[1]
    return inside > max(APART, MORE * usual[0]) and still


def _apart(was: Picture, now: Picture, place: Box) -> tuple[float, float] | None:
    """Mean difference in the place and around it, in levels; None if nothing is around it."""
    whole = _part(now, place, AROUND[1])
    if whole is None or was.shape != now.shape:
        return None
    apart = cv2.absdiff(cv2.blur(was[whole], (3, 3)), cv2.blur(now[whole], (3, 3)))
    around = np.ones(apart.shape, bool)
    means = []
    for times in (AROUND[0], 1.0):
        part = _part(now, place, times)
        if part is None:
            return None
        rows, cols = (
            slice(side.start - edge.start, side.stop - edge.start)
            for side, edge in zip(part, whole, strict=True)
        )
        around[rows, cols] = False
        means.append(float(apart[rows, cols].mean()))
    if around.mean() < 0.1:
        return None
    return means[1], float(apart[around].mean())


def _detail(patch: Picture) -> float:
    """Root mean square of slopes, in levels a sample."""
    soft = cv2.GaussianBlur(patch.astype(np.float32), (0, 0), 0.7)
    across, down = cv2.Sobel(soft, cv2.CV_32F, 1, 0), cv2.Sobel(soft, cv2.CV_32F, 0, 1)
    return float(np.sqrt((across * across + down * down).mean() / 64))


def _part(picture: Picture, place: Box, times: float) -> tuple[slice, slice] | None:
    """Rows and columns of `place` made so many times as large; None if hardly any are left."""
    grown = place.grown((times - 1) / 2 * place.width, (times - 1) / 2 * place.height)
    rows, cols = picture.shape
    ys = slice(max(0, round(grown.y0)), min(rows, round(grown.y1)))
    xs = slice(max(0, round(grown.x0)), min(cols, round(grown.x1)))
    return (ys, xs) if min(ys.stop - ys.start, xs.stop - xs.start) >= SMALL else None
