"""The process that runs networks for all cameras of a gateway: one look at a time, in turns.

Pictures come through memory that has no name (`shared`), are looked at where they lie, and are
never written or told anywhere. It ends when its input does, for then its supervisor is gone; a beat
each second, on its output, says that it does not hang.
"""

from __future__ import annotations

import faulthandler
import fcntl
import json
import mmap
import os
import queue
import selectors
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from ..core.errors import PasserbyError, UsageError
from ..core.undumped import no_dumps
from .runtime import Preparation, Shaped, open_runtime
from .shared import MOST, SIZE, WAIT, arrays

BEAT: Final = 1.0  # seconds
STUCK: Final = 30.0  # seconds in which Python does not run at all, after which it ends itself
LOADING: Final = 90.0  # seconds for one network, after which it gives no beat any more
LINES: Final = 256  # that may be open at the same time

_Wish = tuple[Path, str, Preparation]


@dataclass(slots=True, eq=False)
class _Line:
    """Somebody who asks one network. `camera`: a number by which turns are taken, `turn`: the last
    one. It has one question open at most."""

    camera: int
    wish: _Wish
    socket: socket.socket
    memory: mmap.mmap
    network: Shaped | None = None
    turn: int = 0

    def tell(self, what: Any) -> None:
        self.socket.send(json.dumps(what).encode())


class Networks:
    """Answers who asks at `door`, in one thread, which is the only one that runs networks.

    `load` opens a network, in a thread of its own: meanwhile the others are asked. `beat` is called
    about once a second, unless something hangs.
    """

    def __init__(
        self,
        door: socket.socket,
        *,
        beat: Callable[[], None] = lambda: None,
        load: Callable[[Path, str, Preparation], Shaped] = open_runtime,
    ) -> None:
        self._door, self._beat, self._load = door, beat, load
        self._selector = selectors.DefaultSelector()
        self._woken, self._wake = socket.socketpair()
        self._selector.register(door, selectors.EVENT_READ)
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._lines: list[_Line] = []
        self._networks: dict[_Wish, Shaped] = {}
        self._wanted: queue.Queue[_Wish | None] = queue.Queue()
        self._loaded: queue.Queue[tuple[_Wish, Shaped | PasserbyError]] = queue.Queue()
        self._asked: dict[_Wish, float] = {}  # what is being loaded, since when
        self._turns: dict[int, int] = {}
        self._turn = 0
        self._beaten = float("-inf")

    def run(self) -> None:
        """Until nobody holds the other end of the door."""
        threading.Thread(target=self._loads, name="load", daemon=True).start()
        try:
            while self._step():
                self._alive()
        finally:
            self._wanted.put(None)
            for line in list(self._lines):
                self._drop(line)
            for one in (self._selector, self._woken, self._wake):
                one.close()

    def _step(self) -> bool:
        """One look, or whatever else is to be done; False at the end."""
        ready = [key for key, _ in self._selector.select(BEAT)]
        asking: list[_Line] = [key.data for key in ready if key.data is not None]
        if any(key.fileobj is self._door for key in ready) and not self._admit():
            return False
        if any(key.fileobj is self._woken for key in ready):
            self._woken.recv(1)
            self._opened(*self._loaded.get())
        asking = [line for line in asking if line in self._lines]
        if asking:
            # Whose last look is the longest ago; and of that camera's networks the same.
            self._look(min(asking, key=lambda one: (self._turns.get(one.camera, 0), one.turn)))
        return True

    def _alive(self) -> None:
        now = time.monotonic()
        if now - self._beaten < BEAT or any(
            now - since > LOADING for since in self._asked.values()
        ):
            return
        self._beaten = now
        self._beat()
        for line in self._lines:
            if line.network is None:
                with suppress(OSError):
                    line.tell(WAIT)

    def _admit(self) -> bool:
        """Somebody at the door; False where it is closed. What is no wish of ours is left."""
        told, ends, _, _ = socket.recv_fds(self._door, MOST, 2, socket.MSG_CMSG_CLOEXEC)
        if not told and not ends:
            return False
        try:
            if len(ends) != 2 or len(self._lines) >= LINES:
                return True
            line = _line(told, *ends)
        except (OSError, ValueError, KeyError, TypeError):
            return True
        finally:
            for end in ends:
                os.close(end)
        self._lines.append(line)
        self._selector.register(line.socket, selectors.EVENT_READ, line)
        if line.wish in self._networks:
            self._ready(line)
        elif line.wish not in self._asked:
            self._asked[line.wish] = time.monotonic()
            self._wanted.put(line.wish)
        return True

    def _loads(self) -> None:
        """In its own thread: one network after the other."""
        while (wish := self._wanted.get()) is not None:
            found: Shaped | PasserbyError
            try:
                found = self._load(*wish)
            except PasserbyError as error:
                found = error
            self._loaded.put((wish, found))
            with suppress(OSError):  # nobody waits any more
                self._wake.send(b"!")

    def _opened(self, wish: _Wish, found: Shaped | PasserbyError) -> None:
        del self._asked[wish]
        if not isinstance(found, PasserbyError):
            self._networks[wish] = found
        for line in [line for line in self._lines if line.wish == wish and line.network is None]:
            if isinstance(found, PasserbyError):
                usage = isinstance(found, UsageError)
                with suppress(OSError):
                    line.tell({"error": found.what, "hint": found.hint, "usage": usage})
                self._drop(line)
            else:
                self._ready(line)

    def _ready(self, line: _Line) -> None:
        line.network = self._networks[line.wish]
        try:
            line.tell({"name": line.network.name, "shape": line.network.shape})
        except OSError:
            self._drop(line)

    def _look(self, line: _Line) -> None:
        self._turn += 1
        self._turns[line.camera] = line.turn = self._turn
        try:
            told = line.socket.recv(MOST)
            if not told or line.network is None:
                raise ValueError("gone, or asks before anything is there")
            line.tell(_answer(line.network, line.memory, json.loads(told)))
        except (OSError, ValueError, TypeError, OverflowError):
            self._drop(line)

    def _drop(self, line: _Line) -> None:
        self._selector.unregister(line.socket)
        self._lines.remove(line)
        line.socket.close()
        if all(other.camera != line.camera for other in self._lines):
            self._turns.pop(line.camera, None)


def _line(told: bytes, end: int, memory: int) -> _Line:
    """ValueError, OSError, KeyError or TypeError where that is no wish of ours."""
    wish = json.loads(told)
    if os.fstat(memory).st_size != SIZE:
        raise ValueError("another piece of memory")
    if not fcntl.fcntl(memory, fcntl.F_GET_SEALS) & fcntl.F_SEAL_SHRINK:
        raise ValueError("memory that may be taken away")
    line = socket.socket(fileno=os.dup(end))
    line.setblocking(False)
    how = Preparation(*wish["how"])
    key = Path(wish["weights"]), str(wish["device"]), how
    return _Line(int(wish["who"]), key, line, mmap.mmap(memory, SIZE))


def _answer(network: Shaped, memory: mmap.mmap, shape: list[int]) -> list[tuple[int, ...]] | None:
    """The shapes of the answers, which lie behind the picture then; None where the network failed.

    ValueError where the question is none, or the answers don't fit.
    """
    if len(shape) != 4 or shape[3] != 3 or min(shape) < 1:
        raise ValueError("no pictures")
    count = int(np.prod(shape, dtype=np.int64))
    pictures = np.frombuffer(memory, np.uint8, count).reshape(shape)
    try:
        outputs = network.run(pictures)
    except Exception:  # whatever it is: it concerns who asked, and nobody else
        return None
    shapes = [output.shape for output in outputs]
    for place, output in zip(arrays(memory, count, shapes), outputs, strict=True):
        np.copyto(place, output)
    return shapes


def main() -> None:
    """Its only argument is the number of the door, which is inherited."""
    no_dumps()
    for name in ("SIGINT", "SIGHUP"):  # of the terminal, and meant for the supervisor
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    threading.Thread(target=_ends, name="listen", daemon=True).start()
    silence = open(os.devnull, "w")  # noqa: PTH123, SIM115 - for as long as the process lives

    def beat() -> None:
        faulthandler.dump_traceback_later(STUCK, exit=True, file=silence)
        os.write(1, b".")

    Networks(socket.socket(fileno=int(sys.argv[1])), beat=beat).run()
    os._exit(0)  # a thread may be loading, and nothing is left to be done


def _ends() -> None:
    """With its supervisor, however that ended."""
    with suppress(OSError):
        sys.stdin.buffer.read()
    os._exit(3)


if __name__ == "__main__":
    main()
