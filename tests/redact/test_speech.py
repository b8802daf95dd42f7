"""Where speech was there is silence, before and after it too, and the rest is as it was."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from passerby.core.sound import HEARD_RATE, WINDOW, Likely, Samples
from passerby.redact import SpeechMuted
from passerby.redact.speech import AFTER, BEFORE, DOUBT, SURE

RAMP = 160  # samples at 16 kHz in which sound fades


class Told:
    """An ear that says what it was told to, window for window."""

    def __init__(self, likely: Sequence[float]) -> None:
        self._likely, self._at = np.asarray(likely, np.float32), 0

    def hear(self, windows: NDArray[np.float32]) -> Likely:
        self._at += len(windows)
        said = np.zeros(len(windows), np.float32)
        part = self._likely[self._at - len(windows) : self._at]
        said[: len(part)] = part
        return said


def treated(
    likely: Sequence[float],
    sound: Samples,
    sizes: Sequence[int] = (1024,),
    rate: int = HEARD_RATE,
    heard: Samples | None = None,
) -> Samples:
    """`sound` in pieces of `sizes`, again and again, and what comes back, put together."""
    treatment = SpeechMuted(rate, len(sound), lambda: Told(likely))
    ear = sound if heard is None else heard
    pieces, at, fed, turn = [], 0, 0, 0
    while at < sound.shape[1]:
        end = min(sound.shape[1], at + sizes[turn % len(sizes)])
        upto = ear.shape[1] * end // sound.shape[1]
        pieces.append(treatment.take(sound[:, at:end], ear[:, fed:upto]))
        at, fed, turn = end, upto, turn + 1
    pieces.append(treatment.end())
    return np.concatenate(pieces, axis=1)


def noise(windows: int, channels: int = 1) -> Samples:
    made = np.random.default_rng(1).uniform(0.1, 0.5, (channels, windows * WINDOW))
    return made.astype(np.float32)


def runs() -> st.SearchStrategy[list[float]]:
    """What an ear says: the same for a while, as often as not for longer than is remembered."""
    one = st.tuples(st.sampled_from([0.0, DOUBT, SURE, 1.0]), st.integers(1, 60))
    return st.lists(one, max_size=8).map(lambda rs: [p for p, count in rs for _ in range(count)])


@settings(max_examples=100)
@given(
    likely=runs(),
    # However small a few are, one is not: of a second one by one, each waits for all before it.
    sizes=st.lists(st.integers(1, 9000), max_size=5).map(lambda few: [*few, 3000]),
    more=st.integers(0, WINDOW - 1),
)
def test_it_does_not_matter_in_which_pieces_sound_comes(
    likely: list[float], sizes: list[int], more: int
) -> None:
    sound = noise(len(likely) + 1)[:, : len(likely) * WINDOW + more]
    whole = treated(likely, sound, (max(1, sound.shape[1]),))
    assert np.array_equal(treated(likely, sound, sizes), whole)
    assert whole.shape == sound.shape


@settings(max_examples=60)
@given(likely=st.lists(st.sampled_from([0.0, DOUBT * 0.9, SURE, 1.0]), min_size=1, max_size=200))
def test_nothing_is_left_of_speech_and_of_half_a_second_around_it(likely: list[float]) -> None:
    assert min(BEFORE, AFTER) * WINDOW / HEARD_RATE > 0.5
    sound = noise(len(likely))
    out = treated(likely, sound).reshape(-1, WINDOW)
    silent = np.zeros(len(likely), bool)
    for k in np.flatnonzero(np.asarray(likely) >= SURE):
        silent[max(0, k - BEFORE) : k + AFTER + 1] = True
        assert not out[max(0, k - BEFORE + 1) : k + AFTER].any()
    whole = sound.reshape(-1, WINDOW)
    assert np.array_equal(out[~silent], whole[~silent])
    # Inside the silence there is nothing but a fade at its edges.
    assert not out[silent][:, RAMP:-RAMP].any()


def test_doubt_beside_speech_is_speech_and_doubt_alone_is_not() -> None:
    likely = [0.0] * 40 + [DOUBT] * 10 + [SURE] + [DOUBT] * 10 + [0.0] * 60 + [DOUBT] * 10
    out = treated(likely, noise(len(likely))).reshape(-1, WINDOW)
    heard = np.abs(out).max(axis=1) > 0
    assert not heard[40 - BEFORE + 1 : 61 + AFTER - 1].any()
    assert heard[: 40 - BEFORE].all()
    assert heard[61 + AFTER :].all()


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100, 48000, 96000])
def test_at_every_rate_silence_lies_where_speech_was_heard(rate: int) -> None:
    likely = [0.0] * 60 + [1.0] + [0.0] * 60
    seconds = len(likely) * WINDOW / HEARD_RATE
    sound = np.full((2, round(seconds * rate)), 0.5, np.float32)
    out = treated(likely, sound, rate=rate, heard=np.repeat(noise(len(likely)), 2, axis=0))
    assert out.shape == sound.shape
    silent = np.flatnonzero(out[0] == 0) / rate
    edges = np.array([60 - BEFORE, 61 + AFTER]) * WINDOW / HEARD_RATE
    assert np.abs(np.array([silent[0], silent[-1]]) - edges).max() < 0.011
    assert np.array_equal(out[0], out[1])


def test_sound_that_is_no_number_counts_as_speech() -> None:
    sound = noise(80)
    heard = sound.copy()
    heard[0, 40 * WINDOW] = np.nan
    out = treated([0.0] * 80, sound, heard=heard)
    assert not out[0, (40 - BEFORE + 1) * WINDOW : (41 + AFTER - 1) * WINDOW].any()
    assert out[0, : (40 - BEFORE) * WINDOW].all()


def test_sound_that_could_not_be_listened_to_is_silent() -> None:
    sound = noise(200)
    out = treated([0.0] * 200, sound, (sound.shape[1],), heard=noise(100))
    assert out[0, : (100 - BEFORE) * WINDOW].all()
    assert not out[0, (100 - BEFORE + 1) * WINDOW :].any()


def test_whoever_keeps_what_comes_back_keeps_nothing_of_what_is_held_back() -> None:
    treatment = SpeechMuted(HEARD_RATE, 1, lambda: Told([]))
    pieces = [treatment.take(noise(1)[:, :one], noise(1)[:, :one]) for one in [7] * 200]
    assert {piece.shape for piece in pieces} == {(1, 0)}
    assert all(piece.base is None for piece in pieces)


def test_it_says_how_much_was_muted() -> None:
    treatment = SpeechMuted(HEARD_RATE, 1, lambda: Told([0.0] * 60 + [1.0] + [0.0] * 60))
    sound = noise(121)
    treatment.take(sound, sound)
    treatment.end()
    assert treatment.notes() == ("speech muted for 1.0 s of 3.9 s of sound",)
