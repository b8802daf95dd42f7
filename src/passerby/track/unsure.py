"""Frames in which nobody could tell who is there: too dark, too bright, too fast, lost, too many.

What is measured is what following has anyway: the small luma, how far the background moved, and the
paths. Each reason is a kind of its own, so that a plan and a report can say why a frame is covered.
A cut needs no reason: its first frame is always looked at, in full.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from ..core.frame import Frame, Picture
from ..core.geometry import Box, Size
from ..core.time import FOREVER, Ticks
from ..core.track import Key, Why
from .motion import SIDE, Still
from .path import Path
from .rows import Floats, Row

DARK: Final = "frame-dark"
BRIGHT: Final = "frame-bright"
FAST: Final = "frame-fast"
LOST: Final = "frame-lost"
CROWD: Final = "frame-crowd"
REASONS: Final = (DARK, BRIGHT, FAST, LOST, CROWD)

MOST: Final = 0.9  # of the picture is so dark, or so bright
BLACK: Final = 40  # levels below which nothing small stands out from noise; 16 is black in films
WHITE: Final = 215  # levels above which as little does; 235 is white in films
RUSH: Final = 0.03  # of the picture's longer side, that the background moves in one frame
MANY: Final = 60  # people at a time, of whom some are missed and some mixed up


class Unsure:
    """A `core.ports.Follower` that covers whole frames, by what another follower tells it.

    `reach`: how long after somebody was lost they may still be about. One for each film.
    """

    def __init__(self, size: Size, reach: Ticks) -> None:
        self._size, self._reach = size, reach
        self._marks: dict[int, set[str]] = {}  # by index of the frame
        self._ready: list[tuple[int, str, Key]] = []
        self._final = Ticks(-FOREVER)
        self._jolted = -2  # index of the last frame into which nothing could be followed
        self._until = Ticks(-FOREVER)  # up to where somebody who was lost may still be about

    # The port.

    def see(self, frame: Frame) -> None:
        """All that there is to know comes from the other follower, which sees the frame, too."""

    def finish(self) -> None:
        self._final = FOREVER

    @property
    def final_until(self) -> Ticks:
        return self._final

    def take(self) -> Sequence[tuple[int, str, Key]]:
        ready, self._ready = self._ready, []
        return ready

    # What the other follower tells.

    def saw(self, now: Still, people: int) -> None:
        """A frame, and how many people are followed in it."""
        reason = light(now.luma)
        if reason is not None:
            self._mark(now.index, reason)
        if now.span.start < self._until:
            self._mark(now.index, LOST)
        if people > MANY:
            self._mark(now.index, CROWD)

    def moved(self, now: Still, camera: Floats, jolted: bool, cut: bool) -> None:
        """How the background moved into a frame. `jolted`: so that nothing could be followed.

        A cut by itself is none of that. One frame after another that is unlike the one before is a
        camera flung round.
        """
        again, self._jolted = self._jolted == now.index - 1, now.index if jolted else -2
        rush = RUSH * max(self._size.width, self._size.height)
        if cut:
            self._until = now.span.start
        fast = again if cut else jolted or float(np.abs(camera).max()) > rush
        if fast:
            self._mark(now.index - 1, FAST)
            self._mark(now.index, FAST)

    def ended(self, path: Path, row: Row, now: Still, sure: float) -> None:
        """A path was given up in frame `now`: is it known where it went?

        It is if it was hardly anybody, or cut by the picture's edge. If not, the picture is covered
        from where its motion was lost, or else from now on, until `reach` has gone by.
        """
        x0, y0, x1, y1 = (float(v) for v in row)
        inside = x0 > 0 and y0 > 0 and x1 < self._size.width and y1 < self._size.height
        if not inside or path.sightings < 2 or path.best < sure or path.gait.coasts:
            return
        for index in range(path.lost_at if path.lost else now.index, now.index + 1):
            self._mark(index, LOST)
        self._until = Ticks(max(self._until, now.span.end + self._reach))

    def decided(self, index: int, start: Ticks) -> None:
        """Nothing more will be told of frame `index`, which begins at `start`."""
        picture = Box(0, 0, self._size.width, self._size.height)
        for reason in sorted(self._marks.pop(index, ())):
            key = Key(start, picture, Why.UNSURE)
            self._ready.append((REASONS.index(reason), reason, key))

    def settled(self, until: Ticks) -> None:
        """All frames before tick `until` are decided."""
        self._final = until

    def _mark(self, index: int, reason: str) -> None:
        self._marks.setdefault(index, set()).add(reason)


class DimPages(Unsure):
    """The same for a photo, of which no other follower tells: only light is judged."""

    def __init__(self, size: Size) -> None:
        super().__init__(size, Ticks(0))
        self._seen = 0

    def see(self, frame: Frame) -> None:
        halvings = max(0, (max(self._size.width, self._size.height) // SIDE).bit_length())
        reason = light(frame.luma(halvings))
        if reason is not None:
            self._mark(self._seen, reason)
        self.decided(self._seen, frame.span.start)
        self.settled(frame.span.end)
        self._seen += 1


def light(luma: Picture) -> str | None:
    """Whether a picture, uint8 (h, w), is so dark or so bright that little can be told."""
    if float((luma < BLACK).mean()) >= MOST:
        return DARK
    return BRIGHT if float((luma > WHITE).mean()) >= MOST else None
