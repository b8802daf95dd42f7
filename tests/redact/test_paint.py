"""What every style promises: nothing of the inside comes out, nothing outside changes."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from passerby.core.geometry import Box, Size
from passerby.core.schedule import Region, Style
from passerby.redact import Paint
from passerby.testing import ArrayFrame, Layout

from .scenes import HIDING, Scene, scenes


def painted(frame: ArrayFrame, regions: Sequence[Region], snap: int = 1) -> ArrayFrame:
    Paint(snap).redact(frame, regions)
    return frame


def same(a: ArrayFrame, b: ArrayFrame) -> bool:
    pairs = zip(a.planes(), b.planes(), strict=True)
    return all(np.array_equal(p.pixels, q.pixels) for p, q in pairs)


@given(scenes())
def test_two_frames_that_differ_only_inside_regions_are_painted_alike(scene: Scene) -> None:
    frame = scene.frame()
    other = scene.rewritten(frame)
    assert same(painted(frame, scene.regions), painted(other, scene.regions))


@given(scenes(styles=(Style.VEIL,), most=2, largest=400))
def test_the_same_holds_for_regions_that_are_solved_in_large_cells(scene: Scene) -> None:
    frame = scene.frame()
    other = scene.rewritten(frame)
    assert same(painted(frame, scene.regions), painted(other, scene.regions))


@given(scenes(styles=tuple(Style)), st.integers(0, 2**16))
def test_mosaic_and_blur_carry_nothing_out_of_a_neighbour_that_keeps_nothing(
    scene: Scene, seed: int
) -> None:
    strong = Scene(
        scene.size,
        scene.layout,
        scene.depth,
        scene.orientation,
        tuple(r for r in scene.regions if r.style in HIDING),
        scene.seed,
    )
    frame = scene.frame()
    other = strong.rewritten(frame, seed)
    assert same(painted(frame, scene.regions), painted(other, scene.regions))


@given(scenes(styles=tuple(Style)), st.sampled_from([1, 8]))
def test_nothing_outside_the_regions_changes_at_all(scene: Scene, snap: int) -> None:
    before, after = scene.frame(), painted(scene.frame(), scene.regions, snap)
    for plane, now in zip(before.planes(), after.planes(), strict=True):
        outside = ~scene.inside(plane, snap)
        assert np.array_equal(plane.pixels[outside], now.pixels[outside])


@given(scenes(styles=(Style.SOLID,)), st.sampled_from([1, 8]))
def test_every_cell_that_a_region_touches_is_painted_on_every_plane(
    scene: Scene, snap: int
) -> None:
    """Solid shows where paint went: rounding is outwards on each plane's own grid."""
    for plane in painted(scene.frame(), scene.regions, snap).planes():
        assert (plane.pixels[scene.inside(plane, snap)] == plane.black).all()


@given(scenes(styles=(Style.VEIL,)))
def test_a_veil_stays_within_what_its_surroundings_show(scene: Scene) -> None:
    """Around a flat picture the veil is flat: no cell inside was looked at or left over."""
    flat = ArrayFrame.flat(
        scene.size, scene.layout, level=77, depth=scene.depth, orientation=scene.orientation
    )
    levels = [int(plane.pixels[0, 0]) for plane in flat.planes()]
    frame = painted(scene.rewritten(flat), scene.regions)
    for level, plane in zip(levels, frame.planes(), strict=True):
        strange = plane.pixels != level
        if strange.any():  # a hole with nothing known around it
            assert (plane.pixels[strange] == plane.black).all()


@pytest.mark.parametrize("layout", list(Layout))
@pytest.mark.parametrize("depth", [8, 10])
def test_a_region_over_everything_leaves_a_plain_picture(layout: Layout, depth: int) -> None:
    frame = ArrayFrame.noise(Size(33, 21), layout, depth=depth)
    Paint().redact(frame, [Region(Box(-5, -5, 40, 40), Style.VEIL, "face", 0)])
    assert all((plane.pixels == plane.black).all() for plane in frame.planes())


def test_without_regions_the_frame_is_not_even_copied() -> None:
    frame = ArrayFrame.noise(Size(16, 16))
    before = [p.pixels for p in frame.planes()]
    Paint().redact(frame, [])
    assert all(p.pixels is q for p, q in zip(frame.planes(), before, strict=True))


def test_a_region_off_the_picture_paints_nothing() -> None:
    frame, before = ArrayFrame.noise(Size(16, 16)), ArrayFrame.noise(Size(16, 16))
    assert same(painted(frame, [Region(Box(20, 0, 30, 10), Style.VEIL, "face", 0)]), before)


@pytest.mark.parametrize("style", [Style.MOSAIC, Style.BLUR])
@given(scale=st.integers(1, 12), seed=st.integers(0, 9))
def test_mosaic_and_blur_scale_with_the_face(style: Style, scale: int, seed: int) -> None:
    """A face n times as large keeps no more than the same face at its own size does."""
    small = np.random.default_rng(seed).integers(0, 256, (36, 24), np.uint8)
    large = np.kron(small, np.ones((scale, scale), np.uint8))
    results = []
    for pixels, n in ((small, 1), (large, scale)):
        frame = ArrayFrame([pixels.copy()], Layout.GRAY)
        Paint().redact(frame, [Region(Box(0, 0, 24 * n, 36 * n), style, "face", 0)])
        results.append(frame.planes()[0].pixels)
    again = results[1].reshape(36, scale, 24, scale).mean((1, 3))
    assert np.abs(again - results[0]).max() <= 4


@given(st.integers(6, 300), st.integers(6, 300))
def test_a_mosaic_is_at_most_six_tiles_across_the_shorter_side(wide: int, high: int) -> None:
    frame = ArrayFrame.noise(Size(wide, high), Layout.GRAY)
    Paint().redact(frame, [Region(Box(0, 0, wide, high), Style.MOSAIC, "face", 0)])
    shorter = frame.planes()[0].pixels
    shorter = shorter if wide <= high else shorter.T
    steps = (shorter[:, 1:] != shorter[:, :-1]).any(0).sum()
    assert steps <= 5


@given(st.integers(0, 3))
def test_a_small_region_on_a_large_face_does_not_make_it_clearer(seed: int) -> None:
    """Whatever the order, the stronger of two overlapping styles has the last word."""
    face = Region(Box(0, 0, 200, 200), Style.MOSAIC, "face", 0)
    label = Region(Box(90, 90, 110, 110), Style.MOSAIC, "text", 1)
    for regions in ([face, label], [label, face]):
        frame = painted(ArrayFrame.noise(Size(200, 200), Layout.GRAY, seed=seed), regions)
        assert len(np.unique(frame.planes()[0].pixels[90:110, 90:110])) <= 4


@given(scenes(styles=tuple(Style)))
def test_painting_twice_the_same_frame_gives_the_same_pixels(scene: Scene) -> None:
    assume(scene.regions)
    assert same(painted(scene.frame(), scene.regions), painted(scene.frame(), scene.regions))


@given(scenes(styles=tuple(Style)), st.randoms())
def test_the_order_of_the_regions_does_not_matter(scene: Scene, chance: Random) -> None:
    shuffled = list(scene.regions)
    chance.shuffle(shuffled)
    # Where two covers that keep nothing overlap, either may show: leave one kind of them.
    regions = [r for r in shuffled if r.style is not Style.SOLID]
    straight = [r for r in scene.regions if r.style is not Style.SOLID]
    assert same(painted(scene.frame(), regions), painted(scene.frame(), straight))


@pytest.mark.parametrize("style", [Style.MOSAIC, Style.BLUR])
def test_a_solid_stays_solid_under_a_mosaic_or_blur(style: Style) -> None:
    regions = [
        Region(Box(20, 20, 60, 60), Style.SOLID, "face", 0),
        Region(Box(0, 0, 100, 100), style, "face", 1),
    ]
    frame = painted(ArrayFrame.noise(Size(100, 100), Layout.GRAY), regions)
    assert (frame.planes()[0].pixels[20:60, 20:60] == 0).all()


@pytest.mark.parametrize("snap", [0, -8])
def test_a_snap_below_one_pixel_is_refused(snap: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Paint(snap)
