"""One packet for each picture of a live stream."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from av.packet import Packet
from av.video.stream import VideoStream


def joined(packets: Iterable[Packet[VideoStream]]) -> Iterator[Packet[VideoStream]]:
    """One packet for each picture, a picture later.

    Note [halves of pictures]: of a picture in several slices, FFmpeg's RTSP sometimes gives each
    slice as a packet (seen with key frames). Decoded one by one they make two torn pictures, which
    the decoder does not call damaged. All with one moment belong together; so does what comes
    before the first moment that is told.
    """
    parts: list[Packet[VideoStream]] = []
    for packet in packets:
        same = parts and packet.pts is not None and parts[0].pts in (None, packet.pts)
        if parts and not same:
            yield _one(parts)
            parts = []
        parts.append(packet)
    if parts:
        yield _one(parts)


def _one(parts: Sequence[Packet[VideoStream]]) -> Packet[VideoStream]:
    if len(parts) == 1:
        return parts[0]
    last = parts[-1]
    made: Packet[Any] = Packet(b"".join(map(bytes, parts)))
    made.pts, made.dts, made.time_base = last.pts, last.dts, last.time_base
    made.stream = last.stream
    made.is_keyframe = any(part.is_keyframe for part in parts)
    made.is_corrupt = any(part.is_corrupt for part in parts)
    return made
