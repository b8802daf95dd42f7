"""Phrases are spoken when they began, end in time, and nothing of the original goes with them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passerby.core.errors import DetectorError, TranscriptError
from passerby.core.sound import Samples
from passerby.core.speech import Mono, SpeakerInfo
from passerby.redact.retold import (
    FASTEST,
    GENTLE,
    Line,
    Retold,
    Telling,
    Wanted,
    at_rate,
    fitted,
    retold,
)

RATE = 22050


class Humming:
    """Speaks a tone, 100 ms for each letter; `lazy`: how much longer than told, afterwards."""

    info = SpeakerInfo("humming.v1", "none")
    rate = RATE
    lazy = 1.0

    def speak(self, words: str, pace: float) -> Mono:
        count = round(len(words) * RATE / 10 / pace * self.lazy)
        return np.asarray(0.5 * np.sin(np.arange(count) * 0.2), np.float32)


def through(
    treatment: Retold, sound: Samples, sizes: Sequence[int] = (1024,), rate: int = 48000
) -> Samples:
    pieces, at, turn = [], 0, 0
    while at < sound.shape[1]:
        end = min(sound.shape[1], at + sizes[turn % len(sizes)])
        heard = np.zeros((len(sound), (end - at) * 16000 // rate), np.float32)
        pieces.append(treatment.take(sound[:, at:end], heard))
        at, turn = end, turn + 1
    pieces.append(treatment.end())
    return np.concatenate(pieces, axis=1)


def noise(count: int, channels: int = 2) -> Samples:
    made = np.random.default_rng(1).uniform(-0.5, 0.5, (channels, count))
    return made.astype(np.float32)


@st.composite
def tellings(draw: st.DrawFn) -> Telling:
    lines, at = [], 0
    for _ in range(draw(st.integers(0, 5))):
        start = at + draw(st.integers(0, 700))
        letters = draw(st.integers(0, 8))
        at = start + letters * 100 + draw(st.integers(0, 50))
        lines.append(Line(start, at, "x" * letters))
    return Telling(tuple(lines))


@settings(max_examples=60)
@given(
    telling=tellings(),
    sizes=st.lists(st.integers(1, 9000), min_size=1, max_size=5),
    rate=st.sampled_from([8000, 22050, 44100, 48000]),
    seconds=st.floats(0, 5),
)
def test_each_phrase_lies_where_it_is_told_to_and_all_else_is_silent(
    telling: Telling, sizes: list[int], rate: int, seconds: float
) -> None:
    sound = noise(round(seconds * rate))
    out = through(Retold(rate, 2, telling, Humming()), sound, sizes, rate)
    assert out.shape == sound.shape
    wanted = np.zeros(sound.shape[1] + rate * 20, np.float32)
    for line in telling.lines:
        spoken = at_rate(Humming().speak(line.words, 1.0), RATE, rate)
        start = -(-line.start * rate // 1000)
        wanted[start : start + len(spoken)] = spoken
    for channel in out:
        assert np.array_equal(channel, wanted[: len(channel)])


def test_what_is_kept_besides_stays_under_the_voice_and_nothing_clips() -> None:
    sound = noise(48000) * 1.9
    told = Telling((Line(200, 700, "x" * 5),))
    out = through(Retold(48000, 2, told, Humming(), over=True), sound)
    assert np.array_equal(out[:, :9600], sound[:, :9600])
    assert np.abs(out).max() <= 1
    assert np.abs(out[:, 9700:30000] - sound[:, 9700:30000]).max() > 0.3


def test_it_says_how_much_was_spoken_and_what_was_not() -> None:
    told = Telling((Line(0, 500, "xxx"), Line(600, 900, "xx"), Line(5000, 6000, "x")), cut=2)
    treatment = Retold(48000, 2, told, Humming())
    through(treatment, noise(48000))
    assert treatment.notes() == (
        "2 phrases are spoken by a synthetic voice, 2 are cut, 1 that come after its end are "
        "missing",
    )


def test_a_voice_that_is_slower_than_it_was_ends_the_job() -> None:
    voice = Humming()
    told = Telling(fitted([Wanted(0, 500, "xxxxx", 1)], 500, voice))
    voice.lazy = 1.2
    with pytest.raises(DetectorError, match="slower"):
        through(Retold(48000, 2, told, voice), noise(48000))


def test_a_track_that_the_transcript_does_not_know_ends_the_job() -> None:
    made = retold([Telling(())], Humming())
    made(48000, 2)
    with pytest.raises(TranscriptError, match="nothing of one of the sound tracks"):
        made(48000, 2)


@settings(max_examples=200)
@given(
    gaps=st.lists(st.integers(0, 2000), min_size=1, max_size=4),
    slots=st.lists(st.integers(100, 2000), min_size=4, max_size=4),
    letters=st.lists(st.integers(0, 40), min_size=4, max_size=4),
    more=st.integers(0, 2000),
)
def test_a_phrase_is_as_fast_as_it_must_be_and_ends_before_the_next_begins(
    gaps: list[int], slots: list[int], letters: list[int], more: int
) -> None:
    phrases, at = [], 0
    for number, gap in enumerate(gaps):
        start = at + gap
        at = start + slots[number]
        phrases.append(Wanted(start, at, "x" * letters[number], 10 + number))
    ends = [phrase.start - 50 for phrase in phrases[1:]] + [at + more]
    tight = [
        phrase.line
        for phrase, end in zip(phrases, ends, strict=True)
        if len(phrase.words) * 100 / FASTEST > max(phrase.end, end) - phrase.start
    ]
    if tight:  # no room, even at the highest pace
        with pytest.raises(TranscriptError, match=f"line {tight[0]}: these words do not fit"):
            fitted(phrases, at + more, Humming())
        return
    lines = fitted(phrases, at + more, Humming())
    for line, phrase in zip(lines, phrases, strict=True):
        took = len(phrase.words) * 100 / line.pace
        assert line.start == phrase.start
        assert took <= line.room - line.start + 1
        assert 1 <= line.pace <= FASTEST
        if len(phrase.words) * 100 / GENTLE > phrase.end - phrase.start + 1:
            assert line.pace >= GENTLE  # sped up before it runs over
        if len(phrase.words) * 100 <= phrase.end - phrase.start:
            assert line.pace == 1
    for line, after in itertools.pairwise(lines):
        assert line.room <= after.start
    assert lines[-1].room <= at + more


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100, 48000, 96000])
def test_speech_is_as_long_and_as_high_at_every_rate(rate: int) -> None:
    time = np.arange(RATE) / RATE
    tone = (0.5 * np.sin(2 * np.pi * 440 * time)).astype(np.float32)
    made = at_rate(tone, RATE, rate)
    assert len(made) == rate
    wanted = 0.5 * np.sin(2 * np.pi * 440 * np.arange(rate) / rate)
    middle = slice(rate // 10, -rate // 10)
    assert np.abs(made[middle] - wanted[middle]).max() < 0.01
    high = np.sin(2 * np.pi * 9000 * time).astype(np.float32)
    if rate < 16000:  # it can't be there, and must not be heard as something else
        assert np.abs(at_rate(high, RATE, rate)[middle]).max() < 0.01
