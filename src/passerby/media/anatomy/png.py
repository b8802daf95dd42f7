"""PNG and APNG: chunks in a row."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Final

from ..metadata import once
from .facts import Anatomy, TooMany, of_xmp

_KINDS: Final = {
    b"tEXt": "text", b"zTXt": "text", b"eXIf": "EXIF", b"iCCP": "ICC profile",
    b"tIME": "creation time", b"caBX": "content credentials",
}  # fmt: skip
_PICTURE: Final = frozenset(
    b"IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB sBIT pHYs bKGD hIST acTL fcTL fdAT cICP".split()
)
_TEXT: Final = 1 << 20  # bytes of a text that are looked at


@dataclass
class _Walk:
    found: list[str] = field(default_factory=list)
    lasts: list[Fraction] = field(default_factory=list)
    promised: int = 0
    loop: int = 1
    deep: bool = False
    told: tuple[int, int] | None = None
    shown_first: bool = False
    pixels: bool = False
    ended: bool = False


def look(path: Path, most: int) -> Anatomy:
    """`most`: pictures that are counted before this gives up."""
    walk = _Walk()
    with path.open("rb") as file:
        end = file.seek(0, 2)
        at = 8
        while at + 12 <= end and not walk.ended:
            file.seek(at)
            size, kind = struct.unpack(">I4s", file.read(8))
            body = b"" if kind in (b"IDAT", b"fdAT") else file.read(min(size, _TEXT))
            _note(walk, kind, body)
            if len(walk.lasts) > most or walk.promised > most:
                raise TooMany
            at += 12 + size
        if walk.ended and at < end:
            walk.found.append("trailing data")
    moving = walk.promised > 0 and len(walk.lasts) > 1
    if moving and not walk.shown_first:
        walk.found.append("second pictures")  # what programs show that know no animations
    broken = "breaks off" if walk.promised and len(walk.lasts) < walk.promised else ""
    return Anatomy(
        carries=once(walk.found),
        broken=broken,
        lasts=tuple(walk.lasts) if moving else (),
        loop=walk.loop,
        # An animation of one picture is a photo; its hidden still is not what is shown.
        first=0 if walk.shown_first or not walk.lasts else 1,
        deep=walk.deep,
        told=walk.told,
    )


def _note(walk: _Walk, kind: bytes, body: bytes) -> None:
    if kind == b"IHDR":
        walk.deep = body[8:9] == b"\x10"
    elif kind == b"IDAT":
        if not walk.pixels:
            walk.shown_first = bool(walk.lasts)
        walk.pixels = True
    elif kind == b"acTL" and len(body) >= 8:
        walk.promised, walk.loop = struct.unpack(">II", body[:8])
    elif kind == b"fcTL" and len(body) >= 26:
        amount, of = struct.unpack(">HH", body[20:24])
        walk.lasts.append(Fraction(amount, of or 100))
    elif kind == b"iTXt":
        walk.found += of_xmp(body) if body.startswith(b"XML:com.adobe.xmp") else ["text"]
    elif kind == b"cICP" and len(body) >= 2:
        walk.told = (body[0], body[1])
    elif kind == b"IEND":
        walk.ended = True
    elif kind in _KINDS:
        walk.found.append(_KINDS[kind])
        if kind in (b"tEXt", b"zTXt") and body.startswith(b"Raw profile type"):
            walk.found.append("EXIF" if b"exif" in body[:32] else "XMP")
    elif kind not in _PICTURE:
        walk.found.append("vendor data")
