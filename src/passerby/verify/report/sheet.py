"""Pictures of moments, small, as JPEG: whole with the place outlined, and the place itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import cv2
import numpy as np

from ...core.frame import Frame, Picture
from ...core.geometry import Box, Size
from ...core.time import Clock

WIDE: Final = 480  # pixels of a whole frame's longer side
CLOSE: Final = 240  # pixels of a place's longer side
AROUND: Final = 0.6  # of the place shown on each side of it, as a share of its size
FLAT: Final = 128
QUALITY: Final = 72
LARGEST: Final = 0.4  # share of the picture's width from which a place needs no picture of its own


@dataclass(frozen=True, slots=True)
class Wanted:
    """A picture to take: `seconds` in the file that is read, and the place to point at.

    `covers`: places, in display pixels, that the picture must not show; they become flat.
    """

    seconds: Fraction
    box: Box | None
    covers: tuple[Box, ...] = ()


@dataclass(frozen=True, slots=True)
class Shot:
    """JPEG bytes without any metadata; `close` is None where the place is most of the picture."""

    whole: bytes
    size: Size
    close: bytes | None = None
    close_size: Size | None = None


def shots(frames: Iterable[Frame], clock: Clock, wanted: Sequence[Wanted]) -> list[Shot | None]:
    """One for each that is wanted, of the frame that is shown then; reads no further than it must.

    A frame is the one that is wanted when its middle lies after that moment, so clocks that round
    differently agree. Where the frames end before, the last one is shown; None if there is none.
    """
    order = sorted(range(len(wanted)), key=lambda n: wanted[n].seconds)
    taken: list[Shot | None] = [None] * len(wanted)
    following = 0
    last: Frame | None = None
    for frame in frames:
        middle = (clock.seconds(frame.span.start) + clock.seconds(frame.span.end)) / 2
        while following < len(order) and wanted[order[following]].seconds < middle:
            taken[order[following]] = _shot(frame, wanted[order[following]])
            following += 1
        if following == len(order):
            return taken
        last = frame
    for number in order[following:] if last is not None else ():
        assert last is not None
        taken[number] = _shot(last, wanted[number])
    return taken


def _shot(frame: Frame, wanted: Wanted) -> Shot:
    box, size = wanted.box, _fitted(frame.size, WIDE)
    everything = Box(0, 0, frame.size.width, frame.size.height)
    whole = frame.picture(size)
    _covered(whole, everything, wanted.covers)
    if box is None:
        return Shot(_jpeg(whole), size)
    _outline(whole, _inside(box, everything, size))
    part = _within(box.grown(AROUND * box.width, AROUND * box.height), frame.size)
    if part is None or part.width > LARGEST * frame.size.width:
        return Shot(_jpeg(whole), size)
    near = _fitted(Size(round(part.width), round(part.height)), CLOSE, enlarge=4)
    close = frame.picture(near, part)
    _covered(close, part, wanted.covers)
    return Shot(_jpeg(whole), size, _jpeg(close), near)


def _inside(box: Box, part: Box, size: Size) -> Box:
    """`box` of the frame in a picture of `size` that shows `part` of it."""
    x, y = size.width / part.width, size.height / part.height
    return Box(
        (box.x0 - part.x0) * x,
        (box.y0 - part.y0) * y,
        (box.x1 - part.x0) * x,
        (box.y1 - part.y0) * y,
    )


def _covered(picture: Picture, part: Box, covers: Iterable[Box]) -> None:
    """In place: flat grey over each of `covers`, rounded outwards, in a picture of `part`."""
    size = Size(picture.shape[1], picture.shape[0])
    for box in covers:
        cells = _inside(box, part, size).grown(1, 1).cells(size)
        if cells is not None:
            picture[cells] = FLAT


def _fitted(size: Size, longest: int, enlarge: float = 1.0) -> Size:
    """The same shape, the longer side at most `longest`, and at most `enlarge` times as large."""
    scale = min(longest / max(size.width, size.height), enlarge)
    return Size(max(1, round(size.width * scale)), max(1, round(size.height * scale)))


def _within(box: Box, size: Size) -> Box | None:
    """Whole pixels of `box` inside the picture; None when there are none."""
    cells = box.cells(size)
    if cells is None:
        return None
    rows, cols = cells
    return Box(cols.start, rows.start, cols.stop, rows.stop)


def _outline(picture: Picture, box: Box) -> None:
    """In place: a white line between two black ones, just outside `box`."""
    x0, y0, x1, y1 = (round(corner) for corner in box.corners)
    for away, shade in ((4, 0), (3, 255), (2, 255), (1, 0)):
        corners = (x0 - away, y0 - away), (x1 + away - 1, y1 + away - 1)
        cv2.rectangle(picture, *corners, (shade, shade, shade), 1)


def _jpeg(picture: Picture) -> bytes:
    """RGB uint8 (h, w, 3) as JPEG; the encoder writes pixels and tables, no tags."""
    turned = cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2BGR)
    done, coded = cv2.imencode(".jpg", turned, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    if not done:
        raise ValueError("the picture can't be coded as JPEG")
    return coded.tobytes()
