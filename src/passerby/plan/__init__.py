"""Tracks, policy and edits -> a document -> a schedule."""

from .binding import check_binding, check_frames, check_made, edited, schedule_of
from .document import DetectorUsed, Document, MadeBy, Media, TrackRows, rows_of
from .edits import Bound, Edited, Unbound, bind
from .history import active, before_of, muted, redoable, undoable
from .moving import Moving
from .planner import FollowingPlanner
from .policy import Policy
from .reading import load, parse
from .timeline import Decided, Timeline
from .vocabulary import (
    Edit,
    Group,
    Hide,
    HideMoving,
    HideTracks,
    Keep,
    KeepTracks,
    KeepZone,
    Mute,
    Restyle,
    Revoke,
    Split,
)
from .writing import head_of, tail_of, text_of
from .zones import Stage

__all__ = [
    "Bound",
    "Decided",
    "DetectorUsed",
    "Document",
    "Edit",
    "Edited",
    "FollowingPlanner",
    "Group",
    "Hide",
    "HideMoving",
    "HideTracks",
    "Keep",
    "KeepTracks",
    "KeepZone",
    "MadeBy",
    "Media",
    "Moving",
    "Mute",
    "Policy",
    "Restyle",
    "Revoke",
    "Split",
    "Stage",
    "Timeline",
    "TrackRows",
    "Unbound",
    "active",
    "before_of",
    "bind",
    "check_binding",
    "check_frames",
    "check_made",
    "edited",
    "head_of",
    "load",
    "muted",
    "parse",
    "redoable",
    "rows_of",
    "schedule_of",
    "tail_of",
    "text_of",
    "undoable",
]
