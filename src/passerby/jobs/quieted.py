"""What stands between painting and writing when the camera's pattern is to be reduced."""

from __future__ import annotations

from ..core.frame import Frame
from ..core.ports import Sink
from ..media.decode import DecodedFrame
from ..redact import CameraNoise


class Quieted:
    """A `core.ports.Sink` that reduces the camera's pattern in frames on their way to another.

    They are painted by then: the filter never sees what is hidden.
    """

    def __init__(self, sink: Sink) -> None:
        self._sink, self._noise = sink, CameraNoise()

    def write(self, frame: Frame) -> None:
        interlaced = isinstance(frame, DecodedFrame) and frame.interlaced
        self._noise.reduce(frame, interlaced=interlaced)
        self._sink.write(frame)

    def close(self) -> None:
        self._sink.close()

    def discard(self) -> None:
        self._sink.discard()
