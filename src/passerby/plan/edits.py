"""What people decided about a plan: hide more, or keep somebody. Hiding always wins its span."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from ..core.geometry import Box
from ..core.schedule import Region, Schedule, Style
from ..core.time import Span, Ticks
from ..core.track import Track
from .fields import Place
from .history import active
from .keeping import Keeping, whole
from .moving import Moving
from .policy import style_of
from .shapes import strips
from .vocabulary import (
    Edit,
    Hide,
    HideMoving,
    HideTracks,
    Keep,
    KeepTracks,
    KeepZone,
    Restyle,
    Tracks,
)
from .zones import Stage, Staying, staying

_STRENGTH: Final = (Style.SOLID, Style.VEIL, Style.FIGURE, Style.BLUR, Style.MOSAIC)
SAME: Final = 0.5  # overlap (intersection over union) from which two boxes are the same place


@dataclass(frozen=True, slots=True)
class Unbound:
    """An edit that did not find a track, and so does nothing about it. `edit` counts from 0."""

    edit: int
    track: int
    reason: str
    do: str = "keep"


@dataclass(frozen=True, slots=True)
class Bound:
    """Edits that were looked up in the tracks of a plan.

    `hides`: span and region, always all of them; `moving`: boxes that move, several of one number
    for a shape. `keeps`: (track, span).
    `styles`: (track, span, style), the last said last. `unbound`: the others. `zones`: what came of
    each keep-zone, with the number of its edit.
    """

    hides: tuple[tuple[Span, Region], ...] = ()
    keeps: tuple[tuple[int, Span], ...] = ()
    unbound: tuple[Unbound, ...] = ()
    zones: tuple[tuple[int, Staying], ...] = ()
    moving: tuple[Moving, ...] = ()
    styles: tuple[tuple[int, Span, Style], ...] = ()

    def added(self) -> Iterator[tuple[Span, Region]]:
        """Each box or shape that a person added, one place of those that move."""
        yield from self.hides
        moving: dict[int, tuple[Span, Region]] = {}
        for one in self.moving:
            region, other = one.region, moving.get(one.track)
            if other is not None:
                region = replace(region, box=region.box.hull(other[1].box))
            moving[one.track] = one.span, region
        yield from moving.values()


@dataclass(slots=True)
class _Reading:
    """Edits read so far, in their order."""

    known: Mapping[int, Track]
    style: Style
    hides: list[tuple[Span, Region]] = field(default_factory=list)
    moving: list[Moving] = field(default_factory=list)
    keeping: Keeping = field(default_factory=Keeping)
    styles: list[tuple[int, Span, Style]] = field(default_factory=list)
    unbound: list[Unbound] = field(default_factory=list)
    zones: list[tuple[int, Staying]] = field(default_factory=list)

    def take(self, number: int, edit: Edit) -> None:
        """One more edit. Those that only say how people see the tracks change nothing here."""
        match edit:
            case Hide():
                self.hide(number, edit)
            case HideMoving():
                self.move(number, edit)
            case Keep():
                for track in self.found(number, edit.do, ((edit.track, *edit.where),)):
                    self.keeping.keep(track, whole(edit.span))
            case KeepTracks():
                self.keep_tracks(number, edit)
            case HideTracks():
                self.hide_tracks(edit)
            case Restyle():
                for track in self.found(number, edit.do, edit.tracks):
                    self.styles.append((track, whole(edit.span), Style(edit.style)))

    def zone(self, number: int, stays: Staying) -> None:
        self.zones.append((number, stays))
        for track, span in stays.kept:
            self.keeping.keep(track, span)

    def hide(self, number: int, edit: Hide) -> None:
        kind = edit.kind
        region = Region(Box(*edit.box).snapped(), style_of(self.plain, kind), kind, -1 - number)
        self.hides.append((whole(edit.span), region))

    def move(self, number: int, edit: HideMoving) -> None:
        keys, end, style, kind = edit.keys, edit.end, self.plain, edit.kind
        shares: Sequence[Box | None] = (None,)
        if edit.shape is not None:
            shares = strips(edit.shape, max(y1 - y0 for _, _, y0, _, y1 in keys))
        for share in shares:
            made = Moving.of(keys, end, style=style, kind=kind, track=-1 - number, share=share)
            self.moving.append(made)

    @property
    def plain(self) -> Style:
        """A place that was pointed at keeps nothing of whoever is there: no figure."""
        return Style.VEIL if self.style is Style.FIGURE else self.style

    def keep_tracks(self, number: int, edit: KeepTracks) -> None:
        span = whole(edit.span)
        if edit.only:
            for track in self.keeping.tracks:
                self.keeping.hide(track, span)
        for track in self.found(number, edit.do, edit.tracks):
            self.keeping.keep(track, span)

    def hide_tracks(self, edit: HideTracks) -> None:
        span = whole(edit.span)
        for track in self.keeping.tracks:
            if self._meant(edit, track):
                self.keeping.hide(track, span)

    def _meant(self, edit: HideTracks, number: int) -> bool:
        """Whether a track that is kept is to be hidden. In doubt it is: a number is enough, and so
        is the place, whatever number it has by now."""
        if edit.tracks is None:
            track = self.known.get(number)
            return edit.kind is None or track is None or track.kind == edit.kind
        return any(
            number == other or not _missing((at, x0, y0, x1, y1), self.known.get(number))
            for other, at, x0, y0, x1, y1 in edit.tracks
        )

    def found(self, number: int, do: str, tracks: Tracks) -> Iterator[int]:
        """Those that are where they were pointed at; the others are noted."""
        for track, at, x0, y0, x1, y1 in tracks:
            reason = _missing((at, x0, y0, x1, y1), self.known.get(track))
            if reason:
                self.unbound.append(Unbound(number, track, reason, do))
            else:
                yield track


def bind(
    edits: Sequence[Edit], tracks: Iterable[Track], style: Style, stage: Stage | None = None
) -> Bound:
    """Finds what each edit that holds speaks of. A hide needs nothing; a keep needs its very track.

    A keep must name a track that, at the tick and place where the person pointed at it, still is
    there: after another detection the same number may belong to somebody else. A keep-zone needs
    all of all tracks, and the `stage`; without that it keeps nobody. What was said later of a track
    wins over what was said before.
    """
    said = active(edits)
    if any(isinstance(edit, KeepZone) for _, edit in said):
        tracks = tuple(tracks)
        known = {track.id: track for track in tracks}
    else:
        wanted = _named(edit for _, edit in said)
        known = {track.id: track for track in tracks if track.id in wanted}
    reading = _Reading(known, style)
    for number, edit in said:
        if isinstance(edit, KeepZone) and stage is not None:
            reading.zone(number, staying(edit, tracks, stage))
        else:
            reading.take(number, edit)
    return Bound(
        tuple(reading.hides),
        tuple(reading.keeping.spans()),
        tuple(reading.unbound),
        tuple(reading.zones),
        tuple(reading.moving),
        tuple(reading.styles),
    )


def _named(edits: Iterable[Edit]) -> set[int]:
    """Every track of which an edit speaks by its number."""
    found: set[int] = set()
    for edit in edits:
        match edit:
            case Keep():
                found.add(edit.track)
            case KeepTracks() | Restyle():
                found.update(track for track, *_ in edit.tracks)
    return found


def _missing(where: Place, track: Track | None) -> str:
    """Why `track` is not the one that was pointed at; empty when it is."""
    if track is None:
        return "no such track"
    at, *corners = where
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


class Edited:
    """A schedule with bound edits laid over it.

    Hides cover every frame that touches their span. A keep uncovers its track only in frames that
    lie wholly inside its span, and never what a hide, or another track, covers.
    """

    def __init__(self, under: Schedule, bound: Bound) -> None:
        self.under, self.bound = under, bound
        self._keeps: dict[int, list[Span]] = {}
        for track, span in bound.keeps:
            self._keeps.setdefault(track, []).append(span)
        self._styles: dict[int, list[tuple[Span, Style]]] = {}
        for track, span, style in bound.styles:
            self._styles.setdefault(track, []).append((span, style))

    @property
    def final_until(self) -> Ticks:
        return self.under.final_until

    def regions(self, span: Span) -> tuple[Region, ...]:
        tracked = (r for r in self.under.regions(span) if not self._kept(r.track, span))
        still = (region for when, region in self.bound.hides if when.touches(span))
        moved = (one.during(span) for one in self.bound.moving)
        return (
            *(self._styled(region, span) for region in tracked),
            *still,
            *(region for region in moved if region is not None),
        )

    def kept(self, span: Span) -> tuple[Region, ...]:
        """What would be hidden, had nobody decided to keep it."""
        if not self._keeps:
            return ()
        return tuple(r for r in self.under.regions(span) if self._kept(r.track, span))

    def _kept(self, track: int, span: Span) -> bool:
        spans = self._keeps.get(track, ())
        return any(when.start <= span.start < span.end <= when.end for when in spans)

    def _styled(self, region: Region, span: Span) -> Region:
        """As it was last said to be hidden; where that is not said of all of the frame, in the
        strongest style of those that were said of a part of it."""
        parts: list[Style] = []
        for when, style in reversed(self._styles.get(region.track, ())):
            if when.touches(span):
                parts.append(style)
            if when.start <= span.start and span.end <= when.end:
                break
        else:
            parts.append(region.style)
        style = min(parts, key=_STRENGTH.index)
        return replace(region, style=style_of(style, region.kind))
