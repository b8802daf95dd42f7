"""What the walkers share: where bytes come from, and how a finding names a place in them."""

from __future__ import annotations

import mmap

from .findings import Finding

Data = bytes | mmap.mmap

CHUNK = 1 << 20


def finding(check: str, what: str, at: int | None) -> Finding:
    """A finding about the byte at offset `at` of the file."""
    where = "" if at is None else f" (byte {at})"
    return Finding(f"container.{check}", what + where)


def whole(data: Data, start: int, stop: int) -> bytes:
    """Bytes `start` to `stop`; raises `ValueError` where the file ends before."""
    if start > stop or stop > len(data):
        raise ValueError("a part reaches beyond the file")
    return data[start:stop]


def blank(data: Data, start: int, stop: int) -> bool:
    """Nothing but zeros from `start` to `stop`."""
    return all(
        not any(data[at : min(at + CHUNK, stop)].lstrip(b"\0")) for at in range(start, stop, CHUNK)
    )


def printable(name: bytes) -> str:
    """A box type or chunk name, for people: letters and digits, the rest as dots."""
    return "".join(chr(c) if 32 < c < 127 else "." for c in name)
