"""What stands between painting and writing when the camera's pattern is to be reduced."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from ..core.frame import Frame
from ..core.ports import Redactor, Sink
from ..core.schedule import Region
from ..media.decode import DecodedFrame
from ..redact import CameraNoise
from ..redact.camera_noise import BEND

WIDER: Final = math.ceil(BEND) + 1  # pixels: as far as the picture is bent, and what mixes there


class Widened:
    """A `core.ports.Redactor` that paints a little more of the picture, on every side of a region.

    Bending moves the edges of covers, and brings what lay beside them to where they were. It shows
    nothing that is hidden, but whoever compares finds the original's detail inside a region.
    """

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor

    def redact(self, frame: Frame, regions: Sequence[Region]) -> None:
        wider = [replace(region, box=region.box.grown(WIDER, WIDER)) for region in regions]
        self._redactor.redact(frame, wider)


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
