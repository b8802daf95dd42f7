"""The report as one page: the verdict, where to look first, and what stays open."""

from .page import FoundRow, Numbered, Page, Pictured, Section, page
from .sheet import Shot, Wanted, shots
from .timeline import Lane, Run, clock_time, lane

__all__ = [
    "FoundRow",
    "Lane",
    "Numbered",
    "Page",
    "Pictured",
    "Run",
    "Section",
    "Shot",
    "Wanted",
    "clock_time",
    "lane",
    "page",
    "shots",
]
