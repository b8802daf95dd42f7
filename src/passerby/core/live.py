"""What passes through a live job: frames as they come, and the counts that say what became of them.

A live frame's end is not known until the next one is there, so its span is one tick long.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from .frame import Frame
from .ports import Planner
from .time import Clock, Ticks


@dataclass(frozen=True, slots=True)
class Arrival:
    """A frame that has just come out of a camera, whose `clock` its span is told in.

    `arrived`: seconds on this machine's monotonic clock. `moment`: the same, smoothed by the
    camera's clock, for the timestamps of what is published. `section`: rises when the camera was
    lost, its clock jumped or its picture changed size; nothing is followed from one section into
    the next. `clean`: the decoder had all that it needed; if not, the picture may hold pieces of
    others and is covered whole.
    """

    frame: Frame
    clock: Clock
    arrived: float
    moment: float
    section: int
    clean: bool = True


class LivePlanner(Planner, Protocol):
    """A planner of a stream without an end."""

    def forget(self, before: Ticks) -> None:
        """Nobody will ask for frames that end before tick `before`."""
        ...

    def coarser(self, halvings: int, stretch: int = 1) -> None:
        """Look less finely from the next frame on, where what is published is halved so often.
        Frames may wait `stretch` times as long as usual, so looks may be rarer.

        Note [less is shown than is looked at]: what is looked at loses less with every step than
        what is published, so that who is just found is ever smaller there. 0 is as usual.
        """
        ...


class Outlet(Protocol):
    """Where finished pictures go. `moment` in seconds, rising."""

    def shape(self, frame: Frame) -> None:
        """What kind of pictures to expect, told before any; no pixel of `frame` is looked at."""
        ...

    def show(self, frame: Frame, moment: float, halvings: int = 0) -> None:
        """Publish it with no more detail than it has when it is halved so often."""
        ...

    def curtain(self, moment: float) -> None:
        """One flat colour instead of a frame."""
        ...


@dataclass(slots=True)
class Counts:
    """What became of the frames: each that came was one of the first four, or still waits."""

    came: int = 0
    shown: int = 0  # looked at, painted where there was something to hide, and published
    covered: int = 0  # a curtain was published instead
    thinned: int = 0  # looked at all the same, and not published: too many to paint and to code
    dropped: int = 0  # left out whole: too many to look at
    idle: int = 0  # curtains that were published while no frame came
    sections: int = 0
    failures: int = 0  # of whoever looks
    stride: int = 1  # one in so many frames is taken
    halvings: int = 0  # how often what is published is halved
    thinning: int = 1  # of the frames that are taken, one in so many is published
    stretch: int = 1  # frames may wait so many times as long as they usually may
    latency: float = 0.0  # seconds from arrival to publication, smoothed
    last: float = 0.0  # when a frame came last, monotonic seconds
