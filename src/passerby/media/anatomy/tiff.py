"""TIFF and BigTIFF: directories of tags. Which are pages, and what the others hold."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from ..metadata import once
from .facts import Anatomy, TooMany

_RAW: Final = frozenset({50706, 33421, 33422, 50717, 50752})  # DNG version, colour filters, levels
_RAW_NAMES: Final = frozenset(
    {".dng", ".nef", ".nrw", ".cr2", ".arw", ".sr2", ".srf", ".pef", ".srw", ".3fr", ".fff",
     ".iiq", ".dcr", ".kdc", ".mef", ".mos", ".erf"}
)  # fmt: skip
# Needed to show the picture; everything else tells something.
_PLAIN: Final = frozenset(
    {254, 255, 256, 257, 258, 259, 262, 266, 273, 274, 277, 278, 279, 280, 281, 282, 283, 284,
     292, 293, 296, 317, 318, 319, 320, 321, 322, 323, 324, 325, 332, 338, 339, 347, 512, 513, 514,
     515, 517, 519, 520, 521, 529, 530, 531, 532}
)  # fmt: skip
_KINDS: Final = {
    700: "XMP", 33723: "IPTC", 34377: "Photoshop resources", 34665: "EXIF", 34675: "ICC profile",
    34853: "GPS", 330: "second pictures", 37724: "Photoshop resources", 37500: "maker notes",
}  # fmt: skip
_KIND, _COMPRESSION, _BITS = 254, 259, 258
_REDUCED, _MASK = 1, 4
_JPEG: Final = (6, 7)
_MOST_TAGS: Final = 4096


@dataclass(frozen=True, slots=True)
class _Layout:
    """How numbers are written: byte order, and the sizes of BigTIFF or of plain TIFF."""

    order: str
    big: bool

    def read(self, file: BinaryIO, code: str) -> int:
        size = struct.calcsize(self.order + code)
        (value,) = struct.unpack(self.order + code, file.read(size))
        return int(value)


def look(path: Path, most: int) -> Anatomy:
    """`most`: pictures that are counted before this gives up."""
    found: list[str] = []
    pages: list[int] = []
    deep = lossy = raw = False
    with path.open("rb") as file:
        for number, tags in enumerate(_directories(file, most)):
            raw = raw or bool(tags.keys() & _RAW)
            kind = tags.get(_KIND, 0)
            found += [_KINDS[tag] for tag in tags if tag in _KINDS]
            if tags.keys() - _PLAIN - _KINDS.keys():
                found.append("TIFF tags")
            if kind & (_REDUCED | _MASK):
                found.append("second pictures")
                raw = raw or number == 0
            else:
                pages.append(number)
                deep = deep or tags.get(_BITS, 8) > 8
                lossy = lossy or tags.get(_COMPRESSION) in _JPEG
    return Anatomy(
        carries=once(found),
        broken="" if pages else "holds no page",
        pages=tuple(pages),
        deep=deep,
        lossy=lossy,
        raw=raw or path.suffix.lower() in _RAW_NAMES,
    )


def _directories(file: BinaryIO, most: int) -> list[dict[int, int]]:
    """The tags of each directory in the chain, with their values where those are short."""
    order = "<" if file.read(2) == b"II" else ">"
    (magic,) = struct.unpack(order + "H", file.read(2))
    layout = _Layout(order, magic == 43)
    if layout.big:
        file.seek(8)
    at = layout.read(file, "Q" if layout.big else "I")
    seen: set[int] = set()
    whole: list[dict[int, int]] = []
    while at and at not in seen:
        if len(whole) > most:
            raise TooMany
        seen.add(at)
        file.seek(at)
        count = layout.read(file, "Q" if layout.big else "H")
        if count > _MOST_TAGS:
            raise struct.error("more tags than any picture has")
        tags: dict[int, int] = {}
        for _ in range(count):
            tag, kind = layout.read(file, "H"), layout.read(file, "H")
            length = layout.read(file, "Q" if layout.big else "I")
            value = file.read(8 if layout.big else 4)
            tags[tag] = _value(layout, file, kind, length, value)
        whole.append(tags)
        at = layout.read(file, "Q" if layout.big else "I")
    return whole


def _value(layout: _Layout, file: BinaryIO, kind: int, length: int, value: bytes) -> int:
    """The first number of a short or long; of several that lie elsewhere, the first there."""
    codes = {1: "B", 3: "H", 4: "I"}
    if kind not in codes or not length:
        return 0
    code = layout.order + codes[kind]
    size = struct.calcsize(code)
    if size * length > len(value):
        back = file.tell()
        (where,) = struct.unpack(layout.order + ("Q" if layout.big else "I"), value)
        file.seek(where)
        value = file.read(size)
        file.seek(back)
    return int(struct.unpack(code, value[:size])[0])
