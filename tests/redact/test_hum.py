"""No hum by which a recording could be dated is left, and what else was heard is as it was."""

from __future__ import annotations

import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from passerby.core.sound import HEARD_RATE, Samples, Treatment
from passerby.redact import Chain, HumNotched, SpeechMuted
from passerby.redact.hum import LIMIT, WIDEST, notches

Wave = NDArray[np.float64]
SECONDS = 60
WINDOW = 16  # seconds that are averaged for one point of a track


def through(treatment: Treatment, sound: Samples, sizes: Sequence[int] = (4096,)) -> Samples:
    """`sound` in pieces of `sizes`, again and again, and what comes back, put together."""
    pieces, at, turn = [], 0, 0
    while at < sound.shape[1]:
        end = at + sizes[turn % len(sizes)]
        pieces.append(treatment.take(sound[:, at:end], sound[:, at:end]))
        at, turn = end, turn + 1
    pieces.append(treatment.end())
    return np.concatenate(pieces, axis=1)


def wander(seconds: int, dice: np.random.Generator) -> Wave:
    """By how much the mains are off at each second, in Hz: some tenths, slowly."""
    off = np.zeros(seconds + 2)
    for at in range(1, len(off)):
        off[at] = off[at - 1] * 0.97 + dice.normal(0, 0.02)
    return np.clip(off, -0.4, 0.4)


def hum(mains: int, off: Wave, rate: int, multiples: Sequence[int]) -> Wave:
    seconds = np.arange((len(off) - 2) * rate) / rate
    turns = np.cumsum(mains + np.interp(seconds, np.arange(len(off)), off)) / rate
    total = np.zeros(len(turns))
    for n in multiples:
        total += np.sin(2 * np.pi * n * turns + n) / (1 + n / 4)
    return total


def tracked(sound: Wave, rate: int, at: float) -> Wave:
    """How far the strongest tone near `at` Hz is off, in Hz, for each second: an attacker who knows
    where to look, and how wide a notch is."""
    step = rate // 40
    moments = np.arange(len(sound)) / rate
    turned = (sound * np.exp(-2j * np.pi * at * moments))[: len(sound) // step * step]
    slow = turned.reshape(-1, step).mean(axis=1)
    windows = np.lib.stride_tricks.sliding_window_view(slow, WINDOW * 40)[::40]
    size = 1 << 13
    strength = np.abs(np.fft.fft(windows * np.hanning(WINDOW * 40), size, axis=1))
    off = np.fft.fftfreq(size, 1 / 40)
    near = np.abs(off) <= WIDEST
    return np.asarray(off[near][strength[:, near].argmax(axis=1)])


def told(sound: Wave, rate: int, mains: int, multiple: int, off: Wave) -> float:
    """How well the track at one multiple goes with how far the mains were off."""
    seen = tracked(sound, rate, mains * multiple)
    fine = np.interp(np.arange(SECONDS * 40) / 40, np.arange(len(off)), off)
    true = [fine[at * 40 : (at + WINDOW) * 40].mean() for at in range(len(seen))]
    return float(np.corrcoef(seen, true)[0, 1])


def level(sound: Wave, rate: int, low: float, high: float) -> float:
    """Between two frequencies, in dB."""
    power = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) ** 2
    at = np.fft.rfftfreq(len(sound), 1 / rate)
    return float(10 * np.log10(power[(at > low) & (at < high)].sum() + 1e-30))


def talk(speech: Path, rate: int) -> Wave:
    with wave.open(str(speech)) as file:
        stored = np.frombuffer(file.readframes(48_000 * 20), np.int16)[::3] / 32768
    assert rate == 16_000
    return np.asarray(np.resize(stored, SECONDS * rate))


@pytest.mark.parametrize("mains", [50, 60])
@pytest.mark.parametrize("voice", [False, True])
def test_a_track_of_planted_hum_can_not_be_followed_any_more(
    speech: Path, mains: int, voice: bool
) -> None:
    rate, dice = 16_000, np.random.default_rng(mains)
    off = wander(SECONDS, dice)
    planted = hum(mains, off, rate, range(1, 31))
    planted *= 0.01 / np.sqrt((planted**2).mean())
    rest = dice.normal(0, 1e-3, len(planted)) + (0.3 * talk(speech, rate) if voice else 0)
    sound = (planted + rest)[None].astype(np.float32)
    out = through(HumNotched(rate, 1, dice=dice), sound)[0].astype(np.float64)
    before, after = sound[0].astype(np.float64), np.round(out * 32768) / 32768
    multiples = (1, 2, 3, 4, 6, 10, 16, 24, 30)
    assert max(told(before, rate, mains, n, off) for n in multiples) > 0.85
    assert max(told(after, rate, mains, n, off) for n in multiples) < 0.8
    assert np.mean([told(after, rate, mains, n, off) for n in multiples]) < 0.3
    if not voice:
        edges = [(n * mains - min(0.4 * n, 3), n * mains + min(0.4 * n, 3)) for n in multiples]
        was, now = (sum(10 ** (level(s, rate, *e) / 10) for e in edges) for s in (before, after))
        assert was > 50 * now  # with the noise that fills the notches


def test_what_lies_between_the_notches_is_as_it_was() -> None:
    rate = 48_000
    moments = np.arange(8 * rate) / rate
    for tone in (80.0, 440.0, 1030.0, 2100.0, 9000.0):
        assert not any(low < tone < high for low, high in notches(rate))
        sound = (0.5 * np.sin(2 * np.pi * tone * moments))[None].astype(np.float32)
        out = through(HumNotched(rate, 1), sound)
        inner = slice(2 * rate, 6 * rate)
        assert np.abs(out - sound)[0, inner].max() < 0.005


def test_a_bang_stays_where_it_was_and_rings_only_softly() -> None:
    rate = 48_000
    sound = np.zeros((1, 6 * rate), np.float32)
    sound[0, 3 * rate] = 1.0
    out = np.abs(through(HumNotched(rate, 1), sound)[0])
    assert out.argmax() == 3 * rate
    assert out[3 * rate] > 0.9
    for near, most in ((0.01, 0.02), (0.25, 0.003), (1.3, 1e-6)):
        far = round(near * rate)
        assert max(out[: 3 * rate - far].max(), out[3 * rate + far :].max()) < most


def test_what_is_left_of_hum_lies_under_noise_that_nobody_can_make_again() -> None:
    rate = 8000
    sound = (0.1 * hum(60, np.full(22, 0.1), rate, (2,)))[None].astype(np.float32)
    one, other = (through(HumNotched(rate, 1), sound)[0, 5 * rate : 15 * rate] for _ in range(2))
    assert 0.05 < one.std() / sound.std() < 0.2
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.2


def test_silence_stays_silent() -> None:
    sound = np.zeros((2, 40_000), np.float32)
    assert not through(HumNotched(8000, 2), sound).any()


def test_hum_at_the_very_start_and_end_is_gone_too() -> None:
    rate = 8000
    off = np.full(22, 0.1)
    sound = (0.1 * hum(50, off, rate, range(1, 5)))[None].astype(np.float32)
    out = through(HumNotched(rate, 1), sound)[0]
    for part in (slice(0, rate), slice(-rate, None)):
        before, after = sound[0, part].std(), out[part].std()
        assert after < before / 8


@settings(max_examples=30)
@given(
    st.sampled_from([8000, 11_025, 16_000]),
    st.integers(1, 3),
    st.integers(0, 60_000),
    st.lists(st.integers(1, 9000), min_size=1, max_size=5),
)
def test_as_much_comes_out_as_went_in_however_it_is_cut(
    rate: int, channels: int, count: int, sizes: list[int]
) -> None:
    sizes = [max(size, count // 500) for size in sizes]
    sound = np.random.default_rng(1).normal(0, 0.1, (channels, count)).astype(np.float32)
    out = through(HumNotched(rate, channels), sound, sizes)
    assert out.shape == sound.shape
    assert out.dtype == np.float32
    assert np.isfinite(out).all()


def test_what_is_no_number_spoils_nothing_else() -> None:
    rate = 8000
    sound = np.random.default_rng(1).normal(0, 0.1, (1, 10 * rate)).astype(np.float32)
    broken = sound.copy()
    broken[0, 5 * rate : 5 * rate + 3] = (np.nan, np.inf, -np.inf)
    here, there = (through(HumNotched(rate, 1), s)[0] for s in (sound, broken))
    assert np.isfinite(there).all()
    assert np.abs(here - there)[: 3 * rate].max() < 0.05
    assert np.abs(here - there)[7 * rate :].max() < 0.05


def test_both_mains_are_cut_out_to_the_limit_and_a_slow_rate_is_no_hindrance() -> None:
    cut = notches(48_000)
    for mains in (50, 60):
        for n in range(1, int(LIMIT / mains) + 1):
            side = min(0.5 * n, WIDEST)
            assert any(a < n * mains - side and n * mains + side < b for a, b in cut)
    assert all(high < 200 for _, high in notches(400))
    assert through(HumNotched(400, 1), np.ones((1, 900), np.float32)).shape == (1, 900)


class Deaf:
    """An ear that takes every window from the `loud`-th sample on for speech."""

    def hear(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(np.abs(windows).max(axis=1) > 0.5, np.float32)


@pytest.mark.parametrize("rate", [HEARD_RATE, 48_000])
def test_what_is_muted_after_the_filter_is_silent_and_in_step(rate: int) -> None:
    quiet = np.random.default_rng(1).normal(0, 0.01, (1, 20 * rate)).astype(np.float32)
    sound = quiet.copy()
    sound[:, 10 * rate : 12 * rate] = 0.9 * np.sign(sound[:, 10 * rate : 12 * rate])
    chain = Chain(rate, 1, [HumNotched(rate, 1), SpeechMuted(rate, 1, Deaf)])
    pieces, at, step = [], 0, rate // 10
    while at < sound.shape[1]:
        piece = sound[:, at : at + step]
        pieces.append(chain.take(piece, piece[:, :: rate // HEARD_RATE]))
        at += step
    out = np.concatenate([*pieces, chain.end()], axis=1)
    assert out.shape == sound.shape
    assert not out[0, round(9.6 * rate) : round(12.4 * rate)].any()
    for kept in (slice(0, 9 * rate), slice(13 * rate, 20 * rate)):
        assert (out[0, kept] != 0).mean() > 0.99
        assert np.corrcoef(out[0, kept], quiet[0, kept])[0, 1] > 0.9
    assert [note[:16] for note in chain.notes()] == ["speech muted for"]
