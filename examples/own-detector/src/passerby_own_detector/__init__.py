"""Faces by a network of your own. Change the names, the family and the licence to what is true."""

from passerby.plugin import Detector, onnx_detector


def open_yolo(device: str = "auto", place: str = "") -> Detector:
    """A YOLO (v8 and later), exported to the ONNX file `place` without suppression."""
    return onnx_detector(
        place,
        name="own-yolo.v1",
        kind="face",
        family="yolo",
        head="yolo",
        licence="AGPL-3.0",
        device=device,
    )


def open_scrfd(device: str = "auto", place: str = "") -> Detector:
    """An SCRFD in the ONNX file `place`."""
    return onnx_detector(
        place,
        name="own-scrfd.v1",
        kind="face",
        family="scrfd",
        head="scrfd",
        licence="research only",
        device=device,
    )
