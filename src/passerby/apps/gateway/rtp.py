"""H.264 in RTP (RFC 6184, packetization mode 1) and the reports that go with it (RFC 3550)."""

from __future__ import annotations

import secrets
import struct
import time
from base64 import b64encode
from collections.abc import Iterator, Sequence
from typing import Final

from ...media.live_encoder import Coded

PAYLOAD: Final = 96
MOST: Final = 1400  # bytes of one packet's payload
_SPS: Final = 7
_PPS: Final = 8
_STAP_A: Final = 24
_FU_A: Final = 28
_LEFT_OUT: Final = (0, 9, 12)  # nothing, delimiters, filling
_SINCE_1900: Final = 2_208_988_800  # seconds


def units(data: bytes) -> list[bytes]:
    """The NAL units of an access unit in Annex B, without what only fills or delimits."""
    found = (part.rstrip(b"\0") for part in data.split(b"\0\0\1")[1:])
    return [unit for unit in found if unit and unit[0] & 31 not in _LEFT_OUT]


def headers(data: bytes) -> tuple[bytes, bytes] | None:
    """The parameter sets of a key frame, if it brings them: sequence and picture."""
    found = {unit[0] & 31: unit for unit in units(data)}
    sps, pps = found.get(_SPS), found.get(_PPS)
    return None if sps is None or pps is None or len(sps) < 4 else (sps, pps)


def description(sps: bytes, pps: bytes) -> str:
    """The SDP attributes that say how to decode what comes."""
    sets = ",".join(b64encode(one).decode() for one in (sps, pps))
    return (
        f"a=rtpmap:{PAYLOAD} H264/90000\r\n"
        f"a=fmtp:{PAYLOAD} packetization-mode=1;profile-level-id={sps[1:4].hex()};"
        f"sprop-parameter-sets={sets}\r\n"
    )


def payloads(parts: Sequence[bytes], most: int = MOST) -> Iterator[bytes]:
    """Units that fit together go together, one that is too long goes in fragments."""
    group: list[bytes] = []
    size = 1
    for unit in parts:
        if group and size + 2 + len(unit) > most:
            yield _together(group)
            group, size = [], 1
        if len(unit) > most:
            yield from _fragments(unit, most)
        else:
            group.append(unit)
            size += 2 + len(unit)
    if group:
        yield _together(group)


def _together(group: Sequence[bytes]) -> bytes:
    if len(group) == 1:
        return group[0]
    importance = max(unit[0] & 0x60 for unit in group)
    sized = (struct.pack("!H", len(unit)) + unit for unit in group)
    return bytes([importance | _STAP_A]) + b"".join(sized)


def _fragments(unit: bytes, most: int) -> Iterator[bytes]:
    head, kind = unit[0] & 0xE0 | _FU_A, unit[0] & 31
    step = most - 2
    for begin in range(1, len(unit), step):
        first, last = begin == 1, begin + step >= len(unit)
        yield bytes([head, first << 7 | last << 6 | kind]) + unit[begin : begin + step]


class Sender:
    """One receiver's RTP stream: numbers, and moments that begin anywhere, as the RFC wants."""

    def __init__(self) -> None:
        self.source = secrets.randbits(32)
        self.number = secrets.randbits(16)  # of the next packet
        self._shift = secrets.randbits(32)
        self._name = secrets.token_hex(8).encode()
        self._packets = self._bytes = 0

    def moment(self, at: int) -> int:
        return (at + self._shift) & 0xFFFFFFFF

    def packets(self, coded: Coded) -> list[bytes]:
        bodies = list(payloads(units(coded.data)))
        moment = self.moment(coded.at)
        made = []
        for place, body in enumerate(bodies):
            last = place == len(bodies) - 1
            head = struct.pack(
                "!BBHII", 0x80, PAYLOAD | last << 7, self.number, moment, self.source
            )
            made.append(head + body)
            self.number = (self.number + 1) & 0xFFFF
            self._bytes += len(body)
        self._packets += len(bodies)
        return made

    def report(self, at: int, ago: float) -> bytes:
        """Sender report and name: the stream's moment `at` was so many seconds ago.

        Of a packet's own moment: players take a first report's as the beginning.
        """
        wall = time.time() - ago + _SINCE_1900
        whole = int(wall)
        report = struct.pack(
            "!BBHIIIIII",
            0x80,
            200,
            6,
            self.source,
            whole & 0xFFFFFFFF,
            int((wall - whole) * 2**32),
            self.moment(at),
            self._packets & 0xFFFFFFFF,
            self._bytes & 0xFFFFFFFF,
        )
        return report + self._described()

    def bye(self, at: int) -> bytes:
        return self.report(at, 0.0) + struct.pack("!BBHI", 0x81, 203, 1, self.source)

    def _described(self) -> bytes:
        item = struct.pack("!IBB", self.source, 1, len(self._name)) + self._name + b"\0"
        item = item.ljust(-(-len(item) // 4) * 4, b"\0")
        return struct.pack("!BBH", 0x81, 202, len(item) // 4) + item
