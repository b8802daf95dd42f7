"""A video from end to end: one decode where memory allows, two where it does not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from ..core.frame import Frame
from ..core.ports import Progress, Redactor, Sink, Source
from ..core.schedule import Region, Schedule
from ..engine.prefetch import prefetch
from ..engine.progress import told
from ..engine.run import Room, render, scheduled, settled, survey
from ..plan import FollowingPlanner
from .tally import Tally

BUDGET: Final = 256 * 2**20  # bytes of frames that may wait for a decision
AHEAD: Final = 2

Pairs = Iterable[tuple[Frame, Sequence[Region]]]


@dataclass(frozen=True, slots=True)
class Watch:
    """Whom to tell how far a film is, and how long it is in seconds, if known."""

    tell: Progress | None = None
    total: Fraction | None = None

    def frames(self, frames: Iterable[Frame], source: Source, phase: str) -> Iterator[Frame]:
        return told(
            frames, lambda f: f.span, source.clock, self.tell, phase=phase, total=self.total
        )

    def pairs(
        self, pairs: Pairs, source: Source, phase: str
    ) -> Iterator[tuple[Frame, Sequence[Region]]]:
        return told(
            pairs, lambda p: p[0].span, source.clock, self.tell, phase=phase, total=self.total
        )


def followed(source: Source, planner: FollowingPlanner, watch: Watch) -> None:
    """Show every frame to the planner; keeps none."""
    frames = prefetch(source.frames(), AHEAD)
    for _ in watch.frames(survey(frames, planner), source, "find"):
        pass


def rendered(
    source: Source, schedule: Schedule, redactor: Redactor, sink: Sink, watch: Watch
) -> Tally:
    """Paint and write by a schedule that is whole. Closes the sink, or discards it on failure."""
    return _written(
        prefetch(scheduled(source.frames(), schedule), AHEAD), source, redactor, sink, watch
    )


def followed_and_rendered(
    source: Source,
    planner: FollowingPlanner,
    redactor: Redactor,
    sink: Sink,
    watch: Watch,
    frame_bytes: int,
) -> Tally:
    """Both in one decode: frames wait until they are decided. Closes the sink, or discards it.

    Where frames of `frame_bytes` are far more than fit the budget, after all in two.
    """
    seen = survey(prefetch(source.frames(), AHEAD), planner)
    room = Room(max(2 * AHEAD, 2 * BUDGET // max(1, frame_bytes)), source.frames)
    return _written(prefetch(settled(seen, planner, room), AHEAD), source, redactor, sink, watch)


def waits_in_memory(frame_bytes: int, per_second: Fraction, horizon: Fraction) -> bool:
    """True when the frames of one `horizon` (seconds) fit the budget."""
    return frame_bytes * (per_second * horizon + 2 * AHEAD) <= BUDGET


def _written(pairs: Pairs, source: Source, redactor: Redactor, sink: Sink, watch: Watch) -> Tally:
    tally = Tally()
    try:
        render(tally.counted(watch.pairs(pairs, source, "hide")), redactor, sink)
        sink.close()
    except BaseException:  # raised again
        sink.discard()
        raise
    return tally
