"""Assignment gives what trying every permutation gives."""

from __future__ import annotations

from itertools import permutations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from passerby.track.assign import assigned

Costs = np.ndarray[tuple[int, int], np.dtype[np.float64]]


def cheapest(cost: Costs) -> float:
    """The least total over every way to pair all of the shorter side."""
    if cost.shape[0] > cost.shape[1]:
        cost = cost.T
    rows = range(cost.shape[0])
    return min(
        float(sum(cost[r, c] for r, c in zip(rows, columns, strict=True)))
        for columns in permutations(range(cost.shape[1]), cost.shape[0])
    )


def costs() -> st.SearchStrategy[Costs]:
    sides = st.tuples(st.integers(0, 5), st.integers(0, 5))
    numbers = st.floats(-10, 10) | st.integers(-2, 2).map(float)  # integers make ties
    return sides.flatmap(lambda shape: arrays(np.float64, shape, elements=numbers))


@given(costs())
def test_no_other_assignment_is_cheaper(cost: Costs) -> None:
    pairs = assigned(cost)
    assert abs(sum(float(cost[r, c]) for r, c in pairs) - cheapest(cost)) < 1e-6


@given(costs())
def test_every_row_and_column_is_used_at_most_once_and_the_shorter_side_wholly(cost: Costs) -> None:
    pairs = assigned(cost)
    assert len(pairs) == min(cost.shape)
    assert len({r for r, _ in pairs}) == len({c for _, c in pairs}) == len(pairs)
    assert all(0 <= r < cost.shape[0] and 0 <= c < cost.shape[1] for r, c in pairs)
