"""Detections -> tracks: association, motion, gaps."""

from .follower import Follower
from .photo import PhotoSettings, find_all
from .settings import FollowSettings
from .stills import Stills

__all__ = ["FollowSettings", "Follower", "PhotoSettings", "Stills", "find_all"]
