"""What to hide, when: the one thing that passes from planning to painting."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from .geometry import Box
from .time import Span, Ticks

FIGURE_GREYS: Final = (0.2, 0.85)  # of the way from black to white: a figure, and its outline


class Style(StrEnum):
    """How a region is hidden. `VEIL` and `SOLID` keep nothing of it; the others keep a little.

    `FIGURE`, for whole people: a veil, and on it a flat silhouette. It keeps the pose.
    """

    VEIL = "veil"
    SOLID = "solid"
    MOSAIC = "mosaic"
    BLUR = "blur"
    FIGURE = "figure"

    @property
    def keeps_nothing(self) -> bool:
        return self in (Style.VEIL, Style.SOLID)


@dataclass(frozen=True, slots=True)
class Region:
    """A box to hide, margins included. `kind` and `track` say on whose behalf."""

    box: Box
    style: Style
    kind: str
    track: int


class Schedule(Protocol):
    """Regions by time. Everything before `final_until` is decided and will not change."""

    @property
    def final_until(self) -> Ticks: ...

    def regions(self, span: Span) -> tuple[Region, ...]:
        """What to hide in a frame that is shown during `span`."""
        ...
