"""A network that runs in another process, which several cameras share: the side of who asks.

Between the two are a door, a socket that all cameras' processes inherit, through which a network is
asked for once; and then a line for each, a socket for short messages with a piece of memory for
pictures and answers. That memory has no name: only who was handed it can reach it, and it goes when
both are gone.
"""

from __future__ import annotations

import fcntl
import json
import mmap
import os
import socket
import weakref
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..core.errors import DetectorError, UsageError
from .rehearsal import rehearsed

SIZE: Final = 256 * 2**20  # bytes for a picture and its answers; what is not used costs nothing
OPENING: Final = 8.0  # seconds for a network to be there, or for word that it is being loaded
LOOKING: Final = 6.0  # seconds for one answer, others' looks before it included
MOST: Final = 4096  # bytes of a message
WAIT: Final = "wait"  # the word for that
_LINE: Final = 64  # bytes; each array begins at a multiple


class SharedRuntime:
    """A `runtime.Runtime` whose network runs behind `door`, the number of an inherited socket.

    `prepared`: the three fields of a `runtime.Preparation`. Not thread-safe: one a thread. Whoever
    runs the networks may go away at any time: then `run` raises `DetectorError`, and the next call
    asks at the door again, where somebody else may be by then.
    """

    def __init__(
        self, door: int, weights: Path, device: str, prepared: tuple[float, float, bool]
    ) -> None:
        wish = {"who": os.getpid(), "weights": str(weights), "device": device, "how": prepared}
        self._door, self._wish = door, json.dumps(wish).encode()
        self._line: _Line | None = _Line(door, self._wish)
        self.name: str = f"{self._line.told['name']}, shared"
        shape = self._line.told["shape"]
        self.shape: tuple[int, int] | None = None if shape is None else (shape[0], shape[1])

    def run(self, pictures: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        """`DetectorError` where nobody answers in time, RuntimeError where the network fails."""
        if self._line is None:
            self._line = _Line(self._door, self._wish)
        line, self._line = self._line, None  # see Note [late answers]
        found = line.run(pictures)
        self._line = line
        if found is None:
            raise RuntimeError("the network failed")
        return found


class _Line:
    """One way to one network. Note [late answers]: after an error it is of no use, for what comes
    later would be taken for the answer to something else; a new one has memory of its own."""

    def __init__(self, door: int, wish: bytes) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        weakref.finalize(self, self._socket.close)
        memory = os.memfd_create("looks", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            os.ftruncate(memory, SIZE)
            # Nobody can take it away under whoever reads it.
            seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
            fcntl.fcntl(memory, fcntl.F_ADD_SEALS, seals)
            self._memory = mmap.mmap(memory, SIZE)
            try:
                with closing(socket.socket(fileno=os.dup(door))) as way:
                    ends = [theirs.fileno(), memory]
                    socket.send_fds(way, [wish], ends, socket.MSG_DONTWAIT)
            except OSError:
                raise _nobody() from None
        finally:
            os.close(memory)
            theirs.close()
        self._socket.settimeout(OPENING)
        while (told := self._answer()) == WAIT:
            continue
        self.told: dict[str, Any] = told
        if "error" in self.told:
            kind = UsageError if self.told["usage"] else DetectorError
            raise kind(self.told["error"], hint=self.told["hint"])
        self._socket.settimeout(LOOKING)

    def run(self, pictures: NDArray[np.uint8]) -> list[NDArray[np.float32]] | None:
        """None where the network failed."""
        if pictures.nbytes > SIZE:
            raise DetectorError("a picture is too large to be handed on")
        place = np.frombuffer(self._memory, np.uint8, pictures.size)
        np.copyto(place.reshape(pictures.shape), pictures)
        try:
            question = {"shape": pictures.shape, "rehearsed": rehearsed()}
            self._socket.send(json.dumps(question).encode())
        except OSError:
            raise _nobody() from None
        told = self._answer()
        if told is None:
            return None
        return [found.copy() for found in arrays(self._memory, pictures.size, told)]

    def _answer(self) -> Any:
        try:
            told = self._socket.recv(MOST)
        except OSError:
            told = b""
        if not told:
            raise _nobody()
        return json.loads(told)


def arrays(
    memory: mmap.mmap, start: int, shapes: Sequence[Sequence[int]]
) -> list[NDArray[np.float32]]:
    """Arrays of these shapes in `memory`, one behind the other, from byte `start` on. ValueError
    where they don't fit."""
    found = []
    for shape in shapes:
        start = -(-start // _LINE) * _LINE
        count = int(np.prod(shape, dtype=np.int64))
        found.append(np.frombuffer(memory, np.float32, count, start).reshape(shape))
        start += 4 * count
    return found


def _nobody() -> DetectorError:
    return DetectorError(
        "the process that runs the networks does not answer", hint="it is started anew by itself"
    )
