"""Where a person should look first: from a plan, or from what was just decided, to the report."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from ..core.geometry import Box, Size
from ..core.time import Clock, Span, Ticks
from ..core.track import Track
from ..media import Card
from ..plan import Bound, Document, schedule_of
from ..verify import Finding as Found
from ..verify.moment import Film
from ..verify.moment import Moment as Risky
from ..verify.report import clock_time
from ..verify.risk import Ranked, ranked
from . import wishes
from .account import Decision
from .report import Moment, Report

MOST: Final = 200  # moments in a report
WHOLE: Final = "frame-"  # how kinds begin that cover the whole picture: there is nothing to see


@dataclass(frozen=True, slots=True)
class Footage:
    """What is known of a film or photo when its output is judged.

    `tracks` may be gone through more than once. `first`: first tick of the first frame.
    """

    film: Film
    first: Ticks
    tracks: Callable[[], Iterable[Track]] = tuple
    bound: Bound = field(default_factory=Bound)

    def since(self, at: Ticks) -> Fraction:
        """Seconds from the film's start."""
        return self.film.clock.seconds(at) - self.film.clock.seconds(self.first)

    def in_output(self, at: Ticks) -> Fraction:
        """When that is in the finished file, whose time never lies before zero."""
        clock = self.film.clock
        if self.film.still:
            return clock.seconds(at)
        return clock.seconds(at) + max(Fraction(0), -clock.seconds(self.first))

    @property
    def length(self) -> Fraction:
        """In seconds; 0 where nobody knows, and for a photo."""
        span = self.film.span
        return Fraction(0) if span is None or self.film.still else self.since(span.end)


def decided(card: Card, decision: Decision) -> Footage:
    """Of what was just hidden."""
    smallest = {use.kind: use.smallest for use in decision.used}
    film = Film(
        card.clock,
        card.size,
        _span(decision.first, decision.end),
        decision.schedule,
        smallest,
        still=card.kind == "photo",
    )
    return Footage(film, decision.first, decision.timeline.tracks, decision.bound)


def planned(document: Document) -> Footage:
    """Of what a plan says."""
    media = document.media
    schedule, timeline, bound = schedule_of(document)
    smallest = {use.kind: use.smallest for use in document.detectors}
    clock, first = Clock(Fraction(media.time_base)), Ticks(media.first)
    film = Film(
        clock,
        Size(*media.size),
        _span(first, Ticks(media.end)),
        schedule,
        smallest,
        still=media.kind == "photo",
    )
    return Footage(film, first, timeline.tracks, bound)


def unplanned(card: Card, first: Ticks) -> Footage:
    """Of a file about which no plan says anything; its findings are in the ticks of `card`."""
    return Footage(Film(card.clock, card.size, still=card.kind == "photo"), first)


def _span(first: Ticks, end: Ticks) -> Span | None:
    return Span(first, end) if end > first else None


def ranking(report: Report, footage: Footage) -> Ranked:
    """The moments that deserve a look, by what verification found and by how faces were hidden."""
    findings = [
        Found(f.check, f.what, None if f.at is None else Ticks(f.at), _box(f.box), f.score)
        for f in report.findings
    ]
    # What a zone or a time hides was asked for in so many words, and nobody need look there.
    hides = [(s, r) for s, r in footage.bound.added() if r.kind not in wishes.KINDS]
    added = [(span, region.box) for span, region in hides]
    tracks = (t for t in footage.tracks() if not t.kind.startswith(WHOLE))
    return ranked(footage.film, tracks, findings, footage.bound.keeps, added)


def with_moments(report: Report, found: Ranked, footage: Footage) -> Report:
    """The report, with the first of these moments."""
    listed = tuple(_listed(moment, footage) for moment in found.moments[:MOST])
    return report.model_copy(update={"moments": listed})


def _listed(moment: Risky, footage: Footage) -> Moment:
    still = footage.film.still
    return Moment(
        at=moment.at,
        time=None if still else clock_time(footage.since(moment.at)),
        page=moment.at - footage.first + 1 if still else None,
        box=None if moment.box is None else moment.box.corners,
        track=moment.track,
        reasons=moment.reasons,
        found=moment.sort == "found",
    )


def _box(corners: tuple[float, float, float, float] | None) -> Box | None:
    return None if corners is None else Box(*corners)
