"""Does anybody's hidden face still lead to them? How often a match was made, and by what chance.

Plain functions on arrays: points of faces (or their pixels) in, rates out. Nothing is kept.

Note [ties]: an attacker who can't tell candidates apart guesses among them. A match among k that
are equally near counts as 1/k, so a cover that keeps nothing comes out at chance, exactly.

Note [each person counts the same]: hidden faces tend to lie near one point, and whoever is
nearest to it is named every time. If that is the person with the most pictures, a useless
attacker looks clever; hence the mean over people of their own rates.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, cast

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float32]
Shares = NDArray[np.float64]
Numbers = NDArray[np.intp]

EQUAL: Final = 1e-4  # distances that differ by less are a tie; points lie about 1 apart
SURE: Final = 1.96  # of a normal distribution: 95 % of it
DRAWS: Final = 2000


@dataclass(frozen=True, slots=True)
class Rate:
    """How often the right one was named first; 95 % of such intervals hold the true rate.

    `chance`: the rate of somebody who guesses. `trials`: how many hidden faces were tried.
    """

    rate: float
    low: float
    high: float
    chance: float
    trials: int

    @property
    def above_chance(self) -> bool:
        """Clearly: even the interval's lower end."""
        return self.low > self.chance


def named_first(distances: NDArray[np.floating], own: Sequence[int] | Numbers) -> Shares:
    """Of each row of `distances` (n, candidates), which candidate `own` (n,) is right: 1 when it
    alone is nearest, 1/k when k are equally near, else 0."""
    nearest = distances.min(axis=1, keepdims=True)
    tied = distances - nearest <= EQUAL
    right = tied[np.arange(len(distances)), np.asarray(own, np.intp)]
    return np.where(right, 1 / tied.sum(axis=1), 0.0)


def rate_of(shares: Shares, chance: float) -> Rate:
    """Of independent trials, with Wilson's interval (Wilson 1927), which holds for few, too."""
    n = len(shares)
    if not n:
        raise ValueError("a rate needs at least one trial")
    rate, z2 = float(shares.mean()), SURE**2
    middle = (rate + z2 / (2 * n)) / (1 + z2 / n)
    half = SURE / (1 + z2 / n) * math.sqrt(rate * (1 - rate) / n + z2 / (4 * n * n))
    # Rounding may leave an end a hair on the wrong side of the rate.
    low, high = max(0.0, min(rate, middle - half)), min(1.0, max(rate, middle + half))
    return Rate(rate, low, high, chance, n)


def rate_over_people(shares: Shares, people: Numbers, seed: int = 0) -> Rate:
    """Of `shares` (n,) of pictures of `people` (n,) numbered from 0; see Note [each person].

    Pictures of one person are not independent, so the interval comes from drawing whole people
    again and again (bootstrap); where all are alike it is a single point.
    """
    count = int(people.max()) + 1
    own = np.array([shares[people == person].mean() for person in range(count)])
    drawn = own[np.random.default_rng(seed).integers(0, count, (DRAWS, count))].mean(axis=1)
    low, high = np.percentile(drawn, (2.5, 97.5))
    return Rate(float(own.mean()), float(low), float(high), 1 / count, len(shares))


def apart(points: Reals, others: Reals) -> Reals:
    """Euclidean distances (n, m) of (n, d) and (m, d)."""
    return cast(Reals, np.linalg.norm(points[:, None] - others[None], axis=2))


def recognised(hidden: Reals, references: Reals, people: Numbers) -> Shares:
    """Name each of `hidden` (n, d) after the person whose `references` (n, d) it is nearest to.

    Row i of both shows the same picture, of person `people[i]`; it is never its own reference. A
    person is the mean of what is left. Naive: the references are clear; informed: hidden as well.
    """
    count = int(people.max()) + 1
    sums = np.stack([references[people == person].sum(axis=0) for person in range(count)])
    sizes = np.bincount(people, minlength=count)
    if sizes.min() < 2:
        raise ValueError("each person needs at least two pictures")
    distances = np.empty((len(hidden), count), np.float32)
    for i, person in enumerate(people):
        total, left = sums.copy(), sizes.copy()
        total[person] -= references[i]
        left[person] -= 1
        means = (total / left[:, None]).astype(np.float32)
        distances[i] = apart(hidden[i : i + 1], means)[0]
    return named_first(distances, people)
