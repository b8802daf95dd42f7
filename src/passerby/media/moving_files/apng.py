"""APNG: a PNG with more pictures behind the first."""

from __future__ import annotations

import io
import struct
import zlib
from fractions import Fraction
from typing import BinaryIO, Final

import numpy as np
from PIL import Image

from .canvas import Samples, changed

_MOST: Final = 0xFFFF


class ApngFile:
    """A `MovingFile` of RGB or, if `clear`, RGBA. `unit`: seconds of the clock, 1/n for n < 65536,
    or times are written in milliseconds."""

    reduced = False

    def __init__(
        self, file: BinaryIO, size: tuple[int, int], loop: int, unit: Fraction, *, clear: bool
    ) -> None:
        self._file, self._size, self._loop, self._bands = file, size, loop, 4 if clear else 3
        self.unit = unit if unit.numerator == 1 and unit.denominator <= _MOST else Fraction(1, 1000)
        self._before: Samples | None = None
        self._frames = self._sequence = 0
        file.write(b"\x89PNG\r\n\x1a\n")
        self._chunk(b"IHDR", struct.pack(">IIBBBBB", *size, 8, 6 if clear else 2, 0, 0, 0))
        self._at = file.tell()
        self._chunk(b"acTL", struct.pack(">II", 0, loop))

    def add(self, picture: Samples, lasts: int) -> None:
        time = Fraction(lasts) * self.unit
        while time.numerator > _MOST or time.denominator > _MOST:
            if time >= _MOST:
                raise ValueError("an APNG can't show one picture for so long")
            time = time.limit_denominator(_MOST // (int(time) + 1))
        now = picture[..., : self._bands]
        x0, y0, x1, y1 = changed(self._before, now)
        place = struct.pack(">IIII", x1 - x0, y1 - y0, x0, y0)
        self._chunk(
            b"fcTL",
            self._next() + place + struct.pack(">HHBB", time.numerator, time.denominator, 0, 0),
        )
        for coded in _pixels(np.ascontiguousarray(now[y0:y1, x0:x1])):
            if self._frames:
                self._chunk(b"fdAT", self._next() + coded)
            else:
                self._chunk(b"IDAT", coded)
        self._before = now.copy()
        self._frames += 1

    def end(self) -> None:
        self._chunk(b"IEND", b"")
        end = self._file.tell()
        self._file.seek(self._at)
        self._chunk(b"acTL", struct.pack(">II", self._frames, self._loop))
        self._file.seek(end)

    def _next(self) -> bytes:
        self._sequence += 1
        return struct.pack(">I", self._sequence - 1)

    def _chunk(self, name: bytes, body: bytes) -> None:
        check = struct.pack(">I", zlib.crc32(name + body))
        self._file.write(struct.pack(">I", len(body)) + name + body + check)


def _pixels(part: Samples) -> list[bytes]:
    """The compressed pixels of one picture, taken out of the PNG that Pillow writes."""
    file = io.BytesIO()
    Image.fromarray(part).save(file, "PNG", compress_level=4)
    data, at = file.getvalue(), 8
    found = []
    while at < len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        if name == b"IDAT":
            found.append(data[at + 8 : at + 8 + size])
        at += 12 + size
    return found
