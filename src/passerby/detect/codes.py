"""QR codes and bar codes, by OpenCV's detectors. They say where a code is; nothing decodes it."""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np

from ..core.detection import Detections
from ..core.frame import Frame, Picture
from ..core.ports import Detector, DetectorInfo, Look
from .canvas import Canvas

GROWN: Final = 0.3  # of a code's longer side, around it: bar codes are often found without an end
LEAST: Final = 32  # network pixels: pictures lower than this hold no code that anybody could scan
SURE: Final = 0.9  # the score of a code: these detectors know only yes and no


class WithCodes:
    """A `Detector` of text that sees codes as well; see the port for the contract."""

    def __init__(self, text: Detector) -> None:
        self._text = text
        self._qr: Any = cv2.QRCodeDetectorAruco()
        self._bars: Any = cv2.barcode.BarcodeDetector()

    @property
    def info(self) -> DetectorInfo:
        return self._text.info

    def detect(self, frame: Frame, look: Look) -> Detections:
        canvas = Canvas.of(frame, look)
        shown = canvas.pixels[0, : canvas.shown.height, : canvas.shown.width]
        corners = self._corners(np.ascontiguousarray(shown))
        seen = self._text.detect(frame, look)
        if not corners:
            return seen
        points = np.stack(corners)
        boxes = np.concatenate([points.min(axis=1), points.max(axis=1)], axis=1)
        more = GROWN * (boxes[:, 2:] - boxes[:, :2]).max(axis=1, keepdims=True)
        boxes = np.concatenate([boxes[:, :2] - more, boxes[:, 2:] + more], axis=1)
        codes = Detections(
            canvas.back(boxes.astype(np.float32)), np.full(len(boxes), SURE, np.float32)
        )
        return Detections.joined([seen, codes])

    def _corners(self, picture: Picture) -> list[np.ndarray]:
        """The four corners, float32 (4, 2), of each code in an RGB picture."""
        if min(picture.shape[:2]) < LEAST:
            return []
        grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        found: list[np.ndarray] = []
        for detector in (self._qr, self._bars):
            there, points = detector.detectMulti(grey)
            if there and points is not None:
                found += [p for p in np.asarray(points, np.float32) if np.isfinite(p).all()]
        return found
