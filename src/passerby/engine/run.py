"""The loops of every job: survey, settle, render. File, photo and camera differ in horizon."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence

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


def settled(frames: Iterable[Frame], planner: Planner) -> Iterator[tuple[Frame, Sequence[Region]]]:
    """Hold each frame until what it hides is final, then pass it on with its regions.

    Regions are read here, in the thread that surveys, so painting never sees a plan that changes.
    """
    waiting: deque[Frame] = deque()
    with ending(frames):
        for frame in frames:
            waiting.append(frame)
            schedule = planner.schedule
            while waiting and waiting[0].span.end <= schedule.final_until:
                ready = waiting.popleft()
                yield ready, schedule.regions(ready.span)
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
