"""GIF, still and moving: blocks in a row."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Final

from ..metadata import once
from .facts import Anatomy, TooMany

_IMAGE, _MORE, _END = 0x2C, 0x21, 0x3B
_CONTROL, _COMMENT, _TEXT, _PROGRAM = 0xF9, 0xFE, 0x01, 0xFF
_LOOPS: Final = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
_PROGRAMS: Final = {b"XMP DataXMP": "XMP", b"ICCRGBG1012": "ICC profile"}


def look(path: Path, most: int) -> Anatomy:
    """`most`: pictures that are counted before this gives up."""
    data = path.read_bytes()
    found: list[str] = []
    lasts: list[Fraction] = []
    loop, delay = 1, Fraction(0)
    at = 13 + _table(data, 10)
    ended = False
    while at < len(data):
        block = data[at]
        if block == _END:
            ended = True
            break
        if block == _IMAGE:
            if len(lasts) >= most:
                raise TooMany
            lasts.append(delay)
            delay = Fraction(0)
            at = _past(data, at + 11 + _table(data, at + 9))
        elif block == _MORE:
            label, body = data[at + 1 : at + 2], data[at + 3 : at + 24]
            if label == bytes([_CONTROL]):
                delay = Fraction(int.from_bytes(body[1:3], "little"), 100)
            elif label == bytes([_COMMENT]):
                found.append("comment")
            elif label == bytes([_TEXT]):
                found.append("text")
            elif label == bytes([_PROGRAM]) and body[:11] in _LOOPS:
                again = int.from_bytes(body[13:15], "little")
                loop = again + 1 if again else 0
            else:
                found.append(_PROGRAMS.get(body[:11], "vendor data"))
            at = _past(data, at + 2)
        else:
            break
    if ended and data[at + 1 :].strip(b"\0"):
        found.append("trailing data")
    return Anatomy(
        carries=once(found),
        broken="" if ended else "breaks off, or is damaged",
        lasts=tuple(lasts) if len(lasts) > 1 else (),
        loop=loop,
    )


def _table(data: bytes, at: int) -> int:
    """Bytes of the colour table whose flags are at `at`."""
    flags = data[at] if at < len(data) else 0
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _past(data: bytes, at: int) -> int:
    """Past a row of sub-blocks; beyond the data where they don't end."""
    while at < len(data) and data[at]:
        at += 1 + data[at]
    return at + 1
