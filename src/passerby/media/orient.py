"""Display matrices and EXIF numbers <-> the eight orientations."""

from __future__ import annotations

from typing import Final

import av
import numpy as np
from numpy.typing import NDArray

from ..core.geometry import Orientation, Size
from .native import bytes_of, side_data

# Where the stored x axis and y axis point when shown: x' = a x + c y, y' = b x + d y.
_AXES: Final = {
    Orientation.UP: (1, 0, 0, 1),
    Orientation.MIRROR: (-1, 0, 0, 1),
    Orientation.TURN_180: (-1, 0, 0, -1),
    Orientation.FLIP: (1, 0, 0, -1),
    Orientation.TRANSPOSE: (0, 1, 1, 0),
    Orientation.TURN_90: (0, 1, -1, 0),
    Orientation.TRANSVERSE: (0, -1, -1, 0),
    Orientation.TURN_270: (0, -1, 1, 0),
}
_ONE, _LAST = 1 << 16, 1 << 30


def from_matrix(numbers: NDArray[np.int32]) -> Orientation:
    """The nearest of the eight for the nine fixed-point numbers of a display matrix."""
    a, b, c, d = (float(numbers[i]) for i in (0, 1, 3, 4))
    return max(
        Orientation,
        key=lambda o: (sum(p * q for p, q in zip(_AXES[o], (a, b, c, d), strict=True)), -o),
    )


def of_frame(frame: av.VideoFrame) -> Orientation:
    """As the container, or the stream itself, says of this frame."""
    for item in side_data(frame):
        if item.type.name == "DISPLAYMATRIX":
            return from_matrix(np.frombuffer(bytes_of(item), np.int32))
    return Orientation.UP


def to_matrix(orientation: Orientation, stored: Size) -> list[int]:
    """Nine fixed-point numbers, moved so that the shown picture starts at (0, 0)."""
    a, b, c, d = _AXES[orientation]
    x = -min(0, a) * stored.width - min(0, c) * stored.height
    y = -min(0, b) * stored.width - min(0, d) * stored.height
    return [a * _ONE, b * _ONE, 0, c * _ONE, d * _ONE, 0, x * _ONE, y * _ONE, _LAST]


def from_exif(number: object) -> Orientation:
    """The orientation for an EXIF tag 274; anything that is not 1..8 is upright."""
    try:
        return Orientation(int(number))  # type: ignore[call-overload]  # caught
    except (TypeError, ValueError):
        return Orientation.UP
