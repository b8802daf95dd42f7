"""WebP, still and moving: RIFF chunks."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO, Final

from ..metadata import once
from .facts import Anatomy, TooMany, of_xmp

_KINDS: Final = {b"EXIF": "EXIF", b"ICCP": "ICC profile", b"C2PA": "content credentials"}
_PICTURE: Final = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF"})


def look(path: Path, most: int) -> Anatomy:
    """`most`: pictures that are counted before this gives up."""
    found: list[str] = []
    lasts: list[Fraction] = []
    loop, lossy = 1, False
    with path.open("rb") as file:
        end = file.seek(0, 2)
        file.seek(4)
        whole = 8 + int.from_bytes(file.read(4), "little")
        at = 12
        while at + 8 <= min(end, whole):
            file.seek(at)
            kind, size = struct.unpack("<4sI", file.read(8))
            lossy = lossy or kind == b"VP8 "
            if kind == b"ANIM":
                loop = int.from_bytes(file.read(6)[4:6], "little")
            elif kind == b"ANMF":
                head = file.read(16)
                lasts.append(Fraction(int.from_bytes(head[12:15], "little"), 1000))
                lossy = lossy or _lossy(file, at + 24, at + 8 + size)
                if len(lasts) > most:
                    raise TooMany
            elif kind == b"XMP ":
                found += of_xmp(file.read(min(size, 1 << 20)))
            elif kind in _KINDS:
                found.append(_KINDS[kind])
            elif kind not in _PICTURE:
                found.append("vendor data")
            at += 8 + size + size % 2
        if whole + whole % 2 < end:
            found.append("trailing data")
    return Anatomy(
        carries=once(found),
        broken="breaks off" if end < whole else "",
        lasts=tuple(lasts) if len(lasts) > 1 else (),
        loop=loop,
        lossy=lossy,
    )


def _lossy(file: BinaryIO, at: int, stop: int) -> bool:
    """Is the picture inside a frame's chunk coded in blocks?"""
    while at + 8 <= stop:
        file.seek(at)
        kind, size = struct.unpack("<4sI", file.read(8))
        if kind in (b"VP8 ", b"VP8L"):
            return bool(kind == b"VP8 ")
        at += 8 + size + size % 2
    return False
