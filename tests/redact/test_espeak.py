"""eSpeak NG is a program: what it is told, and what it answers, go through pipes alone."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from passerby.core.errors import DetectorError, UsageError
from passerby.redact import espeak
from passerby.redact.espeak import open_synthesiser

CANARY = "Bellatrix"
installed = pytest.mark.skipif(
    shutil.which("espeak-ng") is None, reason="espeak-ng is not installed: make programs"
)
posix = pytest.mark.skipif(os.name == "nt", reason="wants a script that can be started")


def program(folder: Path, body: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program of that name which writes its arguments down, and does `body` in Python."""
    path = folder / "espeak-ng"
    log = folder / "arguments"
    path.write_text(
        f"#!{sys.executable} -S\nimport sys\n"
        f"open({str(log)!r}, 'a').write(' '.join(sys.argv) + chr(10))\n"
        f"given = sys.stdin.buffer.read()\nsay = sys.stdout.buffer.write\n{body}\n"
    )
    path.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


WAVE = (
    "import struct\n"
    "head = b'RIFF' + struct.pack('<I', 0x7ffff024) + b'WAVEfmt ' + struct.pack("
    "'<IHHIIHH', 16, 1, 1, 22050, 44100, 2, 16) + b'data' + struct.pack('<I', 0x7ffff000)\n"
    "say(head + bytes(400) + b'\\x00\\x20' * (10 * len(given)) + bytes(401))"
)


@installed
def test_it_speaks_at_the_pace_that_is_asked_for_from_the_first_sample_on() -> None:
    voice = open_synthesiser("en-US")
    assert voice.rate in (16000, 22050)
    assert voice.info.name.startswith("espeak-ng 1")
    words = "It was the best of times, it was the worst of times."
    usual, fast = voice.speak(words, 1.0), voice.speak(words, 2.0)
    assert 1.7 < len(usual) / len(fast) < 2.1
    assert 1.5 < len(usual) / voice.rate < 5
    assert abs(usual[0]) > 1e-3
    assert 0.05 < np.abs(usual).max() <= 1
    assert np.array_equal(usual, voice.speak(words, 1.0))
    assert not len(voice.speak("...", 1.0))


@installed
def test_what_looks_like_an_option_or_like_sounds_is_only_read_out() -> None:
    voice = open_synthesiser("en")
    assert len(voice.speak("--version", 1.0)) > voice.rate / 4
    # Between two brackets it would hum these letters as sounds, in a third of the time.
    assert len(voice.speak("[[aI]]", 1.0)) > 0


@installed
@pytest.mark.parametrize("language", ["xx", "-v", "en/../../etc"])
def test_a_language_without_a_voice_is_an_error(language: str) -> None:
    with pytest.raises(UsageError, match="has no voice for the language"):
        open_synthesiser(language)


def test_a_missing_program_is_an_error_that_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DetectorError, match="apt install espeak-ng"):
        open_synthesiser("en")


@posix
def test_words_are_in_no_argument_and_the_length_of_a_pipe_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, WAVE, monkeypatch)
    sound = open_synthesiser("en").speak(CANARY, 1.5)
    assert len(sound) == 10 * len(CANARY + "\n")
    assert (sound == 0.25).all()
    told = (tmp_path / "arguments").read_text()
    assert CANARY not in told
    assert "-s 248" in told


@posix
@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("say(b'no sound, ' + given)", "did not answer with sound"),
        (f"{WAVE}\nsys.stderr.buffer.write(given); sys.exit(bool(given.strip()))", "failed"),
    ],
)
def test_an_answer_that_is_none_is_an_error_without_the_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, said: str
) -> None:
    program(tmp_path, body, monkeypatch)
    with pytest.raises(DetectorError, match=said) as caught:
        open_synthesiser("en").speak(CANARY, 1.0)
    assert CANARY not in str(caught.value)


@posix
def test_a_program_that_never_ends_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, "import time\ntime.sleep(30)", monkeypatch)
    monkeypatch.setattr(espeak, "_SECONDS", 0.3)
    with pytest.raises(DetectorError, match="could not be run to its end") as caught:
        open_synthesiser("en")
    assert caught.value.__cause__ is None
