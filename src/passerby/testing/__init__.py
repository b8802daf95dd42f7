"""Synthetic frames, sources, sinks and schedules, for our tests and for plug-in authors."""

from .contract import detector_contract
from .frames import ArrayFrame, Layout, shown
from .streams import ListedSchedule, ListedSink, ListedSource

__all__ = [
    "ArrayFrame",
    "Layout",
    "ListedSchedule",
    "ListedSink",
    "ListedSource",
    "detector_contract",
    "shown",
]
