"""Whether pictures were lost on the way: a decoder goes on without them, and says nothing.

Note [lost pictures]: each picture that others are predicted from counts on by one (`frame_num`,
ITU-T H.264, 7.4.3). Where one is missing, FFmpeg predicts from another, and what comes out is torn,
up to the next key frame, and not marked as damaged (seen: RTP over UDP). So the count is read here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from av.video.stream import VideoStream

LOSSY: Final = ("rtsp", "mpegts")  # formats in which pictures may be missing
_START: Final = re.compile(rb"\x00\x00\x01")
_SLICE, _KEY, _SEQUENCE, _PICTURE = 1, 5, 7, 8  # kinds of units
_RICH: Final = (100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135)  # profiles
_HEAD: Final = 512  # bytes of a unit in which all lies that is read here


@dataclass(frozen=True, slots=True)
class _Sequence:
    """What is read of a sequence parameter set: bits of the count, and whether it may leap."""

    bits: int
    leaps: bool
    colours_apart: bool


class Continuity:
    """Follows the count through a stream of H.264 in Annex B; of other streams it knows nothing."""

    def __init__(self, extradata: bytes | None) -> None:
        self._sequences: dict[int, _Sequence] = {}
        self._pictures: dict[int, int] = {}  # picture parameter set -> its sequence's
        self._last: int | None = None  # of the last picture that others are predicted from
        self.broken(extradata or b"")

    def broken(self, data: bytes) -> bool:
        """Whether something is missing between this picture and the one before."""
        lost = False
        for unit in _units(data):
            kind, used = unit[0] & 31, bool(unit[0] >> 5 & 3)
            try:
                if kind == _SEQUENCE:
                    self._read_sequence(unit)
                elif kind == _PICTURE:
                    bits = _Bits(unit[1:])
                    self._pictures[bits.exp()] = bits.exp()
                elif kind in (_SLICE, _KEY):
                    lost = self._leapt(unit, kind == _KEY, used) or lost
            except (IndexError, KeyError):
                lost = True  # of a picture whose parameters never came, nothing can be said
        return lost

    def _leapt(self, unit: bytes, key: bool, used: bool) -> bool:
        bits = _Bits(unit[1:])
        bits.exp()
        bits.exp()
        sequence = self._sequences[self._pictures[bits.exp()]]
        if sequence.colours_apart:
            bits.take(2)
        count, before = bits.take(sequence.bits), self._last
        if used:
            self._last = count
        if key or before is None or sequence.leaps:
            return False
        return count not in (before, (before + 1) % (1 << sequence.bits))

    def _read_sequence(self, unit: bytes) -> None:
        bits = _Bits(unit[1:])
        profile = bits.take(8)
        bits.take(16)
        number, apart = bits.exp(), False
        if profile in _RICH:
            chroma = bits.exp()
            apart = chroma == 3 and bool(bits.take(1))
            bits.exp()
            bits.exp()
            bits.take(1)
            if bits.take(1):
                for index in range(12 if chroma == 3 else 8):
                    if bits.take(1):
                        bits.scaling(16 if index < 6 else 64)
        count = bits.exp() + 4
        order = bits.exp()
        if order == 0:
            bits.exp()
        elif order == 1:
            bits.take(1)
            bits.exp()
            bits.exp()
            for _ in range(bits.exp()):
                bits.exp()
        bits.exp()
        self._sequences[number] = _Sequence(count, bool(bits.take(1)), apart)


def followed(stream: VideoStream, form: str) -> Continuity | None:
    """Who tells when pictures of `stream` were lost; None where the way is one that loses none, and
    where nobody can tell. `form`: FFmpeg's name of the format."""
    context = stream.codec_context
    return Continuity(context.extradata) if context.name == "h264" and form in LOSSY else None


def uncounted(stream: VideoStream, kind: str, transport: str) -> str | None:
    """What to do where pictures of `stream` may be lost on their way and nobody would see it; None
    where all is well: Note [lost pictures]. `kind`: of the address. `transport`: RTSP's."""
    name = stream.codec_context.name
    if kind == "rtsp" and transport == "udp" and name not in ("h264", "mjpeg"):
        return "take --transport tcp, or set the camera to H.264"
    if kind in ("udp", "srt") and name not in ("h264", "hevc", "mjpeg"):
        return "set what sends it to H.264 or H.265, or let it send to tcp://"
    return None


class _Bits:
    """Bits of a unit, without the bytes that keep start codes apart; `IndexError` at the end."""

    def __init__(self, data: bytes) -> None:
        self._data = data[:_HEAD].replace(b"\0\0\3", b"\0\0")
        self._at = 0

    def take(self, count: int) -> int:
        value = 0
        for _ in range(count):
            value = value << 1 | self._data[self._at >> 3] >> (7 - self._at % 8) & 1
            self._at += 1
        return value

    def exp(self) -> int:
        """An exponential-Golomb code; of a signed one, where to go on from is all that matters."""
        zeros = 0
        while not self.take(1):
            zeros += 1
        return (1 << zeros) - 1 + self.take(zeros)

    def scaling(self, size: int) -> None:
        last = following = 8
        for _ in range(size):
            if following:
                code = self.exp()
                step = (code + 1) // 2 if code % 2 else -(code // 2)
                following = (last + step) % 256
            last = following or last


def _units(data: bytes) -> Iterator[bytes]:
    starts = [found.end() for found in _START.finditer(data)]
    for start in starts:
        if start < len(data):
            yield data[start : start + _HEAD]
