"""The camera's pattern gets weaker, and nothing that is hidden comes back with it."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from passerby.core.frame import Pixels
from passerby.core.geometry import Orientation, Size
from passerby.redact import CameraNoise, Paint, camera_noise
from passerby.testing import ArrayFrame, Layout

from .scenes import Scene, scenes

Reals = NDArray[np.float64]


def reduced(frame: ArrayFrame, seed: int = 1, *, interlaced: bool = False) -> ArrayFrame:
    CameraNoise(seed).reduce(frame, interlaced=interlaced)
    return frame


def grey(pixels: Pixels, depth: int = 8) -> ArrayFrame:
    return ArrayFrame([pixels], Layout.GRAY, depth=depth)


def likeness(picture: Pixels, pattern: Reals) -> float:
    """How much of `pattern` the fine detail of `picture` holds: correlation, -1 to 1."""
    values = picture.astype(np.float32)
    fine = (values - cv2.GaussianBlur(values, (0, 0), 1.5)).ravel()
    return float(np.corrcoef(fine, pattern.ravel())[0, 1])


def stored(values: NDArray[Any], depth: int) -> Pixels:
    return values.astype(np.uint8) if depth == 8 else values.astype(np.uint16)


def shot(pattern: Reals, depth: int) -> Pixels:
    """A soft scene as a sensor with `pattern` sees it, with noise of its own."""
    rows, cols = np.indices(pattern.shape)
    scene = 110 + 40 * np.sin(rows / 31) + 30 * np.cos(cols / 43)
    seen = scene * (1 + pattern) + np.random.default_rng(2).normal(0, 0.7, pattern.shape)
    return stored(np.rint(seen * (1 << (depth - 8))), depth)


@given(scenes(), st.integers(0, 2**64))
def test_after_paint_and_reduction_nothing_depends_on_what_regions_hide(
    scene: Scene, seed: int
) -> None:
    frame = scene.frame()
    other = scene.rewritten(frame)
    for one in (frame, other):
        Paint().redact(one, scene.regions)
        reduced(one, seed)
    for a, b in zip(frame.planes(), other.planes(), strict=True):
        assert np.array_equal(a.pixels, b.pixels)


@pytest.mark.parametrize("depth", [8, 10, 12, 16])
def test_a_sensors_pattern_is_much_weaker_afterwards(depth: int) -> None:
    pattern = np.random.default_rng(1).normal(0, 0.01, (720, 800))
    picture = shot(pattern, depth)
    before = likeness(picture, pattern)
    after = likeness(reduced(grey(picture, depth), seed=5).planes()[0].pixels, pattern)
    assert before > 0.6
    assert abs(after) < before / 5


def test_a_scene_is_seen_as_before() -> None:
    rows, cols = np.indices((240, 320))
    scene = (120 + 80 * (((rows // 40) + (cols // 40)) % 2)).astype(np.uint8)
    now = reduced(grey(scene)).planes()[0].pixels
    apart = np.abs(now.astype(int) - scene)
    inner = (np.abs(rows % 40 - 20) < 8) & (np.abs(cols % 40 - 20) < 8)  # away from the edges
    assert apart[inner].max() <= 2
    assert apart.mean() < 6


@pytest.mark.parametrize("grid", [(1, 1), (2, 2), (2, 1)])
def test_nothing_moves_by_more_than_was_promised(grid: tuple[int, int]) -> None:
    [strip] = CameraNoise(9)._strips((300, 400), grid)
    rows, cols = np.indices((300, 400))
    moved = np.hypot((strip.x - cols) * grid[0], (strip.y - rows) * grid[1])
    assert 0.3 < moved.max() <= camera_noise.BEND + 1e-3


def test_every_output_is_bent_in_its_own_secret_way() -> None:
    picture = np.random.default_rng(3).integers(0, 256, (200, 200)).astype(np.uint8)
    bent = []
    for _ in range(2):
        frame = grey(picture)
        CameraNoise().reduce(frame)
        bent.append(frame.planes()[0].pixels)
    assert not np.array_equal(bent[0], bent[1])


def test_frames_of_one_film_are_bent_alike() -> None:
    noise, picture = CameraNoise(), np.arange(100 * 90).reshape(90, 100).astype(np.uint8)
    first, second = grey(picture), grey(picture)
    noise.reduce(first)
    noise.reduce(second)
    assert np.array_equal(first.planes()[0].pixels, second.planes()[0].pixels)


@given(scenes())
@example(Scene(Size(1, 1), Layout.YUV420, 8, Orientation.UP, (), 0))
def test_any_picture_keeps_its_shape_its_depth_and_its_transparency(scene: Scene) -> None:
    frame = scene.frame()
    before = frame.planes()
    kept = [plane.pixels.copy() for plane in before]
    after = reduced(frame).planes()
    for was, now, copy in zip(before, after, kept, strict=True):
        assert now.pixels.shape == was.pixels.shape
        assert now.pixels.dtype == was.pixels.dtype
        assert now.pixels.max() < 1 << scene.depth
        assert np.array_equal(was.pixels, copy)  # what the decoder holds is left alone


@pytest.mark.parametrize("depth", [8, 10, 16])
def test_one_colour_stays_that_colour(depth: int) -> None:
    for layout in (Layout.YUVA420, Layout.RGBA):
        for plane in reduced(ArrayFrame.flat(Size(90, 70), layout, depth=depth)).planes():
            assert (plane.pixels == plane.black).all()


@pytest.mark.parametrize("depth", [8, 10, 12, 16])
def test_the_ends_of_the_scale_do_not_wrap_around(depth: int) -> None:
    top, rng = (1 << depth) - 1, np.random.default_rng(0)
    for share in np.linspace(0.02, 0.98, 40):
        blots = np.kron(rng.random((16, 16)) < share, np.ones((4, 4)))
        values = blots * (rng.random((64, 64)) < 0.75) * top
        now = camera_noise.calm(stored(values, depth), 0, depth).astype(int)
        assert now.max() <= top
        assert np.abs(now - values).max() <= top * 0.06


def test_transparency_is_bent_with_the_picture_and_nothing_else() -> None:
    alpha = np.random.default_rng(6).integers(0, 256, (50, 60)).astype(np.uint8)
    assert np.array_equal(camera_noise.calm(alpha, 255, 8), alpha)
    assert not np.array_equal(camera_noise.calm(alpha, 0, 8), alpha)


def test_the_two_moments_of_an_interlaced_frame_are_not_mixed() -> None:
    picture = np.full((80, 96), 60, np.uint8)
    picture[1::2] = 200
    kept = reduced(grey(picture), interlaced=True).planes()[0].pixels
    assert (kept[0::2] == 60).all()
    assert (kept[1::2] == 200).all()
    assert not np.array_equal(reduced(grey(picture)).planes()[0].pixels, kept)


def test_a_picture_worked_on_in_strips_shows_no_seams(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = np.random.default_rng(4).integers(0, 256, (403, 251)).astype(np.uint8)
    at_once = reduced(grey(picture)).planes()[0].pixels
    monkeypatch.setattr(camera_noise, "STRIP", 251 * 64)
    monkeypatch.setattr(camera_noise, "KEPT", 0)
    strips = reduced(grey(picture)).planes()[0].pixels
    assert np.abs(at_once.astype(int) - strips).max() <= 1  # where a half is rounded either way
