"""Tracks, policy and edits -> a document -> a schedule."""

from .binding import check_binding, check_frames, schedule_of
from .document import DetectorUsed, Document, Hide, Keep, MadeBy, Media, TrackRows, rows_of
from .edits import Bound, Edited, Unbound, bind
from .planner import FollowingPlanner
from .policy import Policy
from .reading import load, parse
from .timeline import Decided, Timeline
from .writing import text_of

__all__ = [
    "Bound",
    "Decided",
    "DetectorUsed",
    "Document",
    "Edited",
    "FollowingPlanner",
    "Hide",
    "Keep",
    "MadeBy",
    "Media",
    "Policy",
    "Timeline",
    "TrackRows",
    "Unbound",
    "bind",
    "check_binding",
    "check_frames",
    "load",
    "parse",
    "rows_of",
    "schedule_of",
    "text_of",
]
