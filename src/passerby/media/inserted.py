"""Was something put into a finished file, and nothing else about it changed?"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

from .opening import opened

Packet = tuple[int, int | None, int | None, int | None, bool, bytes]


def only_inserted(before: Path, after: Path, kind: str) -> bool:
    """True when `after` shows what `before` shows: a photo with one piece put in between its bytes,
    or a film (`kind` mp4 or mov) of the same coded packets at the same times."""
    if kind in ("mp4", "mov"):
        return all(a == b for a, b in zip_longest(_packets(before), _packets(after)))
    was, now = before.read_bytes(), after.read_bytes()
    more = len(now) - len(was)
    same = next((i for i, (a, b) in enumerate(zip(was, now, strict=False)) if a != b), len(was))
    return more >= 0 and now[same + more :] == was[same:]


def _packets(path: Path) -> Iterator[Packet]:
    """Every packet of every stream, with its times."""
    with opened(path) as container:
        for packet in container.demux():
            at = packet.stream_index
            yield at, packet.pts, packet.dts, packet.duration, packet.is_keyframe, bytes(packet)
