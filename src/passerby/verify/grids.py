"""Mosaics in a picture: flat tiles of one size, in a region that ends. Plain functions on arrays.

A mosaic is told by its joints. Brightness steps from one tile to the next within a single pixel,
along a straight line as long as the tile, and is flat on both sides of it; so nearly all that
changes in the region lies on few straight lines (`_joints`), and these lines stand at equal
distances both ways (`_comb`). Blocking artefacts of codecs are measured by such steps too (Wang,
Bovik, Evans, "Blind measurement of blocking artifacts in images", ICIP 2000; Fan and de Queiroz,
"Identification of bitmap compression history", 2003); here the distance is unknown, and the grid
ends within the picture, where a codec's does not.

Bricks, windows and boards have such lines too. But a picture's tiles resemble their neighbours, as
everything in a picture does, and those alternate.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.frame import Picture
from ..core.geometry import Box
from .kernels import Reals

RUN: Final = 4  # pixels of the shortest joint, and of the smallest tile that is told
STRONG: Final = 12  # levels from which a step counts no more
# Samples around which joints are counted, by how often the picture was halved before: small tiles,
# larger, and so on. A joint survives halving, if weaker.
WINDOWS: Final = ((25, 61), (61,))
SHARE: Final = 0.45  # of all that changes, lies on joints
FEW: Final = 0.1  # mean of the joints' steps, in levels, below which there is nothing to judge
LEAST: Final = 24  # pixels of the shorter side
MOST: Final = 0.6  # of the picture's area: what is larger hides no face but is a drawing
LINES: Final = 4  # each way
HIGH: Final = 0.3  # of the strong lines, from which a line is one
REGULAR: Final = 0.75  # of the distances between lines are the same
BESIDE: Final = 0.45  # at most, of the steps lies between the lines
ALIKE: Final = 0.3  # correlation of tiles with their neighbours, at least
VARIED: Final = 3.0  # standard deviation of the tiles, in levels, at least
BLOCKS: Final = (4, 8, 16)  # samples
BOUNDED: Final = 0.7  # share on joints just outside, of that inside, at most


@dataclass(frozen=True, slots=True)
class Grid:
    """A mosaic. `box`: in samples of the picture; `tile`: the side of its tiles in them."""

    box: Box
    tile: float

    @property
    def across(self) -> float:
        """How many tiles lie along the shorter side."""
        return min(self.box.width, self.box.height) / self.tile


def grids(luma: Picture) -> list[Grid]:
    """The mosaics in a picture; brightness uint8 (rows, cols), at its own resolution: a picture
    that was made smaller has no joints any more."""
    found: list[Grid] = []
    for halvings, windows in enumerate(WINDOWS):
        if min(luma.shape) < LEAST:
            break
        for grid in _at_one_size(luma, windows):
            box = Box(*(edge * 2**halvings for edge in grid.box.corners))
            found = _with(found, Grid(box, grid.tile * 2**halvings))
        luma = cast(Picture, cv2.resize(luma, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))
    return found


def jointed(patch: Picture) -> float:
    """How much of all steps in a patch lies on joints, in [0, 1]; 0 where there is nothing."""
    (across, all_across), (down, all_down) = _joints(patch, 1), _joints(patch, 0)
    one, two = float(across.mean()), float(down.mean())
    if min(one, two) <= FEW:
        return 0.0
    return (one + two) / (float(all_across.mean()) + float(all_down.mean()) + 0.3)


def _at_one_size(luma: Picture, windows: tuple[int, ...]) -> Iterator[Grid]:
    (across, all_across), (down, all_down) = _joints(luma, 1), _joints(luma, 0)
    for window in windows:
        share, enough = _shares(across, down, all_across, all_down, window)
        hit = ((share > SHARE) & enough).astype(np.uint8)
        for x, y, wide, high in _places(hit, window, luma.size):
            inside = share[y : y + high, x : x + wide]
            grid = _told(luma, across, down, (x, y, wide, high))
            if grid is not None and _ends(share, grid.box, float(inside[inside > SHARE].mean())):
                yield grid


def _with(found: list[Grid], grid: Grid) -> list[Grid]:
    """The grids, with one more that may be a part of one of them, or they of it."""
    apart = []
    for other in found:
        if _together(grid, other):
            grid = Grid(grid.box.hull(other.box), min(grid.tile, other.tile))
        else:
            apart.append(other)
    return [*apart, grid]


def _joints(luma: Picture, axis: int) -> tuple[Picture, Picture]:
    """Steps from each sample to the next along `axis` that stand alone and are part of a straight
    line, and all steps; both uint8, of the picture's shape, 0 at its first sample."""
    steps = np.zeros_like(luma)
    if axis:
        cv2.absdiff(luma[:, 1:], luma[:, :-1], dst=steps[:, 1:])
    else:
        cv2.absdiff(luma[1:], luma[:-1], dst=steps[1:])
    near = np.zeros_like(steps)
    if axis:
        near[:, 2:-2] = cv2.max(steps[:, :-4], steps[:, 4:])
    else:
        near[2:-2] = cv2.max(steps[:-4], steps[4:])
    alone = np.minimum(cv2.subtract(steps, near), STRONG)
    line = np.ones((RUN, 1) if axis else (1, RUN), np.uint8)
    joints = cv2.morphologyEx(alone, cv2.MORPH_OPEN, line)
    return cast(Picture, joints), cast(Picture, np.minimum(steps, STRONG))


def _shares(
    across: Picture, down: Picture, all_across: Picture, all_down: Picture, window: int
) -> tuple[Reals, NDArray[np.bool_]]:
    """Around every sample, how much of all steps lies on joints, and whether there are enough."""

    def mean(values: Picture) -> Reals:
        return cast(Reals, cv2.boxFilter(values, cv2.CV_32F, (window, window)))

    one, two = mean(across), mean(down)
    share = (one + two) / (mean(all_across) + mean(all_down) + np.float32(0.3))
    return cast(Reals, share), np.minimum(one, two) > FEW


def _places(hit: NDArray[np.uint8], window: int, area: int) -> Iterator[tuple[int, int, int, int]]:
    """Where the samples hang together: x, y, width, height."""
    closed = cv2.morphologyEx(hit, cv2.MORPH_CLOSE, np.ones((window // 2, window // 2), np.uint8))
    opened = cv2.morphologyEx(closed, cv2.MORPH_OPEN, np.ones((7, 7), np.uint8))
    _, _, boxes, _ = cv2.connectedComponentsWithStats(opened, connectivity=4)
    for x, y, wide, high, count in boxes[1:].tolist():
        if min(wide, high) >= LEAST and wide * high <= MOST * area and count > 0.4 * wide * high:
            yield x, y, wide, high


def _told(
    luma: Picture, across: Picture, down: Picture, place: tuple[int, int, int, int]
) -> Grid | None:
    """The grid at that place, if lines stand there at equal distances and tiles look like a
    picture's."""
    x, y, wide, high = place
    cells = slice(y, y + high), slice(x, x + wide)
    columns, rows = _comb(_profile(across[cells], 0)), _comb(_profile(down[cells], 1))
    if columns is None or rows is None:
        return None
    tile = (columns[1] + rows[1]) / 2
    if _coded(tile, [y + line for line in rows[0]], [x + line for line in columns[0]]):
        return None
    if not 0.6 < columns[1] / rows[1] < 1.67:
        return None
    ys, xs = rows[0], columns[0]
    means = np.array(
        [[luma[cells][a:b, c:d].mean() for c, d in pairwise(xs)] for a, b in pairwise(ys)]
    )
    if means.std() < VARIED or min(_likeness(means), _likeness(means.T)) < ALIKE:
        return None
    box = Box(
        max(0, x + xs[0] - tile / 2), max(0, y + ys[0] - tile / 2),
        min(luma.shape[1], x + xs[-1] + tile / 2), min(luma.shape[0], y + ys[-1] + tile / 2),
    )  # fmt: skip
    return Grid(box.snapped(), tile)


def _coded(tile: float, rows: list[int], columns: list[int]) -> bool:
    """Are these a codec's own blocks? They begin at the picture's corner."""
    lines = np.array([*rows, *columns])
    return any(
        abs(tile - block) < 0.05 * block and (lines % block == 0).mean() > 0.8 for block in BLOCKS
    )


def _profile(joints: Picture, axis: int) -> Reals:
    """How strong a line there is at each place: mean steps along it."""
    return cast(Reals, joints.mean(axis=axis, dtype=np.float32))


def _comb(profile: Reals) -> tuple[list[int], float] | None:
    """Places of lines and their distance; None if they aren't regular."""
    padded = np.pad(profile, 1)
    top = np.maximum(padded[:-2], padded[2:])
    strong = float(np.quantile(profile, 0.95))
    peaks = np.flatnonzero((profile >= top) & (profile > HIGH * strong) & (profile > FEW))
    peaks = peaks[np.append(True, np.diff(peaks) > 1)] if len(peaks) else peaks
    if len(peaks) < LINES:
        return None
    apart = np.diff(peaks)
    usual = float(np.median(apart))
    one = np.abs(apart - usual) <= min(1.5, 0.25 * usual)
    if usual < RUN or one.mean() < REGULAR:
        return None
    on = np.zeros(len(profile), bool)
    for shift in (-1, 0, 1):
        on[np.clip(peaks + shift, 0, len(on) - 1)] = True
    if profile[~on].sum() > BESIDE * profile.sum():
        return None
    return peaks.tolist(), float(apart[one].mean())


def _likeness(means: NDArray[np.float64]) -> float:
    """Correlation of tiles with those beside them; 0 where all are the same."""
    a, b = means[:, :-1].ravel(), means[:, 1:].ravel()
    spread = a.std() * b.std()
    return float(((a - a.mean()) * (b - b.mean())).mean() / spread) if spread > 0 else 0.0


def _ends(share: Reals, box: Box, inside: float) -> bool:
    """Is there less of it all around? A codec's blocks and a drawing's go on."""
    grown = box.grown(box.width / 4, box.height / 4)
    rows, cols = share.shape
    x0, y0 = max(0, int(grown.x0)), max(0, int(grown.y0))
    x1, y1 = min(cols, int(grown.x1)), min(rows, int(grown.y1))
    outside = np.ones((y1 - y0, x1 - x0), bool)
    pad = 0.06 * min(box.width, box.height)
    outside[
        max(0, int(box.y0 - pad) - y0) : int(box.y1 + pad) - y0,
        max(0, int(box.x0 - pad) - x0) : int(box.x1 + pad) - x0,
    ] = False
    around = share[y0:y1, x0:x1][outside]
    return around.size == 0 or float(np.median(around)) < BOUNDED * inside


def _together(a: Grid, b: Grid) -> bool:
    """Do they overlap, or lie a tile apart and have tiles of one size?"""
    reach = min(a.tile, b.tile) if max(a.tile, b.tile) < 1.2 * min(a.tile, b.tile) else 0
    width = min(a.box.x1, b.box.x1) - max(a.box.x0, b.box.x0) + reach
    height = min(a.box.y1, b.box.y1) - max(a.box.y0, b.box.y0) + reach
    return width > 0 and height > 0
