"""Regions -> planes: hide what is inside. And, where asked, weaken the camera's own pattern."""

from .camera_noise import CameraNoise
from .paint import Paint

__all__ = ["CameraNoise", "Paint"]
