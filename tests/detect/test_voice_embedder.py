"""The attacker's voice embedder: what it promises, and that it is a real one."""

from __future__ import annotations

import re
import tomllib
import wave
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from passerby.core.errors import DetectorError, UsageError
from passerby.core.ports import VoiceEmbedder
from passerby.core.sound import HEARD_RATE
from passerby.detect import voice_embedder as room

Wave = NDArray[np.float32]
ROOT = Path(__file__).parent.parent.parent


def read(path: Path, start: int, end: int) -> Wave:
    """Seconds `start` to `end`, at the rate that is listened to."""
    with wave.open(str(path)) as file:
        rate = file.getframerate()
        stored = np.frombuffer(file.readframes(file.getnframes()), np.int16) / 32768
    step = rate // HEARD_RATE  # 1 or 3
    whole = stored[: len(stored) // step * step].reshape(-1, step).mean(axis=1)
    piece: Wave = whole[start * HEARD_RATE : end * HEARD_RATE].astype(np.float32)
    return piece


def test_points_are_of_length_one_and_none_for_nothing(
    voice_embedder: VoiceEmbedder, speech: Path
) -> None:
    points = voice_embedder.embed([read(speech, 1, 4), read(speech, 5, 6)])
    assert points.shape == (2, 256)
    assert points.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(points, axis=1), 1, atol=1e-5)
    assert voice_embedder.embed([]).shape == (0, 256)


def test_the_same_speech_gives_the_same_point_alone_and_among_others(
    voice_embedder: VoiceEmbedder, speech: Path, other_speech: Path
) -> None:
    piece = read(speech, 2, 7)
    among = voice_embedder.embed([read(other_speech, 0, 9), piece, read(speech, 20, 22)])
    np.testing.assert_allclose(among[1], voice_embedder.embed([piece])[0], atol=1e-5)


@pytest.mark.parametrize("level", [1e-3, 0.1, 10.0])
def test_how_loud_it_is_does_not_matter(
    voice_embedder: VoiceEmbedder, speech: Path, level: float
) -> None:
    piece = read(speech, 2, 7)
    louder = (piece * level).astype(np.float32)
    points = voice_embedder.embed([piece, louder])
    assert points[0] @ points[1] > 0.9999


def test_a_voice_is_nearer_to_its_other_words_than_to_another_voice(
    voice_embedder: VoiceEmbedder, speech: Path, other_speech: Path
) -> None:
    mine = [read(speech, at, at + 5) for at in (1, 8, 15, 22, 29)]
    points = voice_embedder.embed([*mine, read(other_speech, 0, 9)])
    likeness = points @ points.T
    same = likeness[:5, :5][np.triu_indices(5, 1)]
    other = likeness[5, :5]
    assert same.min() > other.max()
    assert same.mean() > other.mean() + 0.1


def test_samples_that_are_no_numbers_do_no_harm(
    voice_embedder: VoiceEmbedder, speech: Path
) -> None:
    piece = read(speech, 2, 7)
    piece[100], piece[200], piece[300] = np.nan, np.inf, -np.inf
    points = voice_embedder.embed([piece, np.zeros(16000, np.float32)])
    assert np.isfinite(points).all()


def test_sound_of_several_channels_and_no_sound_are_refused(
    voice_embedder: VoiceEmbedder,
) -> None:
    for wrong in (np.zeros((2, 16000), np.float32), np.zeros(0, np.float32)):
        with pytest.raises(ValueError, match="one channel"):
            voice_embedder.embed([wrong])


def test_bands_follow_the_published_scale() -> None:
    """Slaney's: 200/3 Hz a step up to 1 kHz, then 27 steps for each factor of 6.4."""
    filters = room.bands()
    assert filters.shape == (40, 201)
    steps = 15 + 27 * np.log(8) / np.log(6.4)  # from 0 to 8 kHz
    centres = np.arange(1, 41) * steps / 41
    low = centres < 15
    hertz = np.where(low, centres * 200 / 3, 1000 * 6.4 ** ((centres - 15) / 27))
    bins = np.arange(201) * 40
    # Wide bands have enough bins for their own middle and area to show.
    wide = slice(25, 40)
    peaks = bins[filters.argmax(axis=1)]
    assert np.abs(peaks - hertz)[wide].max() <= 20 + 1e-6
    np.testing.assert_allclose(filters[wide].sum(axis=1) * 40, 1, atol=0.02)


def test_a_tone_lies_in_the_bin_of_its_pitch_and_every_frame_has_its_moment() -> None:
    """A slow twin: one frame at a time, straight from the definition of the transform."""
    moments = np.arange(1600) / HEARD_RATE
    tone = np.sin(2 * np.pi * 1000 * moments).astype(np.float32)
    power = room.spectrum(tone)
    assert power.shape == (11, 201)
    assert set(power[2:-2].argmax(axis=1)) == {25}
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400)
    middle = tone[5 * 160 - 200 : 5 * 160 + 200] * hann
    turns = np.exp(-2j * np.pi * np.outer(np.arange(201), np.arange(400)) / 400)
    np.testing.assert_allclose(power[5], np.abs(turns @ middle) ** 2, rtol=1e-3, atol=1e-3)


def test_a_layer_does_what_its_definition_says_unit_by_unit() -> None:
    """A slow twin with the gates written out."""
    dice = np.random.default_rng(1)
    inputs, own = (dice.normal(size=(8, k)).astype(np.float32) for k in (3, 2))
    biases, x = dice.normal(size=8).astype(np.float32), dice.normal(size=(1, 4, 3))
    said = room.Layer(inputs, own, biases)(x.astype(np.float32))

    def gate(value: float) -> float:
        return float(1 / (1 + np.exp(-value)))

    out, cell = np.zeros(2), np.zeros(2)
    for step in range(4):
        z = inputs @ x[0, step] + own @ out + biases
        cell = np.array(
            [
                gate(z[2 + unit]) * cell[unit] + gate(z[unit]) * np.tanh(z[4 + unit])
                for unit in range(2)
            ]
        )
        out = np.array([gate(z[6 + unit]) * np.tanh(cell[unit]) for unit in range(2)])
        np.testing.assert_allclose(said[0, step], out, atol=1e-5)


def test_without_it_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "PACKAGE", "no-such-package-anywhere")
    with pytest.raises(UsageError, match="voices is not installed") as told:
        room.open_voice_embedder()
    assert "--no-deps" in str(told.value.hint)


def test_weights_that_are_not_the_pinned_ones_are_refused() -> None:
    with pytest.raises(DetectorError, match="pinned"):
        room.Resemblyzer(b"something else")


def test_make_attack_pins_the_package_that_the_embedder_reads() -> None:
    lock = (ROOT / "requirements-attack.lock").read_text()
    assert re.search(rf"^{room.PACKAGE}=={re.escape(room.VERSION)} .*\n +--hash=", lock, re.M)


def test_nothing_that_people_install_brings_the_packages_own_dependencies() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for wanted in (project["dependencies"], *project["optional-dependencies"].values()):
        assert not [need for need in wanted if room.PACKAGE.lower() in need.lower()]
