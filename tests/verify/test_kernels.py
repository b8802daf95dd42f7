"""What counts as left, window by window, on arrays made for it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passerby.verify.kernels import BLOCK, Likeness, Limits, Reals

LIMITS = Limits(0.3, 0.6, 0.8, error=0.5)
ONE = (2, 2)


def textured(rows: int, cols: int, seed: int = 0) -> Reals:
    return np.random.default_rng(seed).uniform(60, 180, (rows, cols)).astype(np.float32)


def covered_but(left: tuple[slice, slice], offset: float = 0) -> tuple[Reals, Reals]:
    """An original, and a flat cover in which `left` of the original remains, `offset` brighter."""
    before = textured(64, 64)
    after = np.full_like(before, 120)
    after[left] = before[left] + offset
    return before, after


MIDDLE = (slice(24, 40), slice(24, 40))
EDGE = (slice(0, BLOCK), slice(0, 64))
STRIP = (1, 8)


@pytest.mark.parametrize(("left", "window"), [(MIDDLE, ONE), (EDGE, STRIP)])
def test_what_is_left_is_found_at_the_border_and_inside(
    left: tuple[slice, slice], window: tuple[int, int]
) -> None:
    assert Likeness(*covered_but(left), rim=1).strongest(window, LIMITS)[0] > 0.5


def test_detail_with_another_brightness_is_a_leak_inside_and_carried_over_at_the_border() -> None:
    assert Likeness(*covered_but(MIDDLE, 60), rim=1).strongest(ONE, LIMITS)[0] > 0.8
    assert Likeness(*covered_but(EDGE, 60), rim=1).strongest(STRIP, LIMITS)[0] == 0
    assert Likeness(*covered_but(EDGE, 60)).strongest(STRIP, LIMITS)[0] > 0.5


def test_what_no_codec_makes_up_is_a_leak_at_the_border_too() -> None:
    strong = Limits(0.3, 0.6, 0.8, error=0.5, strong=4)
    assert Likeness(*covered_but(EDGE, 60), rim=1).strongest(STRIP, strong)[0] > 0.5


@given(
    st.integers(1, 12), st.integers(1, 12), st.integers(1, 4), st.integers(1, 4), st.integers(0, 3)
)
def test_a_window_lies_at_the_border_when_one_of_its_blocks_does(
    rows: int, cols: int, high: int, wide: int, rim: int
) -> None:
    high, wide = min(high, rows), min(wide, cols)
    patch = textured(rows * BLOCK, cols * BLOCK)
    told = Likeness(patch, patch, rim=rim)._at_border((high, wide))
    edge = np.ones((rows, cols), bool)
    edge[rim : rows - rim, rim : cols - rim] = False
    for r in range(rows - high + 1):
        for c in range(cols - wide + 1):
            assert told[r, c] == edge[r : r + high, c : c + wide].any()
