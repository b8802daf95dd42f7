"""A C2PA manifest store, box by box: what an output's may hold, and nothing else.

A store can carry thumbnails, earlier manifests of the original, places and names. One that holds
only a claim, its signature, the actions, the hashes and our own statement passes.
"""

from __future__ import annotations

import mmap
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ..core.errors import Unreadable
from .bytes import Data, blank, finding, whole
from .claims import modest
from .findings import Finding

UUID: Final = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")  # of the box in MP4 and MOV

_KIND: Final = bytes.fromhex("00110010800000aa00389b71")
_MANIFEST: Final = re.compile(rb"urn:c2pa:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PARTS: Final = {b"c2pa.assertions": b"c2as", b"c2pa.claim.v2": b"c2cl", b"c2pa.signature": b"c2cs"}
_SAID: Final = re.compile(
    rb"c2pa\.actions\.v2|c2pa\.hash\.(data|bmff\.v[23])|org\.passerby\.redaction"
)
_SALTED, _LABELLED = 16, 3

Part = tuple[bytes, bytes, int, int]  # kind, label, and where its contents start and end


def holds_store(path: Path) -> bool:
    """True when there may be a manifest store in the file at `path`, of whatever kind."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return data.find(b"jumdc2pa") >= 0
    except ValueError:  # an empty file
        return False
    except OSError as error:
        raise Unreadable("can't be read for verification", path=path) from error


def walk_store(data: Data) -> Iterator[Finding]:
    """What is in the store `data` that an output does not need; ValueError where it breaks."""
    for what in _strange(data):
        yield finding("metadata", f"a C2PA manifest with {what}", None)


def walk_box(data: Data, at: int, end: int) -> Iterator[Finding]:
    """The contents of the box of MP4 and MOV behind its UUID: a purpose, an offset, a store."""
    head = b"\0\0\0\0manifest\0" + bytes(8)
    if whole(data, at, at + len(head)) != head:
        yield finding("metadata", "a C2PA box that is no manifest", at)
        return
    at += len(head)
    (size,) = struct.unpack(">I", whole(data, at, at + 4))
    yield from walk_store(whole(data, at, at + size))
    if at + size > end or not blank(data, at + size, end):
        yield finding("hidden", "bytes behind a C2PA manifest", at)


class Segments:
    """The store of a JPEG, gathered from its APP11 segments."""

    def __init__(self) -> None:
        self._store = bytearray()
        self._number = b""

    def add(self, body: bytes) -> bool:
        """True when `body` is the store's next piece; False when it is something else."""
        number, count, header = body[2:4], int.from_bytes(body[4:8], "big"), body[8:16]
        if body[:2] != b"JP" or header[4:] != b"jumb" or len(header) < 8:
            return False
        if not self._store:
            self._store += body[8:]
            self._number, self._next = number, 2
            return count == 1
        if number != self._number or count != self._next or header != self._store[:8]:
            return False
        self._store += body[16:]
        self._next += 1
        return True

    def walk(self) -> Iterator[Finding]:
        """What the store holds that it should not, once all pieces are there."""
        if self._store:
            yield from walk_store(bytes(self._store))


def _strange(data: Data) -> Iterator[str]:
    stores = [_part(data, at, end) for at, end in _boxes(data, 0, len(data), b"jumb")]
    if [part[:2] for part in stores] != [(b"c2pa", b"c2pa")]:
        yield "more than one store"
        return
    manifests = [_part(data, at, end) for at, end in _inner(data, stores[0])]
    if len(manifests) != 1:
        yield "another manifest in it"
        return
    if manifests[0][0] != b"c2ma" or not _MANIFEST.fullmatch(manifests[0][1]):
        yield "a name of its own"
    seen = []
    for kind, label, at, end in (_part(data, *p) for p in _inner(data, manifests[0])):
        seen.append(label)
        if _PARTS.get(label) != kind:
            yield "a part that no output needs"
        elif label == b"c2pa.assertions":
            yield from _assertions(data, at, end)
        elif not _modest(data, at, end, label):
            yield "more in it than an output needs"
    if sorted(seen) != sorted(_PARTS):
        yield "parts missing or twice"


def _assertions(data: Data, at: int, end: int) -> Iterator[str]:
    seen = set()
    for kind, label, start, stop in (_part(data, *p) for p in _boxes(data, at, end, b"jumb")):
        if kind != b"cbor" or not _SAID.fullmatch(label) or label in seen:
            yield "an assertion that no output needs"
        elif not _modest(data, start, stop, label):
            yield "an assertion that says too much"
        seen.add(label)


def _modest(data: Data, at: int, end: int, label: bytes) -> bool:
    """Whether the one box of CBOR from `at` to `end` says no more than it must."""
    [(start, stop)] = _boxes(data, at, end, b"cbor")
    try:
        return modest(label.decode(), whole(data, start, stop))
    except (TypeError, AttributeError):  # a value of another kind than must be there
        return False


def _inner(data: Data, part: Part) -> Iterator[tuple[int, int]]:
    return _boxes(data, part[2], part[3], b"jumb")


def _part(data: Data, at: int, end: int) -> Part:
    """A superbox by its description, which comes first: type, label, perhaps a salt."""
    (size,) = struct.unpack(">I", whole(data, at, at + 4))
    stop = at + size
    kind, toggles = whole(data, at + 8, at + 24), whole(data, at + 24, at + 25)[0]
    if whole(data, at + 4, at + 8) != b"jumd" or kind[4:] != _KIND or stop > end:
        raise ValueError("a manifest's part without a description")
    if toggles & ~_SALTED != _LABELLED:
        raise ValueError("a manifest's part without a label, or with more than one")
    label, _, rest = whole(data, at + 25, stop).partition(b"\0")
    if toggles & _SALTED:  # random bytes that make the part's hash unguessable
        if rest[:8] not in (b"\0\0\0\x18c2sh", b"\0\0\0\x28c2sh") or len(rest) != rest[3]:
            raise ValueError("a description with more in it")
    elif rest:
        raise ValueError("a description with more in it")
    return kind[:4], label, stop, end


def _boxes(data: Data, at: int, end: int, wanted: bytes) -> Iterator[tuple[int, int]]:
    """Where the contents of each box from `at` to `end` are; ValueError if one is no `wanted`."""
    while at < end:
        size, name = struct.unpack(">I4s", whole(data, at, at + 8))
        if name != wanted or size < 8 or at + size > end:
            raise ValueError("a box that does not belong into a manifest")
        yield at + 8, at + size
        at += size
