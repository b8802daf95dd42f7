"""Tracks as other tools write them, and back: COCO, MOT challenge, CVAT for video.

They count frames by whole numbers from 0 or 1; plans know ticks. A `Sheet` holds both: which tick
each frame begins at, taken from the footage itself, for no rate says that.
"""

from .coco import from_coco, to_coco
from .cvat import from_cvat, to_cvat
from .mot import from_mot, to_mot
from .sheet import Found, Labels, Sheet, sheet_of

__all__ = [
    "Found",
    "Labels",
    "Sheet",
    "from_coco",
    "from_cvat",
    "from_mot",
    "sheet_of",
    "to_coco",
    "to_cvat",
    "to_mot",
]
