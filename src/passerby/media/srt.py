"""Streams over SRT, which PyAV's FFmpeg does not speak: the program ffmpeg receives them.

It copies what comes, unopened, into a pipe. The address, which may hold a passphrase, goes to it
over its input: a list of processes does not show it.
"""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import Final

from ..core.errors import UsageError

_HINT: Final = "install it, such as apt install ffmpeg"
_COMMAND: Final = (
    "-hide_banner -loglevel quiet -nostats -fflags nobuffer -f concat -safe 0 "
    "-protocol_whitelist pipe,srt -i pipe:0 -map 0:v:0 -c copy -f mpegts -flush_packets 1 pipe:1"
)
_SLICE: Final = 0.2  # seconds


@lru_cache(1)
def program() -> str:
    """The ffmpeg of this machine. `UsageError` where there is none, or one without SRT."""
    found = shutil.which("ffmpeg")
    if found is None:
        raise UsageError("SRT needs the program ffmpeg, which is not installed", hint=_HINT)
    with suppress(OSError, subprocess.TimeoutExpired):
        told = subprocess.run(
            [found, "-hide_banner", "-protocols"], capture_output=True, check=False, timeout=20
        )
        if b"srt" in told.stdout.split():
            return found
    raise UsageError("SRT needs an ffmpeg that knows it, and this one does not", hint=_HINT)


class Pipe:
    """What the program received, for a demuxer to read. `TimeoutError` after `silence` seconds."""

    def __init__(self, file: int, silence: float, stop: threading.Event) -> None:
        self._file, self._silence, self._stop = file, silence, stop

    def read(self, size: int) -> bytes:
        until = time.monotonic() + self._silence
        while not self._stop.is_set():
            ready, _, _ = select.select([self._file], [], [], _SLICE)
            if ready:
                return os.read(self._file, size)
            if time.monotonic() > until:
                raise TimeoutError
        return b""


@contextmanager
def received(address: str, silence: float, stop: threading.Event) -> Iterator[Pipe]:
    """Inside, the program receives what comes from `address`, as MPEG-TS."""
    path = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    running = subprocess.Popen(
        [program(), *_COMMAND.split()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=path,
    )
    assert running.stdin is not None
    assert running.stdout is not None
    quoted = address.replace("'", "'\\''")
    try:
        with suppress(OSError):
            running.stdin.write(f"ffconcat version 1.0\nfile '{quoted}'\n".encode())
            running.stdin.close()
        yield Pipe(running.stdout.fileno(), silence, stop)
    finally:
        running.kill()  # it is ours, and was not waited for
        running.wait()
        running.stdout.close()
