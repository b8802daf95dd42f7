"""What people decided about a plan: hide more, or keep somebody. Hiding always wins its span."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from ..core.geometry import Box
from ..core.schedule import Region, Schedule, Style
from ..core.time import FOREVER, Span, Ticks
from ..core.track import Track
from .document import Edit, Hide, Keep, KeepZone
from .policy import style_of
from .zones import Stage, Staying, staying

SAME: Final = 0.5  # overlap (intersection over union) from which two boxes are the same place


@dataclass(frozen=True, slots=True)
class Unbound:
    """A keep edit that did not find its track, and so does nothing. `edit` counts from 0."""

    edit: int
    track: int
    reason: str


@dataclass(frozen=True, slots=True)
class Bound:
    """Edits that were looked up in the tracks of a plan.

    `hides`: span and region, always all of them. `keeps`: (track, span). `unbound`: the others.
    `zones`: what came of each keep-zone, with the number of its edit.
    """

    hides: tuple[tuple[Span, Region], ...] = ()
    keeps: tuple[tuple[int, Span], ...] = ()
    unbound: tuple[Unbound, ...] = ()
    zones: tuple[tuple[int, Staying], ...] = ()


def bind(
    edits: Sequence[Edit], tracks: Iterable[Track], style: Style, stage: Stage | None = None
) -> Bound:
    """Finds what each edit speaks of. A hide needs nothing; a keep needs its very track.

    A keep must name a track that, at the tick and place where the person pointed at it, still is
    there: after another detection the same number may belong to somebody else. A keep-zone needs
    all of all tracks, and the `stage`; without that it keeps nobody.
    """
    tracks = tuple(tracks) if any(isinstance(edit, KeepZone) for edit in edits) else tracks
    wanted = {edit.track for edit in edits if isinstance(edit, Keep)}
    known = {track.id: track for track in tracks if track.id in wanted}
    hides: list[tuple[Span, Region]] = []
    keeps: list[tuple[int, Span]] = []
    unbound: list[Unbound] = []
    zones: list[tuple[int, Staying]] = []
    for number, edit in enumerate(edits):
        match edit:
            case Hide():
                box, kind = Box(*edit.box).snapped(), edit.kind
                # a place that was pointed at keeps nothing of whoever is there: no figure
                plain = Style.VEIL if style is Style.FIGURE else style
                region = Region(box, style_of(plain, kind), kind, -1 - number)
                hides.append((_span(edit.span), region))
            case Keep():
                reason = _missing(edit, known.get(edit.track))
                if reason:
                    unbound.append(Unbound(number, edit.track, reason))
                else:
                    keeps.append((edit.track, _span(edit.span)))
            case KeepZone():
                if stage is not None:
                    zones.append((number, staying(edit, tracks, stage)))
                    keeps += zones[-1][1].kept
    return Bound(tuple(hides), tuple(keeps), tuple(unbound), tuple(zones))


def _span(span: tuple[int, int] | None) -> Span:
    start, end = span or (-FOREVER, FOREVER)
    return Span(Ticks(start), Ticks(end))


def _missing(edit: Keep, track: Track | None) -> str:
    """Why `edit` can't be applied to `track`; empty when it can."""
    if track is None:
        return "no such track"
    at, *corners = edit.where
    there = next((key.box for key in track.keys if key.at == at), None)
    if there is None:
        return "the track is not there at that tick"
    if _overlap(there, Box(*corners)) < SAME:
        return "the track is somewhere else at that tick"
    return ""


def _overlap(a: Box, b: Box) -> float:
    """Intersection over union; 0 for boxes without an area."""
    width = min(a.x1, b.x1) - max(a.x0, b.x0)
    height = min(a.y1, b.y1) - max(a.y0, b.y0)
    shared = max(0.0, width) * max(0.0, height)
    return shared / (a.area + b.area - shared) if shared > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Edited:
    """A schedule with bound edits laid over it.

    Hides cover every frame that touches their span. A keep uncovers its track only in frames that
    lie wholly inside its span, and never what a hide, or another track, covers.
    """

    under: Schedule
    bound: Bound

    @property
    def final_until(self) -> Ticks:
        return self.under.final_until

    def regions(self, span: Span) -> tuple[Region, ...]:
        kept = self._kept(span)
        tracked = tuple(r for r in self.under.regions(span) if r.track not in kept)
        return tracked + tuple(region for when, region in self.bound.hides if when.touches(span))

    def kept(self, span: Span) -> tuple[Region, ...]:
        """What would be hidden, had nobody decided to keep it."""
        kept = self._kept(span)
        return tuple(r for r in self.under.regions(span) if r.track in kept) if kept else ()

    def _kept(self, span: Span) -> set[int]:
        return {
            t for t, when in self.bound.keeps if when.start <= span.start < span.end <= when.end
        }
