"""Coded pictures as fragmented MP4, in memory: for HLS, and for browsers that are sent a stream."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import av

from ..core.errors import OutputError
from .faults import FOREIGN
from .live_encoder import Coded, Shape, packet_of, stream_of

_OPTIONS: Final = {
    "movflags": "+delay_moov+frag_every_frame+default_base_moof+frag_discont",
    "use_editlist": "0",
    "fflags": "+bitexact+flush_packets",
}


@dataclass(frozen=True, slots=True)
class Fragment:
    """One picture, `moof` and `mdat`. `at`, `until`: in `UNIT`s; `key`: whether one can begin."""

    data: bytes
    at: int
    until: int
    key: bool


class Fragments:
    """Muxes packets from a key frame on. `head` is there with the first fragment.

    A picture's length is known when the next one is there, so `put` gives the one before.
    """

    def __init__(self, shape: Shape) -> None:
        self.head = b""
        self._out = _Out()
        self._container = av.open(self._out, "w", format="mp4", container_options=_OPTIONS)
        self._stream = stream_of(self._container, shape)
        self._before: Coded | None = None
        self._begin = 0

    def put(self, coded: Coded) -> Fragment | None:
        before, self._before = self._before, coded
        if before is None:
            self._begin = coded.at
        try:
            self._container.mux_one(packet_of(coded, self._stream, self._begin))
        except FOREIGN as error:
            raise OutputError("the picture can't be put into a stream") from error
        if before is None:
            return None
        data = self._out.taken()
        if not self.head:
            split = _split(data)
            self.head, data = data[:split], data[split:]
        return Fragment(data, before.at, coded.at, before.key)

    def close(self) -> None:
        self._container.close()


def _split(data: bytes) -> int:
    """Where the first fragment begins."""
    place = 0
    while place + 8 <= len(data) and data[place + 4 : place + 8] != b"moof":
        place += max(8, int.from_bytes(data[place : place + 4], "big"))
    return min(place, len(data))


class _Out:
    """What PyAV writes to."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        whole = b"".join(self._parts)
        self._parts.clear()
        return whole
