"""Who stays bare inside a keep-zone: people who were in it from first to last, and nobody else.

Note [strangers]: a plan knows tracks, not people. Somebody who walks in from outside, turns away
and is found again comes back as a new track, and that one was never outside. So whoever is near the
zone without being kept is a stranger: while one is there, and ever after one was lost there, no new
track is kept; and a track whose cover a stranger crosses, who does not go away again, is kept only
up to then, for the two may have changed places. A track that begins while another one is kept comes
from behind it, and is a stranger too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from ..core.geometry import Box, Size
from ..core.time import FOREVER, Span, Ticks
from ..core.track import Track
from .policy import Policy
from .vocabulary import KeepZone

PEOPLE: Final = ("face", "person")  # what a keep-zone keeps; what can be read stays hidden
INSIDE: Final = 0.9  # of what would be hidden


@dataclass(frozen=True, slots=True)
class Stage:
    """Where tracks live: the picture's size, how they are covered, and whether nothing moves."""

    size: Size
    policy: Policy
    still: bool = False


@dataclass(frozen=True, slots=True)
class Staying:
    """What came of a keep-zone: the tracks that it keeps, each with its span, and how many other
    people came near it and stay hidden."""

    kept: tuple[tuple[int, Span], ...]
    others: int


@dataclass(slots=True)
class _Stay:
    """A track in the zone's span: what would be hidden at each tick, and where that lies."""

    track: int
    kind: str
    covers: dict[int, Box]
    inside: bool
    near: list[int]  # ticks
    lost: bool  # the last that is known of it is near

    @property
    def first(self) -> int:
        return next(iter(self.covers))

    @property
    def last(self) -> int:
        return next(reversed(self.covers))


def staying(zone: KeepZone, tracks: Iterable[Track], stage: Stage) -> Staying:
    """Whom `zone` keeps. Reads `tracks` once."""
    start, end = zone.span or (-FOREVER, FOREVER)
    stays = (_stay(track, zone, stage) for track in tracks if track.kind in PEOPLE)
    around = sorted((s for s in stays if s is not None), key=lambda s: (s.first, s.track))
    kept = [(s, end) for s in around if s.inside] if stage.still else _kept(around, end)
    spans = tuple((s.track, Span(Ticks(start), Ticks(until))) for s, until in kept)
    return Staying(spans, len(around) - len(kept))


def _kept(around: Sequence[_Stay], end: int) -> list[tuple[_Stay, int]]:
    """Those who stay, by when they came, and until when each does: Note [strangers]."""
    strangers = [s for s in around if not s.inside]
    kept: list[_Stay] = []
    for stay in around:
        if not stay.inside:
            continue
        behind = any(k.kind == stay.kind and k.first < stay.first <= k.last for k in kept)
        if behind or any(_there(stranger, stay.first) for stranger in strangers):
            strangers.append(stay)
        else:
            kept.append(stay)
    remaining = [s for s in strangers if s.lost]
    until = [(k, min((_crossed(k, s) for s in remaining), default=FOREVER)) for k in kept]
    return [(k, min(end, at)) for k, at in until if at > k.first]


def _there(stranger: _Stay, at: int) -> bool:
    """Whether the stranger is near at tick `at`, or was lost there, having come before."""
    return stranger.near[0] < at and (stranger.lost or at <= stranger.near[-1])


def _crossed(stay: _Stay, stranger: _Stay) -> Ticks:
    """When the covers of the two first overlap; `FOREVER` if they never do."""
    for at, cover in stay.covers.items():
        other = stranger.covers.get(at)
        if other is not None and _shared(cover, other) > 0:
            return Ticks(at)
    return FOREVER


def _stay(track: Track, zone: KeepZone, stage: Stage) -> _Stay | None:
    """What `track` does about the zone in its span; None if it never comes near."""
    start, end = zone.span or (-FOREVER, FOREVER)
    keys, place = track.keys, Box(*zone.box)
    covers: dict[int, Box] = {}
    near: list[int] = []
    inside = True
    for row, key in enumerate(keys):
        if not start <= key.at < end:
            continue
        neighbours = (keys[n].box for n in (row - 1, row + 1) if 0 <= n < len(keys))
        cover = stage.policy.cover(key.box, key.why, *neighbours, kind=track.kind)
        covers[key.at] = cover
        inside = inside and _is_inside(cover, key.box, place, stage.size)
        if _shared(place.grown(cover.width, cover.height), cover) > 0:
            near.append(key.at)
    if not near:
        return None
    return _Stay(track.id, track.kind, covers, inside, near, near[-1] == next(reversed(covers)))


def _is_inside(cover: Box, box: Box, zone: Box, size: Size) -> bool:
    """Whether the middle, and nearly all, of what shows of somebody lies in the zone."""
    picture = Box(0, 0, size.width, size.height)
    shown = _part(cover, picture)
    middle = _part(box, picture)
    if shown is None or middle is None or not shown.area:
        return False
    x, y = (middle.x0 + middle.x1) / 2, (middle.y0 + middle.y1) / 2
    centred = zone.x0 <= x < zone.x1 and zone.y0 <= y < zone.y1
    return centred and _shared(shown, zone) >= INSIDE * shown.area


def _part(box: Box, whole: Box) -> Box | None:
    """What of `box` lies in `whole`."""
    x0, y0 = max(box.x0, whole.x0), max(box.y0, whole.y0)
    x1, y1 = min(box.x1, whole.x1), min(box.y1, whole.y1)
    return Box(x0, y0, x1, y1) if x0 <= x1 and y0 <= y1 else None


def _shared(a: Box, b: Box) -> float:
    """The area that both cover."""
    part = _part(a, b)
    return 0.0 if part is None else part.area
