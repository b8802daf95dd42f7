"""Whether a camera still sees what it used to see: covered, moved or dark, and nothing else.

It is given a small picture of brightness every few seconds, and remembers two numbers and one
coarse map of edges, slowly renewed: no picture, and nobody on one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.frame import Picture

COLS: Final = 96  # of the map
LEARN: Final = 5  # looks before anything is told
RENEW: Final = 0.03  # share of a look in what is remembered
DARK: Final = 44  # brightness of video that hardly anything exceeds in the dark
PLAIN: Final = 0.35  # of the usual edges: less, and something is before the lens
ALIKE: Final = 0.4  # correlation of the edges: less, and it looks elsewhere
AGAIN: Final = 3  # looks in a row before it is told
SETTLE: Final = 150  # looks after which what is seen now is what it used to see


@dataclass(frozen=True, slots=True)
class View:
    """What is wrong with a camera's view; all False where nothing is, or nothing is known yet."""

    covered: bool = False
    moved: bool = False
    dark: bool = False


class Scene:
    """Remembers how a view is built, and tells when it is no more."""

    def __init__(self) -> None:
        self._edges: NDArray[np.float32] | None = None
        self._strength = 0.0
        self._looks = self._strange = 0
        self._view = View()

    def see(self, luma: Picture) -> View:
        """`luma` uint8 (h, w), of one size unless the camera was changed; limited range."""
        edges, strength = _edges(luma)
        dark = bool(np.percentile(luma, 99) < DARK)
        before = self._edges
        if before is None or before.shape != edges.shape:
            self._edges, self._strength, self._looks, self._strange = edges, strength, 1, 0
            self._view = View(dark=dark)
            return self._view
        self._looks += 1
        plain = not dark and strength < PLAIN * self._strength
        other = not dark and not plain and _alike(before, edges) < ALIKE
        if self._looks <= LEARN:
            plain = other = False
        self._strange = self._strange + 1 if plain or other else 0
        if self._strange >= SETTLE:
            self._edges = None  # from now on this is how it is
            self._view = View(dark=dark)
        elif self._strange >= AGAIN or not self._strange:
            self._view = View(plain, other, dark)
        if self._edges is not None and not (plain or other or dark):
            share = max(RENEW, 1 / self._looks)
            self._edges = (1 - share) * before + share * edges
            self._strength += share * (strength - self._strength)
        return self._view


def _edges(luma: Picture) -> tuple[NDArray[np.float32], float]:
    """Where brightness changes, float32 (rows, COLS) in [0, 1), whatever the light; and how much
    it changes on the whole, as a share of the brightness."""
    height, width = luma.shape
    rows = max(8, round(COLS * height / width))
    small = cv2.resize(luma, (COLS, rows), interpolation=cv2.INTER_AREA).astype(np.float32)
    across = cv2.Sobel(small, cv2.CV_32F, 1, 0)
    down = cv2.Sobel(small, cv2.CV_32F, 0, 1)
    size = cv2.GaussianBlur(np.hypot(across, down), (0, 0), 1.2)  # a camera on a mast shakes
    typical = float(size.mean())
    return np.asarray(size / (size + typical + 1), np.float32), typical / (float(small.mean()) + 1)


def _alike(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Correlation of two maps; 0 where one of them is flat."""
    a, b = a - a.mean(), b - b.mean()
    scale = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / scale if scale > 1e-6 else 0.0
