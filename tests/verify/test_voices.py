"""How speech is cut into stretches and compared, with an ear and an embedder that are simple."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from passerby.core.ports import VoiceEmbedderInfo
from passerby.core.sound import HEARD_RATE, WINDOW, Likely
from passerby.verify.voices import (
    LEAST,
    SAME,
    SECONDS,
    STRETCH,
    Compared,
    Listener,
    Stretch,
    compared,
)

Wave = NDArray[np.float32]


class Loud:
    """What is loud is speech."""

    def hear(self, windows: NDArray[np.float32]) -> Likely:
        loud: Likely = (np.abs(windows).max(axis=1) > 0.01).astype(np.float32)
        return loud


class Pitch:
    """An embedder that knows voices by how fast they swing: 256 directions, one a frequency."""

    info = VoiceEmbedderInfo("pitch.v1", "0" * 64, "none")

    def __init__(self) -> None:
        self.lengths: list[int] = []

    def embed(self, pieces: Sequence[Wave]) -> Wave:
        self.lengths += map(len, pieces)
        points = np.zeros((len(pieces), 256), np.float32)
        for number, piece in enumerate(pieces):
            power = np.abs(np.fft.rfft(piece[:HEARD_RATE]))
            points[number, int(power.argmax()) % 256] = 1
        return points


def tone(hertz: float, windows: int) -> Wave:
    moments = np.arange(windows * WINDOW) / HEARD_RATE
    return (0.5 * np.sin(2 * np.pi * hertz * moments)).astype(np.float32)


def quiet(windows: int) -> Wave:
    return np.zeros(windows * WINDOW, np.float32)


def listened(
    sound: Wave | NDArray[np.float32],
    *,
    start: Fraction = Fraction(0),
    bounds: Sequence[Stretch] | None = None,
    step: int = 5000,
) -> list[Stretch]:
    rows = np.atleast_2d(sound)
    listener = Listener(Loud, Pitch(), len(rows), lambda: start, bounds)
    for at in range(0, rows.shape[1], step):
        piece = rows[:, at : at + step]
        np.testing.assert_array_equal(listener.take(piece, piece), piece)
    listener.end()
    return listener.found


SPOKEN = -(-STRETCH // WINDOW)  # windows of speech in a stretch


def test_a_stretch_ends_when_it_has_enough_speech_and_pauses_do_not_count() -> None:
    sound = np.concatenate([quiet(20), tone(100, 100), quiet(50), tone(100, 200), quiet(10)])
    first, second = listened(sound)
    assert first.start == 20 * SECONDS
    assert first.end == (20 + SPOKEN + 50) * SECONDS
    assert second.start == first.end
    assert second.end == 370 * SECONDS or second.end == 380 * SECONDS


def test_too_little_speech_is_no_stretch() -> None:
    windows = LEAST // WINDOW
    assert listened(tone(100, windows - 1)) == []
    assert len(listened(tone(100, windows + 1))) == 1


@settings(max_examples=20)
@given(st.integers(700, 40_000), st.fractions(0, 5, max_denominator=90_000))
def test_how_sound_is_handed_over_changes_nothing_but_the_moment(
    step: int, start: Fraction
) -> None:
    sound = np.concatenate([quiet(7), tone(120, 170), quiet(9), tone(60, 170), quiet(3)])
    whole, parts = listened(sound), listened(sound, step=step, start=start)
    assert [(one.start + start, one.end + start) for one in whole] == [
        (one.start, one.end) for one in parts
    ]
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_array_equal(one.point, other.point)


def test_within_bounds_the_speech_of_the_same_time_is_heard() -> None:
    ours = listened(np.concatenate([tone(100, 2 * SPOKEN), tone(37, SPOKEN)]))
    theirs = listened(np.concatenate([tone(100, SPOKEN), tone(37, 2 * SPOKEN)]), bounds=ours)
    likeness = [one.likeness for one in compared(ours, theirs)]
    assert likeness == pytest.approx([1, 0, 1])
    assert [one.matched for one in compared(ours, theirs)] == [True, False, True]


def test_an_output_that_begins_later_is_compared_at_its_own_time() -> None:
    """Track two starts two stretches later than the file: its first speech is the third's."""
    ours = listened(np.concatenate([tone(100, 2 * SPOKEN), tone(37, SPOKEN)]))
    theirs = listened(tone(37, SPOKEN), bounds=ours, start=2 * SPOKEN * SECONDS)
    assert [one.likeness for one in compared(ours, theirs)] == [None, None, 1]


def test_where_the_output_is_silent_nothing_is_said_of_likeness() -> None:
    ours = listened(tone(100, 2 * SPOKEN))
    for other in (quiet(2 * SPOKEN), quiet(3), quiet(0), tone(100, 20)):
        theirs = listened(other, bounds=ours)
        assert [one.likeness for one in compared(ours, theirs)] == [None, None]


def test_what_the_output_says_where_the_original_is_silent_is_not_compared() -> None:
    ours = listened(np.concatenate([quiet(SPOKEN), tone(100, SPOKEN)]))
    theirs = listened(np.concatenate([tone(37, SPOKEN), quiet(SPOKEN)]), bounds=ours)
    assert [one.likeness for one in compared(ours, theirs)] == [None]


def test_a_voice_that_only_one_channel_has_is_heard() -> None:
    """In the mean of both it would cancel out."""
    voice = tone(100, 2 * SPOKEN)
    for sound in (np.stack([voice, -voice]), np.stack([voice * 0, voice])):
        (first, _) = listened(sound)
        assert first.point is not None
        assert first.point[100] == 1


def test_samples_that_are_no_numbers_do_no_harm() -> None:
    sound = tone(100, 2 * SPOKEN)
    sound[::1000] = np.nan
    sound[1::1000] = np.inf
    assert len(listened(sound)) == 2


def test_many_stretches_are_asked_about_in_turns_and_in_order() -> None:
    sound = np.concatenate([tone(20 + 3 * number, SPOKEN) for number in range(30)])
    points = [one.point for one in listened(sound)]
    heard = [int(point.argmax()) for point in points if point is not None]
    assert heard == [20 + 3 * number for number in range(30)]


def test_an_attacker_is_sure_from_the_limit_on() -> None:
    assert Compared(Fraction(0), SAME).matched
    assert not Compared(Fraction(0), SAME - 1e-6).matched
    assert not Compared(Fraction(0), None).matched
