"""Files that are only sound, WAV, AIFF, FLAC, MP3 and Ogg: every part against what is needed."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
from typing import Final

from .bytes import Data, blank, finding, printable, whole
from .findings import Finding

# Nobody: what FFmpeg and the libraries in it call themselves.
NEUTRAL: Final = re.compile(rb"(ffmpeg|Lav[fc][\d.]*|libopus[ \w.,-]*|Xiph[ .\w()-]*)?")
WAV_CHUNKS: Final = frozenset({b"fmt ", b"fact", b"data", b"ds64", b"PEAK"})
AIFF_CHUNKS: Final = frozenset({b"COMM", b"SSND", b"FVER"})
_MASK: Final = re.compile(rb"WAVEFORMATEXTENSIBLE_CHANNEL_MASK=0x[0-9A-Fa-f]{1,8}")
_LONGEST: Final = 1 << 12  # bytes of comments that could be neutral
_FLAC_PARTS: Final = {2: "vendor data", 5: "cue points", 6: "a picture"}


def sound_walker(head: bytes) -> Callable[[Data], Iterator[Finding]] | None:
    """Who walks a file that begins so; None where it is no sound."""
    if head[8:12] == b"WAVE" and head[:4] in (b"RIFF", b"RF64"):
        return walk_wav
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return walk_aiff
    if head[:4] == b"fLaC":
        return walk_flac
    if head[:4] == b"OggS":
        return walk_ogg
    return walk_mp3 if head[:3] == b"ID3" or frame_size(head) is not None else None


def walk_wav(data: Data) -> Iterator[Finding]:
    wide = data[:4] != b"RIFF"
    (size,) = struct.unpack("<I", whole(data, 4, 8))
    if not wide and size + 8 != len(data):
        yield finding("trailing", "bytes that the header does not count", min(size + 8, len(data)))
    at, sound, length = 12, 0, None
    while at < len(data):
        name, size = struct.unpack("<4sI", whole(data, at, at + 8))
        start = at + 8
        if name == b"ds64":
            (length,) = struct.unpack("<Q", whole(data, start + 8, start + 16))
        if name == b"data" and wide and size == 0xFFFFFFFF and length is not None:
            size = length
        end = start + size
        if end > len(data):
            raise ValueError("a chunk reaches beyond the file")
        if name in (b"JUNK", b"PAD "):
            if not blank(data, start, end):
                yield finding("hidden", "padding that is not blank", at)
        elif name not in WAV_CHUNKS:
            yield finding("metadata", f"chunk {printable(name)}", at)
        elif name == b"PEAK" and not blank(data, start + 4, start + 8):
            yield finding("metadata", "a date in PEAK", at)
        elif name == b"fmt " and size > 18 and whole(data, start, start + 2) != b"\xfe\xff":
            yield finding("hidden", "a format with more to it than a player needs", at)
        sound += name == b"data"
        at = end + size % 2
    if sound != 1:
        yield finding("broken", "there is not one piece of sound", None)


def walk_aiff(data: Data) -> Iterator[Finding]:
    (size,) = struct.unpack(">I", whole(data, 4, 8))
    if size + 8 != len(data):
        yield finding("trailing", "bytes that the header does not count", min(size + 8, len(data)))
    at, sound = 12, 0
    while at < len(data):
        name, size = struct.unpack(">4sI", whole(data, at, at + 8))
        start, end = at + 8, at + 8 + size
        if end > len(data):
            raise ValueError("a chunk reaches beyond the file")
        if name not in AIFF_CHUNKS:
            yield finding("metadata", f"chunk {printable(name)}", at)
        elif name == b"COMM" and size > 22 and not blank(data, start + 22, end):
            yield finding("metadata", "a compressor's name", at)
        elif name == b"SSND" and not blank(data, start, start + 8):
            yield finding("hidden", "bytes before the sound", at)
        sound += name == b"SSND"
        at = end + size % 2
    if sound != 1:
        yield finding("broken", "there is not one piece of sound", None)


def walk_flac(data: Data) -> Iterator[Finding]:
    at, last = 4, False
    while not last:
        head = whole(data, at, at + 4)
        end = at + 4 + int.from_bytes(head[1:], "big")
        kind, last = head[0] & 0x7F, bool(head[0] & 0x80)
        if end > len(data):
            raise ValueError("a block reaches beyond the file")
        yield from _flac_block(data, kind, at, end)
        at = end
    if len(data) - at < 6 or data[at] != 0xFF or data[at + 1] & 0xFC != 0xF8:
        yield finding("broken", "the sound does not begin where it should", at)
    yield from _tags_behind(data)


def _flac_block(data: Data, kind: int, at: int, end: int) -> Iterator[Finding]:
    if kind == 1:
        if not blank(data, at + 4, end):
            yield finding("hidden", "padding that is not blank", at)
    elif kind == 4:
        yield from _comments(whole(data, at + 4, min(end, at + 4 + _LONGEST)), end - at - 4, at)
    elif kind not in (0, 3):
        yield finding("metadata", _FLAC_PARTS.get(kind, f"FLAC block {kind}"), at)


def _comments(block: bytes, length: int, at: int) -> Iterator[Finding]:
    """A list of comments, as in Ogg and FLAC: who wrote it, and what is said."""
    (size,) = struct.unpack("<I", block[:4])
    vendor = block[4 : 4 + size]
    place = 4 + size
    (count,) = struct.unpack("<I", block[place : place + 4])
    place += 4
    if size > 100 or not NEUTRAL.fullmatch(vendor):
        yield finding("metadata", "the name of a program", at)
    for _ in range(min(count, 20)):
        (size,) = struct.unpack("<I", block[place : place + 4])
        if not _MASK.fullmatch(block[place + 4 : place + 4 + size]):
            yield finding("metadata", "a comment", at)
        place += 4 + size
    rest = block[place:length]
    if length > len(block) or rest.strip(b"\0\1"):
        yield finding("hidden", "bytes behind the comments", at)


def _tags_behind(data: Data) -> Iterator[Finding]:
    """Old tags that stand behind the sound."""
    for name, back in ((b"TAG", 128), (b"APETAGEX", 32), (b"APETAGEX", 160), (b"3DI", 10)):
        if len(data) >= back and data[len(data) - back :][: len(name)] == name:
            yield finding("metadata", "a tag behind the sound", len(data) - back)


_BITS: Final = {  # kilobits a second, by MPEG version 1 or not, and layer
    (True, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_SAMPLED: Final = (44100, 48000, 32000)
_ABOUT: Final = re.compile(rb"(Lavf|Lavc|LAME)[\d.]*\0*")


def walk_mp3(data: Data) -> Iterator[Finding]:
    """Frame by frame, none missing between them."""
    at, count, promised = 0, 0, None
    while at < len(data):
        size = frame_size(whole(data, at, min(at + 4, len(data))))
        if size is None or at + size > len(data):
            what = "a tag" if data[at : at + 3] in (b"ID3", b"TAG", b"APE") else "bytes"
            yield finding("metadata", f"{what} where a piece of sound should be", at)
            return
        if not count:
            first = whole(data, at, at + size)
            place = max(first.find(b"Xing", 0, 64), first.find(b"Info", 0, 64))
            if place >= 0 and not _ABOUT.fullmatch(first[place + 120 : place + 129]):
                yield finding("metadata", "the name of a program", at)
            if place >= 0 and first[place + 7] & 1:  # pieces, but this one
                promised = int.from_bytes(first[place + 8 : place + 12], "big") + 1
        count += 1
        at += size
    if not count or promised not in (None, count):
        yield finding("broken", "there is not as much sound as the file says", None)


def frame_size(head: bytes) -> int | None:
    """Bytes of the piece of MPEG sound that begins so; None where none does."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    version, layer = head[1] >> 3 & 3, 4 - (head[1] >> 1 & 3)
    bits, sampled, padded = head[2] >> 4, head[2] >> 2 & 3, head[2] >> 1 & 1
    if version == 1 or layer == 4 or bits in (0, 15) or sampled == 3:
        return None
    rate = _SAMPLED[sampled] >> {3: 0, 2: 1, 0: 2}[version]
    speed = _BITS[version == 3, layer][bits - 1] * 1000
    if layer == 1:
        return (12 * speed // rate + padded) * 4
    return (144 if version == 3 or layer == 2 else 72) * speed // rate + padded


def walk_ogg(data: Data) -> Iterator[Finding]:
    """Page by page; the first packets of each stream are its headers."""
    at, packets, ended = 0, dict[int, list[bytes]](), set[int]()
    while at < len(data):
        if data[at : at + 5] != b"OggS\0":
            yield finding("trailing", "bytes between the pages, or behind them", at)
            return
        head = whole(data, at, at + 27)
        serial = int.from_bytes(head[14:18], "little")
        laces = whole(data, at + 27, at + 27 + head[26])
        start = at + 27 + head[26]
        end = start + sum(laces)
        if end > len(data):
            raise ValueError("a page reaches beyond the file")
        if serial not in packets and not head[5] & 2:
            raise ValueError("a stream begins without its first page")
        begun = packets.setdefault(serial, [])
        if len(begun) < 8 or sum(map(len, begun)) < _LONGEST:
            _unlaced(begun, whole(data, start, end), laces, new=not head[5] & 1)
        if head[5] & 4:
            ended.add(serial)
        at = end
    if ended != packets.keys():
        yield finding("broken", "a stream that does not end", None)
    for begun in packets.values():
        yield from _ogg_headers([packet for packet in begun if packet])
    if not packets:
        yield finding("broken", "there is no sound", None)


def _unlaced(packets: list[bytes], body: bytes, laces: bytes, *, new: bool) -> None:
    """Add what the page holds to the packets of its stream."""
    at = 0
    open_ = not new
    for lace in laces:
        piece = body[at : at + lace]
        at += lace
        if open_ and packets:
            packets[-1] += piece
        else:
            packets.append(piece)
        open_ = lace == 255


def _ogg_headers(packets: list[bytes]) -> Iterator[Finding]:
    first = packets[0] if packets else b""
    if first.startswith(b"OpusHead"):
        tags = packets[1]
        if not tags.startswith(b"OpusTags"):
            raise ValueError("no comments where they should be")
        yield from _comments(tags[8 : 8 + _LONGEST], len(tags) - 8, 0)
    elif first.startswith(b"\x01vorbis"):
        tags = packets[1]
        if not tags.startswith(b"\x03vorbis"):
            raise ValueError("no comments where they should be")
        yield from _comments(tags[7 : 7 + _LONGEST], len(tags) - 7, 0)
    elif first.startswith(b"\x7fFLAC"):
        for packet in packets[1:]:
            if packet[0] == 0xFF:
                return
            yield from _flac_block(packet, packet[0] & 0x7F, 0, len(packet))
    else:
        yield finding("track", "a stream that is no sound", None)
