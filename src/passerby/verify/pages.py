"""TIFF and BMP: tags and headers against what a picture needs, every byte accounted for."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from .bytes import Data, blank, finding, whole
from .findings import Finding

SIZES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
OFFSETS, COUNTS = 273, 279
# Size, bits, compression, meaning of colours, strips, samples, predictor, alpha, sample format.
NEEDED: Final = frozenset({256, 257, 258, 259, 262, 273, 277, 278, 279, 284, 317, 338, 339})
BMP_HEAD: Final = 14


def walk_tiff(data: Data) -> Iterator[Finding]:
    order = "<" if data[:2] == b"II" else ">"
    used = [(0, 8)]
    (at,) = struct.unpack(order + "I", whole(data, 4, 8))
    seen = set()
    while at:
        if at in seen:
            raise ValueError("directories in a circle")
        seen.add(at)
        (count,) = struct.unpack(order + "H", whole(data, at, at + 2))
        end = at + 2 + 12 * count
        used.append((at, end + 4))
        strips: dict[int, tuple[int, ...]] = {}
        for entry in range(at + 2, end, 12):
            tag, kind, number = struct.unpack(order + "HHI", whole(data, entry, entry + 8))
            if tag not in NEEDED:
                yield finding("metadata", f"TIFF tag {tag}", entry)
            size = SIZES.get(kind, 0) * number
            place = entry + 8
            if size > 4:
                (place,) = struct.unpack(order + "I", whole(data, place, place + 4))
                used.append((place, place + size))
            elif not blank(data, place + size, place + 4):
                yield finding("hidden", "padding that is not blank", place)
            if tag in (OFFSETS, COUNTS) and kind in (3, 4):
                code = f"{order}{number}{'H' if kind == 3 else 'I'}"
                strips[tag] = struct.unpack(code, whole(data, place, place + size))
        used += [
            (start, start + size)
            for start, size in zip(strips[OFFSETS], strips[COUNTS], strict=True)
        ]
        (at,) = struct.unpack(order + "I", whole(data, end, end + 4))
    yield from _unused(data, used, seen, order)


def _unused(
    data: Data, used: list[tuple[int, int]], directories: set[int], order: str
) -> Iterator[Finding]:
    """Bytes that no directory speaks of.

    A few blank ones may align what follows, and a page that was added may begin with a header of
    its own, which says where its directory is, counted from itself.
    """
    at = 0
    headers = [
        (start - 8, start)
        for start, _ in used
        if start > 8
        and data[start - 8 : start - 4] == data[:4]
        and start - 8 + struct.unpack(order + "I", data[start - 4 : start])[0] in directories
    ]
    used = [*used, *headers]
    for start, stop in sorted(used):
        if stop > len(data):
            raise ValueError("a part reaches beyond the file")
        if start > at and not (start - at < 16 and blank(data, at, start)):
            yield finding("hidden", "bytes that belong to no page", at)
        at = max(at, stop)
    if at < len(data) and not (len(data) - at < 16 and blank(data, at, len(data))):
        yield finding("trailing", "bytes after the last page", at)


def walk_bmp(data: Data) -> Iterator[Finding]:
    size, reserved, start, head, width, height, _, bits, packed = struct.unpack(
        "<IIIIiiHHI", whole(data, 2, 34)
    )
    (colours,) = struct.unpack("<I", whole(data, 46, 50))
    if reserved:
        yield finding("hidden", "a reserved field that is not blank", 6)
    if head != 40 or packed:
        yield finding("metadata", "a header of more than a plain picture needs", 14)
        return
    if start != BMP_HEAD + head + 4 * colours:
        yield finding("hidden", "bytes between the header and the pixels", BMP_HEAD + head)
    row = (width * bits + 31) // 32 * 4
    end = start + row * abs(height)
    if end > len(data):
        raise ValueError("pixels reach beyond the file")
    if end < len(data) or size != len(data):
        yield finding("trailing", "bytes after the end of the picture", end)
    padding = row - (width * bits + 7) // 8
    if padding and any(
        data[at - padding : at].strip(b"\0") for at in range(start + row, end + 1, row)
    ):
        yield finding("hidden", "padding that is not blank", start)
