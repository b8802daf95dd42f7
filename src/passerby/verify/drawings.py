"""A cover without what somebody's style drew on it.

Note [what shines through]: a drawing is known, for it is made without a look at the picture. So it
is taken away, and what differs from it stays: a face that shines through, or lies between its
lines, is seen as before. Along its sharp edges a codec leaves its own marks; there the cover is
filled from what is around. Of a drawing that is mostly edges nothing is taken away, and
verification may then refuse it.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from ..core.frame import Picture
from ..core.geometry import Size
from ..core.schedule import Region, Style
from .kernels import Reals
from .patches import filled

SHARP: Final = 12.0  # levels from pixel to pixel
BESIDE: Final = 3  # pixels: how far a codec marks what lies along an edge
CLEAR: Final = 0.05  # opaqueness below which the cover itself is seen
ENOUGH: Final = 0.3  # of a region that has to be left to look at


def without_drawing(now: Picture, region: Region, layer: tuple[Reals, Reals]) -> Picture:
    """uint8 (h, w) as displayed -> the same, or a copy in which `region` shows no drawing.

    `layer`: float32 (h, w) each, what was drawn in all: brightness times opaqueness (levels of
    255), and opaqueness (0 to 1).
    """
    cells = region.box.cells(Size(now.shape[1], now.shape[0]))
    if cells is None or region.style is Style.FIGURE:
        return now
    light, opaque = (field[cells] for field in layer)
    if not opaque.any():
        return now
    seen = light + (1 - opaque) * np.float32(128)
    near = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    marked = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * BESIDE + 1, 2 * BESIDE + 1))
    steps = (cv2.dilate(seen, near) - cv2.erode(seen, near) > SHARP).astype(np.uint8)
    even = cv2.dilate(steps, marked) == 0
    if even.mean() < ENOUGH:
        return now
    part = now[cells].astype(np.float32)
    bare = even & (opaque < CLEAR)
    cover = filled(part, bare) if bare.any() else np.full_like(part, 128)
    shines = cover + part - (light + (1 - opaque) * cover)
    now = now.copy()
    now[cells] = filled(shines, even).round().clip(0, 255)
    return now
