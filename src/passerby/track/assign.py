"""Optimal assignment: which sighting belongs to which track, all at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def assigned(cost: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Pairs (row, column) of least total cost, each row and column at most once.

    `cost` (rows, columns), finite. min(rows, columns) pairs. The Hungarian method with row and
    column potentials (Kuhn 1955, Munkres 1957; shortest augmenting paths), O(n^3).
    """
    rows, columns = cost.shape
    if rows == 0 or columns == 0:
        return []
    if rows > columns:
        return sorted((r, c) for c, r in assigned(cost.T))
    row_price, column_price = np.zeros(rows + 1), np.zeros(columns + 1)
    owner = np.zeros(columns + 1, np.intp)  # the row (from 1) that holds a column (from 1)
    for row in range(1, rows + 1):
        owner[0] = row
        column = 0
        least = np.full(columns + 1, np.inf)
        came_from = np.zeros(columns + 1, np.intp)
        done = np.zeros(columns + 1, bool)
        while owner[column] != 0:
            done[column] = True
            holder = owner[column]
            free = ~done
            free[0] = False
            reduced = cost[holder - 1] - row_price[holder] - column_price[1:]
            better = free[1:] & (reduced < least[1:])
            least[1:][better] = reduced[better]
            came_from[1:][better] = column
            following = int(np.where(free, least, np.inf).argmin())
            step = least[following]
            row_price[owner[done]] += step
            column_price[done] -= step
            least[free] -= step
            column = following
        while column:
            previous = int(came_from[column])
            owner[column] = owner[previous]
            column = previous
    return sorted((int(owner[c]) - 1, c - 1) for c in range(1, columns + 1) if owner[c])
