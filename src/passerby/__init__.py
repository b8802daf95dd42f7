"""Passerby: give it footage, get back the same footage in which nobody can be recognised.

>>> import passerby
>>> report = passerby.redact("clip.mp4", "public.mp4")
>>> report.verification.words
'safe as far as checked'

The public names, listed once, here; everything else may change from one version to the next. What
each does: docs/reference/python.md.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from .core.ageing import Ageing, PasserbyDeprecation
from .core.errors import PasserbyError

if TYPE_CHECKING:
    from . import jobs
    from .jobs.doctor import DoctorReport, doctor
    from .jobs.library import Plan, Policy, redact, scan, verify
    from .jobs.pictures import RedactedFrame, frames, redact_frames
    from .jobs.report import Finding, NotHandedOver, Report
    from .jobs.strangers import source

__version__ = "0.1.0"
__all__ = [
    "DoctorReport",
    "Finding",
    "NotHandedOver",
    "PasserbyDeprecation",
    "PasserbyError",
    "Plan",
    "Policy",
    "RedactedFrame",
    "Report",
    "doctor",
    "frames",
    "jobs",
    "redact",
    "redact_frames",
    "scan",
    "source",
    "verify",
]

_OLD: Final = {"Settings": Ageing("Policy", since="0.1.0", gone="0.3.0")}
_HOMES: Final = {
    "Plan": ".jobs.library",
    "Policy": ".jobs.library",
    "RedactedFrame": ".jobs.pictures",
    "frames": ".jobs.pictures",
    "redact": ".jobs.library",
    "redact_frames": ".jobs.pictures",
    "scan": ".jobs.library",
    "source": ".jobs.strangers",
    "verify": ".jobs.library",
}


def __getattr__(name: str) -> Any:
    """The jobs, when first asked for: they bring codecs and models, and every room imports us."""
    if name in _OLD:
        _OLD[name].warn(name)
        name = _OLD[name].instead
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = import_module(_HOMES.get(name, ".jobs"), __name__)
    return found if name == "jobs" else getattr(found, name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]


class _Package(ModuleType):
    """Note [two meanings of redact]: `redact` and `verify` are rooms and functions. Whoever imports
    a room finds it by its full name, and `passerby.redact` stays the function."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in __all__ and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
