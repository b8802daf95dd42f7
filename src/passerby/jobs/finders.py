"""Detectors and the follower that uses them, opened as the settings ask."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from ..core.frame import Frame
from ..core.geometry import Box, Size
from ..core.ports import Detector, DetectorInfo, Follower
from ..core.time import FOREVER, Clock, Ticks
from ..core.track import Key, Why
from .report import DetectorUse
from .settings import Settings


@dataclass(frozen=True, slots=True)
class Finder:
    """Who finds and follows. `horizon`: seconds of footage that it may wait before it decides.

    `used` tells, at the end, how the detectors were used.
    """

    follower: Follower
    horizon: Fraction
    used: Callable[[], tuple[DetectorUse, ...]]


class Glance:
    """A follower for one still picture: what is found is where it is."""

    def __init__(self, kind: str, look: Callable[[Frame], Sequence[tuple[Box, float]]]) -> None:
        self._kind, self._look = kind, look
        self._found: list[tuple[int, str, Key]] = []
        self._final_until = Ticks(-FOREVER)
        self._count = 0

    def see(self, frame: Frame) -> None:
        for box, score in self._look(frame):
            key = Key(frame.span.start, box, Why.SEEN, min(1.0, max(0.0, float(score))))
            self._found.append((self._count, self._kind, key))
            self._count += 1
        self._final_until = frame.span.end

    def finish(self) -> None:
        self._final_until = FOREVER

    @property
    def final_until(self) -> Ticks:
        return self._final_until

    def take(self) -> Sequence[tuple[int, str, Key]]:
        found, self._found = self._found, []
        return found


def open_detectors(settings: Settings) -> tuple[Detector, ...]:
    """The detectors for what is to be hidden; `DetectorError` if one can't be opened."""
    from ..detect.centerface import open_detector

    return (open_detector(settings.device),)


def video_finder(settings: Settings, clock: Clock, size: Size) -> Finder:
    """A follower through time over the detectors for `settings`."""
    from ..track import Follower as Following
    from ..track import FollowSettings

    detectors = open_detectors(settings)
    how = FollowSettings.preset(settings.preset)
    follower = Following(detectors[0], how, clock, size)
    thresholds = {"seed": how.seed, "sure": how.sure, "near": how.near}
    return Finder(
        follower,
        how.reach + how.interval + how.hold,
        lambda: tuple(
            _use(d.info, thresholds, follower.smallest, dict(follower.looks))
            for d in detectors
        ),
    )


def photo_finder(settings: Settings, size: Size) -> Finder:
    """One look, at every scale that pays, over the detectors for `settings`."""
    from ..track.photo import PhotoSettings, find_all, smallest

    detectors = open_detectors(settings)
    how = PhotoSettings.preset(settings.preset)
    follower = Glance("face", lambda frame: find_all(frame, detectors[0], settings.preset))
    least = smallest(size, settings.preset)
    thresholds = {"seed": how.seed, "near": how.near}
    if how.turns:
        thresholds["turned"] = round(min(0.9, how.seed + how.turned), 3)
    return Finder(
        follower,
        Fraction(0),
        lambda: tuple(_use(d.info, thresholds, least, {}) for d in detectors),
    )


def _use(
    info: DetectorInfo, thresholds: dict[str, float], smallest: float, looks: dict[str, int]
) -> DetectorUse:
    return DetectorUse(
        name=info.name,
        family=info.family,
        kind=info.kind,
        sha256=info.sha256,
        runtime=info.runtime,
        licence=info.licence,
        thresholds=thresholds,
        smallest=round(float(smallest), 1),
        looks=looks,
    )
