"""A drawing on each cover: somebody else's, and made without a look at the picture."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.frame import Frame, Plane
from ..core.geometry import Box, Orientation, Size
from ..core.ports import Redactor
from ..core.schedule import Region, Style
from .figure import turned
from .kernels import Reals, whole

LARGEST: Final = 512  # pixels of a drawing's longer side; it is enlarged beyond
STEP: Final = 8  # sides are multiples of it, so that one drawing serves many frames
KEPT: Final = 128  # drawings


class Draws(Protocol):
    """Draws for a region of `width` by `height` pixels around a thing of `kind`: uint8 (height,
    width, 2), how bright (0 black, 255 white) and how opaque (255 hides the cover under it)."""

    def __call__(self, width: int, height: int, kind: str) -> NDArray[np.uint8]: ...


class Drawn:
    """A `core.ports.Redactor`: paints as `under` does, then draws on every region but figures.

    A drawing knows the size of its region and what it is for, and no pixel: so what `under`
    promises holds with any drawing.
    """

    def __init__(self, under: Redactor, draws: Draws) -> None:
        self._under = under
        self._drawing = lru_cache(KEPT)(lambda size, kind: draws(size[0], size[1], kind))

    def redact(self, frame: Frame, regions: Sequence[Region]) -> None:
        self._under.redact(frame, regions)
        plain = _drawn_on(regions)
        if not plain:
            return
        planes, shown = frame.writable(), frame.size
        for region in plain:
            drawing = self._drawing(_size(region.box), region.kind)
            lay(planes, shown, frame.orientation, region.box, drawing)

    def layer(self, frame: Frame, regions: Sequence[Region]) -> tuple[Reals, Reals] | None:
        """What `redact` draws on `frame`, as displayed, float32 (height, width) each: brightness
        times opaqueness in levels of 255, and opaqueness, 0 to 1. `None` where it draws nothing."""
        plain = _drawn_on(regions)
        if not plain:
            return None
        shown, plane = frame.size, frame.planes()[0]
        light, opaque = (np.zeros((shown.height, shown.width), np.float32) for _ in range(2))
        black, white = (end * 255 / ((1 << plane.depth) - 1) for end in _ends(plane))
        for region in plain:
            cells = region.box.cells(shown)
            if cells is None:
                continue
            drawing = self._drawing(_size(region.box), region.kind)
            parts = np.asarray(drawing, np.float32) / np.float32(255)
            bright, share = (_fitted(parts[..., n], region.box, (1, 1), cells) for n in (0, 1))
            light[cells] += ((black + bright * (white - black)) - light[cells]) * share
            opaque[cells] += (1 - opaque[cells]) * share
        return light, opaque


def lay(
    planes: Sequence[Plane],
    shown: Size,
    orientation: Orientation,
    box: Box,
    drawing: NDArray[np.uint8],
) -> None:
    """Blends a drawing into the planes, in place, and only where `box` (display pixels) is."""
    parts = np.asarray(drawing, np.float32) / np.float32(255)
    grey, opaque = (turned(parts[..., n], orientation) for n in (0, 1))
    stored, place = orientation.stored(shown), orientation.to_stored(box, shown)
    for plane in planes:
        cells = place.cells(stored, plane.grid)
        if cells is None or plane.black == (1 << plane.depth) - 1:  # transparency stays as it is
            continue
        bright, share = (_fitted(field, place, plane.grid, cells) for field in (grey, opaque))
        values = plane.pixels[cells].astype(np.float32)
        black, white = _ends(plane)
        values += (black + bright * (white - black) - values) * share
        plane.pixels[cells] = whole(values, plane.depth)


def _fitted(field: Reals, box: Box, grid: tuple[int, int], cells: tuple[slice, slice]) -> Reals:
    """A field that covers `box` as it lies on the cells, of which the picture's edge cuts some."""
    (gx, gy), (down, along) = grid, cells
    x, y = field.shape[1] / max(box.width, 1e-6), field.shape[0] / max(box.height, 1e-6)
    place = np.array(
        [
            [gx * x, 0, ((along.start + 0.5) * gx - box.x0) * x - 0.5],
            [0, gy * y, ((down.start + 0.5) * gy - box.y0) * y - 0.5],
        ],
        np.float32,
    )
    size = (along.stop - along.start, down.stop - down.start)
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    fitted = cv2.warpAffine(field, place, size, flags=how, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(fitted, np.float32)


def _ends(plane: Plane) -> tuple[float, float]:
    """Black and white of a plane; the same for chroma, which has neither."""
    top = (1 << plane.depth) - 1
    if plane.black == (top + 1) // 2:
        return plane.black, plane.black
    return plane.black, 235 * (top + 1) / 256 if plane.black else top


def _size(box: Box) -> tuple[int, int]:
    """Of the drawing that is asked for."""
    share = min(1.0, LARGEST / max(box.width, box.height))
    width, height = (max(STEP, round(s * share / STEP) * STEP) for s in (box.width, box.height))
    return width, height


def _drawn_on(regions: Sequence[Region]) -> list[Region]:
    """The regions that are drawn on, in that order."""
    plain = [r for r in regions if r.style is not Style.FIGURE and r.box.area]
    return sorted(plain, key=_large_first)


def _large_first(region: Region) -> tuple[float, tuple[float, ...], str]:
    return -region.box.area, region.box.corners, region.kind
