"""What is said, in English, by Moonshine tiny: 27 million weights, 45 MB, on one thread.

Jeffries and others, "Moonshine: Speech Recognition for Live Transcription and Voice Commands",
2024; MIT. The weights are files in the package moonshine-voice; nothing of its code is run, so
that neither its web client nor its microphone is there. Why: docs/decisions/retelling.md.
"""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np

from ..core.errors import DetectorError, UsageError
from ..core.sound import HEARD_RATE
from ..core.speech import Mono, SpeakerInfo
from .runtime import onnx_session

_PACKAGE: Final = "moonshine_voice"
_MEMBERS: Final = Path("assets/tiny-en")
_HINT: Final = "python -m pip install 'passerby[retell]', or name their folder: moonshine:FOLDER"
_FILES: Final = {
    "encoder_model.ort": "94e90a4654fc45cdfedb77c4c08e1739f48862998e58fada384b25118134f221",
    "decoder_model_merged.ort": "cf524c4862d36e9e5ab032eddc73637efd822d70e868ac575cf1a46e1e4708a0",
    "tokenizer.bin": "6884b35fd6377d4c4d32336a0bc152f36b64d1e45b6503683cdc238250a8472d",
}
_BEGIN, _END = 1, 2  # the first word of every answer, and the last
_HEADS, _WIDTH = 8, 36
_A_SECOND: Final = 6.5  # words, or parts of words, at most: more is the network repeating itself
_LEAST: Final = 1600  # samples: the encoder can't do with less
_SPACE: Final = "\N{LOWER ONE EIGHTH BLOCK}"


class Moonshine:
    """A `core.speech.Recogniser`."""

    def __init__(self, folder: Path) -> None:
        data = {name: _checked(folder / name, sha256) for name, sha256 in _FILES.items()}
        try:
            self._encoder = onnx_session(data["encoder_model.ort"], threads=1)
            self._decoder = onnx_session(data["decoder_model_merged.ort"], threads=1)
        except RuntimeError as error:
            raise DetectorError("the recogniser's networks can't be loaded") from error
        self._words = words_of(data["tokenizer.bin"].read_bytes())
        self._inputs = [i.name for i in self._decoder.get_inputs()]
        self.info = SpeakerInfo("moonshine-tiny-en.v1", "MIT")

    def recognise(self, speech: Mono) -> str:
        if len(speech) < _LEAST:
            speech = np.pad(speech, (0, _LEAST - len(speech)))
        try:
            said = self._said(np.nan_to_num(speech[None].astype(np.float32)))
        except Exception as error:  # its errors have no common base: see runtime
            raise DetectorError("the recogniser failed") from error
        letters = b"".join(self._words[number] for number in said)
        text = letters.decode("utf-8", errors="ignore").replace(_SPACE, " ")
        return " ".join(text.split())

    def _said(self, speech: Mono) -> list[int]:
        """The numbers of the words, each the likeliest after those before it."""
        whole = np.ones(speech.shape, np.int64)
        feed = {"input_values": speech, "attention_mask": whole}
        heard = self._encoder.run(["last_hidden_state"], feed)[0]
        names = [name for name in self._inputs if name.startswith("past_key_values")]
        past: dict[str, Any] = {
            name: np.zeros((1, _HEADS, 0, _WIDTH), np.float32) for name in names
        }
        fixed = {
            "encoder_hidden_states": heard,
            "encoder_attention_mask": whole,  # of samples: the network thins it out itself
        }
        last, said = _BEGIN, list[int]()
        for count in range(int(speech.shape[1] / HEARD_RATE * _A_SECOND) + 1):
            word = {
                "input_ids": np.array([[last]], np.int64),
                "use_cache_branch": np.array([count > 0]),
            }
            scores, *present = self._decoder.run(None, {**fixed, **word, **past})
            last = int(scores[0, -1].argmax())
            if last == _END:
                break
            said.append(last)
            # What was heard does not change after the first word.
            told = zip(names, present, strict=True)
            past |= {name: value for name, value in told if not count or ".decoder." in name}
        return said


def words_of(data: bytes) -> list[bytes]:
    """Words by their number. Each is stored behind its length: a byte, or two above 127."""
    words, at = list[bytes](), 0
    while at < len(data):
        length = data[at]
        at += 1
        if length > 127:
            length = length - 128 + 128 * data[at]
            at += 1
        words.append(data[at : at + length])
        at += length
    return [b"" if word in (b"<unk>", b"<s>", b"</s>") else word for word in words]


def open_recogniser(language: str, place: str = "") -> Moonshine:
    """`place`: a folder with the three files; where the package is installed if it is empty."""
    if language.split("-", 1)[0].lower() != "en":
        raise UsageError(
            f"the recogniser moonshine knows English, and not {language}",
            hint="--recogniser faster-whisper:FOLDER knows those of its model",
        )
    if place:
        return Moonshine(Path(place))
    found = find_spec(_PACKAGE)  # looks for it and runs nothing of it
    if found is None or not found.submodule_search_locations:
        raise DetectorError("the recogniser moonshine is not installed", hint=_HINT)
    return Moonshine(Path(found.submodule_search_locations[0]) / _MEMBERS)


def _checked(path: Path, sha256: str) -> Path:
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        what = f"the recogniser's file {path.name} can't be read"
        raise DetectorError(what, hint=_HINT) from error
    if found != sha256:
        what = f"the recogniser's file {path.name} is not the one that is pinned"
        raise DetectorError(what, hint=_HINT)
    return path
