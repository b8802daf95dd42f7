"""Does a file hold all that its own structure announces, and only one film? Reads no content.

A demuxer stops at the end of a file without a word, so a copy that broke off half a second before
the end decodes like a whole one. What the file says of its own sizes tells the two apart.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

Part = tuple[int, bool]  # where a part ends, and whether a film begins with it

_SEGMENT, _CLUSTER, _EBML = 0x18538067, 0x1F43B675, 0x1A45DFA3
_PARTS: Final = frozenset(
    {_EBML, _CLUSTER, 0x114D9B74, 0x1549A966, 0x1654AE6B, 0x1C53BB6B, 0x1254C367, 0x1043A770,
     0x1941A469, 0xEC, 0xBF, 0xE7, 0xA7, 0xAB, 0xA3, 0xA0, 0x5854}
)  # fmt: skip
_BOXES: Final = frozenset(
    b"ftyp|moov|mdat|moof|mfra|sidx|styp|free|skip|wide|uuid|udta|meta|emsg|prft|pnot|PICT".split(
        b"|"
    )
)


class _Bytes:
    """A file as bytes. Read, not mapped: a disk that is pulled out is then an error, no crash."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._length = file, file.seek(0, 2)

    def __len__(self) -> int:
        return self._length

    def part(self, start: int, stop: int) -> bytes:
        """Fewer bytes where the file ends before."""
        self._file.seek(start)
        return self._file.read(stop - start)


def breaks_off(path: Path, family: str) -> str:
    """How the file at `path` ends before its structure does, in words; "" when it does not.

    `family`: the demuxer's first name. Of kinds that announce no sizes nothing can be said.
    """
    wanted, length, _ = _walked(path, family)
    if wanted <= length:
        return ""
    return f"breaks off: {length} of at least {wanted} bytes are there"


def films(path: Path, family: str) -> int:
    """How many films lie one behind the other in the file; players show the first one only."""
    return _walked(path, family)[2]


def _walked(path: Path, family: str) -> tuple[int, int, int]:
    """The most bytes that any part announces, the bytes that are there, and the films."""
    look, wanted, count = _LOOKS.get(family), 0, 0
    if look is None:
        return 0, 0, 1
    with path.open("rb") as file:
        data = _Bytes(file)
        with suppress(IndexError, struct.error, ValueError):
            for end, begins in look(data):
                wanted, count = max(wanted, end), count + begins
        return wanted, len(data), count


def _boxes(data: _Bytes) -> Iterator[Part]:
    """The outermost boxes of an MP4 or MOV."""
    at = 0
    while at + 8 <= len(data):
        size, name = struct.unpack(">I4s", data.part(at, at + 8))
        if name not in _BOXES:
            return  # something was put behind the film; players ignore it
        if size == 1:
            (size,) = struct.unpack(">Q", data.part(at + 8, at + 16))
        elif size == 0:
            return
        if size < 8:
            return
        at += size
        yield at, name == b"moov"


def _riff(data: _Bytes) -> Iterator[Part]:
    """The RIFF lists of an AVI; recorders that were cut off leave a size of zero."""
    at = 0
    while data.part(at, at + 4) == b"RIFF":
        (size,) = struct.unpack("<I", data.part(at + 4, at + 8))
        if not size:
            return
        first = data.part(at + 8, at + 12) == b"AVI "
        at += 8 + size
        yield at, first
        at += size % 2


def _elements(data: _Bytes) -> Iterator[Part]:
    """The elements of a Matroska file, and of its segments."""
    at = 0
    while at < len(data):
        name, at = _number(data, at, keep=True)
        yield at + 1, False
        size, at = _number(data, at, keep=False)
        yield at, False
        if name == _SEGMENT:
            yield at if size is None else at + size, True
        elif size is None:
            # A cluster whose recorder did not yet know its size: what follows lies in it.
            if name != _CLUSTER:
                return
        elif name in _PARTS:
            at += size
            yield at, False
        else:
            return  # something was put behind the film; players ignore it


def _number(data: _Bytes, at: int, *, keep: bool) -> tuple[int | None, int]:
    """An EBML number and where it ends; None for an unknown size."""
    first = data.part(at, at + 1)[0]
    length = 9 - first.bit_length()
    if length > 8:
        raise ValueError("no such number")
    value = int.from_bytes(data.part(at, at + length), "big")
    if not keep:
        value &= (1 << 7 * length) - 1
        if value == (1 << 7 * length) - 1:
            return None, at + length
    return value, at + length


_LOOKS: Final[dict[str, Callable[[_Bytes], Iterator[Part]]]] = {
    "mov": _boxes,
    "matroska": _elements,
    "avi": _riff,
}
