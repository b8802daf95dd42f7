"""Is this plan for this footage? A plan laid over another film would leave everybody bare."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..core.errors import PlanError
from ..core.geometry import Size
from ..core.schedule import Schedule
from ..core.time import FOREVER
from ..core.track import Track
from .document import Document
from .edits import Bound, Edited, bind
from .timeline import Decided, Timeline
from .vocabulary import Edit
from .zones import Stage


def check_binding(document: Document, sha256: str, streams: Sequence[str]) -> None:
    """`PlanError` unless `document` was made for the file with this hash and stream layout."""
    hint = "make a plan for this file with `passerby scan`"
    if document.media.sha256 != sha256:
        raise PlanError("the plan was made for other footage (SHA-256 differs)", hint=hint)
    if tuple(streams) != document.media.streams:
        raise PlanError("the plan was made for another layout of streams", hint=hint)


def check_made(document: Document, kind: str, size: Size) -> None:
    """`PlanError` where a finished file of this `kind` and `size`, as shown, can't have been made
    by `document`; for whoever has no original."""
    media = document.media
    hint = "name the plan that this file was made by"
    if kind != media.kind:
        raise PlanError(f"the plan was made for a {media.kind}, and this is a {kind}", hint=hint)
    if size != Size(*media.size):
        planned = f"{media.size[0]}x{media.size[1]}"
        raise PlanError(
            f"the plan was made for {planned} pixels, and this has {size.width}x{size.height}",
            hint=hint,
        )


def check_frames(document: Document, frames: int) -> None:
    """`PlanError` unless as many frames were decoded now as when the plan was made."""
    if frames != document.media.frames:
        raise PlanError(
            f"{frames} frames were decoded, {document.media.frames} when the plan was made",
            hint="make the plan again with `passerby scan`",
        )


def schedule_of(document: Document) -> tuple[Schedule, Timeline, Bound]:
    """What `document` hides, all of it final; its tracks by time; what became of its edits."""
    timeline = Timeline.of(document.whole_tracks(), document.policy)
    still = document.media.kind == "photo"
    schedule, bound = edited(timeline, document.edits, Size(*document.media.size), still=still)
    return schedule, timeline, bound


def edited(
    timeline: Timeline,
    edits: Sequence[Edit],
    size: Size,
    *,
    still: bool,
    tracks: Iterable[Track] | None = None,
) -> tuple[Edited, Bound]:
    """What a whole timeline hides after `edits`, all of it final. `size`: of the picture; `tracks`:
    those of the timeline, where somebody has them at hand."""
    stage = Stage(size, timeline.policy, still)
    known = timeline.tracks() if tracks is None else tracks
    bound = bind(edits, known, timeline.policy.style, stage)
    return Edited(Decided(timeline, FOREVER), bound), bound
