"""Words kept and the voice lost, as a person does it: transcribe, read, edit, redact, listen."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import wave
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.cli.conftest import Run, command, surroundings
from tests.jobs.test_voices import alike, film, heard

RATE = 44100
LONG = 15.0  # seconds of the film; somebody reads from the beginning on
FRAME = 0.04
CANARY = "Zanzibar"  # a name that somebody wrote into the transcript
pytestmark = pytest.mark.skipif(
    shutil.which("espeak-ng") is None, reason="espeak-ng is not installed: make programs"
)


def reading(speech: Path, rate: int = RATE, long: float = LONG) -> NDArray[np.float32]:
    """Somebody who reads aloud, half a second after the beginning."""
    with wave.open(str(speech)) as file:
        stored = np.frombuffer(file.readframes(round((long - 0.5) * 48000)), np.int16) / 32768
    moments = np.arange(round((long - 0.5) * rate)) * 48000 / rate
    out = np.zeros(round(long * rate), np.float32)
    out[-len(moments) :] = np.interp(moments, np.arange(len(stored)), stored)
    return out


def phrases(words: str) -> list[tuple[float, float, str]]:
    """From when to when in seconds, and what."""

    def seconds(text: str) -> float:
        hours, minutes, rest = text.split(":")
        return int(hours) * 3600 + int(minutes) * 60 + float(rest)

    found = re.findall(r"(\S+) --> (\S+)\n(.*)\n", words)
    return [(seconds(start), seconds(end), said) for start, end, said in found]


def words_of(said: Iterable[str]) -> set[str]:
    return {word.strip(".,").lower() for phrase in said for word in phrase.split()}


def flat(sound: NDArray[np.float32]) -> NDArray[np.float32]:
    """The same, with every frequency up to 8 kHz as loud as any other."""
    spectrum = np.fft.rfft(sound, 2 ** int(np.ceil(np.log2(len(sound)))))
    spectrum /= np.maximum(np.abs(spectrum), 1e-9)
    spectrum[len(spectrum) * 16000 // RATE :] = 0
    return np.asarray(np.fft.irfft(spectrum)[: len(sound)], np.float32)


@dataclass(frozen=True)
class Retold:
    """What came of it all. `wanted`: the phrases as they were edited."""

    folder: Path
    film: Path
    out: Path
    words: str
    wanted: list[tuple[float, float, str]]
    told: str  # all that the program said


def run(folder: Path, *arguments: str | Path) -> tuple[int, str, str]:
    done = subprocess.run(
        command(*arguments),
        cwd=folder,
        env=surroundings(folder),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def retold(speech: Path, moonshine: Path, tmp_path_factory: pytest.TempPathFactory) -> Retold:
    """A film of a reader: transcribed; the second phrase changed and the third cut; retold."""
    folder = tmp_path_factory.mktemp("retell")
    voice = reading(speech)
    path = film(folder / "clip.mp4", [np.stack([voice, 0.5 * voice])], RATE)
    code, _, told = run(
        folder, "transcribe", "clip.mp4", "-o", "words.vtt", "--language", "en",
        "--recogniser", f"moonshine:{moonshine}",
    )  # fmt: skip
    assert code == 0, told
    words = (folder / "words.vtt").read_text()
    _, second, third = [said for _, _, said in phrases(words)][:3]
    edited = words.replace(second, f"The elephant walked to {CANARY}.")
    edited = edited.replace(third, f"[cut] {third}").replace("Reviewed: no", "Reviewed: yes")
    (folder / "words.vtt").write_text(edited)
    code, printed, more = run(
        folder, "redact", "clip.mp4", "--voice", "retell", "--transcript", "words.vtt",
        "--save-plan", "plan.json", "--report", "about", "--json",
    )  # fmt: skip
    assert code == 0, more
    return Retold(
        folder, path, folder / "clip.redacted.mp4", words, phrases(edited), told + printed + more
    )


def test_what_is_said_is_written_down_phrase_by_phrase(retold: Retold) -> None:
    said = phrases(retold.words)
    assert 4 <= len(said) <= 8
    assert "best of times" in said[0][2].lower()
    assert 1 < said[0][0] < 2.2
    assert all(0.15 < end - start <= 15 for start, end, _ in said)
    assert "Reviewed: no" in retold.words
    assert f"Track 1: 00:00:00.000 - 00:00:{LONG:.0f}." in retold.words


def test_nothing_of_the_original_is_heard_however_it_is_moved(retold: Retold) -> None:
    before, after = heard(retold.film, 0, RATE), heard(retold.out, 0, RATE)
    assert after.shape[0] == 2  # as many channels, at the same rate
    assert abs(after.shape[1] - before.shape[1]) < RATE * FRAME
    for channel in after:
        assert np.abs(channel).max() > 0.1
        assert alike(channel, before[0], len(channel)) < 0.05
        # With every frequency as loud as any other, a third of it would show.
        assert alike(flat(channel), flat(before[0]), len(channel)) < 0.03
    assert alike(before[1], before[0], 10) > 0.9  # or nothing would have been found


def test_each_phrase_begins_within_a_frame_and_what_is_cut_is_silent(retold: Retold) -> None:
    after = np.abs(heard(retold.out, 0, RATE)[0])
    spoken = [part for part in retold.wanted if not part[2].startswith("[cut]")]
    assert len(spoken) == len(retold.wanted) - 1
    for start, _, _ in spoken:
        before = after[round((start - 2 * FRAME) * RATE) : round((start - FRAME / 2) * RATE)]
        assert before.max() < 0.01
        assert after[round((start - FRAME / 2) * RATE) : round((start + FRAME) * RATE)].max() > 0.01
    start, end, _ = retold.wanted[2]
    assert after[round((start - FRAME) * RATE) : round((end + FRAME) * RATE)].max() < 1e-3
    assert after[: round((spoken[0][0] - FRAME) * RATE)].max() < 1e-3


def test_what_was_edited_is_what_is_heard(inside: Run, retold: Retold, moonshine: Path) -> None:
    done = inside(
        "transcribe", retold.out, "-o", "again.vtt", "--language", "en",
        "--recogniser", f"moonshine:{moonshine}", "--quiet", within=retold.folder,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    again = (retold.folder / "again.vtt").read_text()
    assert "elephant" in again.lower()
    spoken = [said for _, _, said in retold.wanted if not said.startswith("[cut]")]
    wanted, heard_again = words_of(spoken), words_of(said for _, _, said in phrases(again))
    assert len(wanted & heard_again) > 0.6 * len(wanted)  # a machine hears some words amiss
    _, _, third = phrases(retold.words)[2]
    assert third.split()[-1].strip(".,").lower() not in again.lower()  # it was cut


def test_no_word_is_said_by_report_plan_and_program(retold: Retold) -> None:
    words = {w.strip(".,").lower() for _, _, said in phrases(retold.words) for w in said.split()}
    telling = {w for w in words if len(w) > 5} | {CANARY.lower(), "elephant"}
    assert {"wisdom"} <= telling
    papers = [retold.folder / "plan.json", *(retold.folder / "about").iterdir()]
    assert len(papers) > 2
    for paper in papers:
        text = paper.read_bytes().lower()
        assert not [word for word in telling if word.encode() in text], paper.name
    assert not [word for word in telling if word in retold.told.lower()]
    plan = json.loads((retold.folder / "plan.json").read_text())
    assert plan["settings"]["voice"] == "retell"
    assert re.fullmatch(r"[0-9a-f]{64}", plan["settings"]["transcript"])
    assert "1 is cut" in retold.told
    assert "a synthetic voice speaks a transcript" in retold.told


def test_verification_takes_what_is_retold_and_finds_the_original_s_sound(
    inside: Run, retold: Retold
) -> None:
    folder = retold.folder
    checks = ("--original", "clip.mp4", "--plan", "plan.json", "--json", "--quiet")
    done = inside("verify", retold.out, *checks, within=folder)
    assert done.returncode == 0, done.stderr
    verification = json.loads(done.stdout)["files"][0]["report"]["verification"]
    assert "sound" in verification["checks"]
    ask = ("redact", "clip.mp4", "-o", "kept.mp4", "--voice", "keep", "--no-verify")
    done = inside(*ask, within=folder)
    assert done.returncode == 0, done.stderr
    done = inside("verify", "kept.mp4", *checks, within=folder)
    assert done.returncode == 3
    (found,) = json.loads(done.stdout)["files"][0]["report"]["verification"]["findings"]
    assert found["check"] == "sound"
    assert "the original's sound is heard" in found["what"]


def test_subtitles_hold_the_words_and_nothing_that_leads_back(inside: Run, retold: Retold) -> None:
    for kind in ("srt", "vtt"):
        ask = ("subtitles", "words.vtt", "-o", f"out.{kind}", "--force")
        done = inside(*ask, within=retold.folder)
        assert done.returncode == 0, done.stderr
        text = (retold.folder / f"out.{kind}").read_text()
        assert CANARY in text
        assert "[cut]" not in text
        assert len(re.findall("-->", text)) == len(retold.wanted) - 1
        assert not re.search(r"[0-9a-f]{64}|Recogniser|Media|moonshine", text)
    done = inside("subtitles", "words.vtt", "-o", "out.txt", within=retold.folder)
    assert done.returncode == 2
    assert ".srt or .vtt" in done.stderr
    assert CANARY not in done.stderr


def refused(inside: Run, folder: Path, *arguments: str | Path, words: str | None = None) -> str:
    """What the program says when it does not do it; and it does nothing."""
    if words is not None:
        (folder / "other.vtt").write_text(words)
    before = sorted(folder.iterdir())
    done = inside(*arguments, within=folder)
    assert done.returncode in (1, 2), done.stderr
    assert sorted(folder.iterdir()) == before
    assert CANARY not in done.stderr
    return done.stderr


def test_nothing_is_retold_without_a_transcript_that_fits(
    inside: Run, retold: Retold, clip: Path
) -> None:
    folder = retold.folder
    edited = (folder / "words.vtt").read_text()
    ask = ("redact", "clip.mp4", "-o", "x.mp4", "--voice", "retell")
    with_other = (*ask, "--transcript", "other.vtt")
    told = refused(inside, folder, *ask)
    assert "passerby transcribe INPUT -o WORDS.vtt" in told
    told = refused(
        inside, folder, *with_other, words=edited.replace("Reviewed: yes", "Reviewed: no")
    )
    assert "nobody says that it was read" in told
    told = refused(
        inside, folder, *with_other, words=re.sub("Media: .*", f"Media: {'0' * 64}", edited)
    )
    assert "was made for other footage" in told
    line = edited[: edited.index(CANARY)].count("\n")  # of the times above it
    told = refused(
        inside, folder, *with_other, words=edited.replace(CANARY, f"{CANARY} and so on " * 20)
    )
    assert f"line {line}: these words do not fit" in told
    told = refused(inside, folder, *with_other, words=edited.replace(" --> ", f" {CANARY} --> ", 1))
    assert "want times" in told
    told = refused(inside, folder, *with_other, words=edited + "\n" * 5_000_000)
    assert "larger than 4 MB" in told
    told = refused(
        inside, folder, *with_other, words=edited.replace("Language: en", "Language: xyz")
    )
    assert "no voice for the language" in told
    told = refused(inside, folder, *ask[:4], "--transcript", "other.vtt", words=edited)
    assert "add --voice retell" in told
    told = refused(inside, folder, *with_other, "--synthesiser", "nobody", words=edited)
    assert "no synthesiser 'nobody'" in told
    assert "espeak-ng" in told
    told = refused(inside, folder, *with_other[:2], clip, *with_other[4:], words=edited)
    assert "one file" in told
    told = refused(
        inside, folder, *ask[:3], "words.vtt", *ask[4:], "--transcript", "words.vtt", "--force"
    )
    assert (folder / "words.vtt").read_text() == edited


@pytest.mark.skipif(os.name == "nt", reason="the program may be beside us there")
def test_without_espeak_it_says_how_to_get_it(
    inside: Run, retold: Retold, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(retold.folder))
    words = (retold.folder / "words.vtt").read_text()
    told = refused(
        inside, retold.folder, "redact", "clip.mp4", "-o", "x.mp4", "--voice", "retell",
        "--transcript", "other.vtt", words=words,
    )  # fmt: skip
    assert "apt install espeak-ng" in told


def test_nothing_is_written_down_where_nobody_can(
    inside: Run, retold: Retold, moonshine: Path, photo: Path, made_clip: Path, tmp_path: Path
) -> None:
    folder, here = retold.folder, f"moonshine:{moonshine}"
    ask = ("transcribe", "clip.mp4", "-o", "x.vtt")
    assert "--language" in refused(inside, folder, *ask)
    told = refused(inside, folder, *ask, "--language", "de", "--recogniser", here)
    assert "knows English, and not de" in told
    assert "faster-whisper:FOLDER" in told
    assert "names no language" in refused(inside, folder, *ask, "--language", "not a language")
    told = refused(inside, folder, *ask, "--language", "en", "--recogniser", "nobody")
    assert "installed are" in told
    empty = tmp_path / "empty"
    empty.mkdir()
    told = refused(inside, folder, *ask, "--language", "en", "--recogniser", f"moonshine:{empty}")
    assert "pip install 'passerby[retell]'" in told
    for place in ("", str(empty), str(moonshine)):
        asked = ("--recogniser", f"faster-whisper:{place}")
        told = refused(inside, folder, *ask, "--language", "fa", *asked)
        assert "CTranslate2" in told
    told = refused(inside, folder, "transcribe", photo, "-o", "x.vtt", "--language", "en")
    assert "no sound" in told
    told = refused(
        inside, folder, "transcribe", "clip.mp4", "-o", "words.vtt", "--language", "en",
        "--recogniser", here,
    )  # fmt: skip
    assert "exists already" in told


def test_a_film_without_speech_has_no_phrases_and_is_silent(
    inside: Run, clip: Path, tmp_path: Path, moonshine: Path
) -> None:
    made = inside(
        "transcribe", clip, "-o", "words.vtt", "--language", "en", "--recogniser",
        f"moonshine:{moonshine}",
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    words = tmp_path / "words.vtt"
    assert "-->" not in words.read_text()
    words.write_text(words.read_text().replace("Reviewed: no", "Reviewed: yes"))
    done = inside("redact", clip, "--voice", "retell", "--transcript", words, "--no-verify")
    assert done.returncode == 0, done.stderr
    assert "0 phrases are spoken" in done.stderr
    assert not heard(tmp_path / "clip.redacted.mp4", 0, 48000).any()


def test_of_several_tracks_each_says_its_own(
    inside: Run, tmp_path: Path, speech: Path, moonshine: Path
) -> None:
    voice = reading(speech, 48000, 5.0)
    film(tmp_path / "two.mp4", [np.zeros((1, len(voice)), np.float32), voice[None]], 48000)
    made = inside(
        "transcribe", "two.mp4", "-o", "words.vtt", "--language", "en", "--recogniser",
        f"moonshine:{moonshine}",
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    words = (tmp_path / "words.vtt").read_text()
    assert re.search(r"track 2\n\S+ --> \S+\nIt was the best of times", words)
    assert "track 1\n" not in words
    (tmp_path / "words.vtt").write_text(words.replace("Reviewed: no", "Reviewed: yes"))
    done = inside("redact", "two.mp4", "--voice", "retell", "--transcript", "words.vtt")
    assert done.returncode == 0, done.stderr
    assert not heard(tmp_path / "two.redacted.mp4", 0, 48000).any()
    assert np.abs(heard(tmp_path / "two.redacted.mp4", 1, 48000)).max() > 0.1


def test_what_is_no_speech_is_kept_where_that_is_asked_for(
    inside: Run, tmp_path: Path, speech: Path, moonshine: Path
) -> None:
    rate, count = 48000, 9 * 48000
    both = np.zeros(count, np.float32)
    voice = reading(speech, rate, 4.5)
    both[: len(voice)] = voice
    bang = np.random.default_rng(3).normal(0, 0.2, rate // 3) * np.exp(-np.arange(rate // 3) / 3000)
    both[7 * rate : 7 * rate + rate // 3] += bang.astype(np.float32)
    film(tmp_path / "a.mp4", [both[None]], rate)
    made = inside(
        "transcribe", "a.mp4", "-o", "words.vtt", "--language", "en", "--recogniser",
        f"moonshine:{moonshine}",
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    words = (tmp_path / "words.vtt").read_text()
    (tmp_path / "words.vtt").write_text(words.replace("Reviewed: no", "Reviewed: yes"))
    done = inside(
        "redact", "a.mp4", "--voice", "retell", "--transcript", "words.vtt", "--mute-speech"
    )
    assert done.returncode == 0, done.stderr
    out = heard(tmp_path / "a.redacted.mp4", 0, rate)[0]
    after, spoken = slice(7 * rate - 4800, 8 * rate), slice(0, 5 * rate)
    assert alike(out[after], both[after], rate // 50) > 0.6
    assert np.abs(out[spoken]).max() > 0.1
    assert alike(out[spoken], both[spoken], 5 * rate) < 0.1
