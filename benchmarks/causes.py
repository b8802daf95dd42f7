"""Why a face can still be seen: what the plan covered, held against where the person was.

never    nothing that was covered in any frame touches this person
margin   something covers 40 % of the face or more here, and not enough
edge     the face touches the edge of the picture
late     from the person's entry up to the first frame in which they are covered
early    from the last frame in which they are covered to their exit
lost     in between, or in a whole visit of somebody who is covered in another
covered  all of it is covered: look, the scorer may be wrong, or the frames out of step
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from passerby.core.geometry import Box, Size
from passerby.core.time import Span
from passerby.media import PhotoSource, VideoSource, probe
from passerby.plan import load, schedule_of
from scoring import Leak
from truth import Corners, visits

CAUSES = ("never", "margin", "edge", "late", "early", "lost", "covered")
TOUCHES = 0.2  # share of a face from which a region counts as being about it
NEARLY = 0.4
WHOLE = 0.97
_ATOMS = 32  # a face is looked at as so many cells each way

Boxes = Sequence[Box]


class Covered:
    """What a plan hides in each frame of the footage that it was made for."""

    def __init__(self, footage: Path, plan: Path) -> None:
        card = probe(footage)
        self.size: Size = card.size
        schedule, _, _ = schedule_of(load(plan))
        source = PhotoSource(card) if card.kind == "photo" else VideoSource(card)
        spans: list[Span] = [frame.span for frame in source.frames()]
        self._regions = [[r.box for r in schedule.regions(span)] for span in spans]

    def __len__(self) -> int:
        return len(self._regions)

    def regions(self, frame: int) -> Boxes:
        """Boxes hidden in frame `frame`, counted from 0; none beyond the end."""
        return self._regions[frame] if frame < len(self) else ()

    def share(self, frame: int, face: Corners) -> float:
        """How much of the visible part of a face is covered, 0 to 1."""
        return _share(face, self.regions(frame), self.size)


def cause(leak: Leak, frames: dict[int, Corners], covered: Covered) -> tuple[str, float]:
    """The cause, and how much of the face is covered. `frames`: all of this person's boxes."""
    here = covered.share(leak.frame, leak.box)
    seen = {frame for frame, face in frames.items() if covered.share(frame, face) >= TOUCHES}
    return _named(leak, frames, covered.size, here, seen), here


def _named(leak: Leak, frames: dict[int, Corners], size: Size, here: float, seen: set[int]) -> str:
    if not seen:
        return "never"
    if here >= WHOLE:
        return "covered"
    if here >= NEARLY:
        return "margin"
    x0, y0, x1, y1 = leak.box
    if x0 <= 1 or y0 <= 1 or x1 >= size.width - 1 or y1 >= size.height - 1:
        return "edge"
    first, last = next(v for v in visits(frames) if v[0] <= leak.frame <= v[1])
    during = [frame for frame in seen if first <= frame <= last]
    if during and leak.frame < min(during):
        return "late"
    if during and leak.frame > max(during):
        return "early"
    return "lost"


def _share(face: Corners, boxes: Boxes, size: Size) -> float:
    """Share of the cells of `face` whose middle lies in a box, of those inside the picture."""
    x0, y0, x1, y1 = face
    steps = (np.arange(_ATOMS) + 0.5) / _ATOMS
    x, y = np.meshgrid(x0 + (x1 - x0) * steps, y0 + (y1 - y0) * steps)
    inside = (x >= 0) & (y >= 0) & (x < size.width) & (y < size.height)
    if not inside.any():
        return 1.0
    hidden = np.zeros(x.shape, bool)
    for box in boxes:
        hidden |= (x >= box.x0) & (x < box.x1) & (y >= box.y0) & (y < box.y1)
    return float((hidden & inside).sum() / inside.sum())
