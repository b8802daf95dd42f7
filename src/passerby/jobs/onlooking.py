"""Other eyes, introduced to the plan: what it hides and keeps on purpose, and in whose time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from ..core.frame import Frame
from ..core.ports import Detector
from ..core.schedule import Region, Schedule
from ..core.time import Clock, Span, Ticks
from ..plan import Document, Edited
from ..verify import NotMade, Verdict
from ..verify.episodes import Episode, episodes
from ..verify.eyes import ONCE, PACES, Eyes, Pace
from ..verify.findings import Tally
from ..verify.hiding import Hiding
from .report import DetectorUse, OtherEyes

DRAWN: Final = (
    "nobody looked inside the covers, for a plug-in drew on them, and a drawing may look like a "
    "face; --original INPUT --draw NAME compares them"
)
TOGETHER: Final = Fraction(1)  # seconds without a sighting after which it is another episode


@dataclass(frozen=True, slots=True)
class Check:
    """How other eyes are to look: `device`, `preset` as in the settings. `finders`: families of the
    detectors that made the plan. `faces`: whether it was to hide faces; nobody looks for them where
    it was not. `hiding`: whether signs of weak hiding are searched for, by whatever tool.
    `trusting`: whether what was to be hidden is taken for hidden, as where somebody compares it
    with the original."""

    device: str = "auto"
    preset: str = "balanced"
    finders: tuple[str, ...] = ()
    faces: bool = True
    hiding: bool = False
    trusting: bool = True

    def pace(self, kind: str) -> Pace:
        """Of a photo everything is looked at, in every way."""
        return ONCE if kind == "photo" else PACES[self.preset]


class Onlooker:
    """Shows frames of an output to other eyes, with what `schedule` hides and keeps in them.

    `kind`: photo or video. `clock`: of the original, in whose ticks everything is said.
    """

    def __init__(self, check: Check, kind: str, clock: Clock, schedule: Schedule | None) -> None:
        self._detector = open_checker(check.device, check.finders)
        self._eyes = Eyes(
            self._detector, clock, check.pace(kind), check.finders, trusting=check.trusting
        )
        self._clock, self._schedule, self._idle = clock, schedule, not check.faces
        self._hiding = Hiding(clock, still=kind == "photo") if check.hiding else None
        self._told = 0  # sightings that `_hiding` knows of

    def see(self, frame: Frame, span: Span) -> None:
        """The output's frame, and its span in the original's ticks."""
        if self._idle:
            return
        hidden: tuple[Region, ...] = ()
        kept: tuple[Region, ...] = ()
        if self._schedule is not None:
            hidden = self._schedule.regions(span)
        if isinstance(self._schedule, Edited):
            kept = self._schedule.kept(span)
        self._eyes.see(frame, span, hidden, kept)
        if self._hiding is not None:
            boxes = [region.box for region in hidden]
            self._hiding.see(frame, span, boxes, self._eyes.sightings[self._told :])
            self._told = len(self._eyes.sightings)

    def episodes(self) -> tuple[Episode, ...]:
        """What they saw, the surest first. After the last frame."""
        return tuple(episodes(self._eyes.sightings, self._clock.ticks(TOGETHER)))

    def verdict(self) -> Verdict:
        """What they saw as findings, and how small a face they searched for."""
        if self._idle:
            return Verdict((), (), (NotMade("eyes", "the plan was not to hide faces"),))
        tally = Tally()
        for episode in self.episodes():
            tally.add(episode.finding())
        made: tuple[str, ...] = ("eyes",)
        if self._hiding is not None:
            made = ("eyes", "hiding")
            for finding in self._hiding.findings(self.episodes()):
                tally.add(finding)
        why = f"nobody searched for faces of less than {self._eyes.smallest:.1f} px"
        return Verdict(tuple(tally.findings()), made, (NotMade("eyes", why),))

    def notes(self) -> tuple[str, ...]:
        """What a person should know. After the last frame."""
        return () if self._hiding is None else tuple(self._hiding.notes())

    def told(self) -> OtherEyes | None:
        """For the report; None where they did not look."""
        return None if self._idle else OtherEyes(detector=self.used())

    def used(self) -> DetectorUse:
        """The detector, and how it looked."""
        info = self._detector.info
        return DetectorUse(
            name=info.name,
            family=info.family,
            kind=info.kind,
            sha256=info.sha256,
            runtime=info.runtime,
            licence=info.licence,
            thresholds=dict(self._eyes.thresholds),
            smallest=round(self._eyes.smallest, 1),
            looks=dict(self._eyes.looks),
        )


def open_checker(device: str, finders: Iterable[str] = ()) -> Detector:
    """The detector that checks, of another family than `finders` where there is one;
    `DetectorError` if it can't be opened."""
    from ..detect import centerface, yunet
    from ..detect.grounds import OnBothGrounds

    ours = centerface if yunet.FAMILY in set(finders) else yunet
    return OnBothGrounds(ours.open_detector(device))


def families(detectors: Iterable[DetectorUse]) -> tuple[str, ...]:
    """Of the detectors that made a plan."""
    return tuple(sorted({use.family for use in detectors}))


def hides_faces(kinds: Iterable[str]) -> bool:
    """Whether a plan by detectors of these kinds hides faces; one that nobody made by detection
    does as far as can be known."""
    found = set(kinds)
    return not found or "face" in found


def drawn_on(document: Document | None) -> bool:
    """Whether a plug-in drew on the covers of what this plan says was made."""
    return document is not None and bool(document.settings.get("drawing"))


class PlanTime:
    """The time of an output whose original isn't there, in the ticks of the plan."""

    def __init__(self, document: Document, theirs: Clock) -> None:
        self.clock = Clock(Fraction(document.media.time_base))
        # No container holds time before zero, so a film that starts there is shown later.
        early = 0 if document.media.kind == "photo" else min(0, document.media.first)
        self._theirs, self._later = theirs, -early * self.clock.tick

    def span(self, span: Span) -> Span:
        """The nearest ticks: the output's container may have rounded."""
        start, end = (
            round((self._theirs.seconds(at) - self._later) / self.clock.tick)
            for at in (span.start, span.end)
        )
        return Span(Ticks(start), Ticks(max(end, start + 1)))
