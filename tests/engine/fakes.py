"""Films without pictures and followers without models: all that the loops need."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hypothesis import strategies as st

from passerby.core.frame import Frame
from passerby.core.geometry import Box, Size
from passerby.core.time import FOREVER, Span, Ticks
from passerby.core.track import Key, Why
from passerby.testing import ArrayFrame

Sightings = dict[int, dict[int, Box]]  # frame number -> person -> where


def shot(start: int, end: int) -> ArrayFrame:
    """A tiny frame shown from tick `start` to `end`."""
    return ArrayFrame.flat(Size(2, 2), span=Span(Ticks(start), Ticks(end)))


def film(starts: Sequence[int]) -> list[ArrayFrame]:
    """Frames that begin at `starts`; the last lasts a tick."""
    ends = [*starts[1:], starts[-1] + 1]
    return [shot(start, end) for start, end in zip(starts, ends, strict=True)]


@st.composite
def films(draw: st.DrawFn, least: int = 1, most: int = 14) -> list[ArrayFrame]:
    """Variable frame rate, any first tick."""
    gaps = draw(st.lists(st.integers(1, 9000), min_size=least - 1, max_size=most - 1))
    starts = [draw(st.integers(-90_000, 90_000))]
    for gap in gaps:
        starts.append(starts[-1] + gap)
    return film(starts)


def boxes() -> st.SearchStrategy[Box]:
    """Also partly outside of the picture, and without an area."""
    corner = st.integers(-400, 4000).map(lambda q: q / 4)
    side = st.integers(0, 1200).map(lambda q: q / 4)
    return st.builds(lambda x, y, w, h: Box(x, y, x + w, y + h), corner, corner, side, side)


def sightings(frames: int, people: int = 3) -> st.SearchStrategy[Sightings]:
    """Who was seen where in which of so many frames."""
    one = st.dictionaries(st.integers(0, people - 1), boxes(), max_size=people)
    return st.dictionaries(st.integers(0, frames - 1), one, max_size=frames)


class Reaching:
    """Follows nobody's motion, but reaches: each person is where they were last (or next) seen
    for `reach` frames before the first and after every sighting.

    So it must wait `reach` frames before it knows whether somebody is coming.
    """

    def __init__(self, seen: Sightings, reach: int) -> None:
        self._seen, self._reach = seen, reach
        self._starts: list[Ticks] = []
        self._end = Ticks(-FOREVER)
        self._told = 0
        self._final_until = Ticks(-FOREVER)

    def see(self, frame: Frame) -> None:
        self._starts.append(frame.span.start)
        self._end = frame.span.end
        decided = len(self._starts) - self._reach
        if decided == len(self._starts):
            self._final_until = frame.span.end
        elif decided > 0:
            self._final_until = self._starts[decided]

    def finish(self) -> None:
        self._final_until = FOREVER

    @property
    def final_until(self) -> Ticks:
        return self._final_until

    def take(self) -> Sequence[tuple[int, str, Key]]:
        found: list[tuple[int, str, Key]] = []
        while self._told < len(self._starts) and self._starts[self._told] < self._final_until:
            found += [(who, "face", key) for who, key in self._keys(self._told)]
            self._told += 1
        return found

    def _keys(self, frame: int) -> Iterator[tuple[int, Key]]:
        near = range(frame - self._reach, min(len(self._starts), frame + self._reach + 1))
        by_distance = sorted((n for n in near if n in self._seen), key=lambda n: abs(n - frame))
        done: set[int] = set()
        for n in by_distance:
            for who, box in self._seen[n].items():
                if who not in done:
                    done.add(who)
                    why = Why.SEEN if n == frame else Why.REACH
                    yield who, Key(self._starts[frame], box, why, 0.5 if n == frame else None)


@dataclass
class Scripted:
    """Tells `keys` (by rising tick) as if they had been found, `horizon` frames late."""

    keys: list[tuple[int, str, Key]]
    horizon: int

    def __post_init__(self) -> None:
        self._starts: list[Ticks] = []
        self._final_until = Ticks(-FOREVER)

    def see(self, frame: Frame) -> None:
        self._starts.append(frame.span.start)
        decided = len(self._starts) - self.horizon
        if self.horizon == 0:
            self._final_until = frame.span.end
        elif decided > 0:
            self._final_until = self._starts[decided]

    def finish(self) -> None:
        self._final_until = FOREVER

    @property
    def final_until(self) -> Ticks:
        return self._final_until

    def take(self) -> Sequence[tuple[int, str, Key]]:
        ready = [k for k in self.keys if k[2].at < self._final_until]
        self.keys = self.keys[len(ready) :]
        return ready
