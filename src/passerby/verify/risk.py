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

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from statistics import median
from typing import Final

import numpy as np

from ..core.geometry import Box
from ..core.time import Clock, Span, Ticks
from ..core.track import Track
from . import doubts, pairs
from .doubts import Brief
from .findings import Finding
from .moment import Film, Moment

AGAIN: Final = 0.85  # each further moment of a kind in a track weighs so much of the one before
TOGETHER: Final = Fraction(1, 2)  # seconds within which moments of a track are one
LONG: Final = Fraction(1, 2)  # seconds for which a face is carried without being remarkable
LARGE: Final = 48.0  # pixels of height from which a face is known as well as any larger one
GRID: Final = 8  # points each way at which a place is asked whether it is hidden
LEAST: Final = 5.0  # what weighs less is not worth a look
REASONS: Final = 4  # of one moment


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
    known = [*doubts.found(findings, film.clock), *doubts.added(film, added)]
    briefs = []
    for track in tracks:
        known += [*doubts.left_bare(track, kept), *doubts.doubtful(film, track)]
        if not film.still:
            briefs.append(Brief.of(track, film.clock))
    briefs.sort(key=lambda brief: brief.id)
    usual = _usual(briefs, film.clock)
    cuts = pairs.cuts(briefs)
    known += [*pairs.between(film, briefs, cuts), *pairs.crossings(briefs, usual / film.clock.tick)]
    for brief in briefs:
        known += [*doubts.ends(film, brief, cuts), *doubts.carried(film, brief, usual)]
    return Ranked(tuple(_ordered(film, known)), usual)


def _usual(briefs: Iterable[Brief], clock: Clock) -> Fraction:
    """Twice the usual time between two sightings, at least LONG."""
    gaps = [gap for brief in briefs for gap, _ in brief.gaps]
    return max(LONG, 2 * Fraction(median(gaps)) * clock.tick) if gaps else LONG


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
