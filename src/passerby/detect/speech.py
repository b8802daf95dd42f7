"""Where there is speech in sound, by Silero VAD. Nothing here knows words, or voices.

MIT; https://github.com/snakers4/silero-vad. Why this one: docs/decisions/speech.md.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..core.errors import DetectorError
from ..core.sound import WINDOW, Ear, Likely
from .runtime import onnx_session
from .weights import find

_BEFORE: Final = 64  # samples before its window that the network looks at, too
_MOST: Final = 256  # windows at a time: what bounds the memory


class Silero:
    """An `Ear`; see the port. Several may share one session."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self._last = np.zeros(_BEFORE, np.float32)
        self._hidden = np.zeros((1, 1, 128), np.float32)
        self._cell = np.zeros((1, 1, 128), np.float32)

    def hear(self, windows: NDArray[np.float32]) -> Likely:
        said = [self._part(windows[i : i + _MOST]) for i in range(0, len(windows), _MOST)]
        return np.concatenate(said) if said else np.zeros(0, np.float32)

    def _part(self, windows: NDArray[np.float32]) -> Likely:
        ends = windows[:, WINDOW - _BEFORE :]
        seen = np.concatenate([np.vstack([self._last[None], ends[:-1]]), windows], axis=1)
        fed = {"input": seen, "h": self._hidden, "c": self._cell}
        try:
            likely, hidden, cell = self._session.run(["speech_probs", "hn", "cn"], fed)
        except Exception as error:  # its errors have no common base: see runtime
            raise DetectorError("the speech detector failed") from error
        self._last, self._hidden, self._cell = ends[-1].copy(), hidden, cell
        return np.asarray(likely, np.float32).reshape(-1)


def open_ears() -> Callable[[], Ear]:
    """Gives a fresh ear at each call. It is small, and one thread on the CPU is enough for it."""
    session = onnx_session(find("silero").path, threads=1)
    return lambda: Silero(session)
