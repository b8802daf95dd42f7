"""Detections -> tracks: association, motion, gaps."""

from .follower import Follower
from .settings import FollowSettings

__all__ = ["FollowSettings", "Follower"]
