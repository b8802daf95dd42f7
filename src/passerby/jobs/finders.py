"""Detectors and the follower that uses them, opened as the settings ask."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import zip_longest
from typing import TYPE_CHECKING, Final

from ..core.frame import Frame
from ..core.geometry import Box, Size
from ..core.ports import Detector, DetectorInfo, Follower
from ..core.time import FOREVER, Clock, Ticks
from ..core.track import Key, Why
from . import plugins
from .report import DetectorUse
from .settings import Settings

if TYPE_CHECKING:
    from ..track import FollowSettings, PhotoSettings, Unsure

SOMEBODY: Final = 0.35  # score of a person in a photo whose head is hidden without a face
FIRM: Final = (0.65, 0.42)  # score of a person in a film, seen once, seen more often
FRESH: Final = Fraction(1, 5)  # seconds beyond its sightings for which a face counts as seen
AGAIN: Final = Fraction(10)  # seconds after which also what did not change is looked at again
EARLY: Final = 2  # frames by which followers look at different ones, live
AHEAD: Final = Fraction(1, 2)  # seconds: what shows somebody is known so long after they came


@dataclass(frozen=True, slots=True)
class Finder:
    """Who finds and follows. `horizon`: seconds of footage that they may wait before they decide.

    `used` tells, at the end, how the detectors were used. `coarser` lets them look at pictures that
    are halved so often.
    """

    followers: tuple[Follower, ...]
    horizon: Fraction
    used: Callable[[], tuple[DetectorUse, ...]]
    coarser: Callable[[int, int], None] = lambda halvings, stretch: None


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
    """The detectors for what is to be hidden; `DetectorError` if one can't be opened.

    Note [plates are text]: our detector of text sees all that the one of plates sees.
    """
    from ..detect import centerface, codes, people, plates, text
    from ..detect.grounds import OnBothGrounds

    def opened(kind: str, ours: Callable[[str], Detector]) -> Detector:
        asked = settings.detector_of(kind)
        if asked is None:
            return ours(settings.device)
        return plugins.open_detector(asked, kind, settings.device)

    kinds, found = settings.kinds, list[Detector]()
    both_ours = "text" in kinds and not (
        settings.detector_of("text") or settings.detector_of("plate")
    )
    if "face" in kinds:
        found.append(opened("face", centerface.open_detector))
    if "text" in kinds:
        found.append(codes.WithCodes(opened("text", text.open_detector)))
    if "plate" in kinds and not both_ours:
        found.append(opened("plate", plates.open_detector))
    if "person" in kinds or settings.seeks_heads:
        found.append(opened("person", people.open_detector))
    return tuple(OnBothGrounds(detector) for detector in found)


def make_ready(detectors: Sequence[Detector], settings: Settings, frame: Frame) -> None:
    """Look once at `frame` in each of the shapes in which it will be looked at live.

    A network prepares itself for each shape of picture, which takes longer than a frame may wait.
    """
    from ..detect.rehearsal import rehearsal
    from ..track import shapes

    with rehearsal():
        for detector in detectors:
            how = _way(settings, detector.info.kind, frame.size)
            for look in shapes(frame.size, how):
                detector.detect(frame, look)


def _told(
    settings: Settings,
    followers: Sequence[tuple[str, Follower]],
    heads: Callable[[Follower, Follower], Follower],
) -> tuple[Follower, ...]:
    """Whom to ask what is hidden: those of faces and people as one where `heads` are looked for."""
    by_kind = dict(followers)
    if not settings.seeks_heads:
        return tuple(by_kind.values())
    faces, people = by_kind.pop("face"), by_kind.pop("person")
    return (heads(faces, people), *by_kind.values())


def video_finder(
    settings: Settings,
    clock: Clock,
    size: Size,
    *,
    horizon: Fraction | None = None,
    detectors: Sequence[Detector] | None = None,
) -> Finder:
    """A follower through time for each of the detectors for `settings`.

    `horizon`: seconds for which a frame may wait in a live stream; looks come so often that what
    comes in between two of them is still covered from where it came in, and only what changed is
    looked at again.
    `detectors`: those that were opened for the same settings before.
    """
    from ..track import Follower as Following
    from ..track import Remembering, Stills

    stills = Stills()
    detectors = open_detectors(settings) if detectors is None else detectors
    ways = [_way(settings, detector.info.kind, size) for detector in detectors]
    if horizon is not None:
        detectors = [
            Remembering(detector, clock.ticks(AGAIN), how.seed, how.traits)
            for detector, how in zip(detectors, ways, strict=True)
        ]
    doubts = _doubts(settings, ways, clock, size)
    followers = tuple(
        Following(
            detector,
            how,
            clock,
            size,
            stills=stills,
            unsure=unsure,
            horizon=horizon,
            early=EARLY * number,
        )
        for number, (detector, how, unsure) in enumerate(zip_longest(detectors, ways, doubts))
    )

    def used() -> tuple[DetectorUse, ...]:
        return tuple(
            _use(
                detector.info,
                {"seed": how.seed, "sure": how.sure, "near": how.near},
                follower.smallest,
                dict(follower.looks),
            )
            for detector, how, follower in zip(detectors, ways, followers, strict=True)
        )

    waits = max(how.reach + how.interval + how.hold for how in ways)
    kinds = [detector.info.kind for detector in detectors]
    ahead = max(how.reach for how in ways) + AHEAD

    def heads(faces: Follower, people: Follower) -> Follower:
        from ..track.heads import Heads

        return Heads(
            faces,
            people,
            size,
            people_too="person" in settings.kinds,
            firm=FIRM,
            fresh=clock.ticks(FRESH),
            ahead=clock.ticks(ahead),
        )

    told = _told(settings, list(zip(kinds, followers, strict=True)), heads)
    if settings.seeks_heads:
        waits += ahead + FRESH

    def coarser(halvings: int, stretch: int) -> None:
        for follower in followers:
            follower.coarser(halvings, stretch)

    return Finder((*told, *doubts), waits, used, coarser)


def _doubts(
    settings: Settings, ways: Sequence[FollowSettings], clock: Clock, size: Size
) -> tuple[Unsure, ...]:
    """What covers whole frames, if that was asked for; the first follower tells it when."""
    from ..track import Unsure

    if settings.cover_frame_when == "never":
        return ()
    return (Unsure(size, clock.ticks(ways[0].reach)),)


def _way(settings: Settings, kind: str, size: Size) -> FollowSettings:
    """How to follow things of `kind`; text as often as plates where those are hidden too."""
    from ..track import FollowSettings
    from ..track.sizes import searching

    how = FollowSettings.preset(settings.preset, kind)
    if kind == "person" and kind not in settings.kinds:
        how = how.for_heads()
    if kind == "text" and "plate" in settings.kinds:
        plates = FollowSettings.preset(settings.preset, "plate")
        fine = min(how.fine_interval, plates.fine_interval)
        how = replace(how, interval=min(how.interval, plates.interval), fine_interval=fine)
    if settings.cover_frame_when == "unsure":
        how = replace(how, keep_unsure=True)  # what was seen once, and not for sure, is covered
    asked = settings.smallest_of(kind)
    return how if asked is None else searching(how, size, asked)


def _photo_way(settings: Settings, kind: str, size: Size) -> PhotoSettings:
    """How to look for things of `kind` in a photo."""
    from ..track import PhotoSettings
    from ..track.sizes import searching_photo

    how, asked = PhotoSettings.preset(settings.preset, kind), settings.smallest_of(kind)
    return how if asked is None else searching_photo(how, size, asked)


def photo_finder(settings: Settings, size: Size) -> Finder:
    """One look, at every scale that pays, by each of the detectors for `settings`."""
    from ..track import DimPages
    from ..track.photo import find_all

    detectors = open_detectors(settings)

    def glance(detector: Detector) -> Glance:
        how = _photo_way(settings, detector.info.kind, size)
        return Glance(detector.info.kind, lambda frame: find_all(frame, detector, how))

    def heads(faces: Follower, people: Follower) -> Follower:
        from ..track.heads import Heads

        too = "person" in settings.kinds
        return Heads(faces, people, size, people_too=too, least=SOMEBODY)

    glances = [(detector.info.kind, glance(detector)) for detector in detectors]
    dim = (DimPages(size),) if settings.cover_frame_when == "unsure" else ()
    return Finder(
        (*_told(settings, glances, heads), *dim),
        Fraction(0),
        lambda: tuple(_glanced(detector.info, settings, size) for detector in detectors),
    )


def _glanced(info: DetectorInfo, settings: Settings, size: Size) -> DetectorUse:
    """How a detector was used in a photo."""
    from ..track.photo import smallest

    how = _photo_way(settings, info.kind, size)
    thresholds = {"seed": how.seed, "near": how.near}
    if how.turns:
        thresholds["turned"] = round(min(0.9, how.seed + how.turned), 3)
    return _use(info, thresholds, smallest(size, how), {})


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
