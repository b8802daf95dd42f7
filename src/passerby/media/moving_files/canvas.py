"""What the writers share: the part of a picture that changed since the one before."""

from __future__ import annotations

from fractions import Fraction
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.uint8]


class MovingFile(Protocol):
    """A file to which pictures are added in order.

    `unit`: seconds of the format's own clock. `reduced`: colours were lost to a palette.
    """

    @property
    def unit(self) -> Fraction: ...

    @property
    def reduced(self) -> bool: ...

    def add(self, picture: Samples, lasts: int) -> None:
        """RGB or RGBA uint8 (h, w, 3 or 4), shown for `lasts` units."""
        ...

    def end(self) -> None:
        """Write what is still held back. The file is the caller's to close."""
        ...


def changed(before: Samples | None, now: Samples, step: int = 1) -> tuple[int, int, int, int]:
    """x0, y0, x1, y1 of the part in which the two differ, never empty; all of it without `before`.

    The upper left corner lies on multiples of `step`.
    """
    height, width = now.shape[:2]
    if before is None:
        return 0, 0, width, height
    differs = (before != now).any(axis=2)
    rows, cols = np.flatnonzero(differs.any(axis=1)), np.flatnonzero(differs.any(axis=0))
    if not len(rows):
        return 0, 0, 1, 1
    x0, y0 = int(cols[0]) // step * step, int(rows[0]) // step * step
    return x0, y0, int(cols[-1]) + 1, int(rows[-1]) + 1
