"""How blurred a place is, and whether its surroundings are as well. Plain functions on arrays.

The width of a blur is estimated by blurring twice more: detail that is already soft loses little
by it (Zhuo and Sim, "Defocus map estimation from a single image", Pattern Recognition 2011, do so
at edges). Here it is done with the energy of all slopes at a place, which needs no edges to be
found: pictures have about equal energy in each octave, so after a blur of width s the energy of
their slopes goes as 1 / s^2, and after the picture's own blur w and then s, as 1 / (w^2 + s^2).
Two values of s give w. Both are chosen by the size of the place, well above the codec's noise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, cast

import cv2
import numpy as np

from ..core.frame import Picture
from ..core.geometry import Box
from .kernels import Reals

FINE, COARSE = 0.01, 0.04  # widths of the two blurs, as shares of the place's shorter side
FINEST, COARSEST = 0.7, 2.0  # pixels, at least
INNER: Final = 0.8  # of the place's sides, is its inside
AROUND: Final = (1.4, 2.0)  # of the place's sides: where its surroundings begin and end
SOFT: Final = 0.045  # of the place's side: a face as cameras show it is sharper
STRONG: Final = 0.12  # from here on, sharpening brings nothing back, and covers look alike
SOFTER: Final = 1.8  # times as soft as what is around it
DETAIL: Final = 0.25  # rms of the surroundings' slopes in levels a pixel: below, nothing is known


@dataclass(frozen=True, slots=True)
class Softness:
    """Widths (sigma, in pixels) of the blur inside and around a place whose shorter side is `side`.
    Infinite where there is nothing but a slope. `known`: is there detail enough around it?"""

    inside: float
    around: float
    side: float
    known: bool = True

    @property
    def share(self) -> float:
        """The blur's width as a share of the place's side."""
        return self.inside / self.side

    @property
    def on_purpose(self) -> bool:
        """Is it so much softer than what is around it that no lens did that, and not so soft that
        nothing is left of it?"""
        return self.known and SOFT <= self.share < STRONG and self.inside >= SOFTER * self.around


def softness(luma: Picture, place: Box) -> Softness:
    """Brightness uint8 (rows, cols); `place` in its samples, the face itself. Not known where
    nothing is around it in the picture."""
    side = min(place.width, place.height)
    rows, cols = luma.shape
    far = place.grown(*(AROUND[1] - 1) / 2 * np.array([place.width, place.height]))
    x0, y0 = max(0, int(far.x0)), max(0, int(far.y0))
    x1, y1 = min(cols, math.ceil(far.x1)), min(rows, math.ceil(far.y1))
    if min(x1 - x0, y1 - y0) < 8 or side < 8:
        return Softness(0.0, 0.0, max(side, 1.0), known=False)
    patch = luma[y0:y1, x0:x1].astype(np.float32)
    fine, coarse = max(FINEST, FINE * side), max(COARSEST, COARSE * side)
    slopes = [_slopes(patch, width) for width in (fine, coarse)]
    x = np.abs(np.arange(x0, x1) + 0.5 - (place.x0 + place.x1) / 2) / place.width * 2
    y = np.abs(np.arange(y0, y1) + 0.5 - (place.y0 + place.y1) / 2) / place.height * 2
    away = np.maximum(x[None, :], y[:, None])
    inner, outer = away < INNER, away > AROUND[0]
    if not inner.any() or outer.mean() < 0.1:
        return Softness(0.0, 0.0, side, known=False)
    inside, around = (
        _width(float(slopes[0][where].mean()), float(slopes[1][where].mean()), fine, coarse)
        for where in (inner, outer)
    )
    known = math.sqrt(float(slopes[0][outer].mean())) > DETAIL
    return Softness(inside, around, side, known)


def _slopes(patch: Reals, width: float) -> Reals:
    """Squared slopes, in levels a pixel, after a blur of that width."""
    soft = cv2.GaussianBlur(patch, (0, 0), width)
    across, down = cv2.Sobel(soft, cv2.CV_32F, 1, 0), cv2.Sobel(soft, cv2.CV_32F, 0, 1)
    return cast(Reals, (across * across + down * down) / np.float32(64))


def _width(first: float, second: float, fine: float, coarse: float) -> float:
    """The blur that was there already, from the energies after two more."""
    ratio = first / max(second, 1e-9)
    if ratio <= 1:
        return math.inf
    return math.sqrt(max(0.0, (coarse**2 - ratio * fine**2) / (ratio - 1)))
