"""A damaged photo's bytes, mended so that its decoder shows what is left of the picture.

A photo's decoder wants the whole file or nothing. So what is missing is stuffed with bytes that
mean nothing, and decoded twice with different stuffing: from the first row in which the two differ
on, nothing of the picture is left, and that part is painted over. No other memory is shown.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..core.errors import Truncated
from ..core.frame import Plane
from .faults import reading
from .heif_tiles import left_of

WHOLE: Final = "copy it again from where it came"
COARSE: Final = "breaks off: it is coarser than it was, and blank where nothing is left"
END_ONLY: Final = "breaks off, or is damaged, though all of its pixels can be read"
PARTLY: Final = "breaks off, or is damaged: {} % of the picture is missing and left grey"
_JUNK: Final = np.random.default_rng(7).integers(0, 255, 1 << 16, np.uint8).tobytes()  # no 255
_LONGEST: Final = 1 << 28  # bytes that are stuffed in
_BLOCK: Final = 64  # rows of the largest block that is filtered together


@dataclass(frozen=True, slots=True)
class Mended:
    """`data`: decodes. `others`: the same with other stuffing, of which some may not decode.
    `rows`: how many are there, where that is known without them. `margin`: how many rows before the
    first that differs may have suffered, where everything behind it is guesswork; None where each
    row is there or not. `coarse`: every part of the file adds to all rows. `turn`:
    quarter turns anticlockwise that its decoder gives the coded picture before showing it."""

    data: bytes
    others: tuple[Callable[[], bytes], ...] = ()
    rows: int | None = None
    margin: int | None = None
    coarse: bool = False
    turn: int = 0


def mended(path: Path, kind: str, *, scans: int = 1) -> Mended:
    """`scans`: passes over a JPEG's picture. Raises `Truncated` where nothing can be done."""
    with reading(path):
        data = path.read_bytes()
        match kind:
            case "jpeg":
                return _jpeg(data, coarse=scans > 1)
            case "png":
                made = _png(data)
            case "webp":
                made = _webp(data)
            case "gif":
                made = None  # no stuffing is sure to be a code that its decoder takes
            case "heif" | "avif":
                made = _heif(data, kind)
            case _:
                made = _stuffed(data, _announced(data), None)
    if made is None:
        raise unmendable(path)
    return made


def unmendable(path: Path) -> Truncated:
    """Nothing of the picture can be shown."""
    return Truncated("breaks off, or is damaged: nothing of it can be read", path=path, hint=WHOLE)


def missing_rows(one: Sequence[Plane], other: Sequence[Plane], fixed: Mended) -> NDArray[np.bool_]:
    """Row by row of the coded picture, whether two decodings show that nothing is left of it."""
    pairs = [
        (_coded(a, fixed.turn), _coded(b, fixed.turn)) for a, b in zip(one, other, strict=True)
    ]
    differs = np.zeros(pairs[0][0].shape[0], bool)
    for a, b in pairs:
        differs |= (a != b).any(axis=1)
    if fixed.margin is not None and differs.any():
        differs[max(0, int(differs.argmax()) - fixed.margin) :] = True
    return differs


def known_rows(planes: Sequence[Plane], fixed: Mended) -> NDArray[np.bool_]:
    """Row by row of the coded picture, whether it is missing by `fixed.rows`."""
    rows = _coded(planes[0], fixed.turn).shape[0]
    return np.arange(rows) >= (rows if fixed.rows is None else fixed.rows)


def _coded(plane: Plane, turn: int) -> NDArray[Any]:
    """The samples as the file has them, top row first; a view."""
    return np.rot90(plane.pixels, -turn)


def blank(planes: Sequence[Plane], rows: NDArray[np.bool_], turn: int) -> None:
    """In place, rows of the coded picture: grey; opaque where there is alpha, the fourth plane."""
    for index, plane in enumerate(planes):
        _coded(plane, turn)[rows] = plane.black if index == 3 else 1 << (plane.depth - 1)


def _jpeg(data: bytes, *, coarse: bool) -> Mended:
    """Without data its decoder shows plain grey."""

    def other() -> bytes:
        return data + _junk(len(data)) + b"\xff\xd9"

    return Mended(data + b"\xff\xd9", (other,), margin=0, coarse=coarse)


def _stuffed(data: bytes, end: int, margin: int | None) -> Mended | None:
    missing = end - len(data)
    if not 0 < missing < _LONGEST:
        return None

    def stuffed(junk: int) -> bytes:
        return data + _junk(junk).ljust(missing, b"\0")

    others = tuple(partial(stuffed, junk) for junk in (missing, 4096, 64, 8, 2) if junk <= missing)
    return Mended(stuffed(0), others, margin=margin)


def _junk(length: int) -> bytes:
    return (_JUNK * (1 + length // len(_JUNK)))[:length]


def _heif(data: bytes, kind: str) -> Mended | None:
    """Of a picture of tiles the rows of which all tiles are there; of another, what is alike.

    AVIF's decoder turns nothing.
    """
    made = _stuffed(data, _boxes_end(data), _BLOCK)
    try:
        left = left_of(data)
    except (ValueError, LookupError, struct.error):
        return None
    turn = left.turn if kind == "heif" else 0
    return None if made is None else replace(made, rows=left.rows, turn=turn)


def _boxes_end(data: bytes) -> int:
    """Where the last box of an MP4-like file ends, by what it says itself."""
    at = 0
    while at + 16 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        if size == 1:
            size = int.from_bytes(data[at + 8 : at + 16], "big")
        if size < 8:
            return 0
        at += size
    return at


def _announced(data: bytes) -> int:
    """Where the pixels of a BMP, or of a plain TIFF, end at the latest: four samples a pixel."""
    if data[:2] == b"BM" and len(data) >= 34:
        start, _, width, height, _, bits = struct.unpack("<IIiiHH", data[10:30])
        return int(start + (abs(width) * bits + 31) // 32 * 4 * abs(height))
    return len(data) + min(4 * len(data) + (1 << 16), 1 << 28)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The chunks of a PNG, the last of them perhaps not whole."""
    at = 8
    while at + 8 < len(data):
        size, name = struct.unpack(">I4s", data[at : at + 8])
        yield name, data[at + 8 : at + 8 + size]
        at += 12 + size


def _png(data: bytes) -> Mended | None:
    """The rows that unpack, then blank ones, as a PNG of the same kind."""
    kept, coded, head = b"", bytearray(), b""
    for name, body in _chunks(data):
        if name == b"IHDR" and len(body) == 13:
            head = body
        elif name == b"acTL":
            return None
        elif name == b"IDAT":
            coded += body
        elif name in (b"PLTE", b"tRNS", b"iCCP", b"cICP") and not coded:
            kept += _chunk(name, body)
    if not head:
        return None
    width, height, bits, colour, _, _, woven = struct.unpack(">IIBBBBB", head)
    samples = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}.get(colour)
    if samples is None or woven:
        return None
    row = 1 + (width * samples * bits + 7) // 8
    pixels = _unpacked(bytes(coded), row * height)
    rows = len(pixels) // row
    stuffed = bytes(pixels[: rows * row]).ljust(row * height, b"\0")
    body = _chunk(b"IHDR", head) + kept + _chunk(b"IDAT", zlib.compress(stuffed, 1))
    return Mended(data[:8] + body + _chunk(b"IEND", b""), rows=rows)


def _unpacked(coded: bytes, most: int) -> bytearray:
    """As much as unpacks, a piece at a time: behind damage everything would be lost otherwise."""
    stream, made, step = zlib.decompressobj(), bytearray(), 512
    try:
        for at in range(0, len(coded), step):
            made += stream.decompress(coded[at : at + step], max(1, most - len(made)))
            if len(made) >= most or stream.eof:
                break
    except zlib.error:
        pass
    return made[:most]


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _webp(data: bytes) -> Mended | None:
    """A still one is stuffed; a moving one keeps its whole pictures."""
    if b"ANMF" not in data[:200]:
        return _stuffed(data, 8 + int.from_bytes(data[4:8], "little"), _BLOCK)
    at, end = 12, 12
    while at + 8 <= len(data):
        at += 8 + (size := int.from_bytes(data[at + 4 : at + 8], "little")) + size % 2
        end = at if at <= len(data) else end
    return Mended(data[:4] + struct.pack("<I", end - 8) + data[8:end])
