"""Tracks, policy and edits -> a document -> a schedule."""

from .binding import check_binding, check_frames, edited, schedule_of
from .document import (
    DetectorUsed,
    Document,
    Edit,
    Hide,
    Keep,
    KeepZone,
    MadeBy,
    Media,
    TrackRows,
    rows_of,
)
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
    "Edit",
    "Edited",
    "FollowingPlanner",
    "Hide",
    "Keep",
    "KeepZone",
    "MadeBy",
    "Media",
    "Policy",
    "Timeline",
    "TrackRows",
    "Unbound",
    "bind",
    "check_binding",
    "check_frames",
    "edited",
    "load",
    "parse",
    "rows_of",
    "schedule_of",
    "text_of",
]
