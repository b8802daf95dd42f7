"""Voices disguised, as a person does it; and what is said of it wherever it is offered."""

from __future__ import annotations

import json
import re
import sys
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.cli.conftest import Run
from tests.cli.test_retell import FRAME, RATE, flat, phrases, reading, run
from tests.jobs.test_voices import alike, film, heard

from passerby import jobs
from passerby.core.errors import UsageError
from passerby.redact.disguise import LABEL

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Disguised:
    folder: Path
    before: list[NDArray[np.float32]]  # of each track
    after: list[NDArray[np.float32]]
    told: str
    printed: str


@pytest.fixture(scope="module")
def disguised(speech: Path, tmp_path_factory: pytest.TempPathFactory) -> Disguised:
    """A film with two tracks: somebody reads in both, in the second more softly and not as long."""
    folder = tmp_path_factory.mktemp("disguise")
    voice, soft = reading(speech), 0.2 * reading(speech, RATE, 7.0)
    film(folder / "clip.mp4", [np.stack([voice, 0.5 * voice]), soft[None]], RATE)
    code, printed, told = run(
        folder, "redact", "clip.mp4", "--voice", "disguise", "--save-plan", "plan.json",
        "--report", "about", "--json",
    )  # fmt: skip
    assert code == 0, told
    before = [heard(folder / "clip.mp4", track, RATE) for track in (0, 1)]
    after = [heard(folder / "clip.redacted.mp4", track, RATE) for track in (0, 1)]
    return Disguised(folder, before, after, told, printed)


def loudness(sound: NDArray[np.float32]) -> NDArray[np.float32]:
    """How loud each hundredth of a second is."""
    step = RATE // 100
    return np.asarray(
        np.sqrt((sound[: len(sound) // step * step].reshape(-1, step) ** 2).mean(axis=1))
    )


def test_rate_channels_and_length_are_kept(disguised: Disguised) -> None:
    for before, after in zip(disguised.before, disguised.after, strict=True):
        assert len(after) == len(before)
        assert abs(after.shape[1] - before.shape[1]) < RATE * FRAME
        assert np.abs(after).max() > 0.02


def test_no_sample_of_the_original_is_left_however_it_is_moved(disguised: Disguised) -> None:
    for before, after in zip(disguised.before, disguised.after, strict=True):
        for channel in after:
            assert alike(channel, before[0], len(channel)) < 0.2
            assert alike(flat(channel), flat(before[0]), len(channel)) < 0.05
    assert alike(disguised.before[0][1], disguised.before[0][0], 10) > 0.9  # or nothing would show


def test_it_is_said_when_it_was_said(disguised: Disguised) -> None:
    """To within a frame of the film, by how loud it is."""
    for before, after in zip(disguised.before, disguised.after, strict=True):
        a, b = (np.log(loudness(sound[0]) + 1e-3) for sound in (before, after))
        length = min(len(a), len(b))
        a, b = a[:length] - a[:length].mean(), b[:length] - b[:length].mean()
        shifts = range(-30, 31)
        fits = [float(np.dot(np.roll(a, shift), b)) for shift in shifts]
        assert abs(shifts[int(np.argmax(fits))]) <= 100 * FRAME
        assert max(fits) > 0.7 * float(np.sqrt((a**2).sum() * (b**2).sum()))


def test_another_export_speaks_with_another_voice(disguised: Disguised, inside: Run) -> None:
    ask = ("redact", "clip.mp4", "-o", "other.mp4", "--voice", "disguise", "--no-verify")
    done = inside(*ask, within=disguised.folder)
    assert done.returncode == 0, done.stderr
    other = heard(disguised.folder / "other.mp4", 0, RATE)[0]
    assert alike(other, disguised.after[0][0], RATE) < 0.5


def test_most_words_are_still_understood(
    disguised: Disguised, inside: Run, moonshine: Path
) -> None:
    said = []
    for name in ("clip", "clip.redacted"):
        done = inside(
            "transcribe", f"{name}.mp4", "-o", f"{name}.vtt", "--language", "en",
            "--recogniser", f"moonshine:{moonshine}", "--quiet", within=disguised.folder,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        text = (disguised.folder / f"{name}.vtt").read_text()
        said.append({word for *_, words in phrases(text) for word in re.findall("[a-z]+", words)})
    assert len(said[0]) > 15
    assert len(said[0] & said[1]) > len(said[0]) / 2


def test_what_it_is_worth_is_said_wherever_it_is_offered(disguised: Disguised, inside: Run) -> None:
    helped = " ".join(re.sub("[│╭╮╰╯─]", " ", inside("redact", "--help").stdout).split())
    assert "disguise makes casual recognition by ear harder" in helped.replace("- ", "")
    report = json.loads(disguised.printed)["files"][0]["report"]
    assert any(LABEL in note for note in report["notes"])
    assert any("lips" in note for note in report["notes"])
    assert LABEL in str(report["verification"]["not_checked"])
    page = (disguised.folder / "about" / "report.html").read_text()
    assert LABEL in page
    assert LABEL in str(jobs.Settings.model_json_schema()).replace(" and does", "; does")


def test_verification_takes_it_and_finds_the_original_s_sound(
    disguised: Disguised, inside: Run
) -> None:
    folder = disguised.folder
    checks = ("--original", "clip.mp4", "--plan", "plan.json", "--json", "--quiet")
    done = inside("verify", "clip.redacted.mp4", *checks, within=folder)
    assert done.returncode == 0, done.stderr
    assert "sound" in json.loads(done.stdout)["files"][0]["report"]["verification"]["checks"]
    ask = ("redact", "clip.mp4", "-o", "kept.mp4", "--voice", "keep", "--no-verify")
    done = inside(*ask, within=folder)
    assert done.returncode == 0, done.stderr
    done = inside("verify", "kept.mp4", *checks, within=folder)
    assert done.returncode == 3
    (found,) = json.loads(done.stdout)["files"][0]["report"]["verification"]["findings"]
    assert found["check"] == "sound"


def test_a_recording_is_disguised_too(inside: Run, tmp_path: Path, speech: Path) -> None:
    with wave.open(str(speech)) as file:
        rate, bytes_ = file.getframerate(), file.readframes(6 * file.getframerate())
    with wave.open(str(tmp_path / "a.wav"), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(bytes_)
    done = inside("redact", "a.wav", "--voice", "disguise")
    assert done.returncode == 0, done.stderr
    assert LABEL in done.stderr
    with wave.open(str(tmp_path / "a.redacted.wav")) as file:
        assert (file.getframerate(), file.getnframes()) == (rate, len(bytes_) // 2)
        after = np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float32)
    before = np.frombuffer(bytes_, np.int16).astype(np.float32)
    assert alike(after, before, len(after)) < 0.2


def test_where_there_is_no_sound_nothing_is_disguised(
    inside: Run, photo: Path, tmp_path: Path
) -> None:
    done = inside("redact", photo, "-o", "x.jpg", "--voice", "disguise", "--no-verify")
    assert done.returncode == 0, done.stderr
    assert "disguised" not in done.stderr


def test_to_mute_speech_and_to_disguise_it_can_not_both_be_asked_for(inside: Run) -> None:
    done = inside("redact", "a.mp4", "--voice", "disguise", "--mute-speech")
    assert done.returncode == 2
    assert "mute-speech takes it out" in done.stderr


def test_without_the_vocoder_there_is_no_output(
    tmp_path: Path, speech: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    voice = reading(speech, 16000, 2.0)
    film(tmp_path / "a.mp4", [voice[None]], 16000)
    monkeypatch.setitem(sys.modules, "pyworld", None)
    with pytest.raises(UsageError, match="install Passerby anew"):
        jobs.redact(tmp_path / "a.mp4", tmp_path / "out.mp4", jobs.Settings(voice="disguise"))
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]
