"""The process that runs networks for all cameras of a gateway: a few looks at a time, in turns.

Pictures come through memory that has no name (`shared`), are looked at where they lie, and are
never written or told anywhere. It ends when its input does, for then its supervisor is gone; a beat
each second, on its output, says that it does not hang.
"""

from __future__ import annotations

import faulthandler
import fcntl
import json
import math
import mmap
import os
import queue
import selectors
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from ..core.errors import PasserbyError, UsageError
from ..core.freed import Freed
from ..core.undumped import no_dumps
from .runtime import Preparation, Shaped, open_twins
from .shared import MOST, SIZE, WAIT, arrays

BEAT: Final = 1.0  # seconds
STUCK: Final = 30.0  # seconds in which Python does not run at all, after which it ends itself
LOADING: Final = 90.0  # seconds for one network, after which it gives no beat any more
LOOKING: Final = 10.0  # seconds for one look, after which the same
LINES: Final = 256  # that may be open at the same time
SHAPES: Final = 4096  # of pictures that are remembered

_Wish = tuple[Path, str, Preparation]


@dataclass(slots=True, eq=False)
class _Line:
    """Somebody who asks one network. `camera`: a number by which turns are taken, `turn`: the last
    one. It has one question open at most. `since`: when somebody began to answer it."""

    camera: int
    wish: _Wish
    socket: socket.socket
    memory: mmap.mmap
    ready: bool = False
    turn: int = 0
    since: float | None = None

    def tell(self, what: Any) -> None:
        self.socket.send(json.dumps(what).encode())


class Networks:
    """Answers who asks at `door`, as many at a time as there are twins of a network.

    `load` opens a network, in a thread of its own: meanwhile the others are asked. `beat` is called
    about once a second, unless something hangs.
    """

    def __init__(
        self,
        door: socket.socket,
        *,
        beat: Callable[[], None] = lambda: None,
        load: Callable[[Path, str, Preparation], Sequence[Shaped]] = open_twins,
    ) -> None:
        self._door, self._beat, self._load = door, beat, load
        self._selector = selectors.DefaultSelector()
        self._woken, self._wake = socket.socketpair()
        self._selector.register(door, selectors.EVENT_READ)
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._lines: list[_Line] = []
        self._asking: list[_Line] = []  # who waits for an answer that nobody works at yet
        self._idle: dict[_Wish, list[Shaped]] = {}  # twins that nobody asks just now
        self._told: dict[_Wish, dict[str, Any]] = {}  # what who asks for a network is told
        self._answers: dict[tuple[_Wish, tuple[int, ...]], list[tuple[int, ...]]] = {}  # shapes
        self._workers = 0
        self._looks: queue.Queue[tuple[_Line, Shaped] | None] = queue.Queue()
        self._answered: queue.Queue[tuple[_Line, Shaped, bool]] = queue.Queue()
        self._wanted: queue.Queue[_Wish | None] = queue.Queue()
        self._loaded: queue.Queue[tuple[_Wish, Sequence[Shaped] | PasserbyError]] = queue.Queue()
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
            for _ in range(self._workers):
                self._looks.put(None)
            for line in list(self._lines):
                self._drop(line)
            self._selector.close()
            self._woken.close()

    def _step(self) -> bool:
        """Whatever is to be done; False at the end."""
        ready = [key for key, _ in self._selector.select(BEAT)]
        for key in ready:
            if key.data is not None:
                self._selector.unregister(key.data.socket)  # until it is answered
                self._asking.append(key.data)
        if any(key.fileobj is self._door for key in ready) and not self._admit():
            return False
        if any(key.fileobj is self._woken for key in ready):
            self._woken.recv(MOST)
            while not self._loaded.empty():
                self._opened(*self._loaded.get())
            while not self._answered.empty():
                self._done(*self._answered.get())
        self._hand_out()
        return True

    def _hand_out(self) -> None:
        """Whose last look is the longest ago is next; and of that camera's networks the same."""
        working = sum(line.since is not None for line in self._lines)
        for line in sorted(
            self._asking, key=lambda one: (self._turns.get(one.camera, 0), one.turn)
        ):
            if not line.ready:
                self._drop(line)  # asks before anything is there
            elif working < self._workers and self._idle[line.wish]:
                working += 1
                self._asking.remove(line)
                self._turn += 1
                self._turns[line.camera] = line.turn = self._turn
                line.since = time.monotonic()
                self._looks.put((line, self._idle[line.wish].pop()))

    def _works(self) -> None:
        """In a thread of its own: one look after the other."""
        while (look := self._looks.get()) is not None:
            line, network = look
            try:
                told = line.socket.recv(MOST)
                if not told:
                    raise ValueError("gone")
                line.tell(self._answer(line, network, json.loads(told)))
                fine = True
            except (OSError, ValueError, KeyError, TypeError, OverflowError):
                fine = False
            self._answered.put((line, network, fine))
            self._awake()

    def _answer(
        self, line: _Line, network: Shaped, asked: dict[str, Any]
    ) -> list[tuple[int, ...]] | None:
        """As `_answer` below; where it is only rehearsed what was answered before, zeros."""
        shape = asked["shape"]
        key = line.wish, tuple(shape)
        known = self._answers.get(key) if asked["rehearsed"] else None
        if known is not None:
            for place in arrays(line.memory, math.prod(shape), known):
                place[:] = 0
            return known
        found = _answer(network, line.memory, shape)
        if found is not None and len(self._answers) < SHAPES:
            self._answers[key] = found
        return found

    def _done(self, line: _Line, network: Shaped, fine: bool) -> None:
        line.since = None
        self._idle[line.wish].append(network)
        if fine:
            self._selector.register(line.socket, selectors.EVENT_READ, line)
        else:
            self._drop(line)

    def _awake(self) -> None:
        with suppress(OSError):  # nobody waits any more
            self._wake.send(b"!")

    def _alive(self) -> None:
        now = time.monotonic()
        if now - self._beaten < BEAT or self._hangs(now):
            return
        self._beaten = now
        self._beat()
        for line in self._lines:
            if not line.ready:
                with suppress(OSError):
                    line.tell(WAIT)

    def _hangs(self, now: float) -> bool:
        loading = any(now - since > LOADING for since in self._asked.values())
        return loading or any(
            line.since is not None and now - line.since > LOOKING for line in self._lines
        )

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
        if line.wish in self._idle:
            self._ready(line)
        elif line.wish not in self._asked:
            self._asked[line.wish] = time.monotonic()
            self._wanted.put(line.wish)
        return True

    def _loads(self) -> None:
        """In its own thread: one network after the other."""
        while (wish := self._wanted.get()) is not None:
            found: Sequence[Shaped] | PasserbyError
            try:
                found = self._load(*wish)
            except PasserbyError as error:
                found = error
            self._loaded.put((wish, found))
            self._awake()
        self._wake.close()

    def _opened(self, wish: _Wish, found: Sequence[Shaped] | PasserbyError) -> None:
        del self._asked[wish]
        if not isinstance(found, PasserbyError):
            self._idle[wish] = list(found)
            self._told[wish] = {"name": found[0].name, "shape": found[0].shape}
            for _ in range(self._workers, len(found)):
                self._workers += 1
                threading.Thread(target=self._works, name="look", daemon=True).start()
        for line in [line for line in self._lines if line.wish == wish and not line.ready]:
            if isinstance(found, PasserbyError):
                usage = isinstance(found, UsageError)
                with suppress(OSError):
                    line.tell({"error": found.what, "hint": found.hint, "usage": usage})
                self._drop(line)
            else:
                self._ready(line)

    def _ready(self, line: _Line) -> None:
        one = self._told[line.wish]
        line.ready = True
        try:
            line.tell(one)
        except OSError:
            self._drop(line)

    def _drop(self, line: _Line) -> None:
        with suppress(KeyError, ValueError):
            self._selector.unregister(line.socket)
        self._lines.remove(line)
        if line in self._asking:
            self._asking.remove(line)
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
    freed = Freed()

    def beat() -> None:
        faulthandler.dump_traceback_later(STUCK, exit=True, file=silence)
        freed.tend()
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
