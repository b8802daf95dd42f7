"""The veil: a smooth skin stretched over a hole, made of nothing but the hole's surroundings.

Note [the union is unknown]: what a veil may look at is every sample outside *all* regions of the
frame, whatever their style. Otherwise one face would be smeared into its neighbour's cover.

Note [blocks]: planes of different grids are solved together, in square blocks that are whole in
every plane (2x2 pixels for 4:2:0). A block that a region touches is unknown in every plane, and
so is one that the picture's edge cuts. Paint goes to each plane's own cells, which lie inside.

Note [a cluster at a time]: regions that touch are one hole. Of the rest of the picture only a
ring around the hole's bounds is read, two cells wide; a cell is about a 24th of the face.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import lcm
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..core.frame import Plane
from ..core.geometry import Box, Cells, Size
from .kernels import Reals, coverage, enlarged, membrane, reduced

CELLS_ACROSS: Final = 24
CELLS_ALONG: Final = 160
RING: Final = 2
AT_ONCE: Final = 3  # planes, beside their weight: OpenCV resizes four channels at most
WORTH_CUTTING: Final = 10_000  # blocks in a patch from which reading around the hole pays


@dataclass(frozen=True, slots=True)
class Cover:
    """What to put where: the cells of `plane` get `values` (rows, cols) or one level."""

    plane: Plane
    cells: Cells
    values: NDArray[Any] | int

    def apply(self) -> None:
        self.plane.pixels[self.cells] = self.values


@dataclass(frozen=True, slots=True)
class Patch:
    """A part of the picture in cells of `step` blocks; `top` and `left` in blocks, may be < 0."""

    top: int
    left: int
    rows: int
    cols: int
    step: int
    block: int  # pixels

    @classmethod
    def around(cls, cluster: Sequence[Cells], block: int) -> Patch:
        """The bounds of `cluster` (in blocks) and a ring."""
        top, left = min(r.start for r, _ in cluster), min(c.start for _, c in cluster)
        high = max(r.stop for r, _ in cluster) - top
        wide = max(c.stop for _, c in cluster) - left
        face = min(min(r.stop - r.start, c.stop - c.start) for r, c in cluster)
        step = max(1, face // CELLS_ACROSS, -(-max(high, wide) // CELLS_ALONG))
        return cls(
            top - RING * step,
            left - RING * step,
            -(-high // step) + 2 * RING,
            -(-wide // step) + 2 * RING,
            step,
            block,
        )

    @property
    def high(self) -> int:
        return self.rows * self.step

    @property
    def wide(self) -> int:
        return self.cols * self.step

    def meets(self, bounds: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of `bounds` (n, 4), as `_bounds` gives them, share a block with the patch."""
        y0, y1, x0, x1 = bounds.T
        rows = (y0 < self.top + self.high) & (y1 > self.top)
        both: NDArray[np.bool_] = rows & (x0 < self.left + self.wide) & (x1 > self.left)
        return both

    def local(self, cells: Cells) -> Cells | None:
        """`cells` in blocks, counted from the patch's corner and cut to it; `None` if outside."""
        rows, cols = cells
        y0, y1 = max(0, rows.start - self.top), min(self.high, rows.stop - self.top)
        x0, x1 = max(0, cols.start - self.left), min(self.wide, cols.stop - self.left)
        return (slice(y0, y1), slice(x0, x1)) if y0 < y1 and x0 < x1 else None


def veil(
    planes: Sequence[Plane], stored: Size, targets: Sequence[Box], taken: Sequence[Box]
) -> list[Cover]:
    """Covers for `targets`, computed from what is outside `taken`; paints nothing yet.

    Boxes in stored pixels; `taken` holds every region of the frame, targets included.
    """
    if not targets:
        return []
    block = lcm(*(side for plane in planes for side in plane.grid))
    holes = [c for c in (box.cells(stored, (block, block)) for box in taken) if c is not None]
    wanted: dict[tuple[int, int, int, int], list[Box]] = {}
    for box in targets:
        cells = box.cells(stored, (block, block))
        if cells is not None:
            wanted.setdefault(_bounds(cells), []).append(box)
    bounds = np.array([_bounds(hole) for hole in holes]).reshape(-1, 4)
    covers: list[Cover] = []
    for cluster in clusters(holes):
        # Equal holes are in the cluster as often as they are taken, their boxes only once.
        mine = [box for key in dict.fromkeys(map(_bounds, cluster)) for box in wanted.get(key, ())]
        patch = Patch.around(cluster, block)
        near = [holes[i] for i in np.flatnonzero(patch.meets(bounds))]
        for first in range(0, len(planes) if mine else 0, AT_ONCE):
            covers += _stretched(planes[first : first + AT_ONCE], stored, patch, mine, near)
    return covers


def clusters(rects: Sequence[Cells]) -> list[list[Cells]]:
    """`rects` in groups: two that touch or overlap are in one group."""
    if len(rects) < 2:
        return [list(rects)] if rects else []
    y0, y1, x0, x1 = np.array([_bounds(rect) for rect in rects]).T
    near = (y0[:, None] <= y1) & (y0 <= y1[:, None]) & (x0[:, None] <= x1) & (x0 <= x1[:, None])
    left, groups = set(range(len(rects))), []
    while left:
        group, fresh = set[int](), {min(left)}
        while fresh:
            group |= fresh
            fresh = set(np.flatnonzero(near[list(fresh)].any(0)).tolist()) - group
        left -= group
        groups.append([rects[i] for i in sorted(group)])
    return groups


def _stretched(
    planes: Sequence[Plane],
    stored: Size,
    patch: Patch,
    targets: Sequence[Box],
    holes: Sequence[Cells],
) -> list[Cover]:
    """One cluster: gather the ring in cells, solve on the cells, enlarge for each plane."""
    unknown = [c for c in map(patch.local, holes) if c is not None]
    known = 1 - coverage([*unknown, *_beyond(patch, stored)], patch.rows, patch.cols, patch.step)
    state = np.zeros((patch.rows, patch.cols, len(planes) + 1), np.float32)
    state[..., -1] = np.maximum(known, 0)
    for window in _windows(patch, unknown):
        for i, plane in enumerate(planes):
            state[(*window, i)] = _gathered(plane, stored, patch, window, unknown)
    filled = membrane(state)
    covers: list[Cover] = []
    for i, plane in enumerate(planes):
        gx, gy = patch.block // plane.grid[0], patch.block // plane.grid[1]
        skin: NDArray[Any] | None = None
        if filled is not None:
            cells = np.ascontiguousarray(filled[..., i])
            skin = enlarged(cells, (patch.step * gy, patch.step * gx), plane.depth)
        for box in targets:
            where = box.cells(stored, plane.grid)
            if where is not None:
                there = _shifted(where, patch.top * gy, patch.left * gx)
                covers.append(Cover(plane, where, plane.black if skin is None else skin[there]))
    return covers


def _windows(patch: Patch, unknown: Sequence[Cells]) -> list[Cells]:
    """Parts of `patch`, in cells, that hold all that is known: those around the widest hole."""
    whole = (slice(0, patch.rows), slice(0, patch.cols))
    if patch.high * patch.wide < WORTH_CUTTING:
        return [whole]
    r, c = max(unknown, key=_area)
    y0, y1 = -(-r.start // patch.step), r.stop // patch.step
    x0, x1 = -(-c.start // patch.step), c.stop // patch.step
    if y0 >= y1 or x0 >= x1:
        return [whole]
    beside = slice(y0, y1)
    parts = [
        (slice(0, y0), whole[1]),
        (slice(y1, patch.rows), whole[1]),
        (beside, slice(0, x0)),
        (beside, slice(x1, patch.cols)),
    ]
    return [(r, c) for r, c in parts if r.start < r.stop and c.start < c.stop]


def _gathered(
    plane: Plane, stored: Size, patch: Patch, window: Cells, unknown: Sequence[Cells]
) -> Reals:
    """The plane's share of `window` in cells, premultiplied: 0 counts for all that is unknown."""
    gx, gy = patch.block // plane.grid[0], patch.block // plane.grid[1]
    rows, cols = (slice(s.start * patch.step, s.stop * patch.step) for s in window)
    y0, y1 = max(-patch.top, rows.start), min(stored.height // patch.block - patch.top, rows.stop)
    x0, x1 = max(-patch.left, cols.start), min(stored.width // patch.block - patch.left, cols.stop)
    pixels = np.zeros(((rows.stop - rows.start) * gy, (cols.stop - cols.start) * gx), np.float32)
    if y0 < y1 and x0 < x1:
        here = _scaled(y0, y1, rows.start, gy), _scaled(x0, x1, cols.start, gx)
        there = _scaled(y0, y1, -patch.top, gy), _scaled(x0, x1, -patch.left, gx)
        pixels[here] = plane.pixels[there]
    for r, c in unknown:
        y0, y1 = max(r.start, rows.start), min(r.stop, rows.stop)
        x0, x1 = max(c.start, cols.start), min(c.stop, cols.stop)
        if y0 < y1 and x0 < x1:
            pixels[_scaled(y0, y1, rows.start, gy), _scaled(x0, x1, cols.start, gx)] = 0
    return reduced(pixels, (patch.step * gy, patch.step * gx))


def _scaled(start: int, stop: int, origin: int, samples: int) -> slice:
    """Blocks counted from `origin` -> samples of one plane."""
    return slice((start - origin) * samples, (stop - origin) * samples)


def _bounds(cells: Cells) -> tuple[int, int, int, int]:
    rows, cols = cells
    return rows.start, rows.stop, cols.start, cols.stop


def _area(cells: Cells) -> int:
    rows, cols = cells
    area: int = (rows.stop - rows.start) * (cols.stop - cols.start)
    return area


def _beyond(patch: Patch, stored: Size) -> list[Cells]:
    """The parts of `patch` that lie off the picture, or in blocks that its edge cuts."""
    bottom = max(0, stored.height // patch.block - patch.top)
    right = max(0, stored.width // patch.block - patch.left)
    every, all_of = slice(0, patch.high), slice(0, patch.wide)
    parts = [
        (slice(0, -patch.top), all_of),
        (slice(bottom, patch.high), all_of),
        (every, slice(0, -patch.left)),
        (every, slice(right, patch.wide)),
    ]
    return [(r, c) for r, c in parts if r.start < r.stop and c.start < c.stop]


def _shifted(cells: Cells, top: int, left: int) -> Cells:
    """The same samples, counted from (top, left)."""
    rows, cols = cells
    return (
        slice(rows.start - top, rows.stop - top),
        slice(cols.start - left, cols.stop - left),
    )
