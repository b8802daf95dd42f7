"""How something moves from frame to frame, in either direction, also while it can't be followed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from . import motion
from .motion import Still
from .rows import Floats, Row, shift, shifted, sized

_SLOWER: Final = np.float32(0.93)  # what is left of the speed of something lost, a frame later
_FAST: Final = 0.16  # sizes a frame from which on something is fast
_HURRY: Final = 0.25  # sizes a frame from which on it may soon be lost
_BREAK: Final = 0.3  # sizes a frame by which the motion of something fast breaks off
_SURELY: Final = 2  # steps after which a fast motion counts as known


@dataclass(slots=True)
class Gait:
    """Speed (display pixels a frame, the camera's own taken out) and what it last looked like."""

    velocity: Floats = field(default_factory=lambda: np.zeros(2, np.float32))
    surely: int = 0  # steps in a row in which it moved fast and as before
    lost: bool = False
    coasts: bool = False  # goes on as it went, whatever the picture shows: see Note [forks]
    known: tuple[Still, Row] | None = None  # where its looks were last sure
    straight_on: Row | None = None  # where it would be had its motion not just broken off

    def saw(self, still: Still, row: Row) -> None:
        """It is at `row` for certain."""
        self.known, self.lost, self.coasts = (still, row), False, False

    def moved(
        self, old: Row, shown: Row, held: float, camera: Floats, now: Still, like: Row, jolted: bool
    ) -> Row:
        """Where it is in frame `now`.

        `shown` is where its points say that it went from `old`, `held` the share of them that agree
        and `like` its size when it was seen. Something lost is not followed by points, for they
        would stay on what is behind it: it goes on as it went until its looks are found again.
        """
        self.straight_on = None
        drift = np.zeros(2, np.float32) if jolted else camera + self.velocity
        on = shifted(old, drift)
        if self.coasts:
            return on
        if self.lost and self.known is not None:
            still, row = self.known
            again = None if jolted else motion.sought_again(still, now, row, on)
            if again is None:
                self.velocity = self.velocity * _SLOWER
                return on
            self.lost = False
            return again
        if held < motion.ENOUGH or jolted:
            self.lost = True
            return on
        step = shift(old, shown) - camera
        broke = _breaks(step, self.velocity, old)
        if broke and self.surely > _SURELY:
            self.straight_on = on
        self.surely = 0 if broke else self.surely + _fast(step, old)
        self.velocity = ((self.velocity + step) / 2).astype(np.float32)
        row = sized(shown, like)
        self.known = (now, row)
        return row

    @property
    def hurries(self) -> bool:
        """It moves fast, so that it may soon be lost."""
        if self.known is None or self.coasts or self.surely <= _SURELY:
            return False
        return bool(np.abs(self.velocity).max() > _HURRY * _side(self.known[1]))

    @property
    def runs(self) -> bool:
        """It moves by itself, fast and steadily: see Note [who runs] at `Follower`."""
        return not self.lost and self.surely > _SURELY

    def twin(self) -> Gait:
        """The gait of something that goes straight on."""
        return Gait(self.velocity, coasts=True, lost=True)


def _side(row: Row) -> float:
    return float(min(row[2] - row[0], row[3] - row[1]))


def _fast(step: Floats, row: Row) -> bool:
    return bool(np.abs(step).max() > _FAST * _side(row))


def _breaks(step: Floats, velocity: Floats, row: Row) -> bool:
    """True when something fast, or what follows it, all at once moves quite otherwise."""
    off = np.abs(step - velocity).max()
    return _fast(velocity, row) and bool(off > _BREAK * _side(row))
