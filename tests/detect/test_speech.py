"""Real speech is told from other sound, however it comes in."""

from __future__ import annotations

import wave
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from passerby.core.errors import DetectorError
from passerby.core.sound import WINDOW
from passerby.detect import speech as detect_speech
from passerby.detect.speech import open_ears


@pytest.fixture(scope="module")
def windows(speech: Path) -> np.ndarray:
    """10 s of speech at 16 kHz, as windows."""
    with wave.open(str(speech)) as file:
        stored = np.frombuffer(file.readframes(480_000), np.int16).astype(np.float32) / 32768
    heard = stored.reshape(-1, 3).mean(axis=1)
    return np.asarray(heard[: len(heard) // WINDOW * WINDOW].reshape(-1, WINDOW))


def test_speech_is_heard_and_noise_is_not(windows: np.ndarray) -> None:
    ears = open_ears()
    loud = (windows**2).mean(axis=1) > 1e-4
    assert (ears().hear(windows)[loud] > 0.5).mean() > 0.9
    hiss = np.random.default_rng(2).normal(0, 0.1, windows.shape).astype(np.float32)
    assert ears().hear(hiss).max() < 0.2


def test_an_ear_remembers_what_it_heard_before(windows: np.ndarray) -> None:
    ears = open_ears()
    whole, ear = ears().hear(windows), ears()
    cuts = (0, 1, 2, 17, 300, len(windows))
    parts = [ear.hear(windows[a:b]) for a, b in pairwise(cuts)]
    np.testing.assert_allclose(np.concatenate(parts), whole, atol=1e-4)
    assert np.abs(ears().hear(windows[17:]) - whole[17:]).max() > 0.05


def test_no_windows_are_no_answers() -> None:
    assert open_ears()().hear(np.zeros((0, WINDOW), np.float32)).shape == (0,)


def test_a_network_that_fails_is_an_error_of_ours() -> None:
    class Broken:
        def run(self, *_: object) -> None:
            raise Exception("a kernel failed")

    with pytest.raises(DetectorError):
        detect_speech.Silero(Broken()).hear(np.zeros((1, WINDOW), np.float32))
