"""Side information inside H.264, HEVC and AV1 pictures: which kinds of it there are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from .bytes import Data, finding
from .findings import Finding

# What a decoder needs in order to show the picture rightly: timing, recovery, HDR volumes.
# Payload 4 carries captions and maker data, 5 the encoder's settings or anything at all.
HARMLESS: Final = frozenset({0, 1, 6, 129, 130, 137, 144, 147})
H264_SEI: Final = 6
HEVC_SEI: Final = (39, 40)
AV1_METADATA: Final = 5
AV1_HARMLESS: Final = frozenset({1, 2, 3})


def side_information(
    data: Data, start: int, stop: int, codec: str, prefix: int
) -> Iterator[Finding]:
    """Side information of one coded picture of `codec`: "h264", "hevc" or "av1".

    `prefix`: bytes of the length before each unit, as the codec's configuration record says;
    AV1 units say it themselves.
    """
    if codec == "av1":
        yield from _av1(data, start, stop)
        return
    at = start
    while at < stop:
        size = int.from_bytes(data[at : at + prefix], "big")
        unit, at = at + prefix, at + prefix + size
        if not size or at > stop:
            yield finding("broken", "a coded picture's units do not fill it", unit)
            return
        yield from _unit(data, unit, at, codec)


def hevc_record(data: Data, start: int, stop: int) -> Iterator[Finding]:
    """The parameter sets in an HEVC configuration record, where x265 puts its settings, too."""
    at = start + 23
    for _ in range(data[start + 22]):
        count = int.from_bytes(data[at + 1 : at + 3], "big")
        at += 3
        for _ in range(count):
            size = int.from_bytes(data[at : at + 2], "big")
            if at + 2 + size > stop:
                raise ValueError("a parameter set reaches beyond its record")
            yield from _unit(data, at + 2, at + 2 + size, "hevc")
            at += 2 + size
    if at != stop:
        yield finding("hidden", "bytes behind the decoder's configuration", at)


def _unit(data: Data, start: int, stop: int, codec: str) -> Iterator[Finding]:
    first = data[start]
    if codec == "h264" and first & 31 == H264_SEI:
        yield from _payloads(data, start + 1, stop)
    elif codec == "hevc" and (first >> 1) & 63 in HEVC_SEI:
        yield from _payloads(data, start + 2, stop)


def _av1(data: Data, at: int, stop: int) -> Iterator[Finding]:
    """Open bitstream units; of the metadata kind only light levels, volumes and layers."""
    while at < stop:
        begun, first = at, data[at]
        at += 2 if first & 4 else 1
        size = stop - at
        if first & 2:
            size, at = _leb128(data, at)
        if at + size > stop:
            yield finding("broken", "a coded picture's units do not fill it", begun)
            return
        if (first >> 3) & 15 == AV1_METADATA and _leb128(data, at)[0] not in AV1_HARMLESS:
            yield finding("sei", "metadata in the coded pictures", begun)
        at += size


def _leb128(data: Data, at: int) -> tuple[int, int]:
    """A little-endian number in sevens of bits, and where it ends."""
    value = 0
    for i in range(8):
        value |= (data[at + i] & 127) << 7 * i
        if data[at + i] < 128:
            return value, at + i + 1
    raise ValueError("no such number")


def _payloads(data: Data, at: int, stop: int) -> Iterator[Finding]:
    """One SEI unit: a list of payloads, each with a type and a size in runs of 255."""
    begun, body = at, bytes(data[at:stop]).replace(b"\0\0\3", b"\0\0")
    i = 0
    while i < len(body) and body[i:] != b"\x80":
        numbers = []
        for _ in range(2):
            total = 0
            while i < len(body) and body[i] == 255:
                total, i = total + 255, i + 1
            if i >= len(body):
                yield finding("broken", "side information that makes no sense", begun)
                return
            numbers.append(total + body[i])
            i += 1
        kind, size = numbers
        if kind not in HARMLESS:
            yield finding("sei", f"side information of type {kind} in the coded pictures", begun)
        i += size
