"""The plain styles: one colour, tiles, blur.

Mosaic and blur scale with the face, so that a large face keeps no more detail than a small one;
still they keep a coarse picture of it, which can be matched to a person and in part restored.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from ..core.frame import Plane
from ..core.geometry import Box, Cells, Size
from .kernels import Reals, smeared, tiled, whole
from .veil import Cover

TILES_ACROSS: Final = 6
BLUR_SHARE: Final = 0.3  # sigma of the blur, as a share of the face's shorter side


def solid(planes: Sequence[Plane], stored: Size, targets: Sequence[Box]) -> list[Cover]:
    """Covers in the colour that shows nothing. Boxes in stored pixels."""
    marked = [(plane, box.cells(stored, plane.grid)) for plane in planes for box in targets]
    return [Cover(plane, cells, plane.black) for plane, cells in marked if cells is not None]


def mosaic(plane: Plane, cells: Cells, side: float) -> None:
    """Tiles of a sixth of the face, in place. `side`: the face's shorter side in pixels."""
    gx, gy = plane.grid
    rows, cols = cells
    down = max(1, int((rows.stop - rows.start) * gy * TILES_ACROSS / side))
    across = max(1, int((cols.stop - cols.start) * gx * TILES_ACROSS / side))
    _put(plane, cells, tiled(_taken(plane, cells), down, across))


def blur(plane: Plane, cells: Cells, side: float) -> None:
    """A Gaussian that sees only the region itself, in place. `side` as for `mosaic`."""
    gx, gy = plane.grid
    sigma = BLUR_SHARE * side
    _put(plane, cells, smeared(_taken(plane, cells), (sigma / gy, sigma / gx)))


def _taken(plane: Plane, cells: Cells) -> Reals:
    return plane.pixels[cells].astype(np.float32)


def _put(plane: Plane, cells: Cells, values: Reals) -> None:
    plane.pixels[cells] = whole(values, plane.depth)
