"""Regions -> planes: hide what is inside. And, where asked, weaken the camera's own pattern."""

from .camera_noise import CameraNoise
from .chain import Chain
from .disguise import Disguise
from .drawing import Drawn
from .hum import HumNotched
from .paint import Paint
from .speech import SpeechMuted

__all__ = ["CameraNoise", "Chain", "Disguise", "Drawn", "HumNotched", "Paint", "SpeechMuted"]
