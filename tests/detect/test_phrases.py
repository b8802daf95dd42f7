"""Speech is told apart phrase by phrase, in whatever pieces it comes; English is written down."""

from __future__ import annotations

import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from passerby.core.errors import DetectorError, UsageError
from passerby.core.sound import HEARD_RATE, WINDOW, Likely, Samples
from passerby.core.speech import Mono, SpeakerInfo
from passerby.detect import whisper
from passerby.detect.moonshine import open_recogniser, words_of
from passerby.detect.phrases import LEAST, LONGEST, Listening, Said, one_of


class Told:
    """An ear that says what it was told to, window for window."""

    def __init__(self, likely: Sequence[float]) -> None:
        self._likely, self._at = np.asarray(likely, np.float32), 0

    def hear(self, windows: NDArray[np.float32]) -> Likely:
        said = np.zeros(len(windows), np.float32)
        part = self._likely[self._at : self._at + len(windows)]
        said[: len(part)] = part
        self._at += len(windows)
        return said


class Counting:
    """A recogniser that says how much it was given, and what comes first."""

    info = SpeakerInfo("counting.v1", "none")

    def recognise(self, speech: Mono) -> str:
        return f"{len(speech)} {speech[:1].tolist()}"


def heard(likely: Sequence[float], sizes: Sequence[int] = (4096,)) -> list[Said]:
    sound = np.linspace(0.1, 0.9, len(likely) * WINDOW, dtype=np.float32)[None]
    listening = Listening(HEARD_RATE, 1, lambda: Told(likely), Counting())
    at = turn = 0
    while at < sound.shape[1]:
        piece = sound[:, at : at + sizes[turn % len(sizes)]]
        out = listening.take(piece, piece)
        assert out.shape == piece.shape
        assert not out.any()
        at, turn = at + piece.shape[1], turn + 1
    assert not listening.end().any()
    assert listening.samples == sound.shape[1]
    return listening.said


def runs() -> st.SearchStrategy[list[float]]:
    one = st.tuples(st.sampled_from([0.0, 0.4, 0.6, 1.0]), st.integers(1, 200))
    return st.lists(one, max_size=12).map(lambda rs: [p for p, count in rs for _ in range(count)])


@settings(max_examples=40)
@given(likely=runs(), sizes=st.lists(st.integers(300, 20_000), min_size=1, max_size=5))
def test_it_does_not_matter_in_which_pieces_sound_comes(
    likely: list[float], sizes: list[int]
) -> None:
    assert heard(likely, sizes) == heard(likely, (max(1, len(likely) * WINDOW),))


@settings(max_examples=60)
@given(likely=runs())
def test_phrases_are_in_order_not_too_long_and_hold_every_sure_window(likely: list[float]) -> None:
    said = heard(likely)
    end = 0
    inside = np.zeros(len(likely), bool)
    for one in said:
        assert end <= one.start < one.end <= len(likely) * WINDOW
        assert one.end - one.start <= LONGEST * WINDOW
        inside[one.start // WINDOW : one.end // WINDOW] = True
        end = one.end
    sure = np.asarray(likely) >= 0.5
    runs_of = np.flatnonzero(np.diff(np.concatenate([[0], (sure & ~inside).astype(int), [0]])))
    for first, after in runs_of.reshape(-1, 2):
        assert after - first <= LEAST  # a click at most is left out


def test_a_pause_ends_a_phrase_and_a_breath_does_not() -> None:
    speech, breath, pause = [1.0] * 60, [0.0] * 8, [0.0] * 40
    said = heard([*pause, *speech, *breath, *speech, *pause, *speech, *pause])
    assert [(one.start // WINDOW, one.end // WINDOW) for one in said] == [(39, 168), (207, 268)]


def test_the_recogniser_gets_a_little_of_what_is_around_the_phrase() -> None:
    (said,) = heard([0.0] * 40 + [1.0] * 60 + [0.0] * 40)
    assert said.words.startswith(f"{(61 + 12) * WINDOW} ")


def test_channels_that_cancel_each_other_out_are_heard_all_the_same() -> None:
    voice = np.sin(np.arange(1000) / 5).astype(np.float32)
    quiet: Samples = np.stack([0.1 * voice, -0.1 * voice])
    assert np.allclose(np.abs(one_of(quiet)).max(), 0.7, atol=0.01)
    assert not one_of(np.zeros((2, 10), np.float32)).any()


def test_english_is_written_down(speech: Path, moonshine: Path) -> None:
    with wave.open(str(speech)) as file:
        stored = np.frombuffer(file.readframes(480_000), np.int16).reshape(-1, 3) / 32768
    sound = stored.mean(axis=1).astype(np.float32)
    recogniser = open_recogniser("en-GB", str(moonshine))
    said = recogniser.recognise(sound)
    assert "best of times" in said.lower()
    assert "age of foolishness" in said.lower()
    assert recogniser.recognise(sound) == said
    for short in (0, 1, 400, 5000):
        assert len(recogniser.recognise(sound[:short])) < 20
    assert recogniser.recognise(np.full(16000, np.nan, np.float32)) is not None


def test_only_the_weights_that_are_pinned_are_run(moonshine: Path, tmp_path: Path) -> None:
    for name in ("encoder_model.ort", "decoder_model_merged.ort", "tokenizer.bin"):
        (tmp_path / name).write_bytes((moonshine / name).read_bytes())
    with (tmp_path / "tokenizer.bin").open("r+b") as file:
        file.seek(5000)
        file.write(b"x")
    with pytest.raises(DetectorError, match=r"tokenizer\.bin is not the one that is pinned"):
        open_recogniser("en", str(tmp_path))


def test_words_of_any_length_are_read() -> None:
    long = b"y" * 300
    data = b"\x05<unk>\x00\x02ab" + bytes([128 + 300 % 128, 300 // 128]) + long
    assert words_of(data) == [b"", b"", b"ab", long]


def test_a_whisper_model_is_never_fetched(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="needs a model"):
        whisper.open_recogniser("fa", "")
    for name in ("model.bin", "config.json", "tokenizer.json"):
        with pytest.raises(UsageError, match=f"there is no {name}"):
            whisper.open_recogniser("fa", str(tmp_path))
        (tmp_path / name).write_text("{}")
    with pytest.raises(DetectorError, match=r"not installed|can't be loaded"):
        whisper.open_recogniser("fa", str(tmp_path))
