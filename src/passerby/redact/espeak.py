"""Words spoken by eSpeak NG, a program of its own: one voice, the same for everybody.

It is GPL, so it is started and never linked. Words reach it through a pipe, and come back as sound
through another: they are in no argument, which other users of the machine can list, and in no file.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from ..core.errors import DetectorError, UsageError
from ..core.speech import Mono, SpeakerInfo

PROGRAM: Final = "espeak-ng"
WORDS_A_MINUTE: Final = 165
_MOST: Final = 450  # words a minute: its own limit
_SECONDS: Final = 60.0  # it speaks a hundred times faster than people, so this is for ever
_QUIET: Final = 1e-3  # of full scale: what comes before the first sound is louder nowhere
_HINT: Final = "apt install espeak-ng, brew install espeak-ng, or espeak-ng.msi on Windows"
# Whatever it is asked for, it looks for a loudspeaker first, and the library that does so leaves a
# folder in the home folder. Here there is none of either.
_ALONE: Final = {
    "HOME": os.devnull,
    "XDG_CONFIG_HOME": os.devnull,
    "XDG_RUNTIME_DIR": os.devnull,
    "PULSE_SERVER": f"unix:{os.devnull}",
}
_NAME: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", re.ASCII)


class Espeak:
    """A `core.speech.Synthesiser`."""

    def __init__(self, program: Path, voice: str) -> None:
        self._program, self._voice = program, voice
        self.rate, _ = self._asked("a", 1.0)
        self.info = SpeakerInfo(f"espeak-ng {_version(program)}", "GPL-3.0-or-later, a program")

    def speak(self, words: str, pace: float) -> Mono:
        rate, sound = self._asked(words, pace)
        if rate != self.rate:
            raise DetectorError("espeak-ng changed its rate")
        loud = np.flatnonzero(np.abs(sound) > _QUIET)
        return sound[loud[0] : loud[-1] + 1] if len(loud) else sound[:0]

    def _asked(self, words: str, pace: float) -> tuple[int, Mono]:
        """Rate, and sound."""
        speed = min(_MOST, round(WORDS_A_MINUTE * pace))
        # Two brackets would make it take letters for sounds.
        plain = words.replace("[[", "[ [") + "\n"
        arguments = ["-v", self._voice, "-s", str(speed), "-p", "50", "-a", "100", "-b", "1", "-z"]
        done = _run([str(self._program), *arguments, "--stdin", "--stdout"], plain.encode())
        if done.returncode:
            raise DetectorError("espeak-ng failed", hint=f"try {PROGRAM} -v {self._voice} hello")
        return _wave(done.stdout)


def open_synthesiser(language: str) -> Espeak:
    """`DetectorError` where the program is missing, `UsageError` where it has no such voice."""
    found = shutil.which(PROGRAM)
    if found is None:
        what = "espeak-ng, the program that speaks, is not installed"
        raise DetectorError(what, hint=_HINT)
    program, asked = Path(found), language.lower()
    for voice in dict.fromkeys((asked, asked.split("-", 1)[0])):
        if _NAME.fullmatch(voice) and not _run([found, "-v", voice, "-q", "--stdin"]).returncode:
            return Espeak(program, voice)
    raise UsageError(
        f"espeak-ng has no voice for the language {language}",
        hint=f"{PROGRAM} --voices lists those that it has",
    )


def _version(program: Path) -> str:
    said = _run([str(program), "--version"]).stdout.decode("ascii", errors="replace")
    found = re.search(r"\d+(\.\d+)+", said)
    return found[0] if found else "of an unknown version"


def _run(command: Sequence[str], given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """What it says to errors is dropped: it may quote the words."""
    try:
        return subprocess.run(
            command,
            input=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_SECONDS,
            env={**os.environ, **_ALONE},
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        # Not chained: its words are the command and what came back.
        raise DetectorError("espeak-ng could not be run to its end", hint=_HINT) from None


def _wave(data: bytes) -> tuple[int, Mono]:
    """Of a WAV file of one channel, 16 bits, whose length is not known, for it came from a pipe."""
    at = data.find(b"data", 36)
    if data[:4] != b"RIFF" or data[20:24] != b"\x01\0\x01\0" or data[34:36] != b"\x10\0" or at < 0:
        raise DetectorError("espeak-ng did not answer with sound")
    body = data[at + 8 :]
    samples = np.frombuffer(body[: len(body) // 2 * 2], "<i2")
    return int.from_bytes(data[24:28], "little"), (samples / np.float32(32768)).astype(np.float32)
