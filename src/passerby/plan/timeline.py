"""All keys of all tracks by time, and the regions that follow from them.

Note [neighbours only]: a region depends on its track's key in this frame and on the keys just
before and after it in the same track, on nothing else. So a stream that knows one frame more than
it shows, and a saved plan that knows everything, hide exactly the same pixels.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from ..core.geometry import Box
from ..core.schedule import Region
from ..core.time import Span, Ticks
from ..core.track import Key, Track, Why
from .policy import Policy, style_of

_WHYS: Final = tuple(Why)
_CODES: Final = {why: code for code, why in enumerate(_WHYS)}
_UNSCORED: Final = -1.0


@dataclass(slots=True)
class _Column:
    """One track as flat arrays: some 50 bytes a key, so a film's worth of them stays small."""

    kind: str
    ats: array[int] = field(default_factory=lambda: array("q"))
    corners: array[float] = field(default_factory=lambda: array("d"))
    whys: bytearray = field(default_factory=bytearray)
    scores: array[float] = field(default_factory=lambda: array("d"))

    def box(self, row: int) -> Box:
        x0, y0, x1, y1 = self.corners[4 * row : 4 * row + 4]
        return Box(x0, y0, x1, y1)

    def why(self, row: int) -> Why:
        return _WHYS[self.whys[row]]

    def key(self, row: int) -> Key:
        score = self.scores[row]
        at, box, why = Ticks(self.ats[row]), self.box(row), self.why(row)
        return Key(at, box, why, None if score == _UNSCORED else score)


@dataclass(frozen=True, slots=True)
class _Leap:
    """Two neighbouring keys of a track with keys of other tracks at moments between them."""

    start: int
    end: int
    track: int
    row: int  # of the key at `start`


class Timeline:
    """Keys are added in order of time; regions may be asked for at any time, in any order.

    Boxes are kept snapped outwards to quarter pixels and scores to three digits, as a plan is
    written, so that a saved plan gives the same regions to the last bit.
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._tracks: dict[int, _Column] = {}
        self._times = array("q")  # every tick at which there is a key, once, rising
        self._first = array("q")  # where the entries of each of these ticks begin
        self._entry_track = array("q")
        self._entry_row = array("q")
        self._leaps: list[_Leap] = []  # by rising `end`
        self._longest_leap = 0

    @classmethod
    def of(cls, tracks: Iterable[Track], policy: Policy) -> Timeline:
        """A finished timeline of whole tracks."""
        timeline = cls(policy)
        whole = list(tracks)
        order = sorted(
            (key.at, n, row) for n, t in enumerate(whole) for row, key in enumerate(t.keys)
        )
        for _, n, row in order:
            timeline.add(whole[n].id, whole[n].kind, whole[n].keys[row])
        return timeline

    def since(self, first: Ticks) -> Timeline:
        """The same, without the keys before tick `first`; tracks keep their numbers."""
        left = ((t, tuple(key for key in t.keys if key.at >= first)) for t in self.tracks())
        return Timeline.of((Track(t.id, t.kind, keys) for t, keys in left if keys), self._policy)

    @property
    def policy(self) -> Policy:
        return self._policy

    @property
    def keys(self) -> int:
        """How many keys there are."""
        return len(self._entry_track)

    def __len__(self) -> int:
        """How many tracks there are."""
        return len(self._tracks)

    def add(self, track: int, kind: str, key: Key) -> None:
        """One more key; not before the last one, and at most one for a track at a time."""
        at = int(key.at)
        if self._times and at < self._times[-1]:
            raise ValueError(f"keys come in order of time: {at} after {self._times[-1]}")
        column = self._tracks.setdefault(track, _Column(kind))
        if column.kind != kind:
            raise ValueError(f"track {track} is a {column.kind}, not a {kind}")
        if column.ats and column.ats[-1] == at:
            raise ValueError(f"track {track} has two keys at tick {at}")
        if not self._times or self._times[-1] < at:
            self._times.append(at)
            self._first.append(len(self._entry_track))
        if column.ats and (len(self._times) < 2 or column.ats[-1] != self._times[-2]):
            self._leaps.append(_Leap(column.ats[-1], at, track, len(column.ats) - 1))
            self._longest_leap = max(self._longest_leap, at - column.ats[-1])
        self._entry_track.append(track)
        self._entry_row.append(len(column.ats))
        column.ats.append(at)
        column.corners.extend(float(c) for c in key.box.snapped().corners)
        column.whys.append(_CODES[key.why])
        column.scores.append(_UNSCORED if key.score is None else round(float(key.score), 3))

    def tracks(self) -> Iterator[Track]:
        """Every track so far, by rising id."""
        for track in sorted(self._tracks):
            column = self._tracks[track]
            yield Track(track, column.kind, tuple(map(column.key, range(len(column.ats)))))

    def regions(self, span: Span) -> tuple[Region, ...]:
        """What to hide during `span`, by rising track.

        Each track with a key in the span is covered; so is one that has a key before and a key
        after it but none inside (a frame that the plan did not know of): both and all between.
        """
        covers: dict[int, Box] = {}
        for track, row in self._inside(span):
            cover = self._cover(track, row)
            covers[track] = covers[track].hull(cover) if track in covers else cover
        for track, row in self._across(span):
            if track not in covers:
                covers[track] = self._cover(track, row).hull(self._cover(track, row + 1))
        style = self._policy.style
        return tuple(
            Region(covers[track], style_of(style, kind), kind, track)
            for track in sorted(covers)
            for kind in [self._tracks[track].kind]
        )

    def _entries(self, low: int, high: int) -> Iterator[tuple[int, int]]:
        """(track, row) of the keys at the ticks ``times[low:high]``."""
        if low < high:
            end = self._first[high] if high < len(self._first) else len(self._entry_track)
            for n in range(self._first[low], end):
                yield self._entry_track[n], self._entry_row[n]

    def _inside(self, span: Span) -> Iterator[tuple[int, int]]:
        low = bisect_left(self._times, span.start)
        return self._entries(low, bisect_left(self._times, span.end, low))

    def _across(self, span: Span) -> Iterator[tuple[int, int]]:
        """(track, row) of keys before the span whose track's next key is after it."""
        low = bisect_left(self._times, span.start)
        for track, row in self._entries(max(0, low - 1), low):
            ats = self._tracks[track].ats
            if row + 1 < len(ats) and ats[row + 1] >= span.end:
                yield track, row
        first = bisect_left(self._leaps, int(span.end), key=lambda leap: leap.end)
        last = bisect_right(
            self._leaps, span.start + self._longest_leap, first, key=lambda leap: leap.end
        )
        for leap in self._leaps[first:last]:
            if leap.start < span.start:
                yield leap.track, leap.row

    def _cover(self, track: int, row: int) -> Box:
        column = self._tracks[track]
        near = [n for n in (row - 1, row + 1) if 0 <= n < len(column.ats)]
        boxes = map(column.box, near)
        return self._policy.cover(column.box(row), column.why(row), *boxes, kind=column.kind)


@dataclass(frozen=True, slots=True)
class Decided:
    """A `core.schedule.Schedule`: what of a growing timeline is final at this moment."""

    timeline: Timeline
    final_until: Ticks

    def regions(self, span: Span) -> tuple[Region, ...]:
        if span.end > self.final_until:
            raise ValueError(f"{span} is decided only up to tick {self.final_until}")
        return self.timeline.regions(span)
