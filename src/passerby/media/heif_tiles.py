"""How much of a HEIF photo that breaks off is there: tiles that lie behind its end are missing.

Phones cut a photo into tiles. The decoder leaves out those that it can't read and doesn't tell, so
the file's own list of places (ISO/IEC 23008-12) is asked.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Left:
    """`turn`: quarter turns anticlockwise between the coded picture and the shown one. `rows`: how
    many rows of the coded picture are there, if it is of tiles; else None."""

    turn: int
    rows: int | None


class _Reader:
    def __init__(self, data: bytes, at: int) -> None:
        self.data, self.at = data, at

    def take(self, size: int) -> int:
        part = self.data[self.at : self.at + size]
        if len(part) < size:
            raise ValueError("ends too early")
        self.at += size
        return int.from_bytes(part, "big")


def left_of(data: bytes) -> Left:
    """Raises ValueError where the file does not say, or is mirrored."""
    where = data.find(b"meta") - 4
    if where < 0:
        raise ValueError("no description")
    (size,) = struct.unpack_from(">I", data, where)
    meta = data[where : where + size]
    if len(meta) < size or b"imir" in meta:
        raise ValueError("not told")
    turns = {meta[m.end()] & 3 for m in re.finditer(rb"\0\0\0\x09irot", meta)}
    if len(turns) > 1:
        raise ValueError("turned in several ways")
    turn = next(iter(turns), 0)
    first = _Reader(meta, meta.index(b"pitm") + 4)
    primary = first.take(4) and first.take(4) if meta[first.at] else _short(first)
    tiles = _tiles(meta, primary)
    if not tiles:
        return Left(turn, None)
    places = _places(meta)
    rows, cols, height = _grid(meta, places[primary])
    tall = [h for h in _heights(meta) if (rows - 1) * h < height <= rows * h]
    if not tall or rows * cols != len(tiles):
        raise ValueError("a grid that makes no sense")
    there = 0
    for tile in tiles:
        method, extents = places[tile]
        if method != 0 or any(start + length > len(data) for start, length in extents):
            break
        there += 1
    return Left(turn, min(height, there // cols * max(tall)))


def _short(reader: _Reader) -> int:
    reader.take(4)
    return reader.take(2)


def _tiles(meta: bytes, primary: int) -> list[int]:
    """The items of which `primary` is made, in their order."""
    at = meta.find(b"iref")
    if at < 0:
        return []
    reader, end = _Reader(meta, at + 4), at - 4 + int.from_bytes(meta[at - 4 : at], "big")
    wide = 4 if reader.take(4) >> 24 else 2
    while reader.at + 8 <= end:
        stop = reader.at + reader.take(4)
        kind, origin = reader.take(4), reader.take(wide)
        if kind == int.from_bytes(b"dimg", "big") and origin == primary:
            return [reader.take(wide) for _ in range(reader.take(2))]
        reader.at = max(stop, reader.at)
    return []


def _places(meta: bytes) -> dict[int, tuple[int, list[tuple[int, int]]]]:
    """Item -> how it is kept (0: in the file, 1: in the description), and where its parts lie."""
    reader = _Reader(meta, meta.index(b"iloc") + 4)
    version = reader.take(4) >> 24
    sizes = reader.take(2)
    offset, length, base, index = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    wide = 4 if version == 2 else 2
    found = {}
    for _ in range(reader.take(wide)):
        item = reader.take(wide)
        method = reader.take(2) & 15 if version else 0
        reader.take(2)
        origin, parts = reader.take(base), []
        for _ in range(reader.take(2)):
            reader.take(index if version else 0)
            start = origin + reader.take(offset)
            parts.append((start, reader.take(length)))
        found[item] = (method, parts)
    return found


def _grid(meta: bytes, place: tuple[int, list[tuple[int, int]]]) -> tuple[int, int, int]:
    """Rows and columns of tiles, and the height of the whole, coded."""
    method, parts = place
    if method != 1 or not parts:
        raise ValueError("a grid kept elsewhere")
    reader = _Reader(meta, meta.index(b"idat") + 4 + parts[0][0])
    flags, rows, cols = reader.take(2), reader.take(1) + 1, reader.take(1) + 1
    wide = 4 if flags & 1 else 2
    reader.take(wide)
    return rows, cols, reader.take(wide)


def _heights(meta: bytes) -> list[int]:
    return [
        int.from_bytes(meta[m.end() + 8 : m.end() + 12], "big")
        for m in re.finditer(b"\0\0\0\x14ispe", meta)
    ]
