"""Faces by YuNet, which has learned from other pictures, in another way, than CenterFace.

Wu, Peng, Yu: "YuNet: A Tiny Millisecond-level Face Detector", Machine Intelligence Research, 2023,
doi 10.1007/s11633-023-1423-y; BSD-3-Clause. Why this one: docs/decisions/other-eyes.md.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from ..core.detection import Detections
from ..core.errors import DetectorError
from ..core.frame import Frame
from ..core.ports import Detector, DetectorInfo, Look
from .canvas import Canvas
from .kernels import decode_corners, suppressed
from .runtime import Runtime, open_runtime
from .weights import find

FAMILY: Final = "yunet"
_STRIDES: Final = (8, 16, 32)  # pixels of a cell, of the network's three levels
_SAME: Final = 0.45  # two boxes that overlap more than this are one face


class YuNet:
    """A `Detector` of faces; see the port for the contract. Not thread-safe: one a thread."""

    def __init__(self, runtime: Runtime, sha256: str) -> None:
        self._runtime = runtime
        self.info = DetectorInfo(
            name="yunet.v1",
            family=FAMILY,
            kind="face",
            sha256=sha256,
            runtime=runtime.name,
            licence="BSD-3-Clause",
        )

    def detect(self, frame: Frame, look: Look) -> Detections:
        canvas = Canvas.of(frame, look)
        try:
            outputs = self._runtime.run(canvas.pixels)
        except RuntimeError as error:
            raise DetectorError(
                "the second face detector failed on a frame", at=frame.span.start
            ) from error
        levels = [
            decode_corners(score[0, 0], box[0], look.threshold, stride)
            for score, box, stride in zip(outputs[::2], outputs[1::2], _STRIDES, strict=True)
        ]
        boxes, scores = (np.concatenate(parts) for parts in zip(*levels, strict=True))
        inside = canvas.inside(boxes)
        boxes, scores = boxes[inside], scores[inside]
        stay = suppressed(boxes, scores, _SAME)
        return Detections(canvas.back(boxes[stay]), scores[stay])


def open_detector(device: str = "auto") -> Detector:
    """The second face detector on the runtime that `device` names (see `runtime.open_runtime`)."""
    weights = find("yunet")
    return YuNet(open_runtime(weights.path, device), weights.sha256)
