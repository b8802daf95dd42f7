"""Looks at what is clear in parts on both grounds: white on clear shows on black only."""

from __future__ import annotations

from ..core.detection import Detections
from ..core.frame import Frame, grounds
from ..core.ports import Detector, DetectorInfo, Look


class OnBothGrounds:
    """A `Detector` that asks another, once about an opaque frame and twice about any other."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector

    @property
    def info(self) -> DetectorInfo:
        return self._detector.info

    def detect(self, frame: Frame, look: Look) -> Detections:
        seen = [self._detector.detect(ground, look) for ground in grounds(frame)]
        return seen[0] if len(seen) == 1 else Detections.joined(seen)
