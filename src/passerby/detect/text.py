"""Where text is, by the detection stage of PP-OCRv6. Nothing here, or anywhere else, reads it.

Li et al.: "PP-OCRv3", 2022, arXiv 2206.03001, and its later versions; Apache-2.0. Why this one:
docs/decisions/plates-and-text.md.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.detection import Boxes, Detections
from ..core.errors import DetectorError
from ..core.frame import Frame, Picture
from ..core.ports import Detector, DetectorInfo, Look
from .canvas import Canvas
from .kernels import decode_text
from .runtime import Runtime, open_runtime
from .weights import find

ENDS: Final = 0.6  # of a line's height, added at both its ends: the first and the last symbol
ABOVE: Final = 0.1  # and above and below it: accents, tails, a half-visible edge
_STROKES: Final = 1.5  # levels of brightness by which strokes differ from what is around them
_NOISE: Final = 0.3  # and by how much of what is finer than strokes

Row = NDArray[np.float32]


class PPText:
    """A `Detector` of lines of text; see the port for the contract. Not thread-safe: one a thread.

    A box reaches a little beyond its line, and most at its ends.
    """

    def __init__(self, runtime: Runtime, sha256: str) -> None:
        self._runtime = runtime
        self.info = DetectorInfo(
            name="ppocr-text.v6",
            family="ppocr",
            kind="text",
            sha256=sha256,
            runtime=runtime.name,
            licence="Apache-2.0",
        )

    def detect(self, frame: Frame, look: Look) -> Detections:
        canvas = Canvas.of(frame, look)
        try:
            (likely,) = self._runtime.run(canvas.pixels)
        except RuntimeError as error:
            raise DetectorError(
                "the text detector failed on a frame", at=frame.span.start
            ) from error
        rows, cols = canvas.shown.height, canvas.shown.width
        boxes, scores, doubtful = decode_text(likely[0, 0, :rows, :cols], look.threshold)
        picture = canvas.pixels[0, :rows, :cols]
        keep = [
            not doubt or _has_strokes(picture, box)
            for box, doubt in zip(boxes, doubtful, strict=True)
        ]
        boxes, scores = boxes[keep], scores[keep]
        return Detections(canvas.back(grown(boxes)), scores)


def _has_strokes(picture: Picture, box: Row) -> bool:
    """False for a part of `picture` in which nothing could be read: all of it is alike.

    Note [empty pictures]: a network that judges a place by what the whole picture is like takes an
    empty one (a wall, a fade, the sky) for one huge letter. Ordinary lines are taken as they come.
    """
    x0, y0, x1, y1 = (max(0, round(float(v))) for v in box)
    part = picture[y0:y1, x0:x1]
    if not part.size:
        return False
    grey = cv2.cvtColor(part, cv2.COLOR_RGB2GRAY).astype(np.float32)
    fine, coarse = cv2.GaussianBlur(grey, (0, 0), 2), cv2.blur(grey, (31, 31))
    noise = float((grey - fine).std())
    return float(np.abs(fine - coarse).mean()) >= max(_STROKES, _NOISE * noise)


def grown(boxes: Boxes) -> Boxes:
    """Lines with what belongs to their ends, whichever way they run."""
    sides = boxes[:, 2:] - boxes[:, :2]
    height = sides.min(axis=1, keepdims=True)
    more = np.where(sides >= sides.max(axis=1, keepdims=True), ENDS, ABOVE) * height
    result: Boxes = np.concatenate([boxes[:, :2] - more, boxes[:, 2:] + more], axis=1)
    return result.astype(np.float32)


def open_detector(device: str = "auto") -> Detector:
    """The text detector on the runtime that `device` names (see `runtime.open_runtime`)."""
    weights = find("pptext")
    return PPText(open_runtime(weights.path, device), weights.sha256)
