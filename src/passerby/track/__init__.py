"""Detections -> tracks: association, motion, gaps."""

from .follower import Follower
from .photo import PhotoSettings, find_all
from .settings import FollowSettings

__all__ = ["FollowSettings", "Follower", "PhotoSettings", "find_all"]
