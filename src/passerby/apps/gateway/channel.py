"""One camera's published stream for any number of receivers, from memory.

A channel is given what was encoded for publication and nothing else, so whoever receives from it,
through whatever protocol, can get at no picture that was not hidden first.
"""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, Final

from ...core.errors import UsageError
from ...media.live_encoder import UNIT, Coded, Shape

MOST_PACKETS: Final = 600  # that wait for one receiver, or since a key frame
MOST_BYTES: Final = 16 * 2**20
ASK: Final = 0.5  # seconds between two requests for a key frame
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Queue:
    """Packets from a key frame on, bounded. When it is full, all is dropped up to the next one."""

    def __init__(self) -> None:
        self.packets: deque[Coded] = deque()
        self.lost = 0
        self._bytes = 0
        self._started = False

    @property
    def started(self) -> bool:
        """Whether what comes next can be decoded."""
        return self._started

    def put(self, packet: Coded) -> bool:
        """False where it was dropped, or made others drop."""
        if packet.key:
            self._started = True
        if not self._started:
            self.lost += 1
            return False
        if len(self.packets) >= MOST_PACKETS or self._bytes + len(packet.data) > MOST_BYTES:
            self.lost += len(self.packets)
            self.clear()
            if not packet.key:
                self.lost += 1
                return False
            self._started = True
        self.packets.append(packet)
        self._bytes += len(packet.data)
        return True

    def get(self) -> Coded:
        packet = self.packets.popleft()
        self._bytes -= len(packet.data)
        return packet

    def clear(self) -> None:
        self.packets.clear()
        self._bytes, self._started = 0, False


class Receiver:
    """Gets what a channel publishes, the first a key frame. For one thread, or one task.

    Who takes too long loses what waits, up to the next key frame; `lost` counts it. To be closed.
    """

    def __init__(self, leave: Callable[[Receiver], None]) -> None:
        self._leave, self._queue = leave, Queue()
        self._change = threading.Condition()
        self._wake: Callable[[], None] | None = None
        self._closed = False

    @property
    def lost(self) -> int:
        return self._queue.lost

    @property
    def closed(self) -> bool:
        return self._closed

    def put(self, packet: Coded) -> bool:
        """False where packets were lost. Never waits."""
        with self._change:
            if self._closed:
                return True
            kept = self._queue.put(packet)
            self._tell()
        return kept

    def take(self, seconds: float) -> Coded | None:
        """For threads: the next packet; None after so long without one, or when it is closed."""
        until = time.monotonic() + seconds
        with self._change:
            while not self._queue.packets:
                left = until - time.monotonic()
                if self._closed or left <= 0:
                    return None
                self._change.wait(left)
            return self._queue.get()

    async def next(self) -> Coded | None:
        """For tasks: the next packet; None when it is closed."""
        while True:
            with self._change:
                if self._queue.packets:
                    return self._queue.get()
                if self._closed:
                    return None
                there: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                self._wake = partial(_wake, there)
            await there

    def close(self) -> None:
        """May be called again, and from any thread."""
        with self._change:
            self._closed = True
            self._queue.clear()
            self._tell()
        self._leave(self)

    def _tell(self) -> None:
        self._change.notify_all()
        wake, self._wake = self._wake, None
        if wake is not None:
            wake()


def _wake(there: asyncio.Future[None]) -> None:
    def told() -> None:
        if not there.done():
            there.set_result(None)

    with suppress(RuntimeError):  # the loop has ended, and nobody waits any more
        there.get_loop().call_soon_threadsafe(told)


class Channel:
    """What one camera publishes. `name`: the last part of its addresses.

    `status`: the newest of `jobs.live.Status.as_dict()`, or empty. All may be called from any
    thread. A camera's process that was started again continues the same stream of moments.
    """

    def __init__(self, name: str) -> None:
        if not _NAME.fullmatch(name):
            raise UsageError(
                "a camera's name is not one that can stand in an address",
                hint="up to 64 letters, digits, dots, dashes and underscores",
            )
        self.name = name
        self.published: Shape | None = None
        self.status: dict[str, Any] = {}
        self.closed = False
        self._lock = threading.Lock()
        self._backlog = Queue()
        self._receivers: set[Receiver] = set()
        self._shift: int | None = None  # added to a packet's moment; None: to be found
        self._last: tuple[int, float] | None = None  # the last packet's moment, and when it came
        self._asked, self._asked_at = True, float("-inf")

    @property
    def receivers(self) -> int:
        return len(self._receivers)

    @property
    def quiet(self) -> float | None:
        """Seconds since the last packet; None before the first."""
        last = self._last
        return None if last is None else time.monotonic() - last[1]

    @property
    def now(self) -> int | None:
        """The present moment on the stream's clock, in `UNIT`s; None before the first packet."""
        last = self._last
        return None if last is None else last[0] + _units(time.monotonic() - last[1])

    @property
    def wants_key(self) -> bool:
        """Whether a receiver waits for a key frame; told once, and not too often."""
        now = time.monotonic()
        with self._lock:
            if not self._asked or now - self._asked_at < ASK:
                return False
            self._asked, self._asked_at = False, now
            return True

    def ask_key(self) -> None:
        """A receiver can't go on without a key frame."""
        self._asked = True

    def shape(self, shape: Shape) -> None:
        """An encoder begins: to be told before its first packet."""
        with self._lock:
            self.published, self._shift = shape, None
            self._backlog.clear()

    def offer(self, packet: Coded) -> None:
        """Never waits for a receiver."""
        now = time.monotonic()
        with self._lock:
            if self._shift is None or (self._last and packet.at + self._shift <= self._last[0]):
                if not packet.key:
                    self._asked = True
                    return
                self._shift = self._joined(now) - packet.at
            packet = replace(packet, at=packet.at + self._shift)
            self._last = (packet.at, now)
            if packet.key:
                self._backlog.clear()
                self._asked = False
            if not self._backlog.put(packet):
                self._asked = True
            for receiver in tuple(self._receivers):
                if not receiver.put(packet):
                    self._asked = True

    def subscribe(self, *, fresh: bool = False) -> Receiver:
        """To be closed. It begins with the last key frame, up to some seconds ago; with `fresh`
        with the next one, which is asked for."""
        receiver = Receiver(self._leave)
        with self._lock:
            if not fresh:
                for packet in self._backlog.packets:
                    receiver.put(packet)
            if fresh or not self._backlog.started:
                self._asked = True
            self._receivers.add(receiver)
        if self.closed:
            receiver.close()
        return receiver

    def close(self) -> None:
        """Every receiver is told that it is over."""
        self.closed = True
        for receiver in tuple(self._receivers):
            receiver.close()

    def _leave(self, receiver: Receiver) -> None:
        with self._lock:
            self._receivers.discard(receiver)

    def _joined(self, now: float) -> int:
        """The moment at which a new encoder's packets go on."""
        if self._last is None:
            return 0
        at, came = self._last
        return at + max(1, _units(now - came))


def _units(seconds: float) -> int:
    return round(seconds / UNIT)
