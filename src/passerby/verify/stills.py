"""Photos: JPEG markers, PNG and WebP chunks, against what a picture needs to be shown."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from typing import Final

from .bytes import CHUNK, Data, finding, printable, whole
from .credentials import Segments, walk_store
from .findings import Finding

# Within entropy-coded data 0xFF is followed by 0 (a literal 0xFF) or by a restart marker.
MARKER: Final = re.compile(rb"\xff[^\x00\xd0-\xd7]", re.DOTALL)
TABLES: Final = {0xDB: "DQT", 0xC4: "DHT", 0xDD: "DRI", 0xDA: "SOS"}
FRAMES: Final = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC9, 0xCA, 0xCB})
JFIF: Final = b"JFIF\0"
ADOBE: Final = b"Adobe"
METADATA: Final = (b"Exif\0", b"II*\0", b"MM\0*", b"JFXX\0")  # EXIF in markers and chunks, JFIF's
PICTURE: Final = b"\xff\xd8\xff"  # how a JPEG begins

PNG_CHUNKS: Final = frozenset(
    b"IHDR PLTE tRNS IDAT IEND sRGB gAMA cHRM cICP pHYs sBIT bKGD acTL fcTL fdAT".split()
)
WEBP_CHUNKS: Final = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF"})
WEBP_FRAME_CHUNKS: Final = frozenset({b"VP8 ", b"VP8L", b"ALPH"})
WEBP_CLAIMS: Final = 0x20 | 0x08 | 0x04  # VP8X: profile, EXIF, XMP


def walk_jpeg(data: Data) -> Iterator[Finding]:
    at = 2
    manifest = Segments()
    while True:
        if data[at] != 0xFF:
            raise ValueError("no marker where one must be")
        while data[at + 1] == 0xFF:  # padding
            at += 1
        marker = data[at + 1]
        if marker == 0xD9:
            if at + 2 < len(data):
                yield finding("trailing", "bytes after the end of the picture", at + 2)
            yield from manifest.walk()
            return
        (size,) = struct.unpack(">H", whole(data, at + 2, at + 4))
        body = whole(data, at + 4, at + 2 + size)
        if marker == 0xE0 and body.startswith(JFIF):
            if len(body) != 14 or body[12:14] != b"\0\0":
                yield finding("thumbnail", "a small copy of the picture in the JFIF header", at)
        elif marker == 0xEE and body.startswith(ADOBE):
            if len(body) != 12:
                yield finding("metadata", "more in the Adobe marker than a colour transform", at)
        elif not (marker in TABLES or marker in FRAMES or (marker == 0xEB and manifest.add(body))):
            yield finding("metadata", f"JPEG marker {_marker(marker)}", at)
            yield from _thumbnail(body, at)
        at += 2 + size
        if marker == 0xDA:
            end = MARKER.search(data, at)
            if end is None:
                raise ValueError("coded data without an end")
            at = end.start()


def _thumbnail(body: bytes, at: int) -> Iterator[Finding]:
    """Cameras put a small JPEG of the picture, often of the original, into its metadata."""
    if any(body.startswith(head) for head in METADATA) and PICTURE in body:
        yield finding("thumbnail", "a thumbnail inside the file, in its metadata", at)


def _marker(marker: int) -> str:
    if 0xE0 <= marker <= 0xEF:
        return f"APP{marker - 0xE0}"
    return "COM" if marker == 0xFE else f"{marker:02X}"


def walk_png(data: Data) -> Iterator[Finding]:
    at, manifests = 8, 0
    streams: dict[bytes, zlib._Decompress] = {}
    while True:
        size, name = struct.unpack(">I4s", whole(data, at, at + 8))
        body, end = at + 8, at + 12 + size
        if end > len(data):
            raise ValueError("a chunk reaches beyond the file")
        if name == b"caBX" and not manifests:
            manifests += 1
            yield from walk_store(whole(data, body, body + size))
        elif name not in PNG_CHUNKS:
            yield finding("metadata", f"PNG chunk {printable(name)}", at)
            yield from _thumbnail(whole(data, body, body + size), at)
        if zlib.crc32(data[at + 4 : body + size]).to_bytes(4, "big") != data[end - 4 : end]:
            yield finding("broken", "a chunk with a wrong checksum", at)
        if name == b"fcTL":  # the next frame's pixels are a stream of their own
            streams.pop(b"fdAT", None)
        if name in (b"IDAT", b"fdAT"):
            coded = data[body + (4 if name == b"fdAT" else 0) : body + size]
            stream = streams.setdefault(name, zlib.decompressobj())
            if _over(stream, coded):
                yield finding("trailing", "bytes behind the pixels, inside their chunk", at)
        at = end
        if name == b"IEND":
            if size:
                yield finding("metadata", "bytes inside the closing chunk", body)
            break
    if at < len(data):
        yield finding("trailing", "bytes after the end of the picture", at)


def _over(stream: zlib._Decompress, coded: bytes) -> bool:
    """Unpack, a bounded piece at a time, and say whether bytes are left behind the stream."""
    try:
        while coded and not stream.eof:
            stream.decompress(coded, CHUNK)
            coded = stream.unconsumed_tail
    except zlib.error as error:
        raise ValueError("pixels that can't be unpacked") from error
    return bool(stream.unused_data) or (stream.eof and bool(coded))


def walk_webp(data: Data) -> Iterator[Finding]:
    (size,) = struct.unpack("<I", whole(data, 4, 8))
    if 8 + size > len(data):
        raise ValueError("the file ends before its picture does")
    if 8 + size < len(data):
        yield finding("trailing", "bytes after the end of the picture", 8 + size)
    yield from _riff(data, 12, 8 + size, WEBP_CHUNKS)


def _riff(data: Data, at: int, stop: int, allowed: frozenset[bytes]) -> Iterator[Finding]:
    while at < stop:
        name, size = struct.unpack("<4sI", whole(data, at, at + 8))
        body, end = at + 8, at + 8 + size + size % 2
        if end > stop:
            raise ValueError("a chunk reaches beyond the file")
        if name not in allowed:
            yield finding("metadata", f"WebP chunk {printable(name)}", at)
            yield from _thumbnail(whole(data, body, body + size), at)
        elif name == b"VP8X" and (size != 10 or data[body] & WEBP_CLAIMS):
            yield finding("metadata", "the header speaks of metadata or a profile", at)
        elif name == b"ANMF":
            yield from _riff(data, body + 16, end, WEBP_FRAME_CHUNKS)
        if size % 2 and data[end - 1]:
            yield finding("hidden", "padding that is not blank", end - 1)
        at = end
