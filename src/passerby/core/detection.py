"""What a detector saw in one look at one frame: a struct of arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float32]
Scores = NDArray[np.float32]

KINDS: Final = ("face", "plate", "text", "person")


@dataclass(frozen=True, slots=True)
class Detections:
    """`boxes` float32 (n, 4) in display pixels, x0 y0 x1 y1; `scores` float32 (n,) in [0, 1]."""

    boxes: Boxes
    scores: Scores

    def __post_init__(self) -> None:
        n = len(self.scores)
        if self.boxes.shape != (n, 4) or self.scores.shape != (n,):
            raise ValueError(
                f"want boxes (n, 4) and scores (n,), got {self.boxes.shape} and {self.scores.shape}"
            )

    def __len__(self) -> int:
        return len(self.scores)

    @classmethod
    def none(cls) -> Detections:
        return cls(np.zeros((0, 4), np.float32), np.zeros(0, np.float32))

    @classmethod
    def joined(cls, parts: list[Detections]) -> Detections:
        """All of them, one after the other; overlapping boxes stay."""
        if not parts:
            return cls.none()
        return cls(
            np.concatenate([p.boxes for p in parts]), np.concatenate([p.scores for p in parts])
        )

    def above(self, threshold: float) -> Detections:
        """Those with a score of at least `threshold`."""
        keep = self.scores >= threshold
        return Detections(self.boxes[keep], self.scores[keep])


def overlaps(a: Boxes, b: Boxes) -> NDArray[np.float32]:
    """Intersection over union, float32 (len(a), len(b)), in [0, 1]."""
    shared, area_a, area_b = _shared(a, b)
    union = area_a[:, None] + area_b[None, :] - shared
    result: NDArray[np.float32] = (shared / np.maximum(union, 1e-6)).astype(np.float32)
    return result


def contained(a: Boxes, b: Boxes) -> NDArray[np.float32]:
    """Intersection over the smaller of the two, float32 (len(a), len(b)), in [0, 1]."""
    shared, area_a, area_b = _shared(a, b)
    least = np.minimum(area_a[:, None], area_b[None, :])
    result: NDArray[np.float32] = (shared / np.maximum(least, 1e-6)).astype(np.float32)
    return result


def _shared(
    a: Boxes, b: Boxes
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Area of every intersection (len(a), len(b)), and the areas of `a` and of `b`."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    return shared, (a[:, 2:] - a[:, :2]).prod(axis=1), (b[:, 2:] - b[:, :2]).prod(axis=1)
