"""Followers' keys, as they become final, turned into a schedule that runs one frame behind."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import Final

from ..core.frame import Frame
from ..core.ports import Follower
from ..core.schedule import Schedule
from ..core.time import FOREVER, Ticks
from ..core.track import Key
from .edits import Bound, Edited, bind
from .policy import Policy
from .timeline import Decided, Timeline
from .vocabulary import Edit

_NEVER: Final = Ticks(-FOREVER)


class FollowingPlanner:
    """A `core.ports.Planner` that shows every frame to its followers and collects their keys.

    Note [one frame behind]: a region needs its track's next key, so a frame is final when the
    keys of the frame after it are.

    Note [tracks are dense]: a follower gives a key for every frame of a track. Where it leaves a
    frame out, the rest becomes a track of its own: what lies between can't be known in a stream
    before it must be shown, and a saved plan would cover it.

    `edits`: hides apply; keeps need whole tracks, so in a first pass they find nothing.
    """

    def __init__(
        self, followers: Sequence[Follower], policy: Policy, edits: Iterable[Edit] = ()
    ) -> None:
        self._followers = tuple(followers)
        self._timeline = Timeline(policy)
        self._bound = bind(tuple(edits), (), policy.style)
        self._starts = array("q")
        self._end = _NEVER
        self._waiting: list[tuple[int, int, int, str, Key]] = []
        self._ids: dict[tuple[int, int], tuple[int, int]] = {}  # theirs -> ours, last frame
        self._next_id = 1
        self._keys_until = _NEVER
        self._final_until = _NEVER

    @property
    def timeline(self) -> Timeline:
        """What was collected so far; whole after `finish()`."""
        return self._timeline

    @property
    def bound(self) -> Bound:
        """The edits, and those that did nothing."""
        return self._bound

    @property
    def frames(self) -> int:
        """How many frames were seen."""
        return len(self._starts)

    @property
    def first(self) -> Ticks:
        """First tick of the first frame; 0 before there was one."""
        return Ticks(self._starts[0]) if self._starts else Ticks(0)

    @property
    def end(self) -> Ticks:
        """First tick after the last frame seen; 0 before there was one."""
        return self._end if self._starts else Ticks(0)

    @property
    def schedule(self) -> Schedule:
        return Edited(Decided(self._timeline, self._final_until), self._bound)

    def see(self, frame: Frame) -> None:
        if self._starts and frame.span.start < self._end:
            raise ValueError(f"frames come in order of time: {frame.span} after {self._end}")
        self._starts.append(frame.span.start)
        self._end = frame.span.end
        for follower in self._followers:
            follower.see(frame)
        self._collect()
        behind = bisect_left(self._starts, self._keys_until) - 1
        if behind >= 0:
            self._final_until = max(self._final_until, Ticks(self._starts[behind]))

    def finish(self) -> None:
        for follower in self._followers:
            follower.finish()
        self._collect()
        if self._keys_until < self._end or self._waiting:
            raise RuntimeError("a follower finished without deciding every frame")
        self._final_until = FOREVER

    def forget(self, before: Ticks) -> None:
        """Drop what concerns frames that end before tick `before`, which nobody will ask for.

        A stream without an end would fill the memory otherwise. Regions from there on stay what
        they are; `timeline`, `frames` and `first` then speak of what is left.
        """
        gone = min(bisect_left(self._starts, before), bisect_left(self._starts, self._keys_until))
        gone -= 2  # a region depends on its neighbours in time
        if gone <= 0:
            return
        self._timeline = self._timeline.since(Ticks(self._starts[gone]))
        del self._starts[:gone]
        self._ids = {
            theirs: (ours, last - gone)
            for theirs, (ours, last) in self._ids.items()
            if last - gone >= -1
        }

    def _collect(self) -> None:
        """Takes what became final from every follower, and adds what is final for all of them."""
        keys_until = FOREVER
        for number, follower in enumerate(self._followers):
            keys_until = min(keys_until, follower.final_until)
            self._waiting.extend(
                (key.at, number, track, kind, key) for track, kind, key in follower.take()
            )
        self._waiting.sort(key=lambda entry: entry[:3])
        ready = bisect_left(self._waiting, int(keys_until), key=lambda entry: entry[0])
        for _, number, track, kind, key in self._waiting[:ready]:
            self._add(number, track, kind, key)
        del self._waiting[:ready]
        self._keys_until = max(self._keys_until, keys_until)

    def _add(self, number: int, track: int, kind: str, key: Key) -> None:
        index = bisect_left(self._starts, key.at)
        if index == len(self._starts) or self._starts[index] != key.at:
            raise RuntimeError(f"a follower gave a key at tick {key.at}, where no frame begins")
        if key.at < self._keys_until:
            raise RuntimeError(f"a follower changed its mind about tick {key.at}")
        ours, last = self._ids.get((number, track), (0, -2))
        if index - last > 1:  # Note [tracks are dense]
            ours = self._next_id
            self._next_id += 1
        self._ids[number, track] = (ours, index)
        self._timeline.add(ours, kind, key)
