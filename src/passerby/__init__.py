"""Passerby: give it footage, get back the same footage in which nobody can be recognised.

The public names; everything else may change from one version to the next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .core.errors import PasserbyError

if TYPE_CHECKING:
    from .jobs import DoctorReport, Report, Settings, doctor, redact, scan, verify

__version__ = "0.1.0"
__all__ = [
    "DoctorReport",
    "PasserbyError",
    "Report",
    "Settings",
    "doctor",
    "redact",
    "scan",
    "verify",
]


def __getattr__(name: str) -> Any:
    """The jobs, when first asked for: they bring codecs and models, and every room imports us."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import jobs

    return getattr(jobs, name)
