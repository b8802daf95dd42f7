"""Space: display-oriented pixels, continuous and half-open.

Pixel ``(i, j)`` covers ``[i, i+1) x [j, j+1)``. A box is ``x0, y0, x1, y1`` with `x1` and
`y1` exclusive. Boxes live on a quarter-pixel grid, which floats hold exactly, so a box that
is mirrored or turned loses nothing. Rounding goes outwards, once, at the plane: redaction
may cover a pixel too many, never one too few.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum

Cells = tuple[slice, slice]


@dataclass(frozen=True, slots=True)
class Size:
    """Whole pixels, at least one each way."""

    width: int
    height: int

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise ValueError(f"a picture has at least one pixel, got {self.width}x{self.height}")

    @property
    def turned(self) -> Size:
        """Width and height swapped."""
        return Size(self.height, self.width)

    @property
    def area(self) -> int:
        return self.width * self.height


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in display pixels; it may reach beyond the picture (a face cut by the edge)."""

    x0: float
    y0: float
    x1: float
    y1: float

    def __post_init__(self) -> None:
        if not all(map(math.isfinite, self.corners)) or self.x1 < self.x0 or self.y1 < self.y0:
            raise ValueError(f"a box needs finite x0 <= x1 and y0 <= y1, got {self.corners}")

    @property
    def corners(self) -> tuple[float, float, float, float]:
        return self.x0, self.y0, self.x1, self.y1

    @property
    def width(self) -> float:
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        return self.y1 - self.y0

    @property
    def area(self) -> float:
        return self.width * self.height

    def grown(self, x: float, y: float) -> Box:
        """Moved outwards by `x` pixels left and right, `y` above and below."""
        return Box(self.x0 - x, self.y0 - y, self.x1 + x, self.y1 + y)

    def hull(self, other: Box) -> Box:
        """The smallest box that holds both."""
        return Box(
            min(self.x0, other.x0),
            min(self.y0, other.y0),
            max(self.x1, other.x1),
            max(self.y1, other.y1),
        )

    def mixed(self, other: Box, share: float) -> Box:
        """This box at `share` 0, `other` at 1, linear between."""
        a, b = self.corners, other.corners
        x0, y0, x1, y1 = (p + (q - p) * share for p, q in zip(a, b, strict=True))
        # rounded each by itself, the far corner of a box without width can fall before the near one
        return Box(x0, y0, max(x0, x1), max(y0, y1))

    def snapped(self) -> Box:
        """Outwards to quarter pixels."""
        low, high = math.floor, math.ceil
        return Box(
            low(self.x0 * 4) / 4, low(self.y0 * 4) / 4, high(self.x1 * 4) / 4, high(self.y1 * 4) / 4
        )

    def contains(self, other: Box) -> bool:
        return (
            self.x0 <= other.x0
            and self.y0 <= other.y0
            and self.x1 >= other.x1
            and self.y1 >= other.y1
        )

    def cells(self, size: Size, grid: tuple[int, int] = (1, 1)) -> Cells | None:
        """Row and column slices of every `grid` cell that the box touches, clipped to `size`.

        `grid` is samples' width and height in pixels: ``(2, 2)`` addresses a 4:2:0 chroma plane
        directly. `None` when the box is empty or off the picture.
        """
        gx, gy = grid
        if self.x1 <= self.x0 or self.y1 <= self.y0:
            return None
        c0, r0 = max(0, math.floor(self.x0 / gx)), max(0, math.floor(self.y0 / gy))
        c1 = min(-(-size.width // gx), math.ceil(self.x1 / gx))
        r1 = min(-(-size.height // gy), math.ceil(self.y1 / gy))
        return (slice(r0, r1), slice(c0, c1)) if r0 < r1 and c0 < c1 else None


class Orientation(IntEnum):
    """The eight ways to show a stored picture; numbers as in EXIF (TIFF 6.0, tag 274).

    The name says what must be done to the stored picture to show it upright.
    """

    UP = 1
    MIRROR = 2
    TURN_180 = 3
    FLIP = 4
    TRANSPOSE = 5
    TURN_90 = 6
    TRANSVERSE = 7
    TURN_270 = 8

    @property
    def turns(self) -> bool:
        """True when width and height swap between the stored and the shown picture."""
        return self >= Orientation.TRANSPOSE

    def stored(self, shown: Size) -> Size:
        """The size of the stored picture whose shown size is `shown`."""
        return shown.turned if self.turns else shown

    def to_stored(self, box: Box, shown: Size) -> Box:
        """A box in display pixels -> the same pixels of the stored picture."""
        box = box.snapped()
        x0, y0, x1, y1 = box.corners
        w, h = shown.width, shown.height
        match self:
            case Orientation.UP:
                return box
            case Orientation.MIRROR:
                return Box(w - x1, y0, w - x0, y1)
            case Orientation.TURN_180:
                return Box(w - x1, h - y1, w - x0, h - y0)
            case Orientation.FLIP:
                return Box(x0, h - y1, x1, h - y0)
            case Orientation.TRANSPOSE:
                return Box(y0, x0, y1, x1)
            case Orientation.TURN_90:
                return Box(y0, w - x1, y1, w - x0)
            case Orientation.TRANSVERSE:
                return Box(h - y1, w - x1, h - y0, w - x0)
            case Orientation.TURN_270:
                return Box(h - y1, x0, h - y0, x1)
