"""Publishes coded pictures: pushes to servers, writes playlists and recordings, each on its own.

One encoder serves all. Each target has a thread and a short queue: one that is slow, hangs or went
away loses packets and comes back with a key frame, and holds up nobody else.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Literal, Protocol

import av

from ..core.errors import OutputError, PasserbyError
from ..core.frame import Frame
from .addresses import Address
from .faults import FOREIGN
from .live_encoder import Coded, LiveEncoder, Shape, packet_of, stream_of
from .push import Push
from .recording import Recording, Retention

STUCK: Final = 6.0  # seconds that a folder may take for one packet, and all targets to end
_QUEUE: Final = 240  # packets
_WAITS: Final = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)


class Writer(Protocol):
    """One connection, or one run of a recording."""

    def put(self, packet: Coded) -> None: ...

    def close(self) -> None: ...


class Tap(Protocol):
    """Who is given all that was coded, besides the targets. Called from one thread; never waits.

    `shape` is told before the first packet. `wants_key`: whether somebody waits for a key frame;
    told once.
    """

    def shape(self, shape: Shape) -> None: ...

    def offer(self, packet: Coded) -> None: ...

    @property
    def wants_key(self) -> bool: ...


@dataclass(slots=True)
class TargetSignal:
    """How a target does."""

    state: Literal["connecting", "open", "lost"] = "connecting"
    sent: int = 0
    lost: int = 0  # packets that it did not get
    restarts: int = 0


class Publisher:
    """Implements `core.live.Outlet`. `close` ends every target properly, within some seconds."""

    def __init__(
        self,
        targets: Sequence[Address],
        *,
        speed: str = "ultrafast",
        crf: int = 23,
        retention: Retention | None = None,
        tap: Tap | None = None,
        tell: Callable[[str, TargetSignal], None] = lambda name, signal: None,
    ) -> None:
        self._speed, self._crf, self._tap = speed, crf, tap
        self._encoder: LiveEncoder | None = None
        self._first: float | None = None
        names = _names(targets)
        self._targets = [
            Target(address, name, retention or Retention(), tell)
            for address, name in zip(targets, names, strict=True)
        ]

    @property
    def signals(self) -> dict[str, TargetSignal]:
        return {target.name: target.signal for target in self._targets}

    def shape(self, frame: Frame) -> None:
        if self._encoder is None:
            shape = Shape.of(frame)
            self._encoder = LiveEncoder(shape, self._speed, self._crf)
            if self._tap is not None:
                self._tap.shape(shape)
            for target in self._targets:
                target.start(shape)

    def show(self, frame: Frame, moment: float, halvings: int = 0) -> None:
        assert self._encoder is not None
        coded = self._encoder.show(frame, self._since(moment), key=self._key, halvings=halvings)
        self._send(coded)

    def curtain(self, moment: float) -> None:
        assert self._encoder is not None
        self._send(self._encoder.curtain(self._since(moment), key=self._key))

    def close(self) -> None:
        for target in self._targets:
            target.end()
        until = time.monotonic() + STUCK
        for target in self._targets:
            target.join(until - time.monotonic())

    def check(self) -> None:
        """`OutputError` where a recording can't be written: waiting would not help."""
        for target in self._targets:
            if target.failure is not None:
                raise target.failure

    @property
    def _key(self) -> bool:
        """Whether anybody waits for a key frame."""
        asked = [target.wants_key for target in self._targets]
        return (self._tap is not None and self._tap.wants_key) or any(asked)

    def _since(self, moment: float) -> float:
        if self._first is None:
            self._first = moment
        return max(0.0, moment - self._first)

    def _send(self, packets: Sequence[Coded]) -> None:
        self.check()
        for packet in packets:
            if self._tap is not None:
                self._tap.offer(packet)
            for target in self._targets:
                target.offer(packet)


class Target:
    """One place to publish to, with a thread of its own that is replaced when it is stuck."""

    def __init__(
        self,
        address: Address,
        name: str,
        retention: Retention,
        tell: Callable[[str, TargetSignal], None],
    ) -> None:
        self.address, self.name, self.signal = address, name, TargetSignal()
        self.failure: PasserbyError | None = None
        self._retention, self._tell = retention, tell
        self._queue: queue.Queue[Coded | None] = queue.Queue(_QUEUE)
        self._need_key = True  # what comes before the next key frame is of no use
        self._asked = False
        self._shape: Shape | None = None
        self._number = 0
        self._since: float | None = None  # when the thread began what it does now
        self._thread: threading.Thread | None = None
        self._ending = threading.Event()

    @property
    def wants_key(self) -> bool:
        """Whether it waits for a key frame; asked for once."""
        asked, self._asked = self._asked, False
        return asked

    def start(self, shape: Shape) -> None:
        self._shape = shape
        self._restart()

    def offer(self, packet: Coded) -> None:
        """Never waits."""
        if self._since is not None and time.monotonic() - self._since > STUCK:
            self._lose()
            self._restart()
        if self._need_key and not packet.key:
            self.signal.lost += 1
            return
        try:
            self._queue.put_nowait(packet)
            self._need_key = False
        except queue.Full:
            self.signal.lost += 1
            self._need_key = self._asked = True

    def end(self) -> None:
        self._ending.set()
        with suppress(queue.Full):
            self._queue.put_nowait(None)

    def join(self, seconds: float) -> None:
        if self._thread is not None:
            self._thread.join(max(0.1, seconds))

    def _restart(self) -> None:
        self._number += 1
        self._since = None
        self._queue = queue.Queue(_QUEUE)
        self._need_key = self._asked = True
        work = threading.Thread(
            target=self._work, args=(self._number, self._queue), name="publish", daemon=True
        )
        self._thread = work
        work.start()

    def _lose(self) -> None:
        self.signal.restarts += 1
        self._became("lost")

    def _became(self, state: Literal["connecting", "open", "lost"]) -> None:
        if self.signal.state != state:
            self.signal.state = state
            self._tell(self.name, self.signal)

    def _work(self, number: int, packets: queue.Queue[Coded | None]) -> None:
        writer: Writer | None = None
        tries = 0
        while (packet := self._next(number, packets)) is not None:
            if writer is None and not packet.key:
                self.signal.lost += 1
                continue
            self._since = None if self.address.remote else time.monotonic()  # `Push` bounds itself
            try:
                writer = writer or self._writer()
                writer.put(packet)
            except OutputError as error:
                self.failure = error if number == self._number else self.failure
                return
            except FOREIGN:
                _closed(writer)
                writer = None
                if number == self._number:
                    self._since = None
                    self._lose()
                    self._ending.wait(_WAITS[min(tries, len(_WAITS) - 1)])
                    tries += 1
                    _emptied(packets)
                    self._asked = True
                continue
            if number == self._number:
                self._since, tries = None, 0
                self.signal.sent += 1
                self._became("open")
        _closed(writer)

    def _next(self, number: int, packets: queue.Queue[Coded | None]) -> Coded | None:
        """The next packet; None when it is over, or when this thread was replaced."""
        while number == self._number:
            with suppress(queue.Empty):
                return packets.get(timeout=0.2)
            if self._ending.is_set():
                return None
        return None

    def _writer(self) -> Writer:
        assert self._shape is not None
        if self.address.kind == "folder":
            return Recording(self.address.path, self._shape, self._retention)
        if self.address.kind == "hls":
            return Playlist(self.address, self._shape)
        return Push(self.address, self._shape)


def _names(targets: Sequence[Address]) -> list[str]:
    """How each is shown; those that look alike are numbered."""
    seen = Counter[str]()
    names = []
    for address in targets:
        seen[str(address)] += 1
        number = seen[str(address)]
        names.append(str(address) if number == 1 else f"{address} #{number}")
    return names


def _closed(writer: Writer | None) -> None:
    with suppress(*FOREIGN, PasserbyError):
        if writer is not None:
            writer.close()


def _emptied(packets: queue.Queue[Coded | None]) -> None:
    """Drop what waits, but not the word that it is over."""
    with suppress(queue.Empty):
        while True:
            if packets.get_nowait() is None:
                packets.put_nowait(None)
                return


class Playlist:
    """HLS in a folder. Raises foreign errors: `Target` answers them."""

    def __init__(self, address: Address, shape: Shape) -> None:
        _folder_of(address)
        folder, stem = address.path.parent, address.path.stem
        options = {
            "fflags": "+bitexact+flush_packets",
            "hls_time": "2",
            "hls_list_size": "8",
            "hls_flags": "delete_segments+temp_file+omit_endlist+independent_segments",
            "hls_segment_filename": str(folder / f"{stem}-%d.ts"),
            "hls_start_number_source": "epoch",
        }
        self._container = av.open(address.whole, "w", format="hls", container_options=options)
        self._stream = stream_of(self._container, shape)

    def put(self, packet: Coded) -> None:
        self._container.mux_one(packet_of(packet, self._stream))

    def close(self) -> None:
        self._container.close()


def _folder_of(address: Address) -> None:
    try:
        address.path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            "this folder can't be made", path=address.path.parent, hint="check its permissions"
        ) from error
