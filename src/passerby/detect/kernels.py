"""Numeric parts of detection: plain functions on arrays."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.detection import Boxes, Scores

Floats = NDArray[np.float32]

CORE: Final = 0.2  # of likelihood: neighbouring pixels of a map of text that are one line


def decode_centers(
    heat: Floats, sizes: Floats, offsets: Floats, threshold: float, stride: int = 4
) -> tuple[Boxes, Scores]:
    """Centre maps -> boxes, in pixels of the network's input.

    `heat` (h, w): how much a cell looks like the centre of a face, in [0, 1]; `sizes` (2, h, w):
    log of height and width in cells; `offsets` (2, h, w): where in the cell the centre is, down and
    across. Boxes float32 (n, 4) may reach beyond the picture: they are never clipped, so a face cut
    by the edge keeps its size. Method: CenterFace (Xu et al., 2019, arXiv 1911.03599), section 3.
    """
    rows, cols = np.nonzero(heat >= threshold)
    height, width = np.exp(sizes[:, rows, cols]) * stride
    cy = (rows + offsets[0, rows, cols] + 0.5) * stride
    cx = (cols + offsets[1, rows, cols] + 0.5) * stride
    boxes = np.stack([cx - width / 2, cy - height / 2, cx + width / 2, cy + height / 2], axis=1)
    return boxes.astype(np.float32), heat[rows, cols].astype(np.float32)


def suppressed(boxes: Boxes, scores: Scores, limit: float) -> NDArray[np.intp]:
    """Greedy non-maximum suppression: indices of the boxes that stay, best first.

    A box goes when its intersection over union with a better one exceeds `limit`.
    """
    order = np.argsort(-scores, kind="stable")
    left, top, right, bottom = boxes.T
    areas = (right - left) * (bottom - top)
    stay: list[int] = []
    while order.size:
        best, rest = order[0], order[1:]
        stay.append(int(best))
        shared = np.clip(
            np.minimum(right[best], right[rest]) - np.maximum(left[best], left[rest]), 0, None
        ) * np.clip(
            np.minimum(bottom[best], bottom[rest]) - np.maximum(top[best], top[rest]), 0, None
        )
        order = rest[shared <= limit * (areas[best] + areas[rest] - shared)]
    return np.array(stay, np.intp)


def turned_back(boxes: Boxes, quarters: int, width: float, height: float) -> Boxes:
    """Boxes found in a picture that was turned clockwise -> boxes in the picture before.

    `width` and `height` are those of the picture before it was turned by `quarters` quarter turns.
    """
    x0, y0, x1, y1 = boxes.T
    match quarters % 4:
        case 1:
            parts = (y0, height - x1, y1, height - x0)
        case 2:
            parts = (width - x1, height - y1, width - x0, height - y0)
        case 3:
            parts = (width - y1, x0, width - y0, x1)
        case _:
            return boxes
    return np.stack(parts, axis=1).astype(np.float32)


def decode_corners(
    scores: Floats, offsets: Floats, threshold: float, stride: int
) -> tuple[Boxes, Scores]:
    """One level of cells `stride` pixels wide -> boxes, in pixels of the network's input.

    `scores` (h, w): how sure it is of a face that is a cell's to report, in [0, 1]; `offsets`
    (4, h, w): from the cell's upper left corner across and down to the face's middle, then the
    logarithms of its width and height, all in cells. Boxes float32 (n, 4), never clipped.
    Method: YuNet (Wu, Peng, Yu, 2023), which decodes as YOLOX does.
    """
    rows, cols = np.nonzero(scores >= threshold)
    across, down, width, height = offsets[:, rows, cols]
    cx, cy = (cols + across) * stride, (rows + down) * stride
    width, height = np.exp(width) * stride, np.exp(height) * stride
    boxes = np.stack([cx - width / 2, cy - height / 2, cx + width / 2, cy + height / 2], axis=1)
    return boxes.astype(np.float32), scores[rows, cols].astype(np.float32)


def decode_reaches(
    scores: Floats, reaches: Floats, threshold: float, stride: int
) -> tuple[Boxes, Scores]:
    """One level of cells `stride` pixels wide -> boxes, in pixels of the network's input.

    `scores` (h, w): how sure it is of a thing about the cell's middle, in [0, 1]; `reaches`
    (4, h * w): how far the thing reaches from there to the left, up, right and down, in cells.
    Boxes float32 (n, 4), never clipped. Method: NanoDet, after FCOS (Tian et al., 2019, arXiv
    1904.01355).
    """
    rows, cols = np.nonzero(scores >= threshold)
    left, up, right, down = reaches[:, rows * scores.shape[1] + cols]
    x, y = cols + 0.5, rows + 0.5
    boxes = np.stack([x - left, y - up, x + right, y + down], axis=1) * stride
    return boxes.astype(np.float32), scores[rows, cols].astype(np.float32)


def decode_text(
    likely: Floats, threshold: float, *, spread: float = 1.7, least: int = 2, tall: int = 64
) -> tuple[Boxes, Scores, NDArray[np.bool_]]:
    """A map of where text is likely -> upright boxes about whole lines, in pixels of the map.

    `likely` (h, w), in [0, 1]. Neighbouring pixels of at least `CORE` are one line; its score is
    their mean, and its box reaches `spread` times its area by its girth beyond them on every side,
    because the network was taught to mark only the core of a line. Cores less than `least` pixels
    high or wide count as noise. Where a core is higher than `tall` the network may have flooded a
    whole region: that box is doubtful, bool (n,). Boxes float32 (n, 4), never clipped.
    Method: DB (Liao et al., 2020, arXiv 1911.08947), sections 3.2 and 3.4, with upright boxes.
    """
    mask = likely >= CORE
    count, label, cores, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    x, y, width, height, area = cores[1:].T.astype(np.float32)
    inside = np.flatnonzero(mask)
    total = np.bincount(label.ravel()[inside], likely.ravel()[inside], count)[1:]
    scores = (total / np.maximum(area, 1)).astype(np.float32)
    reach = spread * area / (2 * np.maximum(width + height, 1))
    boxes = np.stack([x - reach, y - reach, x + width + reach, y + height + reach], axis=1)
    keep = (scores >= threshold) & (np.minimum(width, height) >= least)
    doubtful = np.minimum(width, height) > tall
    return boxes[keep].astype(np.float32), scores[keep], doubtful[keep]
