"""What makes two tracks together worth a look: cuts, gaps that may be one person, crossings."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import Final

import numpy as np

from ..core.detection import contained
from ..core.time import Ticks
from ..core.track import Key
from .doubts import Brief, at_edge
from .moment import BETWEEN, CROSSES, Film, Moment

GAP: Final = Fraction(3)  # seconds after which somebody who comes is somebody else
NEAR: Final = 1.5  # widths of a face between an end and a beginning that may be one person
OVER: Final = 0.15  # share of the smaller box from which two people are in each other's way


def cuts(tracks: Sequence[Brief]) -> frozenset[Ticks]:
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


def between(film: Film, tracks: Sequence[Brief], cuts: frozenset[Ticks]) -> Iterator[Moment]:
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
                # People also leave at the edge, and others come in there.
                far = at_edge(last, film.size) and at_edge(first, film.size)
                weight = (BETWEEN - 3 * seconds) * (0.5 if far else 1)
                yield Moment(at, (why,), weight, box, track.id, "between")
                break


def _near(a: Key, b: Key) -> bool:
    reach = NEAR * max(a.box.width, b.box.width)
    aside = (a.box.x0 + a.box.x1 - b.box.x0 - b.box.x1) / 2
    above = (a.box.y0 + a.box.y1 - b.box.y0 - b.box.y1) / 2
    return aside**2 + above**2 <= reach**2


def crossings(tracks: Iterable[Brief], usual: Fraction) -> Iterator[Moment]:
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
