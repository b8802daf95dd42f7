"""What is said, by a Whisper model in a folder, run by the package faster-whisper.

Radford and others, "Robust Speech Recognition via Large-Scale Weak Supervision", 2022. The package
(MIT) and the model are the person's own: nothing is fetched, and what is missing is an error.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

import numpy as np

from ..core.errors import DetectorError, UsageError
from ..core.speech import Mono, SpeakerInfo

_NEEDED: Final = ("model.bin", "config.json", "tokenizer.json")
_HINT: Final = "name a folder with a model in CTranslate2's format: faster-whisper:FOLDER"


class FasterWhisper:
    """A `core.speech.Recogniser`. Holds the whole model in memory; runs on the CPU."""

    def __init__(self, model: Any, language: str, name: str) -> None:
        self._model, self._language = model, language
        self.info = SpeakerInfo(name, "of the model")

    def recognise(self, speech: Mono) -> str:
        try:
            pieces, _ = self._model.transcribe(
                np.ascontiguousarray(speech, np.float32),
                language=self._language,
                task="transcribe",
                beam_size=5,
                condition_on_previous_text=False,
                without_timestamps=True,
                vad_filter=False,
            )
            said = [str(piece.text) for piece in pieces]
        except Exception as error:  # of several libraries, without a common base
            raise DetectorError("the recogniser failed") from error
        return " ".join(" ".join(said).split())


def open_recogniser(language: str, place: str = "") -> FasterWhisper:
    """`place`: the model's folder. Files that are missing there would be fetched, so they are an
    error before the package is asked for anything."""
    if not place:
        raise UsageError("the recogniser faster-whisper needs a model", hint=_HINT)
    folder = Path(place)
    for name in _NEEDED:
        if not (folder / name).is_file():
            raise UsageError(f"there is no {name}", path=folder, hint=_HINT)
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # see Note [no telemetry] in runtime
    os.environ["HF_HUB_OFFLINE"] = os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    try:
        import faster_whisper
    except ImportError as error:
        hint = "python -m pip install faster-whisper"
        raise DetectorError("the recogniser faster-whisper is not installed", hint=hint) from error
    try:
        model = faster_whisper.WhisperModel(str(folder), device="cpu", local_files_only=True)
        known = [str(name) for name in model.supported_languages]
    except Exception as error:  # of several libraries, without a common base
        raise DetectorError("the model can't be loaded", path=folder, hint=_HINT) from error
    spoken = language.split("-", 1)[0].lower()
    if spoken not in known:
        what = f"this model does not know the language {language}"
        raise UsageError(what, path=folder, hint=f"it knows {', '.join(sorted(known))}")
    return FasterWhisper(model, spoken, f"faster-whisper {faster_whisper.__version__}")
