"""Tracks through time as lanes: what was seen, what was carried, and where something was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from typing import Final

from ...core.time import Clock, Span
from ...core.track import Track, Why

COLUMNS: Final = 600  # in which a film is drawn; what is shorter is drawn as one of them


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of a lane, as shares of the film's length, and why something is hidden there."""

    start: float
    end: float
    why: Why


@dataclass(frozen=True, slots=True)
class Lane:
    """One track. `start`, `last`: seconds from the film's start; `seen`: share of its frames in
    which a detector, or a person, saw it."""

    track: int
    kind: str
    start: Fraction
    last: Fraction
    score: float
    seen: float
    runs: tuple[Run, ...]


def lane(track: Track, film: Span, clock: Clock, usual: Fraction) -> Lane:
    """`usual`: seconds between two sightings between which a track counts as seen."""
    sightings = [key.at for key in track.keys if key.why in (Why.SEEN, Why.EDITED)]
    gap = clock.ticks(usual)
    length = film.end - film.start
    columns: dict[int, Why] = {}
    after = 0  # how many sightings lie at or before the key
    for key, following in zip(track.keys, [*track.keys[1:], None], strict=True):
        while after < len(sightings) and sightings[after] <= key.at:
            after += 1
        why = key.why
        if why is Why.FILLED and 0 < after < len(sightings):
            close = sightings[after] - sightings[after - 1] <= gap
            why = Why.SEEN if close else why
        end = key.at + 1 if following is None else following.at
        low = (key.at - film.start) * COLUMNS // length
        high = -(-(end - film.start) * COLUMNS // length)
        for column in range(max(0, low), min(COLUMNS, high)):
            if _weight(why) > _weight(columns.get(column)):
                columns[column] = why
    return Lane(
        track.id,
        track.kind,
        clock.seconds(track.keys[0].at) - clock.seconds(film.start),
        clock.seconds(track.keys[-1].at) - clock.seconds(film.start),
        track.score,
        len(sightings) / len(track.keys),
        tuple(_runs(columns)),
    )


def _weight(why: Why | None) -> int:
    """Of what falls into one column the least certain is drawn."""
    return (None, Why.UNSURE, Why.SEEN, Why.EDITED, Why.HEAD, Why.FILLED, Why.REACH).index(why)


def _runs(columns: dict[int, Why]) -> Sequence[Run]:
    rows = sorted(columns.items())
    # Neighbouring columns of one kind differ from their place in the list by the same number.
    grouped = groupby(enumerate(rows), key=lambda entry: (entry[1][0] - entry[0], entry[1][1]))
    runs = []
    for (_, why), group in grouped:
        places = [column for _, (column, _) in group]
        runs.append(Run(places[0] / COLUMNS, (places[-1] + 1) / COLUMNS, why))
    return runs


def clock_time(seconds: Fraction | float) -> str:
    """``h:mm:ss.mmm``, as players show it."""
    whole = max(0, round(seconds * 1000))
    minutes, rest = divmod(whole, 60_000)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest // 1000:02d}.{rest % 1000:03d}"
