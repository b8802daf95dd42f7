"""What passes between the supervisor and a camera's process, over that process's own pipes.

To the process: one line of JSON that says what to do, then a line for each wish. From it: coded
pictures in which everybody is hidden, numbers, and errors in our own words.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import IO, Any, Final, Literal

from ...core.errors import PasserbyError
from ...core.geometry import Size
from ...jobs.live import Logins
from ...jobs.live_settings import LiveSettings
from ...media.live_encoder import Coded, Shape

Kind = Literal["beat", "shape", "packet", "status", "error"]

MOST: Final = 32 * 2**20  # bytes of one message
KEY: Final = b"key\n"  # the wish for a key frame
_KINDS: Final[tuple[Kind, ...]] = ("beat", "shape", "packet", "status", "error")
_HEAD: Final = struct.Struct(">BI")
_PACKET: Final = struct.Struct(">q?")


@dataclass(frozen=True, slots=True)
class Order:
    """What one camera's process does. Holds passwords: for the pipe, and nothing else."""

    settings: LiveSettings
    logins: Logins

    def line(self) -> bytes:
        told = {
            "settings": self.settings.model_dump(mode="json"),
            "camera": self.logins.camera,
            "targets": self.logins.targets,
        }
        return json.dumps(told).encode() + b"\n"

    @classmethod
    def read(cls, line: bytes) -> Order:
        told = json.loads(line)
        return cls(LiveSettings.of(**told["settings"]), Logins(told["camera"], told["targets"]))


@dataclass(frozen=True, slots=True)
class Message:
    kind: Kind
    body: bytes = b""

    def bytes(self) -> bytes:
        return _HEAD.pack(_KINDS.index(self.kind), len(self.body)) + self.body


def of_shape(shape: Shape) -> Message:
    size, aspect = shape.size, shape.aspect
    return of_json("shape", [size.width, size.height, aspect.numerator, aspect.denominator])


def to_shape(body: bytes) -> Shape:
    width, height, over, under = map(int, json.loads(body))
    return Shape(Size(width, height), Fraction(over, under))


def of_packet(packet: Coded) -> Message:
    return Message("packet", _PACKET.pack(packet.at, packet.key) + packet.data)


def to_packet(body: bytes) -> Coded:
    at, key = _PACKET.unpack_from(body)
    return Coded(body[_PACKET.size :], at, key)


def of_json(kind: Kind, value: Any) -> Message:
    return Message(kind, json.dumps(value).encode())


def of_error(error: PasserbyError) -> Message:
    """Why the process ends, in a line."""
    return of_json("error", str(error))


def messages(pipe: IO[bytes]) -> Iterator[Message]:
    """Until the pipe ends. `ValueError` where what comes is none of ours."""
    while len(head := pipe.read(_HEAD.size)) == _HEAD.size:
        kind, length = _HEAD.unpack(head)
        if kind >= len(_KINDS) or length > MOST:
            raise ValueError("no message of a camera's process")
        body = pipe.read(length)
        if len(body) < length:
            return
        yield Message(_KINDS[kind], body)


def megabytes(pid: int | str) -> int | None:
    """What a process holds in memory; None where the system does not tell."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") // 2**20
    except (OSError, ValueError, IndexError, AttributeError):
        return None
