"""Pictures of one face for an attacker: cut out, bent into somebody else, hidden in other ways.

Plain functions on RGB pictures, uint8 (rows, cols, 3). A `region` is what hides a face: its box
with margins around it, in pixels of the picture.
"""

from __future__ import annotations

import math
from typing import Final, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.frame import Picture
from ..core.geometry import Box, Size

# The part of a region that an embedder is shown: a square of this share of its mean side, and so
# much of its height below its middle. Found once on clear pictures; there is more margin above.
PART: Final = 0.87
LOWER: Final = 0.08
NODES: Final = 4  # of the net that bends a face
BENT: Final = 0.07  # of a face's side: how far its nodes move

Reals = NDArray[np.float32]


def portrait(
    picture: Picture, region: Box, side: int, *, shift: tuple[float, float] = (0, 0)
) -> Picture:
    """The face inside `region`, side x side; black beyond the picture. `shift`: across and down, as
    a share of what is shown, for an attacker who tries more than one crop."""
    shown = PART * math.sqrt(region.width * region.height)
    x = (region.x0 + region.x1) / 2 + shift[0] * shown
    y = (region.y0 + region.y1) / 2 + LOWER * region.height + shift[1] * shown
    shrunk = max(1, int(shown / side))
    if shrunk > 1:  # means, so that nothing is skipped
        size = (max(1, picture.shape[1] // shrunk), max(1, picture.shape[0] // shrunk))
        x, y = x * size[0] / picture.shape[1], y * size[1] / picture.shape[0]
        shown /= shrunk
        picture = cast(Picture, cv2.resize(picture, size, interpolation=cv2.INTER_AREA))
    scale = side / shown
    move = np.array([[scale, 0, side / 2 - scale * x], [0, scale, side / 2 - scale * y]])
    return cast(Picture, cv2.warpAffine(picture, move, (side, side), flags=cv2.INTER_LINEAR))


def bent(face: Picture, rng: np.random.Generator) -> Picture:
    """The same skin, light and background with other features: moved along a smooth random net."""
    rows, cols = face.shape[:2]
    net = rng.normal(0, 1, (2, NODES, NODES)).astype(np.float32)
    across, down = (
        cast(Reals, cv2.resize(nodes, (cols, rows), interpolation=cv2.INTER_CUBIC)) for nodes in net
    )
    y, x = np.mgrid[:rows, :cols].astype(np.float32)
    return cast(
        Picture,
        cv2.remap(
            face, x + _move(across, cols), y + _move(down, rows), cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REFLECT,
        ),
    )  # fmt: skip


def _move(field: Reals, side: int) -> Reals:
    centred = field - field.mean()
    return cast(Reals, centred * np.float32(BENT * side / max(1e-6, float(centred.std()))))


def surroundings(picture: Picture, region: Box) -> Picture:
    """The picture with `region` filled from its border alone: what a cover shows that knows nothing
    of what it covers."""
    whole = picture.copy()
    cells = inside(picture, region)
    rows, cols = cells
    high, wide = rows.stop - rows.start, cols.stop - cols.start
    top = picture[max(0, rows.start - 1), cols].astype(np.float32)
    bottom = picture[min(len(picture) - 1, rows.stop), cols].astype(np.float32)
    left = picture[rows, max(0, cols.start - 1)].astype(np.float32)
    right = picture[rows, min(picture.shape[1] - 1, cols.stop)].astype(np.float32)
    down = np.linspace(0, 1, high, dtype=np.float32)[:, None, None]
    across = np.linspace(0, 1, wide, dtype=np.float32)[None, :, None]
    filled = (top * (1 - down) + bottom * down) / 2
    filled += (left[:, None] * (1 - across) + right[:, None] * across) / 2
    whole[cells] = np.rint(filled).astype(np.uint8)
    return whole


def inside(picture: Picture, region: Box) -> tuple[slice, slice]:
    """Rows and columns of `region` in `picture`. ValueError when it lies outside."""
    cells = region.cells(Size(picture.shape[1], picture.shape[0]))
    if cells is None:
        raise ValueError(f"no part of {region.corners} lies in {picture.shape[:2]}")
    return cells


def blurred(part: Picture, share: float) -> Picture:
    """A Gaussian whose sigma is `share` of the shorter side."""
    rows, cols = part.shape[:2]
    sigma = share * min(rows, cols)
    smaller = max(1, int(sigma / 3))  # fine detail is on its way out anyhow
    size = max(1, cols // smaller), max(1, rows // smaller)
    small = part if smaller == 1 else cv2.resize(part, size, interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(small, (0, 0), sigma / smaller, borderType=cv2.BORDER_REPLICATE)
    return cast(Picture, cv2.resize(soft, (cols, rows), interpolation=cv2.INTER_LINEAR))


def tiled(part: Picture, across: int) -> Picture:
    """A mosaic of so many tiles along the shorter side."""
    rows, cols = part.shape[:2]
    shorter = min(rows, cols)
    size = max(1, cols * across // shorter), max(1, rows * across // shorter)
    means = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
    return cast(Picture, cv2.resize(means, (cols, rows), interpolation=cv2.INTER_NEAREST))
