"""A channel that is fed as a camera feeds it, and the server that serves it.

Each picture carries its own number in blocks; see `tests.live.camera`.
"""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, cast

import av
import numpy as np
from tests.live.camera import BITS, Picture, number_of, numbered

from passerby.apps.gateway import Channel, Listening, ServeSettings, serve
from passerby.core.frame import Frame
from passerby.core.geometry import Size
from passerby.media.live_encoder import LiveEncoder, Shape

FPS: Final = 25
SIZE: Final = Size(320, 180)
SHAPE: Final = Shape(SIZE, Fraction(1))


def picture(number: int, size: Size = SIZE) -> Frame:
    """Some texture, so that its key frame does not fit into one packet."""
    rng = np.random.default_rng(number % 4)
    rough = rng.integers(0, 255, (size.height // 4, size.width // 4, 3), np.uint8)
    whole: Picture = np.ascontiguousarray(np.kron(rough, np.ones((4, 4, 1), np.uint8)))
    native = av.VideoFrame.from_ndarray(numbered(whole, number % 2**BITS), format="rgb24")
    return cast(Frame, SimpleNamespace(native=native))


class Feeder:
    """Encodes pictures into a channel at their own speed. `last`: the newest one's number."""

    def __init__(self, channel: Channel, size: Size = SIZE) -> None:
        self.channel, self.last = channel, -1
        self._size = size
        self._stop = threading.Event()
        self._pictures = [picture(n, size) for n in range(64)]
        self._thread = threading.Thread(target=self._feed, daemon=True)
        self._thread.start()

    def _feed(self) -> None:
        shape = Shape(self._size, Fraction(1))
        encoder = LiveEncoder(shape, "ultrafast", 28)
        self.channel.shape(shape)
        begun = time.monotonic()
        for number in range(10**6):
            if self._stop.wait(max(0.0, begun + number / FPS - time.monotonic())):
                return
            key = self.channel.wants_key
            for packet in encoder.show(self._pictures[number % 64], number / FPS, key=key):
                self.channel.offer(packet)
            self.last = number

    def close(self) -> None:
        self._stop.set()
        self._thread.join(5)


@contextmanager
def feeding(*names: str, size: Size = SIZE) -> Iterator[dict[str, Channel]]:
    channels = {name: Channel(name) for name in names or ("garden",)}
    feeders = [Feeder(channel, size) for channel in channels.values()]
    try:
        yield channels
    finally:
        for feeder in feeders:
            feeder.close()


@contextmanager
def serving(channels: dict[str, Channel], **given: Any) -> Iterator[Listening]:
    """The server on free ports of this machine."""
    settings = ServeSettings.of(**{"rtsp_port": 0, "rtsps_port": 0, "web_port": 0, **given})
    stop, up = threading.Event(), threading.Event()
    told: list[Any] = []

    def ready(listening: Listening) -> None:
        told.append(listening)
        up.set()

    def run() -> None:
        try:
            serve(channels, settings, stop, ready=ready)
        except BaseException as error:  # shown by who waits
            told.append(error)
            up.set()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        assert up.wait(10)
        assert isinstance(told[0], Listening), told
        yield told[0]
    finally:
        stop.set()
        thread.join(10)
        assert not thread.is_alive(), "it does not end"
        assert len(told) == 1, told


def descriptors() -> int:
    """How many files and connections this process has open, those of the server included."""
    return len(list(Path("/proc/self/fd").iterdir()))


def numbers(frames: Sequence[av.VideoFrame]) -> list[int | None]:
    return [number_of(np.asarray(f.to_ndarray(format="rgb24"), np.uint8)) for f in frames]


def rising(found: Sequence[int | None]) -> bool:
    """Whether no picture is missing between the first and the last."""
    return all(
        a is not None and b is not None and b == (a + 1) % 64 for a, b in itertools.pairwise(found)
    )


def gone(line: socket.socket, seconds: float) -> bool:
    """Whether a connection is ended within that time, whatever comes before."""
    line.settimeout(seconds)
    try:
        while line.recv(4096):
            pass
    except ConnectionError:
        pass
    except TimeoutError:
        return False
    return True
