"""Faces by CenterFace, a small network that answers "is a face centred here?".

Xu, Yan, Yang, Wang: "CenterFace: Joint Face Detection and Alignment Using Face as Point", 2019,
arXiv 1911.03599; MIT.
"""

from __future__ import annotations

import math
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
        whole = Box(0, 0, frame.size.width, frame.size.height)
        crop = look.crop or whole
        size = Size(max(1, round(crop.width * look.scale)), max(1, round(crop.height * look.scale)))
        shown = np.rot90(_lit(frame.picture(size, look.crop), look.gain), -look.turn)
        height, width = shown.shape[:2]
        canvas = np.zeros((1, *_canvas(height, width), 3), np.uint8)
        canvas[0, :height, :width] = shown
        try:
            heat, sizes, offsets = self._runtime.run(canvas)
        except RuntimeError as error:
            raise DetectorError(
                "the face detector failed on a frame", at=frame.span.start
            ) from error
        boxes, scores = decode_centers(heat[0, 0], sizes[0], offsets[0], look.threshold)
        centres = (boxes[:, :2] + boxes[:, 2:]) / 2
        inside = (centres[:, 0] < width) & (centres[:, 1] < height)
        boxes, scores = boxes[inside], scores[inside]
        stay = suppressed(boxes, scores, _SAME)
        boxes = turned_back(boxes[stay], look.turn, size.width, size.height)
        boxes *= np.array([crop.width / size.width, crop.height / size.height] * 2, np.float32)
        boxes += np.array([crop.x0, crop.y0] * 2, np.float32)
        return Detections(boxes, scores[stay])


def _canvas(height: int, width: int) -> tuple[int, int]:
    """Rows and columns of the network's input: few different ones, for each is compiled once."""
    if max(height, width) <= _SMALL:
        return _SMALL, _SMALL
    return math.ceil(height / _STEP) * _STEP, math.ceil(width / _STEP) * _STEP


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
