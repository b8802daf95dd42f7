"""HEIF (HEIC, AVIF): boxes, and the items that a photo is made of."""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import Final

from ..metadata import once
from .facts import Anatomy, of_xmp

_TOP: Final = frozenset(
    {b"ftyp", b"meta", b"mdat", b"free", b"skip", b"moov", b"uuid", b"idat", b"mini", b"styp"}
)
_MOST: Final = 1 << 24  # bytes of a description that are looked at
_ITEMS: Final = {
    b"Exif": "EXIF",
    b"tmap": "gain map",
    b"uri ": "vendor data",
    b"jumb": "vendor data",
}
_AUX: Final = (
    (b"hdrgainmap", "gain map"),
    (b"21496", "gain map"),
    (b"depth", "depth map"),
    (b"auxid:2", "depth map"),
    (b"disparity", "depth map"),
)
_ALPHA: Final = (b"auxid:1", b"auxiliary:alpha")


def look(path: Path) -> Anatomy:
    """Names auxiliary pictures and metadata items; the picture itself is the decoder's affair."""
    found: list[str] = []
    broken, moves = "", False
    told: tuple[int, int] | None = None
    with path.open("rb") as file:
        end, at = file.seek(0, 2), 0
        while at + 8 <= end:
            file.seek(at)
            head = file.read(16)
            size, kind = struct.unpack(">I4s", head[:8])
            if size == 1 and len(head) == 16:
                (size,) = struct.unpack(">Q", head[8:])
            elif size == 0:
                size = end - at
            if kind not in _TOP or size < 8:
                found.append("trailing data")
                break
            if at + size > end:
                broken = "breaks off"
            file.seek(at + 8)
            body = file.read(min(size - 8, _MOST)) if kind in (b"meta", b"uuid") else b""
            if kind == b"meta":
                found += _of_meta(body)
                if told is None and (said := re.search(rb"colrnclx(..)(..)", body, re.DOTALL)):
                    told = (int.from_bytes(said[1], "big"), int.from_bytes(said[2], "big"))
            elif kind == b"uuid":
                found += of_xmp(body) if b"xmpmeta" in body else ["vendor data"]
            elif kind == b"ftyp":
                moves = b"avis" in head[8:12] or b"avis" in file.read(min(size - 8, 256))
            elif kind == b"moov" and not moves:
                found.append("second pictures")
            at += size
        else:
            if at < end:
                found.append("trailing data")
    return Anatomy(carries=once(found), broken=broken, lossy=True, told=told)


def _of_meta(body: bytes) -> list[str]:
    found = []
    thumbs = body.count(b"thmb")
    for entry in re.finditer(rb"infe([\2\3])...", body, re.DOTALL):
        skip = 4 if entry[1] == b"\2" else 6
        kind = body[entry.end() + skip : entry.end() + skip + 4]
        if kind in _ITEMS:
            found.append(_ITEMS[kind])
        elif kind == b"mime":
            rest = body[entry.end() + skip + 4 : entry.end() + skip + 64]
            found.append("XMP" if b"rdf+xml" in rest else "vendor data")
    found += ["EXIF thumbnail"] if thumbs else []
    for aux in re.finditer(rb"auxC\0{4}([^\0]{1,200})\0", body):
        kinds = [kind for mark, kind in _AUX if mark in aux[1]]
        if not kinds and not any(mark in aux[1] for mark in _ALPHA):
            kinds = ["auxiliary pictures"]
        found += kinds
    if b"colrprof" in body or b"colrrICC" in body:
        found.append("ICC profile")
    return found
