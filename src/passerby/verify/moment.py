"""A place to look at, and what is known of the footage it is in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..core.geometry import Box, Size
from ..core.schedule import Schedule
from ..core.time import Clock, Span, Ticks

# What a moment weighs; only their order means anything.
FOUND, KEPT, ADDED, BETWEEN, ENDS, BEGINS, CROSSES, CARRIED, CUT, SMALL, FAINT = (
    100.0, 90.0, 80.0, 60.0, 50.0, 45.0, 35.0, 30.0, 20.0, 18.0, 16.0,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Film:
    """What the plan says of the footage it was made for.

    `span`: from the first frame's first tick to the end of the last, None when there is no plan.
    `schedule`: what is hidden, to tell ends of tracks that others cover.
    `smallest`: by kind, the smallest size in display pixels that was searched for.
    `still`: pages of a photo; time means nothing between them.
    """

    clock: Clock
    size: Size
    span: Span | None = None
    schedule: Schedule | None = None
    smallest: Mapping[str, float] = field(default_factory=dict)
    still: bool = False


@dataclass(frozen=True, slots=True)
class Moment:
    """One place to look at. `at`: a tick inside the frame; `track` is None for what was found."""

    at: Ticks
    reasons: tuple[str, ...]
    weight: float
    box: Box | None = None
    track: int | None = None
    sort: str = ""  # which kind of reason
