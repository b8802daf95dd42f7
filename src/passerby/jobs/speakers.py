"""Who writes down what is said, and who says it again: plug-ins by name, imported when asked."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Any, Final

from ..core.errors import DetectorError, UsageError
from ..core.speech import Recogniser, Synthesiser

RECOGNISERS: Final = "passerby.recognisers"
SYNTHESISERS: Final = "passerby.synthesisers"
RECOGNISER: Final = "moonshine"
SYNTHESISER: Final = "espeak-ng"


def open_recogniser(asked: str, language: str) -> Recogniser:
    """`asked`: a plug-in's name, and behind a colon what it wants to know, a folder most often."""
    name, _, place = asked.partition(":")
    opened: Recogniser = _plugin(RECOGNISERS, name, "recogniser")(language, place)
    return opened


def open_synthesiser(asked: str, language: str) -> Synthesiser:
    opened: Synthesiser = _plugin(SYNTHESISERS, asked, "synthesiser")(language)
    return opened


def _plugin(group: str, name: str, what: str) -> Any:
    found = {point.name: point for point in entry_points(group=group)}
    if name not in found:
        raise UsageError(
            f"there is no {what} {name!r} here",
            hint=f"installed are {', '.join(sorted(found)) or 'none'}",
        )
    try:
        return found[name].load()
    except (ImportError, AttributeError) as error:
        raise DetectorError(f"the {what} {name} can't be loaded") from error
