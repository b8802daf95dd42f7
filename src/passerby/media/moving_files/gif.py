"""GIF: every picture has its own palette; what did not change is not written again."""

from __future__ import annotations

import io
import struct
from fractions import Fraction
from typing import BinaryIO, Final

import numpy as np
from PIL import Image

from .canvas import Samples, changed

_KEEP, _CLEAR = 1, 2  # what becomes of a picture when its time is over
_MOST: Final = 0xFFFF
_OPAQUE: Final = 128  # alpha from which a pixel is drawn


class GifFile:
    """A `MovingFile`. One picture is held back: the next one says what becomes of it."""

    unit = Fraction(1, 100)

    def __init__(self, file: BinaryIO, size: tuple[int, int], loop: int) -> None:
        self._file, self._size = file, size
        self._held: tuple[Samples, int] | None = None
        self._shown: Samples | None = None  # what is on the canvas before the held one
        self.reduced = False
        file.write(b"GIF89a" + struct.pack("<HHBBB", *size, 0x70, 0, 0))
        if loop != 1:
            again = min(0xFFFF, max(0, loop - 1))
            file.write(b"\x21\xff\x0bNETSCAPE2.0\x03\x01" + struct.pack("<H", again) + b"\0")

    def add(self, picture: Samples, lasts: int) -> None:
        if lasts > _MOST:
            raise ValueError("a GIF can't show one picture for so long")
        now = _sharp(picture)
        if self._held is not None:
            self._write(clear=bool((now[..., 3] == 0).any()))
        self._held = (now, lasts)

    def end(self) -> None:
        if self._held is not None:
            self._write(clear=False)
        self._file.write(b"\x3b")

    def _write(self, *, clear: bool) -> None:
        """The held picture; `clear`: the next one needs an empty canvas, so this one is whole."""
        assert self._held is not None
        now, lasts = self._held
        x0, y0, x1, y1 = changed(None if clear else self._shown, now)
        part, holes = self._coded(np.ascontiguousarray(now[y0:y1, x0:x1]))
        flags = (_CLEAR if clear else _KEEP) << 2 | (holes is not None)
        self._file.write(b"\x21\xf9\x04" + struct.pack("<BHB", flags, lasts, holes or 0) + b"\0")
        table, body = _image(part)
        bits = (len(table) // 3).bit_length() - 2
        self._file.write(b"\x2c" + struct.pack("<HHHHB", x0, y0, x1 - x0, y1 - y0, 0x80 | bits))
        self._file.write(table + body)
        self._shown = None if clear else now

    def _coded(self, part: Samples) -> tuple[Image.Image, int | None]:
        """The part in at most 256 colours, and the number of the one that is no colour."""
        solid = part[..., 3] > 0
        whole = bool(solid.all())
        most = 256 if whole else 255
        colour = Image.fromarray(np.ascontiguousarray(part[..., :3]))
        flat = _exact(part[..., :3], most)
        if flat is None:
            self.reduced = True
            few = colour.quantize(most, method=Image.Quantize.MEDIANCUT)
            flat = colour.quantize(palette=few, dither=Image.Dither.FLOYDSTEINBERG)
        if whole:
            return flat, None
        palette = (flat.getpalette("RGB") or [])[: 3 * most]
        hole = len(palette) // 3
        made = Image.fromarray(np.where(solid, np.asarray(flat), hole).astype(np.uint8), "P")
        made.putpalette([*palette, 0, 0, 0])
        return made, hole


def _sharp(picture: Samples) -> Samples:
    """RGBA in which a pixel is either there, or clear and black."""
    if picture.shape[2] == 3:
        opaque = np.full(picture.shape[:2], 255, np.uint8)
        return np.dstack((picture, opaque))
    there = picture[..., 3:] >= _OPAQUE
    made: Samples = np.where(there, picture, 0).astype(np.uint8)
    made[..., 3:][there] = 255
    return made


def _exact(colours: Samples, most: int) -> Image.Image | None:
    """The part with every colour it has, if those are few enough; None if they are not."""
    wide = colours.astype(np.uint32)
    codes = wide[..., 0] << 16 | wide[..., 1] << 8 | wide[..., 2]
    found, index = np.unique(codes, return_inverse=True)
    if len(found) > most:
        return None
    made = Image.fromarray(index.reshape(codes.shape).astype(np.uint8), "P")
    made.putpalette(
        np.stack((found >> 16, found >> 8 & 255, found & 255), 1).astype(np.uint8).tobytes()
    )
    return made


def _image(part: Image.Image) -> tuple[bytes, bytes]:
    """Colour table and coded pixels of one picture, taken out of the GIF that Pillow writes."""
    file = io.BytesIO()
    part.save(file, "GIF", optimize=False, interlace=False)
    data = file.getvalue()
    size = 3 << ((data[10] & 7) + 1)
    table, at = data[13 : 13 + size], 13 + size
    while data[at] == 0x21:  # extensions
        at += 2
        while data[at]:
            at += 1 + data[at]
        at += 1
    local = data[at + 9]
    at += 10
    if local & 0x80:
        size = 3 << ((local & 7) + 1)
        table, at = data[at : at + size], at + size
    return table, data[at:-1]
