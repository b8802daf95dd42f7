"""A network of one's own in an ONNX file: two families of heads, looked at as the port promises.

Licence, training and worth are its owner's to know. What is promised here: its boxes come out where
it sees them, and nothing it says is taken for "nobody" when it is nonsense.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from ..core.detection import Boxes, Detections, Scores
from ..core.errors import DetectorError
from ..core.frame import Frame
from ..core.ports import Detector, DetectorInfo, Look
from .canvas import Canvas
from .heads import decode_scrfd, decode_yolo
from .kernels import suppressed
from .runtime import Arrays, Preparation, Shaped, open_runtime

Head = Literal["scrfd", "yolo", "yolo-objectness", "yolo-ended"]

SAME: Final = 0.45  # two boxes that overlap more than this are one thing
LAP: Final = 4  # neighbouring tiles share one such part; who is larger is seen shrunk
_PREPARED: Final[dict[str, Preparation]] = {
    "scrfd": Preparation(127.5, 128.0),
    "yolo": Preparation(0.0, 255.0),
    "yolo-objectness": Preparation(0.0, 255.0),
    "yolo-ended": Preparation(0.0, 255.0),
}


@dataclass(frozen=True, slots=True)
class _Tile:
    """A part of a canvas, at most as large as the network takes, and `shrunk` so many times."""

    x: int
    y: int
    pixels: NDArray[np.uint8]
    shrunk: float = 1.0


class OwnDetector:
    """A `Detector`; see the port for the contract. Not thread-safe: one a thread."""

    def __init__(
        self, runtime: Shaped, info: DetectorInfo, head: Head, classes: tuple[int, ...]
    ) -> None:
        self._runtime, self.info, self._head, self._classes = runtime, info, head, classes

    def detect(self, frame: Frame, look: Look) -> Detections:
        canvas = Canvas.of(frame, look)
        found = [self._tile(tile, look, frame) for tile in self._tiles(canvas)]
        boxes, scores = (np.concatenate(parts) for parts in zip(*found, strict=True))
        inside = canvas.inside(boxes)
        boxes, scores = boxes[inside], scores[inside]
        stay = suppressed(boxes, scores, SAME)
        return Detections(canvas.back(boxes[stay]), scores[stay])

    def _tiles(self, canvas: Canvas) -> Iterator[_Tile]:
        """The picture as the network takes it: whole; or, where it takes one size, in tiles that
        overlap, and all of it once more, shrunk, for whoever is larger than a tile."""
        shape = self._runtime.shape
        pixels = canvas.pixels[0]
        if shape is None:
            yield _Tile(0, 0, pixels)
            return
        high, wide = canvas.shown.height, canvas.shown.width
        for y in _starts(high, shape[0]):
            for x in _starts(wide, shape[1]):
                part = pixels[y : min(y + shape[0], high), x : min(x + shape[1], wide)]
                yield _Tile(x, y, _padded(part, shape))
        if high > shape[0] or wide > shape[1]:
            import cv2

            shrunk = max(high / shape[0], wide / shape[1])
            size = max(1, int(wide / shrunk)), max(1, int(high / shrunk))
            small = cv2.resize(pixels[:high, :wide], size, interpolation=cv2.INTER_AREA)
            yield _Tile(0, 0, _padded(np.asarray(small, np.uint8), shape), shrunk)

    def _tile(self, tile: _Tile, look: Look, frame: Frame) -> tuple[Boxes, Scores]:
        try:
            outputs = self._runtime.run(tile.pixels[None])
        except RuntimeError as error:
            raise DetectorError(
                f"the detector {self.info.name} failed on a frame", at=frame.span.start
            ) from error
        boxes, scores = self._decoded(outputs, look.threshold, tile.pixels.shape[:2])
        boxes = boxes * np.float32(tile.shrunk) + np.array([tile.x, tile.y] * 2, np.float32)
        return boxes, scores

    def _decoded(
        self, outputs: Arrays, threshold: float, shape: tuple[int, ...]
    ) -> tuple[Boxes, Scores]:
        try:
            if self._head == "scrfd":
                return decode_scrfd(outputs, threshold, (shape[0], shape[1]))
            return decode_yolo(outputs[0], threshold, self._head, self._classes)
        except ValueError as error:
            raise DetectorError(
                f"the network of {self.info.name} has no {self._head} head: {error}",
                hint="name the head that it has, and export it without anything behind it",
            ) from None


def onnx_detector(
    path: str | Path,
    *,
    name: str,
    kind: str,
    family: str,
    head: Head,
    licence: str,
    classes: tuple[int, ...] = (0,),
    device: str = "auto",
    prepared: Preparation | None = None,
) -> Detector:
    """The network in the ONNX file `path` as a `Detector`; nothing is fetched.

    `name`: of the plug-in, versioned. `kind`: face, plate, text or person. `family`: by what it
    learned and how it is built; one of ours (centerface, yunet) if it derives from that, so that
    nobody checks it with its sibling. `head`: `scrfd` (scores, distances and perhaps landmarks for
    each of three or more strides); `yolo` (v8 and later: boxes, then a score a class);
    `yolo-objectness` (v5, v7); `yolo-ended` (boxes, score, class: v10, or with suppression inside).
    `classes`: of YOLO's, those that count. `prepared`: how samples are scaled, if not as usual.

    `DetectorError` where there is no such file, or no runtime can load it.
    """
    file = Path(path)
    try:
        sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        raise DetectorError(
            f"the network of {name} can't be read: {error.strerror or 'no file'}",
            path=file,
            hint="name it behind the plug-in's name: --detector faces=NAME:FILE.onnx",
        ) from error
    runtime = open_runtime(file, device, prepared or _PREPARED[head])
    info = DetectorInfo(name, family, kind, sha256, runtime.name, licence)
    return OwnDetector(runtime, info, head, classes)


def _starts(length: int, tile: int) -> list[int]:
    """Where tiles begin that cover `length`; the last ends with it."""
    if length <= tile:
        return [0]
    step = max(1, tile - tile // LAP)
    return [*range(0, length - tile, step), length - tile]


def _padded(part: NDArray[np.uint8], shape: tuple[int, int]) -> NDArray[np.uint8]:
    whole = np.zeros((*shape, 3), np.uint8)
    whole[: part.shape[0], : part.shape[1]] = part
    return whole
