"""What a plug-in is made of: the names that authors import. docs/guide/plug-ins.md shows how.

`passerby.testing` has what proves one.
"""

from __future__ import annotations

from .core.detection import Detections
from .core.errors import DetectorError, PluginError
from .core.frame import Frame
from .core.geometry import Box, Size
from .core.ports import Detector, DetectorInfo, Look
from .core.sound import Treatment
from .detect.own import onnx_detector

__all__ = [
    "Box",
    "Detections",
    "Detector",
    "DetectorError",
    "DetectorInfo",
    "Frame",
    "Look",
    "PluginError",
    "Size",
    "Treatment",
    "onnx_detector",
]
