"""One frame seen in several ways, and how far looks at one place agree that a face is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..core.detection import Detections, overlaps
from ..core.frame import Frame, Picture, Plane, grounds
from ..core.geometry import Box, Orientation, Size
from ..core.ports import Detector, Look
from ..core.time import Span

SAME: Final = 0.3  # intersection over union from which two sightings are of one face
FAINT: Final = 0.05  # a jury hears every score
AROUND: Final = 1.25  # a jury sees this many times the face's size to each side of its middle
HOPELESS: Final = 0.15  # mean of the first two, below which the others aren't asked
# Sizes at which the face is put before the network, and whether it is mirrored. Faces hold up at
# all of them; what looks like one by chance does so at one or two. The largest, with what is
# around it, still fits the smallest picture that the detectors take.
JURY: Final = ((40, False), (64, True), (24, False), (64, False), (32, True), (76, False))


class View:
    """A frame whose pictures are kept: looking again in another way costs no scaling."""

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        self._pictures: dict[tuple[Size, Box | None], Picture] = {}

    @property
    def span(self) -> Span:
        return self._frame.span

    @property
    def size(self) -> Size:
        return self._frame.size

    @property
    def orientation(self) -> Orientation:
        return self._frame.orientation

    @property
    def native(self) -> Any:
        return self._frame.native

    def planes(self) -> tuple[Plane, ...]:
        return self._frame.planes()

    def writable(self) -> tuple[Plane, ...]:
        raise TypeError("what is looked at is not painted on")

    def picture(self, size: Size, crop: Box | None = None) -> Picture:
        """Not to be written to: it is kept."""
        key = (size, crop)
        if key not in self._pictures:
            self._pictures[key] = self._frame.picture(size, crop)
        return self._pictures[key]

    def luma(self, halvings: int) -> Picture:
        return self._frame.luma(halvings)

    def on_black(self) -> View | None:
        other = grounds(self._frame)[1:]
        return type(self)(other[0]) if other else None


class Mirrored(View):
    """The same frame with left and right swapped."""

    def picture(self, size: Size, crop: Box | None = None) -> Picture:
        behind = None if crop is None else flipped(crop, self.size.width)
        return np.ascontiguousarray(self._frame.picture(size, behind)[:, ::-1])


def flipped(box: Box, width: int) -> Box:
    """A box of a picture `width` pixels wide -> the same place in its mirror image."""
    return Box(width - box.x1, box.y0, width - box.x0, box.y1)


def seen(detector: Detector, view: View, look: Look, mirrored: bool = False) -> Detections:
    """What the detector sees, in display pixels of the frame, whichever way it was shown."""
    if not mirrored:
        return detector.detect(view, look)
    width = view.size.width
    crop = None if look.crop is None else flipped(look.crop, width)
    found = detector.detect(
        Mirrored(view), Look(look.scale, look.threshold, crop, look.turn, look.gain)
    )
    boxes = found.boxes.copy()
    boxes[:, [0, 2]] = width - found.boxes[:, [2, 0]]
    return Detections(boxes, found.scores)


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that looked like a face at first sight. `turn`: of the look that saw it; `doubt`:
    by how much the jury must be surer than usual."""

    box: Box
    score: float
    turn: int = 0
    doubt: float = 0.0


def agreement(detector: Detector, view: View, candidate: Candidate) -> float:
    """Mean score of the jury at the candidate's place, in [0, 1]; 0 when it is hopeless."""
    box = candidate.box
    side = max(box.width, box.height)
    crop = around(box, AROUND * side, view.size)
    if crop is None:
        return 0.0
    wanted = np.array([box.corners], np.float32)
    total = 0.0
    for count, (height, mirrored) in enumerate(JURY):
        if count == 2 and total < 2 * HOPELESS:
            return 0.0
        look = Look(height / side, FAINT, crop, candidate.turn)
        found = seen(detector, view, look, mirrored)
        same = overlaps(wanted, found.boxes)[0] > SAME
        total += float(found.scores[same].max(initial=0.0))
    return total / len(JURY)


def around(box: Box, reach: float, size: Size) -> Box | None:
    """Whole pixels `reach` to each side of the box's middle, within the frame."""
    x, y = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
    cells = Box(x - reach, y - reach, x + reach, y + reach).cells(size)
    if cells is None:
        return None
    rows, cols = cells
    return Box(cols.start, rows.start, cols.stop, rows.stop)


def share(box: Box, covers: Sequence[Box], steps: int = 16) -> float:
    """How much of `box` lies in at least one of `covers`, in [0, 1], to about a sixteenth."""
    x = np.linspace(box.x0, box.x1, 2 * steps + 1)[1::2]
    y = np.linspace(box.y0, box.y1, 2 * steps + 1)[1::2]
    hit: NDArray[np.bool_] = np.zeros((steps, steps), bool)
    for cover in covers:
        rows, cols = (y >= cover.y0) & (y < cover.y1), (x >= cover.x0) & (x < cover.x1)
        hit |= rows[:, None] & cols[None, :]
    return float(hit.mean())
