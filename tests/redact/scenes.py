"""What hypothesis draws for the redaction tests: frames of every make, and regions on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from passerby.core.frame import Pixels, Plane
from passerby.core.geometry import Box, Orientation, Size
from passerby.core.schedule import Region, Style
from passerby.testing import ArrayFrame, Layout

HIDING = (Style.VEIL, Style.SOLID)


def as_stored(values: NDArray[Any], plane: Plane) -> Pixels:
    """`values` with the samples' type of `plane`."""
    return values.astype(np.uint8) if plane.depth <= 8 else values.astype(np.uint16)


@dataclass(frozen=True)
class Scene:
    size: Size
    layout: Layout
    depth: int
    orientation: Orientation
    regions: tuple[Region, ...]
    seed: int

    def frame(self) -> ArrayFrame:
        return ArrayFrame.noise(
            self.size, self.layout, seed=self.seed, depth=self.depth, orientation=self.orientation
        )

    def inside(self, plane: Plane, snap: int = 1) -> NDArray[np.bool_]:
        """Cell by cell, the slow way: does the cell share any area with any region?"""
        gx, gy = plane.grid
        marked = np.zeros(plane.pixels.shape, bool)
        for region in self.regions:
            box = self.orientation.to_stored(region.box, self.size)
            x0, y0, x1, y1 = box.corners
            if snap > 1:
                x0, y0 = x0 - x0 % snap, y0 - y0 % snap
                x1, y1 = x1 + (-x1) % snap, y1 + (-y1) % snap
            if not box.area:
                continue
            rows, cols = np.indices(marked.shape)
            marked |= (
                (rows * gy < y1)
                & ((rows + 1) * gy > y0)
                & (cols * gx < x1)
                & ((cols + 1) * gx > x0)
            )
        return marked

    def rewritten(self, frame: ArrayFrame, seed: int = 99) -> ArrayFrame:
        """The same frame with other content in every cell that a region touches."""
        rng = np.random.default_rng(seed)
        pixels = []
        for plane in frame.planes():
            other = rng.integers(0, 1 << plane.depth, plane.pixels.shape)
            pixels.append(np.where(self.inside(plane), other, plane.pixels))
        return ArrayFrame(
            [as_stored(p, q) for p, q in zip(pixels, frame.planes(), strict=True)],
            self.layout,
            stored=self.orientation.stored(self.size),
            depth=self.depth,
            orientation=self.orientation,
        )


def boxes(size: Size) -> st.SearchStrategy[Box]:
    """Anywhere, also across the edges, on the quarter-pixel grid and off it."""

    def side(limit: int) -> st.SearchStrategy[tuple[float, float]]:
        edge = st.integers(-8 * limit, 16 * limit).map(lambda n: n / 8)
        return st.tuples(edge, edge).map(lambda e: (min(e), max(e)))

    return st.builds(lambda x, y: Box(x[0], y[0], x[1], y[1]), side(size.width), side(size.height))


@st.composite
def scenes(
    draw: st.DrawFn, styles: tuple[Style, ...] = HIDING, most: int = 4, largest: int = 70
) -> Scene:
    sides = st.integers(1, largest)
    size = Size(draw(sides), draw(sides))
    drawn = draw(st.lists(st.tuples(boxes(size), st.sampled_from(styles)), max_size=most))
    return Scene(
        size,
        draw(st.sampled_from(Layout)),
        draw(st.sampled_from([8, 10])),
        draw(st.sampled_from(Orientation)),
        tuple(Region(box, style, "face", i) for i, (box, style) in enumerate(drawn)),
        draw(st.integers(0, 3)),
    )
