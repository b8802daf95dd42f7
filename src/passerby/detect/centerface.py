"""Faces by CenterFace, a small network that answers "is a face centred here?".

Xu, Yan, Yang, Wang: "CenterFace: Joint Face Detection and Alignment Using Face as Point", 2019,
arXiv 1911.03599; MIT.

Note [mirrored edges]: of a face that the edge of the frame cuts through, the network finds little
where all is black beyond. So a few pixels beyond each edge are mirrored: half a face is whole
again, and its middle lies on the edge. They are few, for whole faces at the edge are found less
beside a mirrored half of themselves; and what lies around has the picture's mean colour.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from ..core.detection import Detections
from ..core.errors import DetectorError
from ..core.frame import Frame, Picture
from ..core.geometry import Box, Size
from ..core.ports import Detector, DetectorInfo, Look
from .kernels import decode_centers, suppressed, turned_back
from .runtime import Runtime, open_runtime
from .weights import find

_STEP: Final = 32  # the network halves five times: sides are multiples of this
_SMALL: Final = 192  # all smaller pictures share one square input
_SMALLEST: Final = 128  # and those that fill this one, see Note [what lies around]
_BEYOND: Final = 8  # network pixels between each edge and that of the canvas
_MIRRORED: Final = 4  # of them
_SAME: Final = 0.45  # two boxes that overlap more than this are one face


class CenterFace:
    """A `Detector` of faces; see the port for the contract. Not thread-safe: one a thread."""

    def __init__(self, runtime: Runtime, sha256: str) -> None:
        self._runtime = runtime
        self.info = DetectorInfo(
            name="centerface.v1",
            family="centerface",
            kind="face",
            sha256=sha256,
            runtime=runtime.name,
            licence="MIT",
        )

    def detect(self, frame: Frame, look: Look) -> Detections:
        laid = _Laid.of(frame.size, look)
        crop, size = laid.crop, laid.size
        picture = _lit(frame.picture(size, look.crop), look.gain)
        around = cv2.mean(picture)
        picture = laid.framed(picture, around)
        shown = np.rot90(picture, -look.turn)
        height, width = shown.shape[:2]
        canvas = np.full((1, *laid.canvas, 3), around[:3], np.uint8)
        canvas[0, :height, :width] = shown
        try:
            heat, sizes, offsets = self._runtime.run(canvas)
        except RuntimeError as error:
            raise DetectorError(
                "the face detector failed on a frame", at=frame.span.start
            ) from error
        boxes, scores = decode_centers(heat[0, 0], sizes[0], offsets[0], look.threshold)
        stay = suppressed(boxes, scores, _SAME)
        boxes, scores = boxes[stay], scores[stay]
        boxes = turned_back(boxes, look.turn, picture.shape[1], picture.shape[0]) - _BEYOND
        low, high = boxes[:, :2], boxes[:, 2:]
        ends = np.array([size.width, size.height], np.float32)
        there = ((low + high) / 2 > -_BEYOND / 2) & ((low + high) / 2 < ends + _BEYOND / 2)
        # The middle of half a face lies on the edge, give or take a pixel: it is put inside.
        boxes = np.hstack([np.maximum(low, -high), np.minimum(high, 2 * ends - low)])
        boxes *= np.array([crop.width / size.width, crop.height / size.height] * 2, np.float32)
        boxes += np.array([crop.x0, crop.y0] * 2, np.float32)
        inside = there.all(axis=1)
        return Detections(boxes[inside], scores[inside])


@dataclass(frozen=True, slots=True)
class _Laid:
    """How a look's picture lies on the canvas: `_BEYOND` pixels from each edge.

    `size`: of the picture; less than the look asks for where a small canvas has no room.
    `cut`: whether its top, bottom, left and right are edges of the frame.
    """

    crop: Box
    size: Size
    cut: tuple[bool, bool, bool, bool]
    canvas: tuple[int, int]  # rows and columns, after the look's turn

    @classmethod
    def of(cls, frame: Size, look: Look) -> _Laid:
        crop = look.crop or Box(0, 0, frame.width, frame.height)
        width, height = (max(1, round(side * look.scale)) for side in (crop.width, crop.height))
        turned = look.turn % 2
        rows, cols = _canvas(*((width, height) if turned else (height, width)))
        high, wide = (cols, rows) if turned else (rows, cols)
        size = Size(min(width, wide - 2 * _BEYOND), min(height, high - 2 * _BEYOND))
        edges = crop.y0 <= 0, crop.y1 >= frame.height, crop.x0 <= 0, crop.x1 >= frame.width
        return cls(crop, size, edges, (rows, cols))

    def framed(self, picture: Picture, around: cv2.typing.Scalar) -> Picture:
        """With what is mirrored beyond the frame's own edges, and `around` it all that colour."""
        room = _BEYOND
        there = cv2.copyMakeBorder(
            picture, room, room, room, room, cv2.BORDER_CONSTANT, value=around
        )
        top, bottom, left, right = (_MIRRORED * edge for edge in self.cut)
        mirrored = cv2.copyMakeBorder(picture, top, bottom, left, right, cv2.BORDER_REFLECT)
        inner = there[room - top :, room - left :]
        inner[: mirrored.shape[0], : mirrored.shape[1]] = mirrored
        return np.asarray(there, np.uint8)


def _canvas(height: int, width: int) -> tuple[int, int]:
    """Rows and columns of the network's input: few different ones, for each is compiled once.

    Note [what lies around]: of a picture that is cut off on a side, more of a plain colour around
    it helps, so the smallest input is only for those that fill it.
    """
    room = _SMALLEST - 2 * _BEYOND
    if max(height, width) <= room and min(height, width) >= room - 2 * _BEYOND:
        return _SMALLEST, _SMALLEST
    if max(height, width) <= _SMALL:
        return _SMALL, _SMALL
    high, wide = (math.ceil((side + 2 * _BEYOND) / _STEP) * _STEP for side in (height, width))
    return high, wide


def _lit(picture: Picture, gain: float) -> Picture:
    """The picture `gain` times as bright, as seen through a curve that keeps highlights apart."""
    if gain == 1:
        return picture
    levels = np.arange(256, dtype=np.float32) / 255
    curve = 255 * (1 - (1 - levels) ** gain)
    table = np.clip(curve, 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(picture, table), np.uint8)


def open_detector(device: str = "auto") -> Detector:
    """The face detector on the runtime that `device` names (see `runtime.open_runtime`)."""
    weights = find("centerface")
    return CenterFace(open_runtime(weights.path, device), weights.sha256)
