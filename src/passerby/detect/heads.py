"""What two families of networks say, as boxes: plain functions on arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..core.detection import Boxes, Scores
from .runtime import Arrays

Floats = NDArray[np.float32]
ANCHORS = (1, 2, 3)  # boxes a cell
STRIDES = (8, 16, 32, 64, 128)


def decode_scrfd(outputs: Arrays, threshold: float, shape: tuple[int, int]) -> tuple[Boxes, Scores]:
    """Levels of cells -> boxes, in pixels of the network's input of `shape` (rows, columns).

    Each level has scores (n, 1) in [0, 1] and distances (n, 4) from a cell's corner to the left,
    up, right and down, in cells, with or without a leading 1; landmarks (n, 10) are not looked at.
    `n` is rows by columns of cells, once or more for several anchors. Boxes float32 (n, 4), never
    clipped. ValueError where the outputs are something else. Method: SCRFD (Guo et al., 2021, arXiv
    2105.04714).
    """
    flat = [o.reshape(-1, o.shape[-1]) if o.ndim > 1 else o.reshape(-1, 1) for o in outputs]
    scores = sorted((o for o in flat if o.shape[1] == 1), key=len, reverse=True)
    reaches = sorted((o for o in flat if o.shape[1] == 4), key=len, reverse=True)
    if not scores or len(scores) != len(reaches):
        raise ValueError(f"it gives {_told(outputs)}")
    found = [
        _level(score[:, 0], reach, threshold, shape)
        for score, reach in zip(scores, reaches, strict=True)
    ]
    boxes, kept = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return boxes, kept


def _level(
    scores: Floats, reaches: Floats, threshold: float, shape: tuple[int, int]
) -> tuple[Boxes, Scores]:
    stride, anchors = _grid(len(scores), shape)
    if len(reaches) != len(scores):
        raise ValueError(f"{len(scores)} scores and {len(reaches)} boxes")
    scores = _chances(scores)
    hit = np.flatnonzero(scores >= threshold)
    cell = hit // anchors
    cols = -(-shape[1] // stride)
    x, y = (cell % cols) * stride, (cell // cols) * stride
    left, up, right, down = reaches[hit].T * stride
    boxes = np.stack([x - left, y - up, x + right, y + down], axis=1)
    return boxes.astype(np.float32), scores[hit].astype(np.float32)


def _grid(count: int, shape: tuple[int, int]) -> tuple[int, int]:
    """Stride and anchors of a level of `count` boxes."""
    for stride in STRIDES:
        cells = -(-shape[0] // stride) * -(-shape[1] // stride)
        for anchors in ANCHORS:
            if cells * anchors == count:
                return stride, anchors
    raise ValueError(f"a level of {count} boxes fits no stride of a picture of {shape}")


def decode_yolo(
    output: Floats, threshold: float, head: str, classes: tuple[int, ...]
) -> tuple[Boxes, Scores]:
    """YOLO's one output -> boxes, in pixels of the network's input, not suppressed.

    `yolo`: (1, 4 + classes + more, n), middle, width and height, then a score a class.
    `yolo-objectness`: (1, n, 5 + classes + more), the fifth is multiplied with the scores.
    `yolo-ended`: (1, n, 6), corners, score, class. `classes`: numbers of those that count; scores
    in [0, 1]. Boxes float32 (n, 4), never clipped. ValueError where it is something else.
    """
    if output.ndim != 3 or output.shape[0] != 1:
        raise ValueError(f"it gives {output.shape}")
    if head != "yolo-ended" and (output.shape[1] > output.shape[2]) == (head == "yolo"):
        raise ValueError(f"it gives {output.shape}, which lies the other way round")
    rows = output[0].T if head == "yolo" else output[0]
    first = {"yolo": 4, "yolo-objectness": 5, "yolo-ended": 6}[head]
    least = first if head == "yolo-ended" else first + 1 + max(classes)
    if rows.shape[1] < least or (head == "yolo-ended" and rows.shape[1] != 6):
        raise ValueError(f"it gives {output.shape}, where a box has {least} numbers at least")
    if head == "yolo-ended":
        wanted = np.isin(np.rint(rows[:, 5]).astype(int), classes)
        scores = np.where(wanted, rows[:, 4], 0)
    else:
        scores = rows[:, [first + number for number in classes]].max(axis=1)
        if head == "yolo-objectness":
            scores = scores * rows[:, 4]
    scores = _chances(scores)
    hit = scores >= threshold
    boxes, scores = rows[hit, :4], scores[hit]
    if head != "yolo-ended":
        middle, half = boxes[:, :2], boxes[:, 2:] / 2
        boxes = np.concatenate([middle - half, middle + half], axis=1)
    return boxes.astype(np.float32), scores.astype(np.float32)


def _chances(scores: Floats) -> Floats:
    """ValueError unless all are in [0, 1], as far as half precision can tell."""
    if scores.size and (scores.min() < -0.01 or scores.max() > 1.01):
        raise ValueError("its scores are not between 0 and 1; export it with its sigmoid")
    return np.asarray(np.clip(scores, 0, 1), np.float32)


def _told(outputs: Arrays) -> str:
    return ", ".join(str(output.shape) for output in outputs)
