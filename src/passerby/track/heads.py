"""Heads of people whose faces nobody saw: turned away, masked, helmeted, in the dark.

A safety net: it costs a cover too many rather than a head too few.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from ..core.frame import Frame
from ..core.geometry import Size
from ..core.ports import Follower
from ..core.time import FOREVER, Ticks
from ..core.track import Key
from .whose import Scores, Weighed, Whose

_NONE: Final = Ticks(0)

Found = tuple[int, str, Key]  # as followers hand it on


@dataclass(slots=True)
class _Moment:
    """The keys of one frame, and whose faces are whose there once that was weighed."""

    faces: list[tuple[int, Key]] = field(default_factory=list)
    people: list[tuple[int, Key]] = field(default_factory=list)
    weighed: Weighed | None = None


class Heads:
    """A follower of faces and one of people as one: heads without a face become faces.

    Whoever is a person, and has no face at that moment, gets a track of kind "face" whose keys say
    `Why.HEAD`; but not for a sighting of less than `least`, which may be anything. `firm`: see
    `Whose`. People themselves are handed on only if `people_too`.

    `fresh`: ticks beyond its sightings after which what is followed may have been lost. `ahead`: a
    frame is decided by what is known of people up to so many ticks after it. Frames wait for both;
    what is decided doesn't depend on when `take` is called.
    """

    def __init__(
        self,
        faces: Follower,
        people: Follower,
        size: Size,
        *,
        people_too: bool,
        least: float = 0.0,
        firm: Scores = (0.0, 0.0),
        fresh: Ticks = _NONE,
        ahead: Ticks = _NONE,
    ) -> None:
        self._faces, self._people, self._people_too = faces, people, people_too
        self._least, self._fresh, self._ahead = least, fresh, ahead
        self._whose = Whose(size, fresh, firm)
        self._moments: dict[Ticks, _Moment] = {}
        self._order: list[Ticks] = []  # of these moments, rising
        self._learned = self._weighed = 0  # how many of them, from the first

    def see(self, frame: Frame) -> None:
        self._faces.see(frame)
        self._people.see(frame)

    def finish(self) -> None:
        self._faces.finish()
        self._people.finish()

    @property
    def final_until(self) -> Ticks:
        until = min(self._faces.final_until, self._people.final_until)
        return until if until >= FOREVER else Ticks(until - self._fresh - self._ahead)

    @property
    def remembered(self) -> int:
        """How many tracks something is known of: those in frames that are not decided yet."""
        return self._whose.remembered

    def take(self) -> Sequence[Found]:
        for track, _, key in self._faces.take():
            self._moment(key.at).faces.append((track, key))
        for track, _, key in self._people.take():
            self._moment(key.at).people.append((track, key))
        taken: list[Found] = []
        count = bisect_left(self._order, self.final_until)
        for at in self._order[:count]:
            self._weigh_until(Ticks(at + self._ahead))
            taken += self._decided(at, self._moments.pop(at))
            self._whose.forget(at)
        del self._order[:count]
        self._learned, self._weighed = self._learned - count, self._weighed - count
        return taken

    def _moment(self, at: Ticks) -> _Moment:
        if at not in self._moments:
            self._moments[at] = _Moment()
            self._order.insert(bisect_left(self._order, at), at)
        return self._moments[at]

    def _weigh_until(self, until: Ticks) -> None:
        """Weigh all frames up to `until`, and not one more, however many are known by now."""
        end = bisect_right(self._order, until)
        for at in self._order[self._weighed : end]:
            known = bisect_right(self._order, at + self._fresh)
            for then in self._order[self._learned : known]:
                self._whose.learn(then, self._moments[then].faces)
            self._learned = max(self._learned, known)
            moment = self._moments[at]
            people = [(n, k) for n, k in moment.people if k.score is None or k.score >= self._least]
            moment.weighed = self._whose.weigh(at, moment.faces, people)
        self._weighed = max(self._weighed, end)

    def _decided(self, at: Ticks, moment: _Moment) -> list[Found]:
        assert moment.weighed is not None
        found: list[Found] = [(3 * track, "face", key) for track, key in moment.faces]
        if self._people_too:
            found += [(3 * track + 1, "person", key) for track, key in moment.people]
        heads = self._whose.bare(at, moment.weighed)
        return found + [(3 * track + 2, "face", key) for track, key in heads]
