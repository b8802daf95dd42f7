"""Files that are only sound, as people bring them: the program, from the command line."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.cli.test_retell import run
from tests.media.carriers import CANARY, NAME
from tests.media.films import Film, make
from tests.media.sound_files import CARRIERS, RATE, heard, tone, write

from passerby.verify import walk

Run = Callable[..., subprocess.CompletedProcess[str]]


def whole(path: Path) -> bytes:
    """Its bytes, and those of texts in UTF-16 as if they were not."""
    data = path.read_bytes()
    return data + data.replace(b"\0", b"")


@pytest.mark.parametrize("suffix", CARRIERS)
def test_nothing_but_sound_comes_along(inside: Run, tmp_path: Path, suffix: str) -> None:
    path = CARRIERS[suffix](tmp_path / f"a{suffix}")
    assert CANARY in path.read_bytes()
    assert walk(path)  # the same eyes see it in the original
    done = inside("redact", path, "--voice", "keep", "--to", tmp_path, "--json")
    assert done.returncode == 0, done.stderr
    [told] = json.loads(done.stdout)["files"]
    out = Path(told["output"])
    assert CANARY not in whole(out)
    assert not walk(out)
    report = told["report"]
    assert report["verification"]["verdict"] == "passed"
    assert report["input"]["kind"] == "sound"
    assert report["dropped"]
    assert "voices" in report["not_looked_for"]
    assert NAME not in done.stdout + done.stderr


def test_to_mute_what_is_only_sound_is_refused_with_advice(inside: Run, tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp3", tone())
    done = inside("redact", path)
    assert done.returncode == 2
    for word in ("only sound", "--mute-speech", "--voice keep", "disguise", "retell"):
        assert word in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["a.mp3"]


def test_a_refusal_in_a_folder_does_not_lose_the_others(inside: Run, tmp_path: Path) -> None:
    place = tmp_path / "in"
    place.mkdir()
    write(place / "a.flac", tone())
    make(place / "b.mp4", Film(tuple(range(10)), sounds=1))
    (place / "c.wav").write_text("no sound at all\n" * 100)
    write(place / "d.wav", tone())
    first = inside("redact", place, "--to", tmp_path / "out", "--no-verify")
    assert first.returncode == 1
    assert "1 done, 3 failed" in first.stderr
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["b.redacted.mp4"]
    more = ("--voice", "keep", "--no-verify", "--force")
    second = inside("redact", place, "--to", tmp_path / "out", *more)
    assert "3 done, 1 failed" in second.stderr
    assert "c.wav" in second.stderr
    names = {p.name for p in (tmp_path / "out").iterdir()}
    assert names == {"a.redacted.flac", "b.redacted.mp4", "d.redacted.wav"}


def test_speech_is_muted_and_a_bang_is_not(inside: Run, tmp_path: Path, speech: Path) -> None:
    rate, voice = heard(speech)
    sound = np.zeros((1, 24 * rate), np.float32)
    dice = np.random.default_rng(1)
    for second in (1, 2, 20, 21):  # bangs, before and after somebody speaks
        bang = dice.normal(0, 0.2, rate // 3) * np.exp(-np.arange(rate // 3) / rate * 14)
        sound[0, second * rate :][: len(bang)] += bang.astype(np.float32)
    sound[0, 6 * rate : 16 * rate] += voice[0, 2 * rate : 12 * rate]
    path = write(tmp_path / "a.wav", sound, rate)
    done = inside("redact", path, "--mute-speech")
    assert done.returncode == 0, done.stderr
    assert "speech muted for" in done.stderr
    now, out = heard(tmp_path / "a.redacted.wav")
    assert (now, out.shape) == (rate, sound.shape)
    assert not out[0, 6 * rate : 16 * rate].any()
    for second in (1, 21):
        assert np.abs(out[0, second * rate :][: rate // 10]).max() > 0.2


def test_an_output_is_never_written_over_and_no_part_of_one_stays(
    inside: Run, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.wav", tone())
    out = tmp_path / "a.redacted.wav"
    out.write_bytes(b"mine")
    done = inside("redact", path, "--voice", "keep")
    assert done.returncode != 0
    assert "exists already" in done.stderr
    assert out.read_bytes() == b"mine"
    assert inside("redact", path, "--voice", "keep", "--force").returncode == 0
    assert out.read_bytes() != b"mine"
    assert {p.name for p in tmp_path.iterdir()} == {"a.wav", "a.redacted.wav"}


def test_another_kind_may_be_asked_for_and_is_said(inside: Run, tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", tone())
    done = inside("redact", path, "--voice", "keep", "-o", tmp_path / "b.mp3")
    assert done.returncode == 0
    assert "pcm_s16le becomes mp3" in done.stderr
    assert heard(tmp_path / "b.mp3")[1].shape[1] == 2 * RATE
    odd = inside("redact", path, "--voice", "keep", "-o", tmp_path / "b.jpg")
    assert odd.returncode == 2
    assert "*.wav" in odd.stderr


@pytest.mark.parametrize(
    ("more", "word"),
    [
        (("--save-plan", "plan.json"), "plan"),
        (("--report", "page"), "--report REPORT.json"),
        (("--zone", "0,0,9,9"), "zones"),
    ],
)
def test_what_is_about_pictures_is_refused(
    inside: Run, tmp_path: Path, more: tuple[str, ...], word: str
) -> None:
    path = write(tmp_path / "a.wav", tone())
    done = inside("redact", path, "--voice", "keep", *more)
    assert done.returncode == 2
    assert word in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["a.wav"]


def test_there_is_nothing_to_scan(inside: Run, tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", tone())
    done = inside("scan", path, "-o", tmp_path / "plan.json")
    assert done.returncode == 2
    assert "only sound" in done.stderr


def test_a_report_is_written_as_a_file(inside: Run, tmp_path: Path) -> None:
    path = write(tmp_path / "a.m4a", tone())
    done = inside("redact", path, "--voice", "keep", "--report", tmp_path / "report.json")
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["input"]["seconds"] == pytest.approx(2.0, abs=0.05)
    assert set(report["verification"]["checks"]) == {"container", "time", "decodes"}


def test_verify_sees_what_came_along_and_what_is_missing(inside: Run, tmp_path: Path) -> None:
    path = CARRIERS[".mp3"](tmp_path / "a.mp3")
    inside("redact", path, "--voice", "keep")
    out = tmp_path / "a.redacted.mp3"
    good = inside("verify", out, "--original", path)
    assert good.returncode == 0, good.stderr
    assert inside("verify", path).returncode == 3
    write(tmp_path / "short.mp3", tone(1.0))
    short = inside("verify", tmp_path / "short.mp3", "--original", path)
    assert short.returncode == 3
    assert "track 1 lasts" in short.stderr


@pytest.mark.skipif(
    shutil.which("espeak-ng") is None, reason="espeak-ng is not installed: make programs"
)
def test_a_transcript_is_spoken_instead_of_the_voice(tmp_path: Path, speech: Path) -> None:
    rate, voice = heard(speech)
    path = write(tmp_path / "a.mp3", voice[:, 2 * rate : 12 * rate], rate)
    words = tmp_path / "words.vtt"
    code, _, said = run(tmp_path, "redact", path, "--voice", "retell")
    assert code == 2
    assert "transcribe" in said
    words.write_text(
        f"WEBVTT\nPasserby: transcript/1\nMedia: {hashlib.sha256(path.read_bytes()).hexdigest()}\n"
        "Language: en\nRecogniser: by hand\nTrack 1: 00:00:00.000 - 00:00:10.000\nReviewed: yes\n\n"
        "00:00:01.000 --> 00:00:04.000\nThis is said by nobody.\n"
    )
    asked = ("--voice", "retell", "--transcript", words, "--json")
    code, stated, said = run(tmp_path, "redact", path, *asked)
    assert code == 0, said
    [told] = json.loads(stated)["files"]
    assert "sound" in told["report"]["verification"]["checks"]  # nothing of the original is heard
    now, out = heard(tmp_path / "a.redacted.mp3")
    assert abs(out.shape[1] / now - 10) < 0.05
    assert np.abs(out[0, now : 3 * now]).max() > 0.05
    assert np.abs(out[0, 5 * now :]).max() < 0.01
