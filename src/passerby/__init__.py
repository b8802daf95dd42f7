"""Passerby: give it footage, get back the same footage in which nobody can be recognised.

The public names; everything else may change from one version to the next. The functions are in
`passerby.jobs`, because `passerby.redact` and `passerby.verify` are rooms.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .core.errors import PasserbyError

if TYPE_CHECKING:
    from . import jobs
    from .jobs import DoctorReport, Report, Settings

__version__ = "0.1.0"
__all__ = ["DoctorReport", "PasserbyError", "Report", "Settings", "jobs"]


def __getattr__(name: str) -> Any:
    """The jobs, when first asked for: they bring codecs and models, and every room imports us."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = import_module(".jobs", __name__)
    return found if name == "jobs" else getattr(found, name)
