"""How much of one picture's detail is still in another: plain functions on arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.frame import Picture

Reals = NDArray[np.float32]

FLOOR: Final = 1.5  # rms of detail, in levels of 255, below which a window shows nothing
BLOCK: Final = 4
JUMP: Final = 10.0  # levels by which a block's brightness changes where something comes or goes
CUT: Final = 0.4  # of all blocks changed by twice that: it was the picture that changed
PLACES: Final = 4
MORE: Final = 2.5


def detail(patch: Reals) -> Reals:
    """Structure of about 3 to 12 samples: a difference of two blurs, of the patch alone."""
    fine = cv2.GaussianBlur(patch, (3, 3), 0.7, borderType=cv2.BORDER_REPLICATE)
    coarse = cv2.GaussianBlur(patch, (11, 11), 2.2, borderType=cv2.BORDER_REPLICATE)
    return cast(Reals, fine - coarse)


def reduced(picture: Picture, step: int) -> Reals:
    """Means of step x step samples, float32; what does not fill a block at the end is left out."""
    rows, cols = picture.shape[0] // step, picture.shape[1] // step
    cut = picture[: rows * step, : cols * step]
    if step > 1:
        small: Any = cv2.resize(cut, (cols, rows), interpolation=cv2.INTER_AREA)
        cut = small
    values: Reals = cut.astype(np.float32)
    return values


@dataclass(frozen=True, slots=True)
class Limits:
    """From what on detail counts as left.

    `gain`: share of its strength; `alike`: correlation; `rms`: strength in levels of 255, below
    which it can't be told from what a codec makes up.
    `spread`: the share of the window's blocks that must show detail; a lone edge is no face.
    In windows at the border one of two more is asked. `error`: the most that the samples
    themselves differ, as a share of the detail's energy; `strong`: the `rms` that needs no more.
    """

    gain: float
    alike: float
    rms: float
    error: float = 1e9
    strong: float = 1e9
    spread: float = 0.0


class Likeness:
    """How much of the structure of `before` is in `after`, both float32 (rows, cols) samples.

    `margin`: samples at each side that are looked at only for the detail of those inside.
    `rim`: so many blocks deep from each side a window counts as lying at the border.
    Energies are summed once over blocks of BLOCK x BLOCK samples; windows are made of blocks.
    """

    def __init__(self, before: Reals, after: Reals, *, margin: int = 0, rim: int = 0) -> None:
        inner = slice(margin, -margin or None)
        apart = (after - before)[inner, inner]
        was, now = detail(before)[inner, inner], detail(after)[inner, inner]
        rows, cols = (max(1, side // BLOCK) for side in apart.shape)
        self.blocks = (rows, cols)
        self._rim = rim
        self._both, self._own, self._other, self._apart = (
            cast(Reals, cv2.resize(energy, (cols, rows), interpolation=cv2.INTER_AREA))
            for energy in (was * now, was * was, now * now, apart * apart)
        )

    def strongest(self, window: tuple[int, int], limits: Limits) -> tuple[float, bool]:
        """The largest gain among windows of so many blocks that are leaks, 0 if none is.

        Gain 1 and likeness 1: all of the detail is there. Also says whether `before` shows
        detail in any window at all.
        """
        size = min(window[0], self.blocks[0]), min(window[1], self.blocks[1])
        both, own, other = (_sums(e, size) for e in (self._both, self._own, self._other))
        told = own > FLOOR * FLOOR
        leak = told & (both >= limits.gain * own)
        leak &= both * both >= np.maximum(limits.alike**2 * other, limits.rms**2) * own
        if limits.spread and leak.any():
            shows = (self._own > FLOOR * FLOOR).astype(np.float32)
            leak &= _sums(shows, size) >= limits.spread
        if self._rim and leak.any():
            same = _sums(self._apart, size) <= limits.error * own
            same |= both * both >= limits.strong**2 * own
            leak &= same | ~self._at_border(size)
        if not leak.any():
            return 0.0, bool(told.any())
        return float((both[leak] / own[leak]).max()), True

    def _at_border(self, size: tuple[int, int]) -> NDArray[np.bool_]:
        """Which windows of so many blocks reach into the rim."""
        rows, cols = (
            (np.arange(blocks - side + 1) < self._rim)
            | (np.arange(blocks - side + 1) + side > blocks - self._rim)
            for blocks, side in zip(self.blocks, size, strict=True)
        )
        return cast(NDArray[np.bool_], rows[:, None] | cols)


def _sums(values: Reals, window: tuple[int, int]) -> Reals:
    """The mean over every window that lies whole in `values`."""
    high, wide = window
    means = cv2.boxFilter(values, -1, (wide, high), anchor=(0, 0), borderType=cv2.BORDER_CONSTANT)
    rows, cols = values.shape
    return cast(Reals, means[: rows - high + 1, : cols - wide + 1])


def changes(was: Picture, now: Picture) -> Reals:
    """Mean difference in brightness of blocks of 8 x 8 samples, every fourth; both uint8 (h, w)."""
    apart = cv2.absdiff(was, now)
    means = cv2.boxFilter(apart, cv2.CV_32F, (8, 8), borderType=cv2.BORDER_REPLICATE)
    return cast(Reals, means[::4, ::4])


def sudden(changed: Reals, usual: Reals) -> list[tuple[int, int, int, int]] | None:
    """Where more changed than just before and than in the rest of the picture.

    `changed`, `usual`: `changes` of this frame and of those before it, (h, w). x0 y0 x1 y1 in
    samples of the pictures, the largest `PLACES`; `None` when it is the whole picture. A block
    counts when it changed by more than `JUMP` levels, `MORE` times as much as anything next to it
    did, and `MORE` times the median block.
    """
    if (changed > 2 * JUMP).mean() > CUT:
        return None
    near = cv2.dilate(usual, np.ones((5, 5), np.uint8))
    limits = np.maximum(MORE * near, max(JUMP, MORE * float(np.median(changed))))
    hit = (changed > limits).astype(np.uint8)
    _, _, boxes, _ = cv2.connectedComponentsWithStats(hit, connectivity=8)
    largest = sorted(boxes[1:].tolist(), key=lambda b: -b[4])[:PLACES]
    return [
        (max(0, 4 * x - 4), max(0, 4 * y - 4), 4 * (x + width) + 4, 4 * (y + height) + 4)
        for x, y, width, height, _ in largest
    ]
