"""Detections -> tracks: association, motion, gaps."""

from .follower import Follower
from .photo import PhotoSettings, find_all
from .settings import FollowSettings
from .stills import Stills
from .unsure import DimPages, Unsure

__all__ = [
    "DimPages",
    "FollowSettings",
    "Follower",
    "PhotoSettings",
    "Stills",
    "Unsure",
    "find_all",
]
