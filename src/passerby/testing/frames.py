"""Frames made of numpy arrays: any chroma layout, depth and orientation, no codec."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Any, Final, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..core.frame import Picture, Pixels, Plane
from ..core.geometry import Box, Orientation, Size
from ..core.time import Span, Ticks

FIRST: Final = Span(Ticks(0), Ticks(1))
_UNDO: Final = {  # every other way is its own inverse
    Orientation.TURN_90: Orientation.TURN_270,
    Orientation.TURN_270: Orientation.TURN_90,
}
Reals = NDArray[np.float32]
Sample = TypeVar("Sample", bound=np.generic)


class Layout(Enum):
    """Which planes a picture has: a letter for each, then the grid of each in stored pixels."""

    GRAY = ("Y", ((1, 1),))
    GRAY_ALPHA = ("YA", ((1, 1), (1, 1)))
    YUV420 = ("YUV", ((1, 1), (2, 2), (2, 2)))
    YUV422 = ("YUV", ((1, 1), (2, 1), (2, 1)))
    YUV440 = ("YUV", ((1, 1), (1, 2), (1, 2)))
    YUV411 = ("YUV", ((1, 1), (4, 1), (4, 1)))
    YUV444 = ("YUV", ((1, 1), (1, 1), (1, 1)))
    YUVA420 = ("YUVA", ((1, 1), (2, 2), (2, 2), (1, 1)))
    RGB = ("RGB", ((1, 1), (1, 1), (1, 1)))
    RGBA = ("RGBA", ((1, 1), (1, 1), (1, 1), (1, 1)))

    def __init__(self, letters: str, grids: tuple[tuple[int, int], ...]) -> None:
        self.letters, self.grids = letters, grids

    def blacks(self, depth: int) -> tuple[int, ...]:
        """Per plane the value that shows nothing (limited range where there is chroma)."""
        luma = 16 << (depth - 8) if "U" in self.letters else 0
        table = {"Y": luma, "U": 1 << (depth - 1), "V": 1 << (depth - 1), "A": (1 << depth) - 1}
        return tuple(table.get(letter, 0) for letter in self.letters)

    def shapes(self, stored: Size) -> tuple[tuple[int, int], ...]:
        """Rows and columns of each plane; a cell that is cut by the edge counts whole."""
        return tuple((-(-stored.height // gy), -(-stored.width // gx)) for gx, gy in self.grids)


def shown(stored: NDArray[Sample], orientation: Orientation) -> NDArray[Sample]:
    """A stored array (rows, cols, ...) as it is meant to be looked at; a view."""
    turned = np.swapaxes(stored, 0, 1) if orientation.turns else stored
    flips = {
        Orientation.MIRROR: (False, True),
        Orientation.TURN_180: (True, True),
        Orientation.FLIP: (True, False),
        Orientation.TURN_90: (False, True),
        Orientation.TRANSVERSE: (True, True),
        Orientation.TURN_270: (True, False),
    }
    rows, cols = flips.get(orientation, (False, False))
    return turned[:: -1 if rows else 1, :: -1 if cols else 1]


class ArrayFrame:
    """A `core.frame.Frame` held in plain arrays, for tests and for those who write plug-ins.

    `pixels`: one (rows, cols) array a plane, in stored orientation, uint8 or (depth > 8) uint16.
    Like a decoder's frame it counts as shared: the first `writable()` copies, and from then on
    `planes()` shows the copy, so the arrays that were handed in never change.
    """

    def __init__(
        self,
        pixels: Sequence[Pixels],
        layout: Layout,
        *,
        stored: Size | None = None,
        depth: int = 8,
        orientation: Orientation = Orientation.UP,
        span: Span = FIRST,
    ) -> None:
        self._stored = stored or Size(pixels[0].shape[1], pixels[0].shape[0])
        shapes = tuple(p.shape for p in pixels)
        if shapes != layout.shapes(self._stored):
            raise ValueError(
                f"want planes {layout.shapes(self._stored)} for {layout.name}, got {shapes}"
            )
        self._layout, self._depth, self._owned = layout, depth, False
        self._planes = tuple(
            Plane(p, grid, black, depth)
            for p, grid, black in zip(pixels, layout.grids, layout.blacks(depth), strict=True)
        )
        self._orientation, self._span = Orientation(orientation), span

    @classmethod
    def flat(
        cls,
        size: Size,
        layout: Layout = Layout.YUV420,
        *,
        level: int | None = None,
        depth: int = 8,
        orientation: Orientation = Orientation.UP,
        span: Span = FIRST,
    ) -> Self:
        """One colour: black, or `level` in the first plane. `size` is the size as shown."""
        stored = orientation.stored(size)
        kind = np.uint8 if depth <= 8 else np.uint16
        blacks = list(layout.blacks(depth))
        if level is not None:
            blacks[0] = level
        pixels = [
            np.full(shape, black, kind)
            for shape, black in zip(layout.shapes(stored), blacks, strict=True)
        ]
        return cls(pixels, layout, stored=stored, depth=depth, orientation=orientation, span=span)

    @classmethod
    def noise(
        cls,
        size: Size,
        layout: Layout = Layout.YUV420,
        *,
        seed: int = 0,
        depth: int = 8,
        orientation: Orientation = Orientation.UP,
        span: Span = FIRST,
    ) -> Self:
        """Every sample drawn from the whole range, the same for the same `seed`."""
        stored = orientation.stored(size)
        rng = np.random.default_rng(seed)
        pixels: list[Pixels] = []
        for shape in layout.shapes(stored):
            drawn = rng.integers(0, 1 << depth, shape)
            pixels.append(drawn.astype(np.uint8) if depth <= 8 else drawn.astype(np.uint16))
        return cls(pixels, layout, stored=stored, depth=depth, orientation=orientation, span=span)

    @classmethod
    def of(
        cls,
        picture: Picture,
        layout: Layout = Layout.YUV420,
        *,
        depth: int = 8,
        orientation: Orientation = Orientation.UP,
        span: Span = FIRST,
    ) -> Self:
        """An upright RGB picture (h, w, 3), stored so that `orientation` shows it upright.

        Chroma is the mean of each cell; YUV is BT.601 in limited range.
        """
        size = Size(picture.shape[1], picture.shape[0])
        stored = orientation.stored(size)
        rgb = shown(picture, _UNDO.get(orientation, orientation)).astype(np.float32)
        kind = np.uint8 if depth <= 8 else np.uint16
        pixels: list[Pixels] = []
        for letter, grid in zip(layout.letters, layout.grids, strict=True):
            plane = _component(rgb, letter, coloured="U" in layout.letters)
            scaled = _cell_means(plane, grid) * ((1 << depth) / 256 if letter != "A" else 1)
            top = (1 << depth) - 1
            pixels.append(
                np.full(scaled.shape, top, kind)
                if letter == "A"
                else np.clip(np.rint(scaled), 0, top).astype(kind)
            )
        return cls(pixels, layout, stored=stored, depth=depth, orientation=orientation, span=span)

    @property
    def span(self) -> Span:
        return self._span

    @property
    def size(self) -> Size:
        return self._orientation.stored(self._stored)

    @property
    def orientation(self) -> Orientation:
        return self._orientation

    @property
    def layout(self) -> Layout:
        return self._layout

    @property
    def depth(self) -> int:
        return self._depth

    @property
    def native(self) -> Any:
        return self

    def at(self, span: Span) -> Self:
        """The same picture at another time."""
        return type(self)(
            [p.pixels for p in self._planes],
            self._layout,
            stored=self._stored,
            depth=self._depth,
            orientation=self._orientation,
            span=span,
        )

    def planes(self) -> tuple[Plane, ...]:
        return self._planes

    def writable(self) -> tuple[Plane, ...]:
        if not self._owned:
            self._planes = tuple(
                Plane(p.pixels.copy(), p.grid, p.black, p.depth) for p in self._planes
            )
            self._owned = True
        return self._planes

    def picture(self, size: Size, crop: Box | None = None) -> Picture:
        whole = shown(self._rgb(), self._orientation)
        box = crop or Box(0, 0, self.size.width, self.size.height)
        cols = _centres(box.x0, box.x1, size.width, self.size.width)
        rows = _centres(box.y0, box.y1, size.height, self.size.height)
        return np.ascontiguousarray(whole[rows][:, cols])

    def luma(self, halvings: int) -> Picture:
        if "R" in self._layout.letters:
            bright = _component(self._rgb().astype(np.float32), "Y", coloured=False)
        else:
            bright = self._planes[0].pixels.astype(np.float32) / np.float32(1 << (self._depth - 8))
        turned = shown(bright, self._orientation)
        step = 1 << halvings
        rows, cols = (max(1, side >> halvings) for side in turned.shape)
        block = turned[: rows * step, : cols * step]
        high, wide = block.shape[0] // rows, block.shape[1] // cols
        return _whole(_means(block[: rows * high, : cols * wide], (wide, high)))

    def _rgb(self) -> Picture:
        """All of it as stored, RGB uint8; chroma cells are repeated."""
        high, wide = self._stored.height, self._stored.width
        full = {
            letter: np.repeat(np.repeat(p.pixels, p.grid[1], 0), p.grid[0], 1)[:high, :wide].astype(
                np.float32
            )
            / (1 << (self._depth - 8))
            for letter, p in zip(self._layout.letters, self._planes, strict=True)
        }
        if "R" in full:
            channels = [full["R"], full["G"], full["B"]]
        elif "U" in full:
            y, u, v = (full["Y"] - 16) * (255 / 219), full["U"] - 128, full["V"] - 128
            channels = [y + 1.596 * v, y - 0.392 * u - 0.813 * v, y + 2.017 * u]
        else:
            channels = [full["Y"]] * 3
        return _whole(np.stack(channels, -1))


def _whole(values: Reals) -> Picture:
    """Rounded to uint8."""
    rounded: Picture = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return rounded


def _component(rgb: Reals, letter: str, *, coloured: bool) -> Reals:
    """One plane of an RGB picture, float32 (h, w), values 0..255 (BT.601 limited for YUV)."""
    weights, offset = {
        "R": ((1.0, 0.0, 0.0), 0),
        "G": ((0.0, 1.0, 0.0), 0),
        "B": ((0.0, 0.0, 1.0), 0),
        "U": ((-0.148, -0.291, 0.439), 128),
        "V": ((0.439, -0.368, -0.071), 128),
        "Y": ((0.257, 0.504, 0.098), 16) if coloured else ((0.299, 0.587, 0.114), 0),
        "A": ((0.0, 0.0, 0.0), 255),
    }[letter]
    mixed: Reals = rgb @ np.array(weights, np.float32) + np.float32(offset)
    return mixed


def _cell_means(plane: Reals, grid: tuple[int, int]) -> Reals:
    """The mean of each `grid` cell; cells cut by the edge are filled up by repeating it."""
    gx, gy = grid
    high, wide = plane.shape
    if high % gy or wide % gx:
        plane = np.pad(plane, ((0, -high % gy), (0, -wide % gx)), mode="edge")
    return _means(plane, grid)


def _means(plane: Reals, grid: tuple[int, int]) -> Reals:
    """The mean of each whole `grid` cell, float32.

    NumPy's own mean over two axes of a few samples takes ten times as long.
    """
    gx, gy = grid
    if gx == gy == 1:
        return plane
    rows: Reals = sum((plane[n::gy] for n in range(1, gy)), plane[::gy])
    total: Reals = sum((rows[:, n::gx] for n in range(1, gx)), rows[:, ::gx])
    return total / np.float32(gx * gy)


def _centres(low: float, high: float, count: int, limit: int) -> NDArray[np.intp]:
    """Indices of the pixels under `count` evenly spaced points between `low` and `high`."""
    points = low + (np.arange(count) + 0.5) * ((high - low) / count)
    indices: NDArray[np.intp] = np.clip(np.floor(points).astype(np.intp), 0, limit - 1)
    return indices
