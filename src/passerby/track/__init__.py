"""Detections -> tracks: association, motion, gaps."""

from .follower import Follower
from .photo import PhotoSettings, find_all
from .remembering import Remembering, shapes
from .settings import FollowSettings
from .stills import Stills
from .unsure import DimPages, Unsure

__all__ = [
    "DimPages",
    "FollowSettings",
    "Follower",
    "PhotoSettings",
    "Remembering",
    "Stills",
    "Unsure",
    "find_all",
    "shapes",
]
