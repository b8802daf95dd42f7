"""How often a match was made, and by what chance: properties of the figures."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passerby.verify.reidentify import (
    apart,
    named_first,
    rate_of,
    rate_over_people,
    recognised,
)


def crowd(seed: int, people: int, pictures: int) -> tuple[np.ndarray, np.ndarray]:
    """Points (n, 16) that say nothing of whose they are, and whose they are."""
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(people), pictures)
    return rng.normal(0, 1, (len(who), 16)).astype(np.float32), who


@given(st.integers(0, 99), st.integers(2, 12))
def test_who_is_nearest_to_himself_is_always_named(seed: int, people: int) -> None:
    points = np.random.default_rng(seed).normal(0, 1, (people, 16)).astype(np.float32)
    shares = named_first(apart(points, points), np.arange(people))
    assert rate_of(shares, 1 / people).rate == 1


@given(st.integers(2, 20), st.integers(1, 30))
def test_where_all_are_alike_the_rate_is_chance_exactly(people: int, trials: int) -> None:
    distances = np.full((trials, people), 0.7)
    shares = named_first(distances, np.arange(trials) % people)
    rate = rate_of(shares, 1 / people)
    assert rate.rate == pytest.approx(1 / people)
    assert not rate.above_chance


def test_points_that_say_nothing_come_out_at_chance_and_their_intervals_hold_it() -> None:
    held = 0
    for seed in range(60):
        points, who = crowd(seed, 10, 4)
        rate = rate_over_people(recognised(points, points, who), who, seed)
        held += rate.low <= rate.chance <= rate.high
    assert held >= 45


def test_pictures_that_cluster_by_person_are_recognised() -> None:
    points, who = crowd(1, 10, 4)
    centres = np.random.default_rng(5).normal(0, 10, (10, 16)).astype(np.float32)
    rate = rate_over_people(recognised(points + centres[who], points + centres[who], who), who)
    assert rate.rate == 1
    assert rate.above_chance


def test_a_picture_is_never_its_own_reference() -> None:
    """Two people, two pictures each, of which one looks like the other person's other one."""
    points = np.array([[0.0], [5.0], [5.2], [0.1]], np.float32)
    assert recognised(points, points, np.array([0, 0, 1, 1])).sum() == 0


def test_whoever_names_the_person_of_most_pictures_each_time_is_at_chance() -> None:
    who = np.array([0] * 20 + [1, 1, 2, 2, 3, 3])
    rate = rate_over_people((who == 0).astype(float), who)
    assert rate.rate == rate.chance == 0.25


@given(st.integers(1, 200), st.data())
def test_the_interval_holds_the_rate_and_narrows_with_trials(n: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, n))
    shares = np.array([1.0] * hits + [0.0] * (n - hits))
    few, many = rate_of(shares, 0.1), rate_of(np.tile(shares, 4), 0.1)
    assert 0 <= few.low <= few.rate <= few.high <= 1
    assert many.high - many.low < few.high - few.low


def test_wilson_s_interval_is_the_published_one() -> None:
    """8 of 10: 0.490 to 0.943 (Brown, Cai, DasGupta 2001)."""
    rate = rate_of(np.array([1.0] * 8 + [0.0] * 2), 0.1)
    assert (rate.low, rate.high) == pytest.approx((0.490, 0.943), abs=0.001)


def test_a_rate_of_no_trials_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        rate_of(np.array([]), 0.5)


def test_a_person_with_one_picture_is_refused() -> None:
    points, _ = crowd(0, 3, 1)
    with pytest.raises(ValueError, match="two pictures"):
        recognised(points, points, np.arange(3))
