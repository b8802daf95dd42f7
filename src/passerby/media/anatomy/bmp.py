"""BMP: a header that says how large the pixels are."""

from __future__ import annotations

import struct
from pathlib import Path

from .facts import Anatomy

_PLAIN = 40  # bytes of the header of a plain picture


def look(path: Path) -> Anatomy:
    """Whether more is there than the header speaks of."""
    with path.open("rb") as file:
        length = file.seek(0, 2)
        file.seek(0)
        size, _, start, head, width, height, _, bits, packed = struct.unpack(
            "<IIIIiiHHI", file.read(34)[2:]
        )
    whole = start + (abs(width) * bits + 31) // 32 * 4 * abs(height) if not packed else size
    found = ["trailing data"] if 0 < whole < length else []
    return Anatomy(carries=(*found, *(["ICC profile"] if head >= 124 else [])))
