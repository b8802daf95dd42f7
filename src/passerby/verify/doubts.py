"""What makes a single track, or what was found or edited, worth a look."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from statistics import median
from typing import Final

from ..core.geometry import Box, Size
from ..core.time import FOREVER, Clock, Span, Ticks
from ..core.track import Key, Track, Why
from .findings import Finding
from .moment import ADDED, BEGINS, CARRIED, CUT, ENDS, FAINT, FOUND, KEPT, SMALL, Film, Moment

FAINTLY: Final = 0.4  # best score below which a track was never seen well
TINY: Final = 1.5  # times the smallest size that was searched for


@dataclass(frozen=True, slots=True)
class Brief:
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
    def of(cls, track: Track, clock: Clock) -> Brief:
        keys = track.keys
        steps = [b.at - a.at for a, b in pairwise(keys)]
        seen = [n for n, key in enumerate(keys) if key.why in (Why.SEEN, Why.EDITED, Why.HEAD)]
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
                        if key.why in (Why.SEEN, Why.EDITED, Why.HEAD)
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


def found(findings: Iterable[Finding], clock: Clock) -> Iterator[Moment]:
    """What checks found; the same in frame after frame, near one place, is one."""
    runs: list[list[Finding]] = []
    pause = clock.ticks(Fraction(1, 2))
    for finding in sorted(findings, key=lambda f: (f.at is None, f.at)):
        if finding.at is None:
            continue
        for run in runs:
            if finding.at - (run[-1].at or 0) <= pause and _goes_on(run[-1], finding):
                run.append(finding)
                break
        else:
            runs.append([finding])
    for run in runs:
        worst = max(run, key=lambda f: f.score or 0.0)
        assert worst.at is not None
        times = f", {len(run)} times near here" if len(run) > 1 else ""
        weight = FOUND + min(1.0, len(run) / 1000)
        yield Moment(worst.at, (worst.what + times,), weight, worst.box, sort="found")


def _goes_on(before: Finding, after: Finding) -> bool:
    if (before.check, before.what) != (after.check, after.what):
        return False
    if before.box is None or after.box is None:
        return before.box is after.box
    return before.at != after.at and _touch(before.box, after.box)


def added(film: Film, added: Iterable[tuple[Span, Box]]) -> Iterator[Moment]:
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


def left_bare(track: Track, kept: Iterable[tuple[int, Span]]) -> Iterator[Moment]:
    for number, span in kept:
        key = next((key for key in track.keys if key.at in span), None)
        if number == track.id and key is not None:
            why = "left bare on purpose, by an edit"
            yield Moment(key.at, (why,), KEPT, key.box, number, "kept")


def doubtful(film: Film, track: Track) -> Iterator[Moment]:
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


def carried(film: Film, track: Brief, usual: Fraction) -> Iterator[Moment]:
    """The middle between two sightings that lie far apart."""
    for gap, middle in track.gaps:
        seconds = film.clock.seconds(Ticks(gap))
        if seconds > usual:
            why = f"carried for {float(seconds):.1f} s without being seen"
            weight = CARRIED + min(15.0, 5 * float(seconds))
            yield Moment(middle.at, (why,), weight, middle.box, track.id, "carried")


def ends(film: Film, track: Brief, cuts: frozenset[Ticks]) -> Iterator[Moment]:
    """The frames just outside a track that neither comes from nor leaves to the picture's edge."""
    if film.span is None:
        return
    first, last, step = track.first, track.last, track.step
    if first.at - step >= film.span.start and not at_edge(first, film.size):
        at_cut = first.at in cuts
        why = (
            "the last frame before what seems to be a cut"
            if at_cut
            else "hidden only from the next frame on: was it there before?"
        )
        at, weight = Ticks(first.at - step), CUT if at_cut else BEGINS
        yield Moment(at, (why,), weight, first.box, track.id, "begins")
    if last.at + step < film.span.end and not at_edge(last, film.size):
        at_cut = last.at in cuts
        why = (
            "the first frame after what seems to be a cut"
            if at_cut
            else "no longer hidden from this frame on: is it still there?"
        )
        at, weight = Ticks(last.at + step), CUT if at_cut else ENDS
        yield Moment(at, (why,), weight, last.box, track.id, "ends")


def at_edge(key: Key, size: Size) -> bool:
    """So near the edge that it may have come in or gone out there."""
    x, y = key.box.width / 4, key.box.height / 4
    return (
        key.box.x0 < x
        or key.box.y0 < y
        or key.box.x1 > size.width - x
        or key.box.y1 > size.height - y
    )
