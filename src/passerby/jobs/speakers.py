"""Who writes down what is said, and who says it again: plug-ins by name, imported when asked."""

from __future__ import annotations

from typing import Final

from ..core.speech import Recogniser, Synthesiser
from . import plugins

RECOGNISER: Final = "moonshine"
SYNTHESISER: Final = "espeak-ng"


def open_recogniser(asked: str, language: str) -> Recogniser:
    """`asked`: a plug-in's name, and behind a colon what it wants to know, a folder most often."""
    name, _, place = asked.partition(":")
    opened: Recogniser = plugins.loaded("recogniser", name)(language, place)
    return opened


def open_synthesiser(asked: str, language: str) -> Synthesiser:
    opened: Synthesiser = plugins.loaded("synthesiser", asked)(language)
    return opened
