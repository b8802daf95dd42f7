"""Where should a person look first? Moments of a film, the riskiest first, each with its reasons.

Note [an order, not a measure]: nobody knows how likely a face is bare at a moment at which nothing
was found. What is known is how the plan came to cover it: seen by a detector, carried there by
motion, or not at all. So moments are put in an order of what was known least, and the page says so.
A large face counts for more than a small one, because more people would know it. The second moment
of the same kind in the same track counts for less than the first, so that one long track does not
fill the list. Where one track ends and another's cover hides the place, nothing is bare, and the
moment counts for as much less as is hidden.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import pairwise
from statistics import median
from typing import Final

import numpy as np

from ..core.detection import contained
from ..core.geometry import Box, Size
from ..core.schedule import Schedule
from ..core.time import FOREVER, Clock, Span, Ticks
from ..core.track import Key, Track, Why
from .findings import Finding

# What a moment weighs; only their order means anything.
FOUND, KEPT, ADDED, BETWEEN, ENDS, BEGINS, CROSSES, CARRIED, CUT, SMALL, FAINT = (
    100.0, 90.0, 80.0, 60.0, 50.0, 45.0, 35.0, 30.0, 20.0, 18.0, 16.0,
)  # fmt: skip
AGAIN: Final = 0.85  # each further moment of a kind in a track weighs so much of the one before
TOGETHER: Final = Fraction(1, 2)  # seconds within which moments of a track are one
GAP: Final = Fraction(3)  # seconds after which somebody who comes is somebody else
LONG: Final = Fraction(1, 2)  # seconds for which a face is carried without being remarkable
NEAR: Final = 1.5  # widths of a face between an end and a beginning that may be one person
FAINTLY: Final = 0.4  # best score below which a track was never seen well
TINY: Final = 1.5  # times the smallest size that was searched for
LARGE: Final = 48.0  # pixels of height from which a face is known as well as any larger one
GRID: Final = 8  # points each way at which a place is asked whether it is hidden
LEAST: Final = 5.0  # what weighs less is not worth a look
REASONS: Final = 4  # of one moment
OVER: Final = 0.15  # share of the smaller box from which two people are in each other's way


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


@dataclass(frozen=True, slots=True)
class Ranked:
    """`moments`: every one worth a look, the riskiest first. `usual`: seconds between two sightings
    up to which a face counts as seen all the while."""

    moments: tuple[Moment, ...]
    usual: Fraction


def ranked(
    film: Film,
    tracks: Iterable[Track],
    findings: Iterable[Finding] = (),
    kept: Sequence[tuple[int, Span]] = (),
    added: Iterable[tuple[Span, Box]] = (),
) -> Ranked:
    """Which moments of a film deserve a person's look. Tracks are read once, one at a time.

    `kept`: tracks that a person left bare on purpose, and when. `added`: what an edit hides where
    no track may be.
    """
    known = [*_found(findings), *_added(film, added)]
    briefs = []
    for track in tracks:
        known += [*_left_bare(track, kept), *_doubtful(film, track)]
        if not film.still:
            briefs.append(_Brief.of(track, film.clock))
    briefs.sort(key=lambda brief: brief.id)
    usual = _usual(briefs, film.clock)
    cuts = _cuts(briefs)
    known += [*_between(film, briefs, cuts), *_crossings(briefs, usual / film.clock.tick)]
    for brief in briefs:
        known += [*_ends(film, brief, cuts), *_carried(film, brief, usual)]
    return Ranked(tuple(_ordered(film, known)), usual)


@dataclass(frozen=True, slots=True)
class _Brief:
    """What is needed of a track to compare it with others; a small part of its keys.

    `step`: ticks from one key to the next, as a rule. `gaps`: ticks between sightings, and the key
    in their middle. `samples`: one key in each quarter of a second, by its number, and for how many
    ticks its track went unseen around it.
    """

    id: int
    kind: str
    first: Key
    last: Key
    step: int
    gaps: tuple[tuple[int, Key], ...]
    samples: dict[int, tuple[Key, int]]

    @classmethod
    def of(cls, track: Track, clock: Clock) -> _Brief:
        keys = track.keys
        steps = [b.at - a.at for a, b in pairwise(keys)]
        seen = [n for n, key in enumerate(keys) if key.why in (Why.SEEN, Why.EDITED)]
        pause = clock.ticks(Fraction(1, 4))
        samples: dict[int, tuple[Key, int]] = {}
        for n, key in enumerate(keys):
            if key.at // pause not in samples:
                later = bisect_left(seen, n)
                inside = 0 < later < len(seen)
                samples[key.at // pause] = (
                    key,
                    (
                        0
                        if key.why in (Why.SEEN, Why.EDITED)
                        else keys[seen[later]].at - keys[seen[later - 1]].at
                        if inside
                        else FOREVER
                    ),
                )
        return cls(
            track.id,
            track.kind,
            keys[0],
            keys[-1],
            max(1, int(median(steps))) if steps else 1,
            tuple((keys[b].at - keys[a].at, keys[(a + b) // 2]) for a, b in pairwise(seen)),
            samples,
        )


def _usual(briefs: Iterable[_Brief], clock: Clock) -> Fraction:
    """Twice the usual time between two sightings, at least LONG."""
    gaps = [gap for brief in briefs for gap, _ in brief.gaps]
    return max(LONG, 2 * Fraction(median(gaps)) * clock.tick) if gaps else LONG


def _found(findings: Iterable[Finding]) -> Iterator[Moment]:
    for finding in findings:
        if finding.at is not None:
            yield Moment(finding.at, (finding.what,), FOUND, finding.box, sort="found")


def _added(film: Film, added: Iterable[tuple[Span, Box]]) -> Iterator[Moment]:
    """What edits hide; those that follow on one another near one place are one."""
    until: list[tuple[Ticks, Box]] = []
    for span, box in sorted(added, key=lambda edit: (edit[0].start, edit[1].corners)):
        start, end = span.start, span.end
        if film.span is not None:
            start, end = max(start, film.span.start), min(end, film.span.end)
        if start >= end:
            continue
        goes_on = any(start <= last and _touch(box, other) for last, other in until)
        until = [(last, other) for last, other in until if start <= last] + [(end, box)]
        if not goes_on:
            at = Ticks((start + end) // 2)
            yield Moment(at, ("hidden by an edit: no track follows it",), ADDED, box, sort="added")


def _touch(a: Box, b: Box) -> bool:
    return a.x0 < b.x1 and b.x0 < a.x1 and a.y0 < b.y1 and b.y0 < a.y1


def _left_bare(track: Track, kept: Iterable[tuple[int, Span]]) -> Iterator[Moment]:
    for number, span in kept:
        key = next((key for key in track.keys if key.at in span), None)
        if number == track.id and key is not None:
            why = "left bare on purpose, by an edit"
            yield Moment(key.at, (why,), KEPT, key.box, number, "kept")


def _doubtful(film: Film, track: Track) -> Iterator[Moment]:
    """Seen faintly or once, or hardly large enough to be searched for."""
    seen = [key for key in track.keys if key.score is not None]
    if not seen:
        return
    best = max(seen, key=lambda key: key.score or 0.0)
    if track.score < FAINTLY:
        why = f"never seen well: the best score is {track.score:.2f}"
        yield Moment(best.at, (why,), FAINT + 5 * (1 - track.score), best.box, track.id, "faint")
    elif len(seen) == 1 and not film.still:
        why = "seen in one frame only"
        yield Moment(best.at, (why,), FAINT, best.box, track.id, "faint")
    least = film.smallest.get(track.kind, 0.0)
    small = min(seen, key=lambda key: key.box.height)
    if least and small.box.height < TINY * least:
        why = f"{small.box.height:.0f} px high; nothing below {least:g} px was searched for"
        yield Moment(small.at, (why,), SMALL, small.box, track.id, "small")


def _carried(film: Film, track: _Brief, usual: Fraction) -> Iterator[Moment]:
    """The middle between two sightings that lie far apart."""
    for gap, middle in track.gaps:
        seconds = film.clock.seconds(Ticks(gap))
        if seconds > usual:
            why = f"carried for {float(seconds):.1f} s without being seen"
            weight = CARRIED + min(15.0, 5 * float(seconds))
            yield Moment(middle.at, (why,), weight, middle.box, track.id, "carried")


def _ends(film: Film, track: _Brief, cuts: frozenset[Ticks]) -> Iterator[Moment]:
    """The frames just outside a track that neither comes from nor leaves to the picture's edge."""
    if film.span is None:
        return
    first, last, step = track.first, track.last, track.step
    if first.at - step >= film.span.start and not _at_edge(first, film.size):
        at_cut = first.at in cuts
        why = (
            "the last frame before what seems to be a cut"
            if at_cut
            else "hidden only from the next frame on: was it there before?"
        )
        at, weight = Ticks(first.at - step), CUT if at_cut else BEGINS
        yield Moment(at, (why,), weight, first.box, track.id, "begins")
    if last.at + step < film.span.end and not _at_edge(last, film.size):
        at_cut = last.at in cuts
        why = (
            "the first frame after what seems to be a cut"
            if at_cut
            else "no longer hidden from this frame on: is it still there?"
        )
        at, weight = Ticks(last.at + step), CUT if at_cut else ENDS
        yield Moment(at, (why,), weight, last.box, track.id, "ends")


def _at_edge(key: Key, size: Size) -> bool:
    """So near the edge that it may have come in or gone out there."""
    x, y = key.box.width / 4, key.box.height / 4
    return (
        key.box.x0 < x
        or key.box.y0 < y
        or key.box.x1 > size.width - x
        or key.box.y1 > size.height - y
    )


def _cuts(tracks: Sequence[_Brief]) -> frozenset[Ticks]:
    """Last ticks of all who go, and first of all who come, where one is just before the other and
    nobody stays: most likely the picture was cut there.
    """
    firsts = sorted(track.first.at for track in tracks)
    lasts = sorted(track.last.at for track in tracks)
    found: set[Ticks] = set()
    for track in tracks:
        at = track.first.at
        gone = bisect_left(lasts, at)
        if gone and gone == bisect_left(firsts, at) and at - lasts[gone - 1] <= 2 * track.step:
            found |= {at, lasts[gone - 1]}
    return frozenset(found)


def _between(film: Film, tracks: Sequence[_Brief], cuts: frozenset[Ticks]) -> Iterator[Moment]:
    """Somebody goes, and soon somebody comes near the same place: it may be one person."""
    come = sorted(tracks, key=lambda track: track.first.at)
    starts = [track.first.at for track in come]
    for track in tracks:
        last = track.last
        until = last.at + film.clock.ticks(GAP)
        for other in come[bisect_right(starts, last.at) : bisect_right(starts, until)]:
            first, apart = other.first, Ticks(other.first.at - last.at)
            bare = apart > 1.5 * track.step
            if other.kind == track.kind and bare and last.at not in cuts and _near(last, first):
                seconds = float(film.clock.seconds(apart))
                why = f"one track ends and {seconds:.1f} s later another begins near it"
                box, at = last.box.hull(first.box), Ticks(last.at + apart // 2)
                weight = BETWEEN - 3 * seconds
                yield Moment(at, (why,), weight, box, track.id, "between")
                break


def _near(a: Key, b: Key) -> bool:
    reach = NEAR * max(a.box.width, b.box.width)
    aside = (a.box.x0 + a.box.x1 - b.box.x0 - b.box.x1) / 2
    above = (a.box.y0 + a.box.y1 - b.box.y0 - b.box.y1) / 2
    return aside**2 + above**2 <= reach**2


def _crossings(tracks: Iterable[_Brief], usual: Fraction) -> Iterator[Moment]:
    """Where two are in each other's way and one has long not been seen; for each track the worst.

    `usual`: in ticks.
    """
    at_once: dict[int, list[tuple[int, Key, int]]] = {}
    for track in tracks:
        for quarter, (key, unseen) in track.samples.items():
            at_once.setdefault(quarter, []).append((track.id, key, unseen))
    worst: dict[int, Moment] = {}
    for here in at_once.values():
        boxes = np.array([key.box.corners for _, key, _ in here], np.float32)
        over = contained(boxes, boxes)
        for i, j in np.argwhere(np.triu(over, 1) >= OVER).tolist():
            (one, a, unseen), (two, b, other) = here[i], here[j]
            if max(unseen, other) <= usual:
                continue
            weight = CROSSES + 5 * float(over[i, j])
            if one not in worst or weight > worst[one].weight:
                why = f"crosses track {two} while one of them is not seen"
                worst[one] = Moment(a.at, (why,), weight, a.box.hull(b.box), one, "crosses")
    yield from worst.values()


def _ordered(film: Film, known: Iterable[Moment]) -> list[Moment]:
    """The heaviest first; what is close together in one track is one moment."""
    times: Counter[tuple[int | None, str]] = Counter()
    weighed = []
    for moment in sorted((_sized(film, m) for m in known), key=_rank):
        again = times[moment.track, moment.sort]
        times[moment.track, moment.sort] += moment.track is not None
        weighed.append(replace(moment, weight=moment.weight * AGAIN**again))
    together = 0 if film.still else film.clock.ticks(TOGETHER)
    kept: list[Moment] = []
    places: dict[int, list[int]] = {}
    for moment in sorted(weighed, key=_rank):
        if moment.weight < LEAST:
            break
        of_track = places.setdefault(moment.track, []) if moment.track is not None else []
        for place in of_track:
            if abs(kept[place].at - moment.at) <= together:
                reasons = tuple(dict.fromkeys((*kept[place].reasons, *moment.reasons)))
                kept[place] = replace(kept[place], reasons=reasons[:REASONS])
                break
        else:
            of_track.append(len(kept))
            kept.append(moment)
    return kept


def _sized(film: Film, moment: Moment) -> Moment:
    """Less for a place that others cover, and for a small one."""
    if moment.box is None or moment.sort in ("found", "kept", "added"):
        return moment
    weight = moment.weight * (0.6 + 0.4 * min(1.0, moment.box.height / LARGE))
    if moment.sort in ("begins", "ends", "between"):
        weight *= 1 - _hidden(film, moment.at, moment.box)
    return replace(moment, weight=weight)


def _hidden(film: Film, at: Ticks, box: Box) -> float:
    """Which share of `box` something hides at that moment, on a grid of points."""
    if film.schedule is None:
        return 0.0
    regions = film.schedule.regions(Span(at, Ticks(at + 1)))
    xs, ys = (
        low + (high - low) * (np.arange(GRID) + 0.5) / GRID
        for low, high in ((box.x0, box.x1), (box.y0, box.y1))
    )
    hidden = np.zeros((GRID, GRID), bool)
    for region in regions:
        x0, y0, x1, y1 = region.box.corners
        hidden |= ((ys >= y0) & (ys < y1))[:, None] & ((xs >= x0) & (xs < x1))[None, :]
    return float(hidden.mean())


def _rank(moment: Moment) -> tuple[float, int, int, str]:
    return -moment.weight, moment.at, -1 if moment.track is None else moment.track, moment.sort
