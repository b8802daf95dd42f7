"""Where in a box somebody is, pixel by pixel: MediaPipe's selfie segmentation.

Google: MediaPipe Selfie Segmentation (general model), 2021; Apache-2.0. It was made for people
near the camera, and tells all people from the rest, not one from another: so it is asked about one
person's box at a time, and what it says is good for a coarse shape and for nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.errors import DetectorError
from ..core.frame import Frame
from ..core.geometry import Box, Size
from ..core.ports import Silhouettes
from .runtime import Runtime, open_runtime
from .weights import find

SIDE: Final = 256  # of the network's pictures
AT_ONCE: Final = 8  # pictures in one run


class SelfieSilhouettes:
    """A `core.ports.Silhouettes`. Not thread-safe: one a thread."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def likely(self, frame: Frame, boxes: Sequence[Box]) -> Sequence[NDArray[np.float32]]:
        found: list[NDArray[np.float32]] = []
        for first in range(0, len(boxes), AT_ONCE):
            found += self._likely(frame, boxes[first : first + AT_ONCE])
        return found

    def _likely(self, frame: Frame, boxes: Sequence[Box]) -> list[NDArray[np.float32]]:
        """Note [square]: a picture as high as wide, or people would look squashed: around the box,
        as far as the frame reaches, and black beyond."""
        views = [_square(box) for box in boxes]
        pictures = np.zeros((len(boxes), SIDE, SIDE, 3), np.uint8)
        for picture, view in zip(pictures, views, strict=True):
            _draw(picture, view, frame)
        try:
            maps = self._runtime.run(pictures)[0]
        except RuntimeError as error:
            raise DetectorError(
                "the network of silhouettes failed on a frame", at=frame.span.start
            ) from error
        return [
            _part(whole[0], view, box) for whole, view, box in zip(maps, views, boxes, strict=True)
        ]


def open_silhouettes(device: str = "auto") -> Silhouettes:
    """The network of silhouettes on the runtime that `device` names (`runtime.open_runtime`)."""
    return SelfieSilhouettes(open_runtime(find("selfie").path, device))


def _square(box: Box) -> Box:
    more = (
        (max(box.width, box.height) - box.width) / 2,
        (max(box.width, box.height) - box.height) / 2,
    )
    return box.grown(*more)


def _draw(picture: NDArray[np.uint8], view: Box, frame: Frame) -> None:
    """What of `view` lies in the frame, where it lies there."""
    scale = SIDE / view.width
    crop = Box(
        max(0.0, view.x0),
        max(0.0, view.y0),
        min(float(frame.size.width), view.x1),
        min(float(frame.size.height), view.y1),
    )
    x, y = round((crop.x0 - view.x0) * scale), round((crop.y0 - view.y0) * scale)
    x, y = min(x, SIDE - 1), min(y, SIDE - 1)
    wide = min(SIDE - x, max(1, round(crop.width * scale)))
    high = min(SIDE - y, max(1, round(crop.height * scale)))
    picture[y : y + high, x : x + wide] = frame.picture(Size(wide, high), crop)


def _part(whole: NDArray[np.float32], view: Box, box: Box) -> NDArray[np.float32]:
    """The part of a map of `view` that shows `box`, at about its own scale."""
    scale = SIDE / view.width
    size = (max(1, round(box.width * scale)), max(1, round(box.height * scale)))
    x, y = (box.x0 - view.x0) * scale, (box.y0 - view.y0) * scale
    turn = np.array([[1, 0, x], [0, 1, y]], np.float32)
    part = cv2.warpAffine(
        whole,
        turn,
        size,
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(np.clip(part, 0, 1), np.float32)
