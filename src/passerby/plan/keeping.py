"""Who stays bare, when: keeps and hides of tracks in the order in which they were said."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..core.time import FOREVER, Span, Ticks

Piece = tuple[int, int]


class Keeping:
    """For each track that somebody kept, the pieces of time in which it is bare."""

    def __init__(self) -> None:
        self._pieces: dict[int, list[Piece]] = {}

    def keep(self, track: int, span: Span) -> None:
        """From now on it is bare in `span`, too."""
        self._pieces[track] = _joined([*self._pieces.get(track, []), (span.start, span.end)])

    def hide(self, track: int, span: Span) -> None:
        """From now on it is hidden in every frame that touches `span`."""
        if track in self._pieces:
            self._pieces[track] = _without(self._pieces[track], span)

    @property
    def tracks(self) -> tuple[int, ...]:
        """Whoever was ever kept."""
        return tuple(self._pieces)

    def spans(self) -> Iterable[tuple[int, Span]]:
        for track, pieces in self._pieces.items():
            for start, end in pieces:
                yield track, Span(Ticks(start), Ticks(end))


def whole(span: tuple[int, int] | None) -> Span:
    """A span as edits say it; without one, all the time."""
    start, end = span or (-FOREVER, FOREVER)
    return Span(Ticks(start), Ticks(end))


def _joined(pieces: Sequence[Piece]) -> list[Piece]:
    """The same time in as few pieces as there can be, by rising start."""
    found: list[Piece] = []
    for start, end in sorted(pieces):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((start, end))
    return found


def _without(pieces: Iterable[Piece], span: Span) -> list[Piece]:
    cut = ((s, e) for a, b in pieces for s, e in ((a, min(b, span.start)), (max(a, span.end), b)))
    return sorted((s, e) for s, e in cut if s < e)
