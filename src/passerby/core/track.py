"""Where one person's face (or plate, text, body) was believed to be, frame by frame."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .geometry import Box
from .time import Ticks


class Why(StrEnum):
    """Why a key is there."""

    SEEN = "seen"  # a detector saw it in this frame
    FILLED = "filled"  # between two sightings, followed by motion
    REACH = "reach"  # before the first or after the last sighting, followed by motion
    EDITED = "edited"  # a person put it there
    UNSURE = "unsure"  # nobody could tell what is there, so all of the picture is meant
    HEAD = "head"  # a person was there whose face nobody saw: their head


@dataclass(frozen=True, slots=True)
class Key:
    """One track in one frame: the frame's first tick, the box, why, and the score if seen."""

    at: Ticks
    box: Box
    why: Why
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Track:
    """Keys in order of time, at most one a frame; `id` is a number within one plan, no more."""

    id: int
    kind: str
    keys: tuple[Key, ...]

    def __post_init__(self) -> None:
        if not self.keys:
            raise ValueError("a track has at least one key")
        if any(a.at >= b.at for a, b in zip(self.keys, self.keys[1:], strict=False)):
            raise ValueError("a track's keys must be in order of time, one a frame")

    @property
    def score(self) -> float:
        """The best score with which it was ever seen; 1 when only people put it there."""
        return max((k.score for k in self.keys if k.score is not None), default=1.0)
