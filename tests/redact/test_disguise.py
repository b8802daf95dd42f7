"""Everything is spoken anew: as long as it was, within full scale, and without seams."""

from __future__ import annotations

import random
import sys
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from passerby.core.errors import UsageError
from passerby.core.sound import HEARD_RATE, Samples
from passerby.redact.disguise import Disguise, Resampled, one_channel, softened
from passerby.redact.pseudo_speaker import STEP, PseudoSpeaker, Target

Wave = NDArray[np.float32]


def vowel(count: int, rate: int, pitch: float) -> Wave:
    """Something like a sung vowel, half a second at a time, with rests."""
    time = np.arange(count) / rate
    tones = [np.sin(2 * np.pi * pitch * k * time) / k for k in range(1, 12)]
    sung = 0.2 * np.sum(tones, axis=0) * (time % 0.7 < 0.5)
    noise = np.random.default_rng(2).normal(0, 1e-3, count)
    return np.asarray(sung + noise, np.float32)


def through(sound: Samples, rate: int, sizes: Sequence[int] = (4096,), seed: int = 1) -> Samples:
    treatment = Disguise(rate, len(sound), draw=random.Random(seed).random)
    pieces, at, turn = [], 0, 0
    while at < sound.shape[1]:
        piece = sound[:, at : at + sizes[turn % len(sizes)]]
        pieces.append(treatment.take(piece, np.zeros((len(sound), 0), np.float32)))
        at, turn = at + piece.shape[1], turn + 1
    return np.concatenate([*pieces, treatment.end()], axis=1)


@settings(max_examples=25)
@given(
    rate=st.sampled_from([8000, 11025, 16000, 22050, 44100, 48000, 96000]),
    channels=st.integers(1, 3),
    count=st.integers(0, 30_000),
    sizes=st.lists(st.integers(1, 9000), min_size=1, max_size=3),
    flaw=st.sampled_from([None, np.nan, np.inf, -np.inf, 1e9, 0.0]),
)
def test_what_comes_out_is_as_long_and_within_full_scale(
    rate: int, channels: int, count: int, sizes: list[int], flaw: float | None
) -> None:
    sound = np.tile(vowel(count, rate, 130), (channels, 1))
    if flaw is not None:
        sound[0, count // 3 : count // 2] = flaw
    out = through(sound, rate, sizes)
    assert out.shape == sound.shape
    assert out.dtype == np.float32
    assert np.isfinite(out).all()
    assert np.abs(out).max(initial=0) < 1
    assert (out == out[:1]).all()  # who sat left and who right is not told


def test_how_sound_is_cut_on_its_way_in_changes_nothing() -> None:
    sound = vowel(30 * 16000, 16000, 150)[None]
    whole = through(sound, 16000, (len(sound[0]),))
    for sizes in ((1024,), (70_001, 5)):
        np.testing.assert_allclose(through(sound, 16000, sizes), whole, atol=1e-6)


def test_little_is_held_back_however_long_it_is() -> None:
    rate, treatment, given_back = 16000, Disguise(16000, 1, random.Random(3).random), 0
    second = vowel(rate, rate, 120)[None]
    for taken in range(1, 60):
        given_back += treatment.take(second, second[:, :0]).shape[1]
        assert taken * rate - given_back <= 14 * rate


def test_silence_stays_silent() -> None:
    assert np.abs(through(np.zeros((2, 50_000), np.float32), 48000)).max() < 1e-3


def test_pieces_are_joined_where_the_last_one_was_without_a_gap() -> None:
    treatment = Disguise(16000, 1, random.Random(4).random)
    place = np.arange(2000)
    treatment._tail = np.sin(place[:640] * 0.08).astype(np.float32)
    for late in range(0, 78, 7):  # wherever in its period the next piece begins
        spoken = np.sin((place + late) * 0.08).astype(np.float32)
        joined = treatment._joined(spoken)
        assert joined.shape == spoken.shape
        assert np.abs(np.diff(joined[:1500])).max() < 0.09  # a sine of this pitch moves by 0.08
        peaks = np.abs(joined[:1400]).reshape(-1, 100).max(axis=1)
        assert peaks.min() > 0.9


def test_two_exports_speak_with_two_voices() -> None:
    """The system's own chance, twenty times: pitch differs, within what a voice may have."""
    drawn = [Disguise(16000, 1)._speaker._target for _ in range(20)]
    assert len({target.pitch for target in drawn}) == 20
    assert all(90 < target.pitch < 200 and 0.8 < target.warp < 1.25 for target in drawn)


def test_whoever_speaks_high_or_low_comes_out_at_the_pitch_that_was_drawn() -> None:
    """Pitch is measured by how far apart repetitions of the output lie."""
    for pitch in (95.0, 140.0, 230.0):
        speaker = PseudoSpeaker(random.Random(5).random)
        said = speaker.spoken(vowel(4 * HEARD_RATE, HEARD_RATE, pitch), 0)
        middle = said[HEARD_RATE : HEARD_RATE + 6000].astype(np.float64)
        again = np.correlate(middle, middle, "full")[len(middle) :]
        lag = 40 + int(np.argmax(again[40:250]))
        assert HEARD_RATE / (lag + 1) == pytest.approx(speaker._target.pitch, rel=0.06)


def test_a_target_is_within_what_people_have() -> None:
    for end in (0.0, 1 - 1e-9):
        target = Target.drawn(iter([end] * 3).__next__)
        assert 95 <= target.pitch <= 190
        assert 0.8 < target.warp < 1.25


def test_a_window_that_is_spoken_again_is_late_by_as_much() -> None:
    """Windows of one recording overlap; what both hold comes at the same moment in both."""
    sound = vowel(6 * HEARD_RATE, HEARD_RATE, 120)
    speaker = PseudoSpeaker(random.Random(6).random)
    first, later = np.arange(0, 1200), np.arange(400, 1500)
    late = speaker._late.at(first)[400:]
    np.testing.assert_array_equal(speaker._late.at(later)[: len(late)], late)
    assert np.abs(np.diff(late)).max() < 0.2
    assert len(speaker.spoken(sound[400 * STEP :], 400)) == len(sound) - 400 * STEP


@pytest.mark.parametrize("rate", [8000, 22050, 44100, 48000])
def test_a_change_of_rate_keeps_a_tone(rate: int) -> None:
    tone = np.sin(2 * np.pi * 440 * np.arange(rate) / rate).astype(np.float32)
    into, back = Resampled(rate, HEARD_RATE), Resampled(HEARD_RATE, rate)
    low = np.concatenate([into.take(tone[:777]), into.take(tone[777:]), into.end(HEARD_RATE)])
    again = np.concatenate([back.take(low), back.end(rate)])
    assert (len(low), len(again)) == (HEARD_RATE, rate)
    inside = slice(rate // 50, -rate // 50)
    np.testing.assert_allclose(again[inside], tone[inside], atol=0.01)


def test_channels_that_cancel_each_other_out_are_still_heard() -> None:
    tone = np.sin(np.arange(1000) * 0.1).astype(np.float32)
    assert np.abs(one_channel(np.stack([tone, -tone]))).max() > 0.2


def test_what_is_too_loud_is_bent_and_the_rest_untouched() -> None:
    wave = np.linspace(-3, 3, 1001, dtype=np.float32)
    out = softened(wave)
    assert np.abs(out).max() < 1
    assert (np.diff(out) >= 0).all()
    quiet = np.abs(wave) < 0.7
    np.testing.assert_array_equal(out[quiet], wave[quiet])


def test_without_the_vocoder_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyworld", None)
    with pytest.raises(UsageError, match="pyworld-prebuilt"):
        Disguise(48000, 1)
