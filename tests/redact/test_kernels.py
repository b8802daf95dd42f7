"""Each kernel beside a slow, obvious twin."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passerby.redact.kernels import Reals, coverage, enlarged, membrane, reduced, smeared, tiled
from passerby.redact.veil import clusters

Rect = tuple[slice, slice]


@st.composite
def patches(draw: st.DrawFn) -> tuple[int, int, int, list[Rect]]:
    """Rows, columns and step of a patch, and rectangles inside it."""
    rows, cols, step = (draw(st.integers(1, 9)) for _ in range(3))

    def side(limit: int) -> slice:
        a, b = draw(st.integers(0, limit)), draw(st.integers(0, limit))
        return slice(min(a, b), max(a, b))

    rects = [(side(rows * step), side(cols * step)) for _ in range(draw(st.integers(0, 5)))]
    return rows, cols, step, rects


@given(patches())
def test_coverage_is_the_mean_of_a_mask(patch: tuple[int, int, int, list[Rect]]) -> None:
    rows, cols, step, rects = patch
    mask = np.zeros((rows * step, cols * step))
    for rect in rects:
        mask[rect] = 1
    twin = mask.reshape(rows, step, cols, step).mean((1, 3))
    assert np.allclose(coverage(rects, rows, cols, step), twin, atol=1e-5)


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 5), st.integers(1, 5))
def test_reduced_is_the_mean_of_each_block(rows: int, cols: int, y: int, x: int) -> None:
    patch = np.random.default_rng(rows).random((rows * y, cols * x), np.float32) * 255
    twin = patch.reshape(rows, y, cols, x).mean((1, 3))
    assert np.allclose(reduced(patch, (y, x)), twin, atol=1e-2)


def harmonic(value: Reals, known: np.ndarray) -> np.ndarray:
    """The true membrane: every unknown cell is the mean of its neighbours, by patience."""
    filled = np.where(known, value, value[known].mean()).astype(np.float64)
    for _ in range(1000):
        padded = np.pad(filled, 1, mode="edge")
        mean = (padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:]) / 4
        filled = np.where(known, value, mean)
    return filled


@settings(max_examples=20)
@given(st.integers(0, 50))
def test_the_membrane_is_close_to_a_true_one(seed: int) -> None:
    """Within a third of the range everywhere, and a twelfth on average, of its surroundings."""
    rng = np.random.default_rng(seed)
    coarse = rng.random((3, 3)).astype(np.float32) * 200
    value = np.kron(coarse, np.ones((8, 8), np.float32))
    known = np.ones((24, 24), bool)
    known[2:-2, 2:-2] = False
    state = np.dstack([np.where(known, value, 0), known]).astype(np.float32)
    filled = membrane(state)
    assert filled is not None
    apart = np.abs(filled[..., 0] - harmonic(value, known))
    assert apart.max() <= 0.35 * np.ptp(value[known])
    assert apart.mean() <= 0.08 * np.ptp(value[known])


@given(st.integers(0, 50), st.floats(0.05, 0.95))
def test_the_membrane_stays_within_what_is_known(seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    known = rng.random((17, 23)) < share
    value = (rng.random((17, 23)) * 255).astype(np.float32)
    filled = membrane(np.dstack([np.where(known, value, 0), known]).astype(np.float32))
    if not known.any():
        assert filled is None
        return
    assert filled is not None
    assert np.allclose(filled[known, 0], value[known], atol=1e-3)
    assert filled[..., 0].min() >= value[known].min() - 1e-2
    assert filled[..., 0].max() <= value[known].max() + 1e-2


@pytest.mark.parametrize("depth", [8, 10])
@given(st.integers(1, 12), st.integers(1, 12))
def test_enlarging_rounds_to_the_nearest_and_keeps_within_the_depth(
    depth: int, y: int, x: int
) -> None:
    top = (1 << depth) - 1
    levels = np.array([-9, 0, 0.4, 0.6, top / 2, top + 9], np.float32)
    for level in levels:
        flat = np.full((3, 4), level, np.float32)
        large = enlarged(flat, (y, x), depth)
        assert large.shape == (3 * y, 4 * x)
        assert (large == np.clip(np.floor(level + 0.5), 0, top)).all()


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 8), st.integers(1, 8))
def test_a_tile_is_one_colour_and_tiles_keep_the_mean(
    high: int, wide: int, rows: int, cols: int
) -> None:
    rows, cols = min(rows, high), min(cols, wide)
    patch = np.random.default_rng(high).random((high, wide), np.float32)
    result = tiled(patch, rows, cols)
    assert result.shape == patch.shape
    assert len(np.unique(result)) <= rows * cols
    if high % rows == 0 and wide % cols == 0:
        blocks = patch.reshape(rows, high // rows, cols, wide // cols).mean((1, 3))
        twin = np.kron(blocks, np.ones((high // rows, wide // cols)))
        assert np.allclose(result, twin, atol=1e-4)


@given(st.integers(12, 80), st.integers(12, 80))
def test_a_smear_removes_what_is_finer_than_its_sigma(high: int, wide: int) -> None:
    """Stripes as wide as a twelfth of the face leave less than a tenth of themselves."""
    side = min(high, wide)
    period = side / 6
    stripes = np.sin(2 * np.pi * np.arange(wide) / period).astype(np.float32)
    patch = np.broadcast_to(stripes * 100, (high, wide)).copy()
    result = smeared(patch, (0.3 * side, 0.3 * side))
    middle = result[:, wide // 3 : wide - wide // 3]
    assert np.ptp(middle) <= 20


@given(
    st.lists(
        st.tuples(*[st.integers(0, 40)] * 2, *[st.integers(1, 12)] * 2), min_size=1, max_size=9
    )
)
def test_clusters_are_the_connected_groups(drawn: list[tuple[int, int, int, int]]) -> None:
    rects = [(slice(y, y + h), slice(x, x + w)) for y, x, h, w in drawn]
    groups = clusters(rects)
    assert sum(map(len, groups)) == len(rects)

    def near(a: Rect, b: Rect) -> bool:
        return all(p.start <= q.stop and q.start <= p.stop for p, q in zip(a, b, strict=True))

    for i, group in enumerate(groups):
        for other in groups[i + 1 :]:
            assert not any(near(a, b) for a in group for b in other)
        reached, left = [group[0]], list(group[1:])
        while fresh := [r for r in left if any(near(r, q) for q in reached)]:
            reached += fresh
            left = [r for r in left if r not in fresh]
        assert not left
