"""Recordings in pieces: each appears whole, and the oldest go when there are too many.

Note [power cuts]: a piece is written in fragments, one for each key frame, and made an ordinary MP4
when it is finished. What a killed process leaves behind is so whole up to its last fragment.
"""

from __future__ import annotations

import os
import re
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

import av
from av.container import OutputContainer
from av.stream import Stream

from ..core.errors import OutputError
from ..core.lock import flocked
from .faults import FOREIGN, write_fault
from .live_encoder import UNIT, Coded, Shape, packet_of, stream_of

PIECE: Final = 60.0  # seconds
_PREFIX: Final = "passerby-"
_PARTIAL: Final = ".partial"
_NAME: Final = re.compile(rf"{_PREFIX}\d{{8}}T\d{{6}}Z(-\d+)?\.mp4({re.escape(_PARTIAL)})?$")
WAIT: Final = 3.0  # seconds that another one may take to leave
_OPTIONS: Final = {  # Note [power cuts]; the header waits for the first picture, which tells it
    "fflags": "+bitexact+flush_packets",
    "movflags": "+hybrid_fragmented+frag_keyframe+delay_moov",
}


@dataclass(frozen=True, slots=True)
class Retention:
    """How long and how much is kept: seconds and bytes; None keeps all. `piece`: seconds."""

    age: float | None = None
    size: int | None = None
    piece: float = PIECE


class Recording:
    """Writes pieces named by their beginning in UTC into a folder. Errors are `OutputError`.

    One writes in a folder at a time: another process is waited for a while, and where this one
    still has it (its thread hangs), `BlockingIOError` says so. Only pieces that are named like ours
    are ever deleted.
    """

    def __init__(self, folder: Path, shape: Shape, retention: Retention) -> None:
        self._folder, self._shape, self._retention = folder, shape, retention
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._hold = _Hold(folder)
        except BlockingIOError:
            raise
        except OSError as error:
            raise write_fault(error, folder, option="--to") from error
        try:
            for left in _named(folder, _PARTIAL):
                if left.is_file() and not left.is_symlink():  # what is not ours stays as it is
                    _rescue(left)
            self._sweep()  # the disk may be full
        except OSError as error:
            self._hold.let_go()
            raise write_fault(error, folder, option="--to") from error
        self._container: OutputContainer | None = None
        self._stream: Stream | None = None
        self._partial = self._name = folder
        self._begin = self._end = 0

    def put(self, packet: Coded) -> None:
        try:
            if packet.key and self._full(packet):
                self._finish()
            if self._container is None:
                self._start(packet)
            assert self._container is not None
            assert self._stream is not None
            self._container.mux_one(self._packet(packet))
            self._end = packet.at
        except FOREIGN as error:
            raise write_fault(error, self._folder, option="--to") from error

    def close(self) -> None:
        try:
            self._finish()
        except FOREIGN as error:
            raise write_fault(error, self._folder, option="--to") from error
        finally:
            self._hold.let_go()

    def _full(self, packet: Coded) -> bool:
        piece = round(self._retention.piece / UNIT)
        return self._container is not None and packet.at - self._begin >= piece

    def _packet(self, packet: Coded) -> av.Packet[Stream]:
        assert self._stream is not None
        return packet_of(packet, self._stream, self._begin)

    def _start(self, packet: Coded) -> None:
        stem = _PREFIX + time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        self._name = _free(self._folder / f"{stem}.mp4")
        self._partial = self._name.with_name(self._name.name + _PARTIAL)
        self._container = av.open(
            f"file:{self._partial}", "w", format="mp4", container_options=_OPTIONS
        )
        self._stream = stream_of(self._container, self._shape)
        self._begin = packet.at

    def _finish(self) -> None:
        container, self._container = self._container, None
        if container is None:
            return
        container.close()
        self._partial.replace(self._name)
        self._sweep()

    def _sweep(self) -> None:
        """Delete what is too old or too much; the newest piece stays."""
        pieces = []
        for path in _named(self._folder):
            with suppress(OSError):
                told = path.stat()
                pieces.append((told.st_mtime, told.st_size, path))
        pieces.sort(reverse=True)
        kept, now = 0, time.time()
        for number, (when, size, path) in enumerate(pieces):
            kept += size
            old = self._retention.age is not None and now - when > self._retention.age
            much = self._retention.size is not None and kept > self._retention.size
            if number and (old or much):
                with suppress(OSError):
                    path.unlink()


class _Hold:
    """Of a folder, for as long as somebody writes there."""

    _ours: ClassVar[set[Path]] = set()  # folders that this process holds
    _change: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        with self._change:
            if self._folder in self._ours:
                raise BlockingIOError
            self._ours.add(self._folder)
        self._descriptor: int | None = None
        try:
            if os.name == "posix":  # elsewhere folders can't be locked
                self._descriptor = os.open(folder, os.O_RDONLY)
            until = time.monotonic() + WAIT
            while self._descriptor is not None and not flocked(self._descriptor):
                if time.monotonic() > until:
                    raise OutputError(
                        "another run records there", path=folder, hint="--to another folder"
                    )
                time.sleep(0.1)
        except BaseException:
            self.let_go()
            raise

    def let_go(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)
        with self._change:
            self._ours.discard(self._folder)


def _named(folder: Path, more: str = "") -> list[Path]:
    """The pieces in a folder that are named like ours."""
    return [path for path in folder.glob(f"{_PREFIX}*.mp4{more}") if _NAME.match(path.name)]


def _free(name: Path) -> Path:
    """`name`, or one like it that nobody has yet."""
    number, free = 1, name
    while os.path.lexists(free):
        number += 1
        free = name.with_stem(f"{name.stem}-{number}")
    return free


def _rescue(partial: Path) -> None:
    """Keep what is whole of a piece whose process was killed; delete it where nothing is."""
    whole, told = _whole(partial), partial.stat()
    if not whole:
        partial.unlink(missing_ok=True)
        return
    os.truncate(partial, whole)
    os.utime(partial, ns=(told.st_atime_ns, told.st_mtime_ns))  # as old as it is
    partial.replace(_free(partial.with_suffix("")))


def _whole(partial: Path) -> int:
    """Bytes up to the end of the last whole fragment: boxes after ISO/IEC 14496-12, 4.2."""
    end = at = 0
    size, header = partial.stat().st_size, False
    with partial.open("rb") as file:
        while at + 16 <= size:
            file.seek(at)
            head = file.read(16)
            kind, long = head[4:8], int.from_bytes(head[:4], "big")
            long = int.from_bytes(head[8:], "big") if long == 1 else long
            at += long
            if long < 8 or at > size:
                break
            header = header or kind == b"moov"
            if header and kind == b"mdat":
                end = at
    return end


def check_folder(folder: Path) -> None:
    """`OutputError` where recordings can't be written there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise write_fault(error, folder, option="--to") from error
    if not os.access(folder, os.W_OK):
        raise OutputError("no permission to write there", path=folder)
