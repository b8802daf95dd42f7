"""HDR mastering data out of a decoded frame: how it was graded, in numbers, and nothing else."""

from __future__ import annotations

import struct
from fractions import Fraction
from typing import Final

import av

from .encoders import Volume
from .native import bytes_of, side_data

# Ten fractions as pairs of numbers (red, green, blue, white, least and most light), then
# whether the colours and the light are given: FFmpeg's AVMasteringDisplayMetadata.
_DISPLAY: Final = struct.Struct("=20iii")
_LIGHT: Final = struct.Struct("=II")


def volume_of(frame: av.VideoFrame) -> Volume | None:
    """None where the frame says nothing, or nothing that makes sense."""
    display, light = None, None
    for item in side_data(frame):
        data = bytes_of(item)
        if item.type.name == "MASTERING_DISPLAY_METADATA" and len(data) >= _DISPLAY.size:
            display = _display(data)
        elif item.type.name == "CONTENT_LIGHT_LEVEL" and len(data) >= _LIGHT.size:
            most, mean = _LIGHT.unpack_from(data)
            light = (most, mean) if 0 < most < 1 << 16 and mean < 1 << 16 else None
    return None if display is None and light is None else Volume(display, light)


def _display(data: bytes) -> tuple[Fraction, ...] | None:
    *numbers, colours, light = _DISPLAY.unpack_from(data)
    pairs = list(zip(numbers[::2], numbers[1::2], strict=True))
    if not (colours and light) or any(below <= 0 for _, below in pairs):
        return None
    *points, least, most = (Fraction(above, below) for above, below in pairs)
    if not all(0 <= p <= 1 for p in points) or not 0 <= least < most <= 10_000:
        return None
    return (*points, most, least)
