"""A cover without the figures on it: a flat grey, which is no detail of what it hides.

Note [only flat is taken off]: where samples are the grey that figures are drawn in, over more than
a few pixels, that grey is taken away and what differs from it stays; so clothes that shine through
are seen, whatever their colour. The rim of such a place, with the figure's pale outline, is filled
from what is around it. Nothing else is touched.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import cv2
import numpy as np

from ..core.frame import Picture
from ..core.geometry import Size
from ..core.schedule import FIGURE_GREYS, Region, Style
from .kernels import Reals
from .patches import filled

NEAR: Final = 8.0  # levels: what a codec makes of a flat grey
FLAT: Final = 5  # pixels each way: what is smaller is no figure
RIM: Final = 3  # pixels on either side of its edge that are neither, and
OUTLINE: Final = 0.015  # of the longer side of a person outside of it
PALE: Final = 24.0  # levels: what a codec makes of a thin line
RANGES: Final = ((0.0, 255.0), (16.0, 219.0))  # black, and how far white is from it


def without_figures(now: Picture, region: Region, regions: Iterable[Region]) -> Picture:
    """uint8 (h, w) as displayed -> the same, or a copy in which `region` shows no figures."""
    size = Size(now.shape[1], now.shape[0])
    cells = region.box.cells(size)
    sides = [max(r.box.width, r.box.height) for r in regions if r.style is Style.FIGURE]
    if cells is None or not sides:
        return now
    part = now[cells].astype(np.float32)
    dark, pale_one = FIGURE_GREYS
    level, white, drawn = max(
        ((b + dark * w, b + pale_one * w, _flat(part, b + dark * w)) for b, w in RANGES),
        key=lambda found: int(np.count_nonzero(found[2])),
    )
    if not drawn.any():
        return now
    outer = RIM + int(np.ceil(OUTLINE * max(sides)))
    around, inside = cv2.dilate(drawn, _square(outer)) > 0, cv2.erode(drawn, _square(RIM)) > 0
    beside = cv2.dilate(drawn, _square(3 * outer)) > 0  # where outlines meet
    pale = beside & (np.abs(part - np.float32(white)) <= PALE)
    around |= cv2.dilate(pale.astype(np.uint8), _square(RIM)) > 0
    under = np.zeros_like(part) + np.float32(128) if around.all() else filled(part, ~around)
    under[inside] += part[inside] - np.float32(level)
    now = now.copy()
    now[cells] = under.round().clip(0, 255)
    return now


def _flat(part: Reals, level: float) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """1 where `part` is near `level` over more than a few pixels."""
    near = (np.abs(part - np.float32(level)) <= NEAR).astype(np.uint8)
    return np.asarray(cv2.morphologyEx(near, cv2.MORPH_OPEN, _square(FLAT // 2)), np.uint8)


def _square(reach: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
