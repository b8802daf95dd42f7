"""Walks the boxes of an MP4 or MOV and names the kinds of hidden data found.

Reads sizes and tags, never keeps content."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

_DEEPER: Final = {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts"}
_BOX_KINDS: Final = {
    b"udta": "container tags",
    b"meta": "container tags",
    b"uuid": "vendor data",
    b"keys": "container tags",
    b"XMP_": "XMP",
    b"tmcd": "timecode",
    b"PICT": "preview picture",
    b"pnot": "preview picture",
}
_EMPTY: Final = {b"free", b"skip", b"wide"}
_KNOWN_TOP: Final = {
    b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"moof", b"mfra", b"sidx", b"styp",
    b"uuid", b"meta", b"pnot", b"PICT", b"udta", b"emsg", b"ssix", b"prft", b"pdin", b"idat",
}  # fmt: skip
_XMP_UUID: Final = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_ENCRYPTED: Final = {b"sinf", b"pssh"}
_PICTURES: Final = frozenset(b"encv|hvc1|hev1|dvh1|dvhe|avc1|avc3|dva1|dvav|av01|dav1".split(b"|"))
_DOLBY: Final = frozenset({b"dvcC", b"dvvC", b"dvwC"})
ALONE: Final = "Dolby Vision alone"  # its base picture has colours that nothing else understands
_MOST_BOXES: Final = 20_000
# What is written where there is nothing to say: a list of tags with no tag in it.
_NO_TAGS: Final = re.compile(rb".{4}meta\0{4}.{4}hdlr.{8}mdirappl.{9}\0{3}\x08ilst", re.DOTALL)


def _boxes(file: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """(type, first byte of the body, end) of each box in a row; the last may be cut or odd."""
    at = start
    while at + 8 <= end:
        file.seek(at)
        head = file.read(16)
        size, kind = struct.unpack(">I4s", head[:8])
        body = at + 8
        if size == 1 and len(head) == 16:
            size, body = struct.unpack(">Q", head[8:])[0], at + 16
        elif size == 0:
            size = end - at
        if size < body - at:
            break
        yield kind, body, at + size
        at += size


def iso_kinds(path: Path) -> list[str]:
    """What an MP4 or MOV carries besides pictures and sound; "encrypted" when it is."""
    found: list[str] = []
    with path.open("rb") as file:
        end = file.seek(0, 2)
        queue, seen = [(0, end, True)], 0
        while queue and seen < _MOST_BOXES:
            first, last, top = queue.pop()
            after = first
            for kind, body, stop in _boxes(file, first, last):
                if top and (kind not in _KNOWN_TOP or stop > end):
                    break
                seen, after = seen + 1, stop
                found += _of_box(file, kind, body, min(stop, end))
                if kind in _DEEPER:
                    queue.append((body, min(stop, end), False))
                elif kind == b"stsd":
                    queue += _entries(file, body, min(stop, end))
            if top and after < end:
                found.append("trailing data")
    return found


def _of_box(file: BinaryIO, kind: bytes, body: int, stop: int) -> list[str]:
    if kind in _ENCRYPTED:
        return ["encrypted"]
    if kind in _DOLBY:
        file.seek(body)
        head = file.read(5)
        fits_nothing_else = len(head) == 5 and head[4] >> 4 == 0
        return ["Dolby Vision", *([ALONE] if fits_nothing_else else [])]
    if kind in (b"mvhd", b"tkhd", b"mdhd"):
        file.seek(body)
        head = file.read(20)
        wide = head[:1] == b"\1"
        return ["creation time"] if any(head[4 : 20 if wide else 12]) else []
    if kind in _EMPTY:
        return ["unused space with content"] if _has_content(file, body, stop) else []
    if kind == b"uuid":
        file.seek(body)
        return ["XMP" if file.read(16) == _XMP_UUID else "vendor data"]
    found = [_BOX_KINDS[kind]] if kind in _BOX_KINDS else []
    if kind in (b"udta", b"meta"):
        file.seek(body)
        content = file.read(min(stop - body, 1 << 20))
        if not content.translate(None, b"\0") or _NO_TAGS.fullmatch(content):
            return []
        if b"\xa9xyz" in content or b"loci" in content or b"location.ISO6709" in content:
            found.append("GPS")
        if b"XMP_" in content or b"<x:xmpmeta" in content:
            found.append("XMP")
        if b"chpl" in content:
            found.append("chapters")
    return found


def _entries(file: BinaryIO, body: int, stop: int) -> list[tuple[int, int, bool]]:
    """Where the boxes inside entries of an stsd lie that may tell of encryption, Dolby Vision."""
    return [
        (first + skip, last, False)
        for kind, first, last in _boxes(file, body + 8, stop)
        for skip in ((78,) if kind in _PICTURES else (28,) if kind == b"enca" else ())
    ]


def _has_content(file: BinaryIO, body: int, stop: int) -> bool:
    file.seek(body)
    left = stop - body
    while left > 0:
        block = file.read(min(left, 1 << 20))
        if not block:
            return False
        if block.strip(b"\0"):
            return True
        left -= len(block)
    return False
