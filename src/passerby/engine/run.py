"""The loops of every job: survey, settle, render. File, photo and camera differ in horizon."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from ..core.frame import Frame
from ..core.ports import Planner, Redactor, Sink
from ..core.schedule import Region, Schedule
from .ending import ending


def survey(frames: Iterable[Frame], planner: Planner) -> Iterator[Frame]:
    """Show every frame to the planner, then pass it on; after the last, everything is final."""
    with ending(frames):
        for frame in frames:
            planner.see(frame)
            yield frame
        planner.finish()


@dataclass(frozen=True, slots=True)
class Room:
    """How many frames may wait, and who gives all of them once more where that is too few."""

    frames: int
    again: Callable[[], Iterable[Frame]]


def settled(
    frames: Iterable[Frame], planner: Planner, room: Room | None = None
) -> Iterator[tuple[Frame, Sequence[Region]]]:
    """Hold each frame until what it hides is final, then pass it on with its regions.

    Regions are read here, in the thread that surveys, so painting never sees a plan that changes.
    Where more would wait than there is room for, as a file whose moments lie closer than it said
    can make them, those are let go, all is surveyed first, and the rest is decoded once more.
    """
    waiting: deque[Frame] = deque()
    passed, crowded = 0, False
    with ending(frames):
        for frame in frames:
            if crowded:
                continue
            waiting.append(frame)
            schedule = planner.schedule
            while waiting and waiting[0].span.end <= schedule.final_until:
                ready = waiting.popleft()
                passed += 1
                yield ready, schedule.regions(ready.span)
            if room is not None and len(waiting) > room.frames:
                waiting.clear()
                crowded = True
    if crowded and room is not None:
        del frame
        yield from islice(scheduled(room.again(), planner.schedule), passed, None)
    schedule = planner.schedule
    while waiting:
        ready = waiting.popleft()
        if ready.span.end > schedule.final_until:
            raise RuntimeError("the planner finished without deciding every frame")
        yield ready, schedule.regions(ready.span)


def scheduled(
    frames: Iterable[Frame], schedule: Schedule
) -> Iterator[tuple[Frame, Sequence[Region]]]:
    """Frames with the regions of a schedule that is already whole (a saved plan)."""
    with ending(frames):
        for frame in frames:
            yield frame, schedule.regions(frame.span)


def render(pairs: Iterable[tuple[Frame, Sequence[Region]]], redactor: Redactor, sink: Sink) -> int:
    """Paint and write. Returns the number of frames written; the sink is left open.

    However it ends, nothing upstream is left running.
    """
    written = 0
    with ending(pairs):
        for frame, regions in pairs:
            if regions:
                redactor.redact(frame, regions)
            sink.write(frame)
            written += 1
    return written
