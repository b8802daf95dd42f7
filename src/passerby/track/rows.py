"""Rows of boxes as arrays: the little arithmetic that following needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..core.detection import Boxes, contained, overlaps
from ..core.geometry import Size

_OUTSIDE: Final = 0.4  # of a face's side: so far outside may its middle be

Row = NDArray[np.float32]  # (4,) x0 y0 x1 y1, display pixels
Floats = NDArray[np.float32]


def stacked(rows: Sequence[Row], width: int = 4) -> Boxes:
    """Rows as one array (n, width), also when there are none."""
    if not rows:
        return np.zeros((0, width), np.float32)
    return np.stack(rows).astype(np.float32)


def affinity(rows: Boxes, boxes: Boxes) -> NDArray[np.float64]:
    """How well rows fit boxes, 0..1: they overlap, or one is in the other at a like size."""
    area_a, area_b = ((x[:, 2:] - x[:, :2]).prod(axis=1) for x in (rows, boxes))
    ratio = area_a[:, None] / np.maximum(area_b[None, :], 1e-6)
    inside = 0.6 * contained(rows, boxes) * ((ratio > 0.4) & (ratio < 2.5))
    fit: Any = np.maximum(overlaps(rows, boxes), inside)
    result: NDArray[np.float64] = fit.astype(np.float64)
    return result


def fit(row: Row, other: Row) -> float:
    """Intersection over union of two rows."""
    return float(overlaps(row[None], other[None])[0, 0])


def area(row: Row) -> float:
    return float((row[2] - row[0]) * (row[3] - row[1]))


def centre(row: Row) -> tuple[float, float]:
    return float(row[0] + row[2]) / 2, float(row[1] + row[3]) / 2


def beyond(row: Row, size: Size) -> bool:
    """True when so little of it is left in the picture that nobody can be known by it."""
    cx, cy = centre(row)
    aside, above = _OUTSIDE * float(row[2] - row[0]), _OUTSIDE * float(row[3] - row[1])
    return cx < -aside or cy < -above or cx > size.width + aside or cy > size.height + above


def shifted(row: Row, by: Floats) -> Row:
    """`row` moved by (2,) pixels."""
    moved: Row = (row + np.tile(by, 2)).astype(np.float32)
    return moved


def shift(before: Row, after: Row) -> Floats:
    """How the centre moved, (2,) pixels."""
    change = after - before
    moved: Floats = ((change[:2] + change[2:]) / 2).astype(np.float32)
    return moved


def hull(a: Row, b: Row) -> Row:
    """The smallest row that holds both."""
    return np.concatenate([np.minimum(a[:2], b[:2]), np.maximum(a[2:], b[2:])])


def sized(row: Row, like: Row, most: float = 1.6) -> Row:
    """`row` about its centre, its sides at most `most` times those of `like`, at least 1 / `most`.

    Motion alone tells size badly and its errors add up; between two sightings a face hardly grows.
    """
    half = (row[2:] - row[:2]) / 2
    whole = (like[2:] - like[:2]) / 2
    kept = np.clip(half, whole / np.float32(most), whole * np.float32(most))
    middle = (row[2:] + row[:2]) / 2
    return np.concatenate([middle - kept, middle + kept]).astype(np.float32)
