"""JPEG: segments up to the end of the picture, and whatever was hung on behind it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ..metadata import once
from .facts import Anatomy, of_xmp

_NEXT: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]", re.DOTALL)
_SIZED: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_HEADS: Final[tuple[tuple[int, bytes, tuple[str, ...]], ...]] = (
    (0xE0, b"JFIF", ()),
    (0xE0, b"JFXX", ("EXIF thumbnail",)),
    (0xE1, b"Exif\0", ("EXIF",)),
    (0xE2, b"ICC_PROFILE", ("ICC profile",)),
    (0xE2, b"MPF\0", ("second pictures",)),
    (0xE2, b"urn:iso:std:iso:ts:21496", ("gain map",)),
    (0xEB, b"JP", ("content credentials",)),
    (0xEE, b"Adobe", ()),
)


def look(path: Path) -> Anatomy:
    """Reads the file whole, and looks at its markers only."""
    data = path.read_bytes()
    found: list[str] = []
    scans, at = 0, 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        mark = data[at + 1]
        if mark == 0xD9:
            found += _behind(data[at + 2 :])
            break
        if mark == 0xFF or 0xD0 <= mark <= 0xD8 or mark == 0x01:
            at += 1 if mark == 0xFF else 2
            continue
        size = int.from_bytes(data[at + 2 : at + 4], "big")
        body = data[at + 4 : at + 2 + size]
        found += _of_segment(mark, body)
        at += 2 + max(2, size)
        if mark == 0xDA:
            scans += 1
            end = _NEXT.search(data, at)
            at = end.start() if end else len(data)
    return Anatomy(carries=once(found), scans=scans, lossy=True)


def _of_segment(mark: int, body: bytes) -> Iterator[str]:
    if mark == 0xFE:
        yield "JPEG comment"
    if not 0xE0 <= mark <= 0xEF:
        return
    if body.startswith(b"http://ns.adobe.com/x"):
        yield from of_xmp(body)
        return
    if body.startswith(b"Photoshop"):
        yield "Photoshop resources"
        if b"8BIM\x04\x04" in body:
            yield "IPTC"
        if b"8BIM\x04\x0c" in body or b"8BIM\x04\x09" in body:
            yield "preview picture"
        return
    for app, head, kinds in _HEADS:
        if mark == app and body.startswith(head):
            yield from kinds
            return
    yield "vendor data"


def _behind(data: bytes) -> Iterator[str]:
    """What follows the end of the picture, by its first bytes."""
    if not data.strip(b"\0"):
        return
    yield "trailing data"
    if b"ftyp" in data[:4096] or b"MotionPhoto_Data" in data:
        yield "motion video"
    if b"\xff\xd8\xff" in data[:65536]:
        yield "second pictures"
