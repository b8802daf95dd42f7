"""A frame of planes, wherever they come from: looking at it small, upright and in colour."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Final, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.frame import Picture, Pixels, Plane
from ..core.geometry import Box, Orientation, Size
from ..core.time import Span
from .clear import BLACK, WHITE, composed
from .pixels import bytes_of, halved, mirrored, rgb, scaled, shown, yuv_to_rgb

_ALL: Final = (slice(None), slice(None))


@dataclass(frozen=True, slots=True)
class Colour:
    """What the planes mean. `model`: "yuv", "rgb" (planes in that order) or "gray".

    `colorspace`: the matrix, numbered as in H.273; `full_range`: black is 0 and white the maximum.
    """

    model: str
    colorspace: int = 6
    full_range: bool = False


class PlanarFrame(ABC):
    """Implements `core.frame.Frame` on top of `planes()`.

    Looking never changes the frame; what is clear in one of RGB is looked at on `ground`. The
    smallest brightness that was looked at is remembered, so
    that followers and detectors share the work; larger ones would add up in frames that wait.
    """

    ground = WHITE

    def __init__(self, span: Span, size: Size, orientation: Orientation, colour: Colour) -> None:
        self.span, self.size, self.orientation, self.colour = span, size, orientation, colour
        self._smallest: tuple[int, Picture] | None = None  # how often halved, and the brightness

    @property
    @abstractmethod
    def native(self) -> Any: ...

    @abstractmethod
    def planes(self) -> tuple[Plane, ...]: ...

    @abstractmethod
    def writable(self) -> tuple[Plane, ...]: ...

    def clear(self) -> Plane | None:
        """The alpha plane, of a frame that is not all opaque."""
        return None

    def on_black(self) -> PlanarFrame | None:
        """As promised by `SeeThrough`."""
        return None if self.clear() is None else OnBlack(self)

    @property
    def stored(self) -> Size:
        """The size of the picture as it is stored."""
        return self.orientation.stored(self.size)

    def luma(self, halvings: int) -> Picture:
        """As promised by `Frame`; read-only, and shared between callers."""
        bright = shown(self._half(halvings), self.orientation)
        bright.flags.writeable = False
        return bright

    def picture(self, size: Size, crop: Box | None = None) -> Picture:
        """As promised by `Frame`. `crop` is taken to the nearest whole pixels."""
        planes = self.planes()
        target = self.orientation.stored(size)
        part = None if crop is None else self._part(crop)
        chosen = [
            self._look(plane, target, part, luma=index == 0 and self.colour.model != "rgb")
            for index, plane in enumerate(planes[: 1 if self.colour.model == "gray" else 3])
        ]
        match self.colour.model:
            case "yuv":
                matrix = yuv_to_rgb(self.colour.colorspace, self.colour.full_range)
                image = rgb(chosen[0], chosen[1], chosen[2], matrix)
            case "rgb":
                image = cast(Picture, cv2.merge(chosen))
            case _:
                image = cast(Picture, cv2.merge((chosen[0],) * 3))
        return shown(image, self.orientation)

    def _forget(self) -> None:
        """The pixels are about to change: what was remembered is no longer true."""
        self._smallest = None

    def _half(self, halvings: int) -> Picture:
        """Brightness as stored, halved that many times."""
        count, bright = self._smallest or (0, self._brightness())
        if count > halvings:
            count, bright = 0, self._brightness()
        against = mirrored(self.orientation)
        for _ in range(count, halvings):
            bright = halved(bright, against)
        if self._smallest is None or halvings > self._smallest[0]:
            self._smallest = halvings, bright
        return bright

    def _brightness(self) -> Picture:
        """Luma; for RGB the green plane, which carries most of it."""
        plane = self.planes()[1 if self.colour.model == "rgb" else 0]
        return self._composed(plane)

    def _composed(self, plane: Plane, part: tuple[slice, slice] = _ALL) -> Picture:
        """The samples of `part` as bytes, on the ground where they are clear."""
        samples, alpha = bytes_of(plane.pixels[part], plane.depth), self.clear()
        if alpha is None:
            return samples
        return composed(samples, bytes_of(alpha.pixels[part], alpha.depth), self.ground)

    def _part(self, crop: Box) -> tuple[int, int, int, int]:
        """x0, y0, x1, y1 in whole stored pixels."""
        if not Box(0, 0, self.size.width, self.size.height).contains(crop):
            raise ValueError(f"the crop must lie inside {self.size}, got {crop.corners}")
        x0, y0, x1, y1 = (round(c) for c in self.orientation.to_stored(crop, self.size).corners)
        x0, y0 = min(x0, self.stored.width - 1), min(y0, self.stored.height - 1)
        return x0, y0, max(x1, x0 + 1), max(y1, y0 + 1)

    def _look(
        self, plane: Plane, target: Size, part: tuple[int, int, int, int] | None, *, luma: bool
    ) -> Picture:
        if part is not None:
            gx, gy = plane.grid
            x0, y0, x1, y1 = part[0] // gx, part[1] // gy, -(-part[2] // gx), -(-part[3] // gy)
            source = self._composed(plane, (slice(y0, y1), slice(x0, x1)))
        elif luma:
            source = self._half(self._halvings(target))
        else:
            source = self._composed(plane)
        return scaled(source, target.width, target.height)

    def _halvings(self, target: Size) -> int:
        """How often the brightness may be halved, without dropping a pixel, towards `target`."""
        width, height, count = self.stored.width, self.stored.height, 0
        while (
            width >= 2 * target.width
            and height >= 2 * target.height
            and not (width % 2 or height % 2)
        ):
            width, height, count = width // 2, height // 2, count + 1
        return count


class OnBlack(PlanarFrame):
    """Another frame, looked at on black."""

    ground = BLACK

    def __init__(self, frame: PlanarFrame) -> None:
        super().__init__(frame.span, frame.size, frame.orientation, frame.colour)
        self._frame = frame

    @property
    def native(self) -> Any:
        return self._frame.native

    def clear(self) -> Plane | None:
        return self._frame.clear()

    def planes(self) -> tuple[Plane, ...]:
        return self._frame.planes()

    def writable(self) -> tuple[Plane, ...]:
        raise TypeError("what is looked at is not painted on")


def read_only(samples: NDArray[Any]) -> Pixels:
    """The same samples, which this array refuses to change."""
    view = samples.view()
    view.flags.writeable = False
    return np.asarray(view)
