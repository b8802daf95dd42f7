"""A cover without the flat patches that lie on it, such as text on somebody who is hidden.

Note [patches]: a dark patch where dark letters were has detail in step with the original, and is
none of it. Each patch is asked by itself. In the cover below it is filled smoothly from what is
around (down and up again through halved pictures: Gortler et al., "The Lumigraph", 1996), and with
it as far as a codec lets it shine.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, cast

import cv2
import numpy as np

from ..core.frame import Picture
from ..core.geometry import Size
from ..core.schedule import Region, Style
from .kernels import Reals

SHINE: Final = 4  # pixels that a flat patch changes around itself, once it is coded


def without_patches(now: Picture, region: Region, regions: Iterable[Region]) -> Picture:
    """uint8 (h, w) as displayed -> the same, or a copy in which `region` shows only its cover."""
    if region.style is Style.SOLID:
        return now
    size = Size(now.shape[1], now.shape[0])
    cells = region.box.cells(size)
    patches = [r.box.grown(SHINE, SHINE).cells(size) for r in regions if r.style is Style.SOLID]
    if cells is None or not any(patches):
        return now
    bare = np.ones_like(now)
    for patch in patches:
        if patch is not None:
            bare[patch] = 0
    part = bare[cells]
    if part.all() or not part.any():
        return now
    now = now.copy()
    now[cells] = filled(now[cells].astype(np.float32), part > 0).round().clip(0, 255)
    return now


def filled(values: Reals, known: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> Reals:
    """float32 (h, w), smooth where it is not `known`; at least one sample is."""
    if known.all():
        return values
    height, width = values.shape
    half = ((width + 1) // 2, (height + 1) // 2)
    seen = known.astype(np.float32)
    share = cv2.resize(seen, half, interpolation=cv2.INTER_AREA)
    total = cv2.resize(values * seen, half, interpolation=cv2.INTER_AREA)
    below = filled(cast(Reals, total / np.maximum(share, 1e-6)), share > 1e-3)
    around = cv2.resize(below, (width, height), interpolation=cv2.INTER_LINEAR)
    return cast(Reals, np.where(known, values, around).astype(np.float32))
