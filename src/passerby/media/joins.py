"""Pieces of film one behind the other in one stream, each with a clock of its own.

Dashcams and recorders do this to transport streams. Where the clock jumps back it is put forward
again, by the same amount for picture and sound, so that both stay in step and no frame is lost.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Final

from .faults import reading
from .opening import opened

JUMP: Final = Fraction(1, 2)  # seconds back; less is a frame or two out of order


class Joins:
    """How far the clock of `path` is put forward behind each jump back. Looked up when first asked:
    a file whose clock runs on is not read once more."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._found: tuple[Fraction, ...] | None = None

    def behind(self, jumps: int) -> Fraction | None:
        """Seconds to add behind that many jumps, counted in each stream for itself; None where
        the packets tell of no such jump."""
        if not jumps:
            return Fraction(0)
        if self._found is None:
            self._found = tuple(_found(self._path))
        return self._found[jumps - 1] if jumps <= len(self._found) else None


def _found(path: Path) -> list[Fraction]:
    """The least by which each piece has to be moved so that no stream of it overlaps the piece
    before; reads packets, decodes nothing."""
    pieces: list[dict[int, tuple[Fraction, Fraction]]] = [{}]  # stream -> where it starts and ends
    last: dict[int, Fraction] = {}
    piece: dict[int, int] = {}
    with opened(path) as container, reading(path):
        for packet in container.demux():
            at, tick = packet.dts, packet.time_base
            if at is None or not tick or packet.stream.type not in ("video", "audio"):
                continue
            stream, decoded = packet.stream.index, at * tick
            if stream in last and decoded < last[stream] - JUMP:
                piece[stream] = piece.get(stream, 0) + 1
                if piece[stream] == len(pieces):
                    pieces.append({})
            last[stream] = decoded
            shown = decoded if packet.pts is None else packet.pts * tick
            number, end = piece.get(stream, 0), shown + (packet.duration or 0) * tick
            start, until = pieces[number].get(stream, (shown, end))
            pieces[number][stream] = min(start, shown), max(until, end)
    moved, offsets = Fraction(0), []
    for before, after in pairwise(pieces):
        moved += max(
            (before[stream][1] - after[stream][0] for stream in after if stream in before),
            default=Fraction(0),
        )
        offsets.append(moved)
    return offsets
