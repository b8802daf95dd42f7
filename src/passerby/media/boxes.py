"""Walks a file's outer structure (ISO boxes, JPEG segments, PNG and RIFF chunks) and names the
kinds of hidden data found. Reads sizes and tags, never keeps content."""

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
    """What an MP4, MOV or HEIF carries besides pictures and sound; "encrypted" when it is."""
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


def jpeg_kinds(path: Path) -> list[str]:
    """What a JPEG carries besides the picture, and behind it."""
    data = path.read_bytes()
    found, at = [], 2
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            break
        mark = data[at + 1]
        if mark == 0xFF:
            at += 1
            continue
        if mark == 0xD9:
            at += 2
            if data[at:].strip(b"\0"):
                found.append("trailing data")
            return found
        if 0xD0 <= mark <= 0xD8 or mark == 0x01:
            at += 2
            continue
        size = int.from_bytes(data[at + 2 : at + 4], "big")
        found += _of_segment(mark, data[at + 4 : at + 2 + size])
        at += 2 + max(2, size)
        if mark == 0xDA:
            at = _after_scan(data, at)
    return found


def _after_scan(data: bytes, at: int) -> int:
    """The next marker that is no restart and no stuffed byte."""
    while (at := data.find(b"\xff", at)) >= 0 and at + 1 < len(data):
        if data[at + 1] and not 0xD0 <= data[at + 1] <= 0xD7 and data[at + 1] != 0xFF:
            return at
        at += 1 if data[at + 1] == 0xFF else 2
    return len(data)


def _of_segment(mark: int, body: bytes) -> list[str]:
    if mark == 0xFE:
        return ["JPEG comment"]
    if not 0xE0 <= mark <= 0xEF:
        return []
    heads: tuple[tuple[bytes, list[str]], ...] = (
        (b"JFIF", []),
        (b"JFXX", ["EXIF thumbnail"]),
        (b"Exif\0", ["EXIF"]),
        (b"http://ns.adobe.com/xap", ["XMP"]),
        (b"http://ns.adobe.com/xmp", ["XMP"]),
        (b"ICC_PROFILE", ["ICC profile"]),
        (b"Photoshop", ["Photoshop resources", *(["IPTC"] if b"8BIM\x04\x04" in body else [])]),
        (b"MPF\0", ["second pictures"]),
        (b"Adobe", []),
        (b"FPXR", ["vendor data"]),
    )
    for head, kinds in heads:
        if body.startswith(head):
            return kinds
    return ["vendor data"]


_PNG_KINDS: Final = {
    b"tEXt": "text", b"zTXt": "text", b"iTXt": "text", b"eXIf": "EXIF", b"iCCP": "ICC profile",
    b"tIME": "creation time", b"caBX": "vendor data",
}  # fmt: skip
_PNG_PICTURE: Final = {
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"sBIT", b"pHYs",
    b"bKGD", b"hIST", b"acTL", b"fcTL", b"fdAT", b"cICP",
}  # fmt: skip


def png_kinds(path: Path) -> list[str]:
    """What a PNG carries besides the picture, and behind it."""
    found = []
    with path.open("rb") as file:
        end = file.seek(0, 2)
        at = 8
        while at + 12 <= end:
            file.seek(at)
            size, kind = struct.unpack(">I4s", file.read(8))
            if kind == b"iTXt" and file.read(17) == b"XML:com.adobe.xmp":
                found.append("XMP")
            elif kind in _PNG_KINDS:
                found.append(_PNG_KINDS[kind])
            elif kind not in _PNG_PICTURE:
                found.append("vendor data")
            at += 12 + size
            if kind == b"IEND":
                break
        if at < end:
            found.append("trailing data")
    return found


_RIFF_KINDS: Final = {b"EXIF": "EXIF", b"XMP ": "XMP", b"ICCP": "ICC profile"}
_RIFF_PICTURE: Final = {b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF"}


def webp_kinds(path: Path) -> list[str]:
    """What a WebP carries besides the picture, and behind it."""
    found = []
    with path.open("rb") as file:
        end = file.seek(0, 2)
        file.seek(4)
        whole = 8 + int.from_bytes(file.read(4), "little")
        at = 12
        while at + 8 <= min(end, whole):
            file.seek(at)
            kind, size = struct.unpack("<4sI", file.read(8))
            if kind in _RIFF_KINDS:
                found.append(_RIFF_KINDS[kind])
            elif kind not in _RIFF_PICTURE:
                found.append("vendor data")
            at += 8 + size + size % 2
        if whole + whole % 2 < end:
            found.append("trailing data")
    return found
