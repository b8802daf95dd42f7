"""Which files are only sound, by their first bytes, and what they carry besides it.

Reads sizes and names of parts, never keeps content.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from .boxes import iso_kinds
from .elements import mkv_kinds

_W64: Final = b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00"
_MAGIC: Final = (
    (b"fLaC", "flac"),
    (_W64, "w64"),
    (b"ID3", "mp3,aac,flac"),
    (b"caff", "caf"),
    (b".snd", "au"),
    (b"#!AMR", "amr"),
)
_CHUNKS: Final = {
    b"bext": "broadcast data",
    b"iXML": "production notes",
    b"axml": "production notes",
    b"cart": "radio cart",
    b"LIST": "container tags",
    b"id3 ": "ID3 tag",
    b"ID3 ": "ID3 tag",
    b"_PMX": "XMP",
    b"cue ": "cue points",
    b"plst": "cue points",
    b"MARK": "cue points",
    b"smpl": "sampler data",
    b"inst": "sampler data",
    b"INST": "sampler data",
    b"umid": "broadcast data",
    b"C2PA": "C2PA manifest",
    b"NAME": "container tags",
    b"AUTH": "container tags",
    b"(c) ": "container tags",
    b"ANNO": "container tags",
    b"COMT": "container tags",
    b"APPL": "vendor data",
}
_BLANK: Final = frozenset({b"JUNK", b"PAD ", b"FLLR", b"junk", b"FILR"})
_NEEDED: Final = frozenset(b"fmt |data|fact|ds64|PEAK|COMM|SSND|FVER|chna|levl".split(b"|"))
_BLOCKS: Final = {2: "vendor data", 5: "cue points", 6: "cover picture"}
_ID3_END: Final = 128
_MOST: Final = 10_000
UNKNOWN_SIZES: Final = frozenset(
    {0, 0xFFFFFFFF, 0x7FFFFFFF, 0x7FFFF000}
)  # of whoever can't go back


def sound_formats(head: bytes) -> str | None:
    """FFmpeg's names of what a file may be that begins so; None where it may be no sound alone.

    Formats of sound recognise themselves in much that is none, so their own marks decide first.
    """
    if head[8:12] == b"WAVE" and head[:4] in (b"RIFF", b"RF64", b"BW64"):
        return "wav"
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return "aiff"
    for magic, names in _MAGIC:
        if head.startswith(magic):
            return names
    if len(head) > 3 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0:
        layer, known = head[1] >> 1 & 3, head[2] >> 4 != 15 and head[2] >> 2 & 3 != 3
        if layer and known and head[1] >> 3 & 3 != 1:
            return "mp3"
        if not layer and head[1] & 0xF0 == 0xF0 and head[2] >> 2 & 15 < 13:
            return "aac"
    return None


def sound_kinds(path: Path, name: str) -> list[str]:
    """What a file that is only sound carries besides it, as its bytes show."""
    match name:
        case "m4a":
            return iso_kinds(path)
        case "mka" | "webm":
            return mkv_kinds(path)
    with path.open("rb") as file:
        match name:
            case "wav" | "aiff":
                return list(_of_chunks(file, "<" if name == "wav" else ">"))
            case "flac":
                return [*_of_id3(file), *_of_blocks(file)]
            case "mp3" | "aac":
                return [*_of_id3(file), *_of_end(file)]
    return []


def chunks(file: BinaryIO, order: str) -> Iterator[tuple[bytes, int, int]]:
    """(name, first byte, declared size) of each chunk of a WAV (order "<") or AIFF (">")."""
    end, at = file.seek(0, 2), 12
    for _ in range(_MOST):
        if at + 8 > end:
            return
        file.seek(at)
        name, size = struct.unpack(order + "4sI", file.read(8))
        yield name, at + 8, size
        at += 8 + size + size % 2


def _of_chunks(file: BinaryIO, order: str) -> Iterator[str]:
    end, after = file.seek(0, 2), 12
    for name, at, size in chunks(file, order):
        if name in _BLANK:
            file.seek(at)
            if file.read(min(size, end - at, 1 << 20)).strip(b"\0"):
                yield "unused space with content"
        elif name in _CHUNKS:
            yield _CHUNKS[name]
        elif name not in _NEEDED:
            yield "vendor data"
        if name == b"data" and size in UNKNOWN_SIZES:
            return
        after = at + size + size % 2
    if after < end:
        yield "trailing data"


def _of_id3(file: BinaryIO) -> Iterator[str]:
    if tag_size(file):
        yield "ID3 tag"


def tag_size(file: BinaryIO) -> int:
    """Bytes of the ID3v2 tag at the start of the file; 0 if there is none."""
    file.seek(0)
    head = file.read(10)
    if len(head) < 10 or not head.startswith(b"ID3"):
        return 0
    size = 0
    for byte in head[6:]:
        size = size << 7 | byte & 0x7F
    return size + 10


def _of_blocks(file: BinaryIO) -> Iterator[str]:
    """Of a FLAC; its comments are tags, which the container tells of."""
    file.seek(tag_size(file) + 4)
    for _ in range(_MOST):
        head = file.read(4)
        if len(head) < 4:
            return
        kind, size = head[0] & 0x7F, int.from_bytes(head[1:], "big")
        content = file.read(size)
        if kind in _BLOCKS:
            yield _BLOCKS[kind]
        elif kind == 1 and content.strip(b"\0"):
            yield "unused space with content"
        if head[0] & 0x80:
            return


def _of_end(file: BinaryIO) -> Iterator[str]:
    """Old tags lie behind the sound."""
    end = file.seek(0, 2)
    file.seek(max(0, end - _ID3_END - 32))
    tail = file.read()
    if tail[-_ID3_END:].startswith(b"TAG"):
        yield "ID3 tag"
        tail = tail[:-_ID3_END]
    if b"APETAGEX" in tail[-32:]:
        yield "APE tag"
