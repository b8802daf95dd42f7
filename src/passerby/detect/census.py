"""How many people and vehicles a picture shows: two numbers, and nothing about any of them.

By NanoDet-g, as `people.py`, which has its sources.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ..core.errors import DetectorError
from ..core.frame import Picture
from .canvas import extent
from .kernels import decode_reaches, suppressed
from .people import SAME, STRIDES
from .runtime import Runtime, open_runtime
from .weights import find

SURE: Final = 0.45  # score from which somebody, or something, is counted


@dataclass(frozen=True, slots=True)
class Headcount:
    """What one picture shows."""

    people: int
    vehicles: int


class Census:
    """Counts. Not thread-safe: one a thread."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def count(self, picture: Picture) -> Headcount:
        """RGB uint8 (h, w, 3), of about 640 pixels a side. Raises `DetectorError`."""
        height, width = picture.shape[:2]
        pixels = np.zeros((1, *extent(height, width), 3), np.uint8)
        pixels[0, :height, :width] = picture
        try:
            outputs = self._runtime.run(pixels)
        except RuntimeError as error:
            raise DetectorError("counting failed on a frame") from error
        levels = list(zip(outputs[::2], outputs[1::2], STRIDES, strict=True))
        counts = []
        for kinds in (slice(0, 1), slice(1, None)):
            parts = [
                decode_reaches(score[0, kinds].max(axis=0), reach[0], SURE, stride)
                for score, reach, stride in levels
            ]
            boxes, scores = (np.concatenate(some) for some in zip(*parts, strict=True))
            inside = ((boxes[:, :2] + boxes[:, 2:]) / 2 < (width, height)).all(axis=1)
            counts.append(len(suppressed(boxes[inside], scores[inside], SAME)))
        return Headcount(*counts)


def open_census(device: str = "auto") -> Census:
    """On the runtime that `device` names (see `runtime.open_runtime`)."""
    return Census(open_runtime(find("nanodet").path, device))
