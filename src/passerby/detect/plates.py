"""Number plates: lines of text that have a plate's shape, whatever their country and script.

There is no better detector of plates whose weights may be shipped, so this one is the text detector
without what can't be a plate (docs/decisions/plates-and-text.md). It leans to one side: of text
that might be a plate, all is a plate.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..core.detection import Boxes, Detections
from ..core.frame import Frame
from ..core.ports import Detector, DetectorInfo, Look
from .text import open_detector as open_text

LONGEST: Final = 9.0  # times as wide as high: the longest plates are 5, and boxes are generous
HIGHEST: Final = 3.0  # times as high as wide: one row of a plate on its side
FACE: Final = (1.0, 1.7)  # times as high as wide: what fills a picture so is a face that floods,
WIDE: Final = 96.0  # if it is this many network pixels wide


class Plates:
    """A `Detector` of number plates over one of text; see the port for the contract."""

    def __init__(self, text: Detector) -> None:
        self._text = text
        self.info = DetectorInfo(
            name="ppocr-plates.v6",
            family=text.info.family,
            kind="plate",
            sha256=text.info.sha256,
            runtime=text.info.runtime,
            licence=text.info.licence,
        )

    def detect(self, frame: Frame, look: Look) -> Detections:
        seen = self._text.detect(frame, look)
        size = frame.size
        cut = (seen.boxes[:, :2] <= 0).any(axis=1)
        cut |= (seen.boxes[:, 2:] >= (size.width, size.height)).any(axis=1)
        # Its shape is as it is looked at; of what the edge cuts it isn't known.
        lying = seen.boxes[:, [1, 0, 3, 2]] if look.turn % 2 else seen.boxes
        keep = shaped(lying, look.scale) | cut
        return Detections(seen.boxes[keep], seen.scores[keep])


def shaped(boxes: Boxes, scale: float = 1.0) -> NDArray[np.bool_]:
    """Which boxes have the shape of a plate, of one row of it, or of what shows of it.

    `scale`: network pixels per pixel of `boxes`.
    """
    width, height = (boxes[:, 2:] - boxes[:, :2]).T
    upright = (width * scale > WIDE) & (height > FACE[0] * width) & (height < FACE[1] * width)
    return np.asarray((width <= LONGEST * height) & (height <= HIGHEST * width) & ~upright)


def open_detector(device: str = "auto") -> Detector:
    """The plate detector on the runtime that `device` names (see `runtime.open_runtime`)."""
    return Plates(open_text(device))
