"""Words that are spoken: who writes them down, and who speaks them with another voice.

Both are plug-ins. A recogniser is an entry point of `passerby.recognisers`, called with a language
and a place (see `OpenRecogniser`); a synthesiser one of `passerby.synthesisers`, called with a
language. Neither may open a network connection or write what it hears, or says, anywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Mono = NDArray[np.float32]  # (n,), full scale at -1 and 1


@dataclass(frozen=True, slots=True)
class SpeakerInfo:
    """A recogniser's or a synthesiser's card."""

    name: str  # versioned: "moonshine-tiny.v1"
    licence: str


class Recogniser(Protocol):
    """Writes down what is said, in the one language that it was opened for."""

    @property
    def info(self) -> SpeakerInfo: ...

    def recognise(self, speech: Mono) -> str:
        """The words, on one line; empty where it makes nothing of it. `speech`: up to half a
        minute at `HEARD_RATE`. Pure: what it heard before changes nothing."""
        ...


class Synthesiser(Protocol):
    """Speaks one language with one voice, which is nobody's in the footage."""

    @property
    def info(self) -> SpeakerInfo: ...

    @property
    def rate(self) -> int:
        """Samples a second of what it speaks."""
        ...

    def speak(self, words: str, pace: float) -> Mono:
        """`words`, `pace` times as fast as it speaks by itself (1 to 2). Pure. Sound begins with
        the first sample; where nothing is to be heard of the words, it is empty."""
        ...


# (language, place) -> recogniser. The language as in BCP 47 ("en", "pt-BR"); `place`: what the
# person wrote after the plug-in's name and a colon, a folder most often, or "". Raises
# `UsageError` for a language that it does not know, `DetectorError` for what is missing.
OpenRecogniser = Callable[[str, str], Recogniser]
# (language) -> synthesiser, with the same errors.
OpenSynthesiser = Callable[[str], Synthesiser]
