"""Trials of who is who: equal error rates, their intervals, and attackers who learn.

Points are float32 (n, d), each of length one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]
Whole = NDArray[np.intp]

DRAWS: Final = 300  # of speakers, for an interval
RIDGE: Final = 0.3  # of the mean variance, added in every direction


@dataclass(frozen=True, slots=True)
class Rate:
    """An equal error rate and its interval of 95 %, all in per cent; how many trials."""

    rate: float
    low: float
    high: float
    same: int
    different: int

    def said(self) -> str:
        return f"{self.rate:.0f} ({self.low:.0f}-{self.high:.0f})"


@dataclass(frozen=True, slots=True)
class Trials:
    """`scores` (n,): how alike; `tested`, `claimed` (n,): numbers of the two speakers."""

    scores: Reals
    tested: Whole
    claimed: Whole

    def rate(self, seed: int) -> Rate:
        """Drawing whole speakers again and again, for recordings of one are not independent."""
        same = self.tested == self.claimed
        order = np.argsort(self.scores, kind="stable")
        count = int(max(self.tested.max(), self.claimed.max())) + 1
        dice = np.random.default_rng(seed)
        rates = []
        for _ in range(DRAWS):
            times = np.bincount(dice.integers(0, count, count), minlength=count).astype(float)
            weight = np.where(same, times[self.tested], times[self.tested] * times[self.claimed])
            if (weight * ~same).sum() > 0:
                rates.append(equal_error(self.scores, same, weight, order))
        low, high = np.percentile(rates, (2.5, 97.5))
        own = equal_error(self.scores, same, np.ones(len(same)), order)
        return Rate(100 * own, 100 * low, 100 * high, int(same.sum()), int((~same).sum()))


def equal_error(
    scores: Reals, same: NDArray[np.bool_], weight: Reals, order: NDArray[np.intp]
) -> float:
    """Where as many of one voice are refused as of two are taken for one: their share."""
    right, wrong = (weight * same)[order], (weight * ~same)[order]
    refused = np.concatenate([[0], np.cumsum(right)]) / right.sum()
    taken = 1 - np.concatenate([[0], np.cumsum(wrong)]) / wrong.sum()
    ends = np.concatenate(
        [[True], np.diff(scores[order]) > 0, [True]]
    )  # equal scores fall together
    refused, taken = refused[ends], taken[ends]
    at = int(np.argmax(refused >= taken))
    if at == 0:
        return float((refused[0] + taken[0]) / 2)
    before, after = refused[at - 1] - taken[at - 1], refused[at] - taken[at]
    part = 0.0 if after == before else -before / (after - before)
    return float(refused[at - 1] + part * (refused[at] - refused[at - 1]))


def one_sample(enrolled: Reals, tested: Reals, people: Whole) -> Trials:
    """Each recording against each other one; never against itself, whatever was done to it."""
    scores = tested @ enrolled.T
    other = ~np.eye(len(people), dtype=bool)
    rows, cols = np.nonzero(other)
    return Trials(scores[other].astype(np.float64), people[rows], people[cols])


def several(enrolled: Reals, tested: Reals, people: Whole, count: int) -> Trials:
    """Each recording against the mean of `count` others of each speaker."""
    scores, one, other = [], [], []
    for number, person in enumerate(people):
        for claimed in np.unique(people):
            known = np.nonzero((people == claimed) & (np.arange(len(people)) != number))[0]
            chosen = np.roll(known, -number)[:count]
            mean = enrolled[chosen].mean(axis=0)
            scores.append(float(tested[number] @ mean / np.linalg.norm(mean)))
            one.append(person)
            other.append(claimed)
    return Trials(np.array(scores), np.array(one), np.array(other))


def joined(trials: list[Trials]) -> Trials:
    return Trials(
        np.concatenate([t.scores for t in trials]),
        np.concatenate([t.tested for t in trials]),
        np.concatenate([t.claimed for t in trials]),
    )


def learned(points: Reals, people: Whole) -> tuple[Reals, Reals]:
    """A mean and a matrix: what differs between recordings of one voice counts for less after it.

    Within-class covariance normalisation: Hatch, Kajarekar, Stolcke, 2006.
    """
    mean = points.mean(axis=0)
    means = {person: points[people == person].mean(axis=0) for person in np.unique(people)}
    off = points - np.stack([means[person] for person in people])
    spread = off.T @ off / len(off)
    spread += np.eye(len(spread)) * RIDGE * np.trace(spread) / len(spread)
    values, axes = np.linalg.eigh(spread)
    return mean, axes / np.sqrt(values)


def seen_by(points: Reals, lesson: tuple[Reals, Reals]) -> Reals:
    mean, matrix = lesson
    away = (points - mean) @ matrix
    return np.asarray(away / np.maximum(np.linalg.norm(away, axis=-1, keepdims=True), 1e-9))
