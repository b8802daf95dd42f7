"""A box that a person drew is followed by motion, as far as what is in it can be followed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..core.frame import Frame
from ..core.geometry import Box, Size
from ..track import motion

LOST: Final = 3  # frames in a row without a trace
ROOM: Final = 0.06  # of its side that is added on every side: what is followed slips a little
BEND: Final = 1.0  # pixels by which a straight way between two keys may be off
_STEADY: Final = 0.25  # share of the background that must go on in the next frame
_ALIKE: Final = 0.6

Place = tuple[int, float, float, float, float]


def followed_box(frames: Iterable[Frame], box: Box) -> list[tuple[int, Box]]:
    """Where `box`, drawn in the first of `frames`, is in each: (first tick, box).

    `frames` may run backwards. Ends at a cut, where it leaves the picture, or is lost. Each box is
    a little larger than what was followed.
    """
    found: list[tuple[int, Box]] = []
    before = None
    row: NDArray[np.float32] = np.array(box.corners, np.float32)
    ahead: NDArray[np.float32] = np.zeros(2, np.float32)
    lost = 0
    for number, frame in enumerate(frames):
        now = motion.still(frame, number)
        if before is not None:
            step = motion.step(before, now, row[None], ahead[None])
            if step.steady < _STEADY and motion.likeness(before, now) < _ALIKE:
                break
            lost = 0 if step.held[0] > 0 else lost + 1
            if lost > LOST:
                del found[-LOST:]
                break
            moved = step.boxes[0] if step.held[0] > 0 else row + np.tile(ahead, 2)
            ahead = np.asarray(((moved - row)[:2] + (moved - row)[2:]) / 2, np.float32)
            row = np.asarray(moved, np.float32)
        if not _shows(row, frame.size):
            break
        place = Box(*map(float, row))
        more = 0.0 if before is None else ROOM
        found.append((frame.span.start, place.grown(more * place.width, more * place.height)))
        before = now
    return found


def as_keys(found: Sequence[tuple[int, Box]]) -> tuple[Place, ...]:
    """The fewest keys of which the straight way between two passes within `BEND` of every box; they
    are that much larger, so that each box is covered."""
    order = sorted(found, key=lambda place: place[0])
    chosen: list[int] = []
    start = 0
    while order and start < len(order):
        chosen.append(start)
        end = start + 1
        while end + 1 < len(order) and _straight(order, start, end + 1):
            end += 1
        start = end
    grown = ((order[n][0], order[n][1].grown(BEND, BEND).snapped()) for n in chosen)
    return tuple((at, *box.corners) for at, box in grown)


def _straight(order: Sequence[tuple[int, Box]], start: int, end: int) -> bool:
    (since, first), (until, last) = order[start], order[end]
    for at, box in order[start + 1 : end]:
        there = first.mixed(last, (at - since) / (until - since))
        if max(abs(a - b) for a, b in zip(there.corners, box.corners, strict=True)) > BEND:
            return False
    return True


def _shows(row: NDArray[np.float32], size: Size) -> bool:
    """Whether any of it is in the picture."""
    x0, y0, x1, y1 = map(float, row)
    return x1 - x0 >= 2 and y1 - y0 >= 2 and x0 < size.width and y0 < size.height and x1 > 0 < y1
