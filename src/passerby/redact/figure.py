"""The figure: a flat silhouette on a veil, made of a few bits that say where somebody is.

Note [the bits]: of the map of likelihood one bit a cell is taken, and everything painted follows
from those bits and from the regions' boxes. A cell is no finer than a 24th of the longer side of
what shows of the person's region, and no finer than a tenth of the shorter one: 240 bits at
most. So a standing person keeps his pose, and whoever is near the camera, of whom head and
shoulders show, is left no outline of a face.

Note [heads]: where a face is hidden as well, the cells around it are dropped, and an oval in the
box of the face stands for the head.

Note [less when unsure]: where the map is vague, or says that nobody is there or that all is
somebody, or where a person is small, there is no figure, and the veil stays alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.frame import Plane
from ..core.geometry import Box, Orientation, Size
from ..core.schedule import FIGURE_GREYS
from .kernels import Reals, whole

Bits = NDArray[np.bool_]

ALONG: Final = 24  # cells along the longer side of a person
ACROSS: Final = 10  # and along the shorter one
LEAST: Final = 40.0  # pixels of the longer side: who shows smaller has no figure
VAGUE: Final = (0.2, 0.8)  # likelihoods that say neither yes nor no
UNSURE: Final = 0.3  # share of a map that may be vague
EMPTY: Final = 0.06  # shares of cells: less is nobody
FULL: Final = 0.95  # and more is no shape
PART: Final = 0.25  # of the largest part's cells: what is smaller and apart is not drawn
FINE: Final = 8  # samples of a drawn field a cell
SOFT: Final = 0.5  # cells: how much corners are rounded
SLOPE: Final = 0.8  # of a field at its outline, a cell
OUTLINE: Final = (0.4, 0.5)  # where in a field the outline lies; what is beyond is the figure
HAIR: Final = (0.5, 0.4)  # of a head's width and height: cells so near to its sides and top go


@dataclass(frozen=True, slots=True)
class Figure:
    """`bits` (rows, cols) of the part `box` of a frame, display pixels and orientation; `heads`
    are drawn as ovals."""

    box: Box
    bits: Bits
    heads: tuple[Box, ...] = ()


def visible(box: Box, size: Size) -> Box | None:
    """The part of a region that a figure may be drawn in; None where it is too small for one."""
    x0, y0 = max(0.0, box.x0), max(0.0, box.y0)
    x1, y1 = min(float(size.width), box.x1), min(float(size.height), box.y1)
    if x1 - x0 < 1 or y1 - y0 < 1 or max(x1 - x0, y1 - y0) < LEAST:
        return None
    return Box(x0, y0, x1, y1)


def bits_of(likely: Reals, box: Box) -> Bits | None:
    """Note [the bits]; None by Note [less when unsure]. `likely` covers `box`, in [0, 1]."""
    low, high = VAGUE
    if np.count_nonzero((likely > low) & (likely < high)) > UNSURE * likely.size:
        return None
    cell = max(max(box.width, box.height) / ALONG, min(box.width, box.height) / ACROSS)
    cols, rows = max(1, int(box.width / cell)), max(1, int(box.height / cell))
    cells: Any = cv2.resize(likely, (cols, rows), interpolation=cv2.INTER_AREA)
    bits = _whole(cells > 0.5)
    return bits if EMPTY < bits.mean() <= FULL else None


def _whole(bits: Bits) -> Bits:
    """Without single cells that differ from all four beside them, and without small parts that
    hang together with nothing: those are other people, or none."""
    around = np.pad(bits, 1, mode="edge")
    beside = [around[:-2, 1:-1], around[2:, 1:-1], around[1:-1, :-2], around[1:-1, 2:]]
    bits = (bits & np.logical_or.reduce(beside)) | np.logical_and.reduce(beside)
    count, parts = cv2.connectedComponents(bits.astype(np.uint8), connectivity=8)
    areas = [np.count_nonzero(parts == n) for n in range(1, count)]
    small = [n for n, area in enumerate(areas, 1) if area < PART * max(areas, default=0)]
    return np.asarray(bits & ~np.isin(parts, small))


def is_head(face: Box, person: Box) -> bool:
    """Whether a region of a face is that of a head inside a person's region."""
    width = min(face.x1, person.x1) - max(face.x0, person.x0)
    height = min(face.y1, person.y1) - max(face.y0, person.y0)
    inside = max(0.0, width) * max(0.0, height)
    return 0 < face.area <= 0.6 * person.area and inside >= 0.7 * face.area


def draw(planes: Sequence[Plane], stored: Size, figure: Figure, orientation: Orientation) -> None:
    """Paints a figure over what is there, in place, and only inside its box."""
    field = turned(_field(figure), orientation)
    shown = orientation.stored(stored)  # turning twice is turning back
    box = orientation.to_stored(figure.box, shown)
    rows, cols = field.shape
    for plane in planes:
        cells = box.cells(stored, plane.grid)
        top = (1 << plane.depth) - 1
        if cells is None or plane.black == top:  # transparency stays as it is
            continue
        (gx, gy), (down, along) = plane.grid, cells
        x, y = cols / max(box.width, 1e-6), rows / max(box.height, 1e-6)
        size = (along.stop - along.start, down.stop - down.start)
        place = np.array(
            [
                [gx * x, 0, ((along.start + 0.5) * gx - box.x0) * x - 0.5],
                [0, gy * y, ((down.start + 0.5) * gy - box.y0) * y - 0.5],
            ],
            np.float32,
        )
        how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        drawn = cv2.warpAffine(field, place, size, flags=how, borderMode=cv2.BORDER_REPLICATE)
        hard = np.float32(1 / max(1e-6, SLOPE * max(gx * x, gy * y) / FINE))
        values = plane.pixels[cells].astype(np.float32)
        for level, edge in zip(_levels(plane), OUTLINE, strict=True):
            share = np.clip((drawn - np.float32(edge)) * hard + np.float32(0.5), 0, 1)
            values += (np.float32(level) - values) * share
        plane.pixels[cells] = whole(values, plane.depth)


def _levels(plane: Plane) -> tuple[float, float]:
    """Of the outline and of the figure: greys, whatever the plane is."""
    top = (1 << plane.depth) - 1
    if plane.black == (top + 1) // 2:
        return plane.black, plane.black  # chroma
    white = 235 * (top + 1) / 256 if plane.black else top
    dark, pale = (plane.black + grey * (white - plane.black) for grey in FIGURE_GREYS)
    return pale, dark


def _field(figure: Figure) -> Reals:
    """Smooth, float32, FINE samples a cell: 0.5 at the outline, more inside."""
    rows, cols = figure.bits.shape
    high, wide = rows * FINE, cols * FINE
    x, y = wide / figure.box.width, high / figure.box.height
    bits = figure.bits.copy()
    middle_x, middle_y = (np.arange(cols) + 0.5) * FINE, (np.arange(rows) + 0.5) * FINE
    heads = [
        (
            (h.x0 - figure.box.x0) * x,
            (h.y0 - figure.box.y0) * y,
            (h.x1 - figure.box.x0) * x,
            (h.y1 - figure.box.y0) * y,
        )
        for h in figure.heads
    ]
    for x0, y0, x1, y1 in heads:
        aside, above = HAIR[0] * (x1 - x0), HAIR[1] * (y1 - y0)
        along = (middle_x > x0 - aside) & (middle_x < x1 + aside)
        bits[np.ix_((middle_y > y0 - above) & (middle_y < y1), along)] = False
    if heads:
        bits = _whole(bits)
    large: Any = cv2.resize(bits.astype(np.float32), (wide, high), interpolation=cv2.INTER_NEAREST)
    field: Any = cv2.GaussianBlur(
        large, (0, 0), sigmaX=SOFT * FINE, borderType=cv2.BORDER_REPLICATE
    )
    for x0, y0, x1, y1 in heads:
        half_x, half_y = max((x1 - x0) / 2, 1e-3), max((y1 - y0) / 2, 1e-3)
        across = (np.arange(wide) + 0.5 - (x0 + x1) / 2) / half_x
        down = (np.arange(high) + 0.5 - (y0 + y1) / 2) / half_y
        away = np.hypot(across[None, :], down[:, None])
        oval = 0.5 + (1 - away) * min(half_x, half_y) / FINE * SLOPE
        field = np.maximum(field, np.clip(oval, 0, 1).astype(np.float32))
    return cast(Reals, field)


def turned(field: Reals, orientation: Orientation) -> Reals:
    """A field as displayed -> as the picture is stored."""
    match orientation:
        case Orientation.MIRROR:
            field = field[:, ::-1]
        case Orientation.TURN_180:
            field = field[::-1, ::-1]
        case Orientation.FLIP:
            field = field[::-1]
        case Orientation.TRANSPOSE:
            field = field.T
        case Orientation.TURN_90:
            field = np.rot90(field, 1)
        case Orientation.TRANSVERSE:
            field = field[::-1, ::-1].T
        case Orientation.TURN_270:
            field = np.rot90(field, -1)
        case _:
            pass
    return np.ascontiguousarray(field)
