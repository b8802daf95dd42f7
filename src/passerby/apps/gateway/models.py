"""Keeps the process going that runs the networks for all cameras of a gateway."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Final

from .keeper import BIRTH, SILENT, SOUND, not_started
from .wire import megabytes

MOST: Final = 4000  # megabytes of memory that it may take
WAITS: Final = (0.2, 1.0, 2.0, 5.0, 10.0)  # seconds before it is started again


def can_share() -> bool:
    """Whether this system hands memory without a name from one process to another: Linux does."""
    return sys.platform == "linux"


class Models:
    """One process for all; for the supervisor's thread alone.

    `door`: the number of the socket that cameras' processes inherit. It outlives any process behind
    it: who asks while there is none is answered by the next. `surroundings` gives its environment.
    `OSError` where the system has no sockets left.
    """

    def __init__(
        self,
        surroundings: Callable[[], Mapping[str, str]],
        tell: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._outside, self._inside = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.door = self._outside.fileno()
        self._surroundings, self._tell = surroundings, tell
        self._process: subprocess.Popen[bytes] | None = None
        self._begun = self._heard = self._again = 0.0
        self._tries, self._why = 0, ""

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    @property
    def beats(self) -> bool:
        """Whether it has given a sign of life since it was started."""
        return self._heard > self._begun

    def tick(self, now: float) -> None:
        """To be called several times a second."""
        process = self._process
        if process is None:
            if now >= self._again:
                self._start(now)
            return
        assert process.stdout is not None
        if process.stdout.read(4096):  # never waits
            self._heard = now
        if process.poll() is not None:
            self._gone(process, now)
        elif why := self._fault(process, now):
            self._why = why
            process.kill()  # only ever its own child, which has not been waited for

    def end(self) -> None:
        """At once: it holds nothing that would have to be put in order."""
        if self._process is not None:
            self._process.kill()
            self._close(self._process)
        self._outside.close()
        self._inside.close()

    def _start(self, now: float) -> None:
        way = self._inside.fileno()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "passerby.detect.serving", str(way)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=self._surroundings(),
                pass_fds=(way,),
                bufsize=0,
            )
        except OSError as error:
            self._later(now, not_started(error))
            return
        assert self._process.stdout is not None
        os.set_blocking(self._process.stdout.fileno(), False)
        self._begun = self._heard = now
        self._why = ""

    def _fault(self, process: subprocess.Popen[bytes], now: float) -> str:
        if now - self._heard > (SILENT if self.beats else BIRTH):
            return "gave no sign of life"
        used = megabytes(process.pid)
        if used is not None and used > MOST:
            return f"took more than {MOST} MB of memory"
        return ""

    def _gone(self, process: subprocess.Popen[bytes], now: float) -> None:
        self._close(process)
        code = process.returncode
        why = self._why or ("ended" if code >= 0 else f"was ended by signal {-code}")
        self._tries = 0 if now - self._begun > SOUND else self._tries
        self._later(now, why)

    def _later(self, now: float, why: str) -> None:
        wait = WAITS[min(self._tries, len(WAITS) - 1)]
        self._tries += 1
        self._again = now + wait
        self._tell(f"what runs the models: {why}; it starts again in {wait:g} s")

    def _close(self, process: subprocess.Popen[bytes]) -> None:
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        self._process = None
