"""Whole people, from head to toe, by NanoDet-g: one network, three sizes of cells, no anchors.

RangiLyu: NanoDet, 2020-2021; Apache-2.0. Why this one: docs/decisions/people.md.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from ..core.detection import Detections
from ..core.errors import DetectorError
from ..core.frame import Frame
from ..core.ports import Detector, DetectorInfo, Look
from .canvas import Canvas
from .kernels import decode_reaches, suppressed
from .runtime import Runtime, open_runtime
from .weights import find

STRIDES: Final = (8, 16, 32)  # pixels of a cell, of the network's three levels
SAME: Final = 0.6  # two boxes that overlap more than this are one person: people stand in crowds


class People:
    """A `Detector` of people; see the port for the contract. Not thread-safe: one a thread.

    A box holds what shows of a person; it ends where something hides the rest.
    """

    def __init__(self, runtime: Runtime, sha256: str) -> None:
        self._runtime = runtime
        self.info = DetectorInfo(
            name="nanodet-people.v1",
            family="nanodet",
            kind="person",
            sha256=sha256,
            runtime=runtime.name,
            licence="Apache-2.0",
        )

    def detect(self, frame: Frame, look: Look) -> Detections:
        canvas = Canvas.of(frame, look)
        try:
            outputs = self._runtime.run(canvas.pixels)
        except RuntimeError as error:
            raise DetectorError(
                "the detector of people failed on a frame", at=frame.span.start
            ) from error
        levels = [
            decode_reaches(score[0, 0], reach[0], look.threshold, stride)
            for score, reach, stride in zip(outputs[::2], outputs[1::2], STRIDES, strict=True)
        ]
        boxes, scores = (np.concatenate(parts) for parts in zip(*levels, strict=True))
        inside = canvas.inside(boxes)
        boxes, scores = boxes[inside], scores[inside]
        stay = suppressed(boxes, scores, SAME)
        return Detections(canvas.back(boxes[stay]), scores[stay])


def open_detector(device: str = "auto") -> Detector:
    """The detector of people on the runtime that `device` names (see `runtime.open_runtime`)."""
    weights = find("nanodet")
    return People(open_runtime(weights.path, device), weights.sha256)
