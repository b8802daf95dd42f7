"""One picture: its planes as stored, where it sits in time, and how it is shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from .geometry import Box, Orientation, Size
from .time import Span

Pixels = NDArray[np.uint8] | NDArray[np.uint16]
Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Plane:
    """One component of a stored picture.

    `pixels`: uint8 (rows, cols), or uint16 when `depth` > 8; a view, not a copy.
    `grid`: width and height of one sample in stored pixels, ``(2, 2)`` for 4:2:0 chroma.
    `black`: the value that shows nothing (luma black, chroma neutral, alpha opaque).
    `depth`: bits a sample; values are below ``2 ** depth``.
    """

    pixels: Pixels
    grid: tuple[int, int]
    black: int
    depth: int = 8

    def __post_init__(self) -> None:
        want = np.uint8 if self.depth <= 8 else np.uint16
        if self.pixels.ndim != 2 or self.pixels.dtype != want:
            raise ValueError(
                f"want {np.dtype(want)} (rows, cols) for {self.depth} bits, "
                f"got {self.pixels.dtype} {self.pixels.shape}"
            )


class Frame(Protocol):
    """A decoded picture on its way from a source to a sink.

    `size` and every box are display-oriented; planes are as stored.
    """

    @property
    def span(self) -> Span: ...

    @property
    def size(self) -> Size: ...

    @property
    def orientation(self) -> Orientation: ...

    @property
    def native(self) -> Any:
        """What the source's own sink understands (a decoder's frame); opaque to everybody else."""
        ...

    def planes(self) -> tuple[Plane, ...]:
        """Views to look at. Never write into them: the decoder may still predict from them."""
        ...

    def writable(self) -> tuple[Plane, ...]:
        """Views to paint on; copies the picture first if anybody else still needs it."""
        ...

    def picture(self, size: Size, crop: Box | None = None) -> Picture:
        """RGB uint8 (height, width, 3), display-oriented and owned by the caller.

        The part of the frame inside `crop` (display pixels, inside the frame; all of it by
        default), scaled to `size`. What is clear in the frame shows white.
        """
        ...

    def luma(self, halvings: int) -> Picture:
        """Brightness uint8 (h, w), display-oriented, halved `halvings` times each way.

        A side of n pixels becomes ``max(1, n >> halvings)``. Owned by the caller or read-only.
        What is clear in the frame is as bright as white.
        """
        ...


@runtime_checkable
class SeeThrough(Protocol):
    """A frame that may be clear in parts."""

    def on_black(self) -> Frame | None:
        """The same frame, to be looked at only, in which what is clear shows black; None where
        nothing is clear."""
        ...


def grounds(frame: Frame) -> tuple[Frame, ...]:
    """The frame and, where it is clear in parts, the frame on black.

    What is drawn in white on clear shows on no other ground.
    """
    other = frame.on_black() if isinstance(frame, SeeThrough) else None
    return (frame,) if other is None else (frame, other)
