"""What is left of the original's sound is found, moved and under a louder voice; no other is."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from passerby.core.sound import HEARD_RATE
from passerby.verify.echoes import BLOCK, REACH, Echo

Wave = NDArray[np.float32]


@pytest.fixture(scope="module")
def voice(speech: Path) -> Wave:
    """40 s at the rate that is listened to."""
    with wave.open(str(speech)) as file:
        stored = np.frombuffer(file.readframes(40 * 48000), np.int16).reshape(-1, 3) / 32768
    return np.asarray(stored.mean(axis=1), np.float32)


def compared(original: Wave, output: Wave) -> Echo:
    echo = Echo()
    for at in range(REACH, len(original) - BLOCK - REACH, BLOCK // 2):
        echo.hear(at, original[at : at + BLOCK], output[at - REACH : at + BLOCK + REACH])
    return echo


@pytest.mark.parametrize("moved", [0, 37, -REACH + 1, REACH - 1])
def test_the_original_is_found_wherever_it_lies(voice: Wave, moved: int) -> None:
    echo = compared(voice, np.roll(voice, moved))
    assert echo.found
    assert echo.first == REACH
    assert echo.peak > 50


def test_it_is_found_under_another_voice(voice: Wave) -> None:
    other = voice[::-1].copy()  # as loud, and as much like speech, but nothing of the original
    assert compared(voice, other + voice).found
    assert compared(voice, other + 10 ** (-10 / 20) * np.roll(voice, 400)).found


def test_another_voice_and_silence_are_no_echo(voice: Wave) -> None:
    assert not compared(voice, voice[::-1].copy()).found
    assert not compared(voice, np.roll(voice, 7 * HEARD_RATE)).found
    silent = compared(voice, np.zeros_like(voice))
    assert not silent.found
    assert silent.blocks == 0


@pytest.mark.parametrize("tones", [(100,), (97.3,), (1000.3,), (50.03, 100.06, 150.09, 200.12)])
def test_a_hum_or_a_tone_in_the_original_is_not_heard_in_a_voice(
    voice: Wave, tones: tuple[float, ...]
) -> None:
    """Hardly anything but a few frequencies: what the ends of a block add must not count."""
    seconds = np.arange(len(voice)) / HEARD_RATE
    hum = np.sum([np.sin(2 * np.pi * tone * seconds) for tone in tones], axis=0)
    assert not compared((0.01 * hum).astype(np.float32), voice).found


def test_pieces_of_another_length_are_no_question() -> None:
    with pytest.raises(ValueError, match="want a block"):
        Echo().hear(0, np.zeros(10, np.float32), np.zeros(BLOCK, np.float32))
