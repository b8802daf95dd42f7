"""A shape that a person drew, as boxes that cover it: a region is a box everywhere else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from ..core.geometry import Box

Corner = tuple[float, float]

MOST_STRIPS: Final = 16
HIGH: Final = (
    24  # pixels that a strip has at least: verification can't tell what is in less than 12
)


def strips(shape: Sequence[Corner], height: float) -> tuple[Box, ...]:
    """Boxes that cover all of `shape`, from top to bottom; both in shares of the box around it.
    `height`: of that box, pixels. A hollow at a side is covered, too."""
    count = max(1, min(MOST_STRIPS, int(height / HIGH)))
    found: list[Box] = []
    for number in range(count):
        top, bottom = number / count, (number + 1) / count
        across = list(_across(shape, top, bottom))
        if across:
            found.append(Box(min(across), top, max(across), bottom))
    return tuple(found)


def part_of(box: Box, share: Box) -> Box:
    """`share` of a box, in its pixels."""
    return Box(
        box.x0 + share.x0 * box.width,
        box.y0 + share.y0 * box.height,
        box.x0 + share.x1 * box.width,
        box.y0 + share.y1 * box.height,
    )


def _across(shape: Sequence[Corner], top: float, bottom: float) -> Iterator[float]:
    """How far the border of `shape` goes to both sides between two heights."""
    for (x0, y0), (x1, y1) in pairwise((*shape, shape[0])):
        low, high = max(top, min(y0, y1)), min(bottom, max(y0, y1))
        if low > high:
            continue
        if y0 == y1:
            yield from (x0, x1)
        else:
            yield from (x0 + (x1 - x0) * (y - y0) / (y1 - y0) for y in (low, high))
