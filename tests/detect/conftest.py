"""The real detector and the portrait, for the tests of this room."""

from tests.detect.portraits import detector, onnx_detector, portrait

__all__ = ["detector", "onnx_detector", "portrait"]
