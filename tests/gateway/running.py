"""A gateway as a person starts it, and a look at its processes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import av
import numpy as np
from tests.live.camera import Picture, Watched, live


class Gateway(Watched):
    """`passerby live gateway.toml --status json`; `until("cameras['a']['shown'] > 9")` waits."""

    def family(self) -> list[int]:
        """All processes that came of it."""
        parents = dict[int, int]()
        for entry in Path("/proc").iterdir():
            with suppress(OSError, ValueError):
                stat = (entry / "stat").read_text().rpartition(")")[2].split()
                parents[int(entry.name)] = int(stat[1])
        found = {self.process.pid}
        while more := {pid for pid, parent in parents.items() if parent in found} - found:
            found |= more
        return sorted(found - {self.process.pid})

    def children(self) -> dict[str, int]:
        """The process of each camera."""
        return {
            command[-2]: pid
            for pid, command in self._processes().items()
            if command[-3].endswith(".child")
        }

    def cameras(self) -> dict[str, dict[str, Any]]:
        """The last status of each."""
        told = self.last["cameras"]
        assert isinstance(told, dict)
        return told

    def models(self) -> int:
        """The process that runs the networks for all of them."""
        (pid,) = (p for p, c in self._processes().items() if c[-3].endswith(".serving"))
        return pid

    def _processes(self) -> dict[int, list[str]]:
        """Its own, and what they were started with."""
        found = {}
        for entry in Path("/proc").iterdir():
            with suppress(OSError, ValueError, IndexError):
                stat = (entry / "stat").read_text().rpartition(")")[2].split()
                command = (entry / "cmdline").read_text().split("\0")
                if int(stat[1]) == self.process.pid and stat[0] != "Z":
                    found[int(entry.name)] = command
        return found


def alive(pid: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


@contextmanager
def gateway(config: Path, *more: str, **surroundings: str) -> Iterator[Gateway]:
    process = live(str(config), "--status", "json", *more, **surroundings)
    running = Gateway(process)
    try:
        yield running
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                with suppress(ValueError, OSError):
                    pipe.close()


def surroundings(pid: int) -> str:
    """A process's environment and command line."""
    told = Path(f"/proc/{pid}/cmdline").read_text()
    with suppress(PermissionError):
        told += Path(f"/proc/{pid}/environ").read_text()
    return told


class Player:
    """Plays a stream in a thread, and keeps its pictures."""

    def __init__(self, url: str) -> None:
        self._url, self._pictures = url, list[Picture]()
        self._thread = threading.Thread(target=self._play, daemon=True)
        self._thread.start()

    def _play(self) -> None:
        options = {"rtsp_transport": "tcp"}
        with suppress(av.FFmpegError), av.open(self._url, options=options, timeout=5) as container:
            for frame in container.decode(video=0):
                self._pictures.append(np.asarray(frame.to_ndarray(format="rgb24"), np.uint8))

    def pictures(self) -> list[Picture]:
        """All that came; to be asked once the stream has ended."""
        self._thread.join(10)
        return self._pictures
