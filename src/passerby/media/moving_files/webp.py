"""Moving WebP: pictures in frame chunks behind a header."""

from __future__ import annotations

import io
import struct
from fractions import Fraction
from typing import BinaryIO, Final

import numpy as np
from PIL import Image

from .canvas import Samples, changed

_MOST: Final = (1 << 24) - 1
_PICTURE: Final = (b"VP8 ", b"VP8L", b"ALPH")
_OVERWRITE: Final = 2  # not blended with what is there, and left when its time is over
_MOVES, _CLEAR = 0x02, 0x10


class WebpFile:
    """A `MovingFile`, lossless or of `quality`."""

    unit = Fraction(1, 1000)
    reduced = False

    def __init__(
        self,
        file: BinaryIO,
        size: tuple[int, int],
        loop: int,
        *,
        clear: bool,
        lossless: bool,
        quality: int,
    ) -> None:
        self._file, self._bands = file, 4 if clear else 3
        self._how = {"lossless": lossless, "quality": 50 if lossless else quality}
        self._before: Samples | None = None
        width, height = (side - 1 for side in size)
        file.write(b"RIFF\0\0\0\0WEBP")
        flags = _MOVES | (_CLEAR if clear else 0)
        self._chunk(b"VP8X", struct.pack("<I", flags) + _three(width) + _three(height))
        self._chunk(b"ANIM", struct.pack("<IH", 0, min(0xFFFF, loop)))

    def add(self, picture: Samples, lasts: int) -> None:
        if lasts > _MOST:
            raise ValueError("a WebP can't show one picture for so long")
        now = picture[..., : self._bands]
        x0, y0, x1, y1 = changed(self._before, now, step=2)
        head = b"".join(map(_three, (x0 // 2, y0 // 2, x1 - x0 - 1, y1 - y0 - 1, lasts)))
        body = self._coded(np.ascontiguousarray(now[y0:y1, x0:x1]))
        self._chunk(b"ANMF", head + bytes([_OVERWRITE]) + body)
        self._before = now.copy()

    def end(self) -> None:
        size = self._file.tell() - 8
        self._file.seek(4)
        self._file.write(struct.pack("<I", size))
        self._file.seek(size + 8)

    def _chunk(self, name: bytes, body: bytes) -> None:
        self._file.write(name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2))

    def _coded(self, part: Samples) -> bytes:
        """The chunks of one picture, taken out of the WebP that Pillow writes."""
        file = io.BytesIO()
        Image.fromarray(part).save(file, "WEBP", method=4, exact=True, **self._how)
        data, at, found = file.getvalue(), 12, b""
        while at < len(data):
            name, size = struct.unpack_from("<4sI", data, at)
            end = at + 8 + size + size % 2
            found += data[at:end] if name in _PICTURE else b""
            at = end
        return found


def _three(number: int) -> bytes:
    return struct.pack("<I", number)[:3]
