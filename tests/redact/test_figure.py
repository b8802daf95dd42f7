"""A figure keeps a few bits of where somebody is, and of the pixels nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from passerby.core.frame import Frame
from passerby.core.geometry import Box, Orientation, Size
from passerby.core.schedule import Region, Style
from passerby.redact import Paint
from passerby.redact.figure import bits_of, visible
from passerby.testing import ArrayFrame, Layout, shown

from .scenes import Scene, scenes

Map = NDArray[np.float32]
SIZE = Size(160, 200)
BODY = Box(30, 20, 130, 190)
ALONE = (Region(BODY, Style.FIGURE, "person", 0),)


class Told:
    """`Silhouettes` that say what they were told, whatever the frame shows."""

    def __init__(self, tell: Callable[[Box], Map]) -> None:
        self._tell = tell

    def likely(self, frame: Frame, boxes: Sequence[Box]) -> Sequence[Map]:
        return [self._tell(box) for box in boxes]


def standing(box: Box) -> Map:
    """Somebody in the middle, one arm out to the right."""
    drawn = np.zeros((round(box.height), round(box.width)), np.float32)
    high, wide = drawn.shape
    drawn[high // 10 :, wide // 3 : -(wide // 3) or None] = 1
    drawn[round(0.3 * high) : round(0.48 * high), wide // 2 :] = 1
    return drawn


def by_noise(seed: int) -> Callable[[Box], Map]:
    def tell(box: Box) -> Map:
        coarse = np.random.default_rng(seed).integers(0, 2, (12, 5)).astype(np.float32)
        return np.kron(coarse, np.ones((4, 8), np.float32))

    return tell


def painted(
    frame: ArrayFrame, regions: Sequence[Region], tell: Callable[[Box], Map] | None = standing
) -> ArrayFrame:
    Paint(silhouettes=None if tell is None else Told(tell)).redact(frame, regions)
    return frame


def same(a: ArrayFrame, b: ArrayFrame) -> bool:
    pairs = zip(a.planes(), b.planes(), strict=True)
    return all(np.array_equal(p.pixels, q.pixels) for p, q in pairs)


def noise(layout: Layout = Layout.YUV420, seed: int = 1) -> ArrayFrame:
    return ArrayFrame.noise(SIZE, layout, seed=seed)


def veiled(regions: Sequence[Region]) -> list[Region]:
    return [replace(r, style=Style.VEIL) for r in regions]


def crowded(scene: Scene) -> Scene:
    """The same, with figures of people and faces that may be their heads."""
    kinds = {Style.FIGURE: "person", Style.VEIL: "face", Style.SOLID: "text"}
    return replace(scene, regions=tuple(replace(r, kind=kinds[r.style]) for r in scene.regions))


crowds = scenes(styles=(Style.FIGURE, Style.FIGURE, Style.VEIL, Style.SOLID), largest=160).map(
    crowded
)


@given(crowds, st.integers(0, 99))
def test_frames_that_differ_only_inside_and_have_the_same_shapes_are_painted_alike(
    scene: Scene, seed: int
) -> None:
    frame = scene.frame()
    other = scene.rewritten(frame)
    tell = by_noise(seed)
    assert same(painted(frame, scene.regions, tell), painted(other, scene.regions, tell))


@given(crowds, st.integers(0, 99))
def test_nothing_outside_the_regions_changes(scene: Scene, seed: int) -> None:
    before, after = scene.frame(), painted(scene.frame(), scene.regions, by_noise(seed))
    for plane, now in zip(before.planes(), after.planes(), strict=True):
        outside = ~scene.inside(plane)
        assert np.array_equal(plane.pixels[outside], now.pixels[outside])


@given(st.integers(0, 2**16))
def test_of_a_shape_nothing_is_kept_but_one_bit_a_cell(seed: int) -> None:
    rng = np.random.default_rng(seed)

    def rougher(box: Box) -> Map:
        """As sure of the same cells, and other in every sample."""
        rough = standing(box) + rng.uniform(-0.19, 0.19, standing(box).shape)
        return np.abs(np.clip(rough, 0, 1)).astype(np.float32)

    assert same(painted(noise(), ALONE), painted(noise(), ALONE, rougher))


@given(st.integers(40, 2000), st.integers(2, 2000), st.integers(0, 99))
def test_there_are_never_more_than_240_bits(high: int, wide: int, seed: int) -> None:
    likely: Map = np.kron(
        np.random.default_rng(seed).integers(0, 2, (3, 3)).astype(np.float32),
        np.ones((80, 80), np.float32),
    ).astype(np.float32)
    for box in (Box(0, 0, wide, high), Box(0, 0, high, wide)):
        bits = bits_of(likely, box)
        assert bits is None or bits.size <= 240


@pytest.mark.parametrize(
    "tell",
    [
        None,
        lambda box: np.zeros((40, 20), np.float32),
        lambda box: np.ones((40, 20), np.float32),
        lambda box: 0.3 + 0.4 * standing(box),
    ],
    ids=["nobody tells", "nobody there", "all is somebody", "vague"],
)
def test_without_a_plain_shape_the_veil_stays_alone(tell: Callable[[Box], Map] | None) -> None:
    assert same(painted(noise(), ALONE, tell), painted(noise(), veiled(ALONE)))
    assert not same(painted(noise(), ALONE), painted(noise(), veiled(ALONE)))


def test_who_is_small_has_no_figure() -> None:
    small = [Region(Box(30, 20, 50, 59), Style.FIGURE, "person", 0)]
    assert same(painted(noise(), small), painted(noise(), veiled(small)))
    assert visible(Box(-300, 20, 20, 55), SIZE) is None, "only what shows counts"


@pytest.mark.parametrize("layout", list(Layout))
def test_a_figure_is_grey_with_a_pale_outline(layout: Layout) -> None:
    frame = painted(noise(layout), ALONE)
    picture = frame.picture(SIZE).astype(int)
    inside = picture[100:180, 72:88]
    assert np.abs(inside - 51).max() <= 3
    assert picture[150, 55:72].max() > 150, "the outline beside it"


@pytest.mark.parametrize("orientation", list(Orientation))
def test_a_figure_stands_as_the_picture_is_shown(orientation: Orientation) -> None:
    upright = ArrayFrame.flat(SIZE, Layout.RGB, level=120)
    turned = ArrayFrame.flat(SIZE, Layout.RGB, level=120, orientation=orientation)
    wanted = painted(upright, ALONE).planes()[0].pixels.astype(int)
    got = shown(painted(turned, ALONE).planes()[0].pixels, orientation).astype(int)
    assert wanted.std() > 20
    assert np.abs(wanted - got).mean() < 1


def test_nothing_of_a_heads_outline_is_kept_where_a_face_was_found() -> None:
    face = Region(Box(60, 30, 100, 80), Style.VEIL, "face", 1)

    def long_haired(box: Box) -> Map:
        drawn = standing(box)
        drawn[2:50, 28:72] = 1  # around the face, which lies at (30, 10)-(70, 60) of the body
        return drawn

    regions = [*ALONE, face]
    assert same(painted(noise(), regions), painted(noise(), regions, long_haired))
    assert not same(painted(noise(), ALONE), painted(noise(), ALONE, long_haired))
    inside = painted(noise(Layout.RGB), regions).picture(SIZE).astype(int)
    assert np.abs(inside[50:60, 75:85] - 51).max() <= 3, "the oval of the head"


@pytest.mark.parametrize("style", [Style.VEIL, Style.SOLID])
def test_a_place_that_somebody_pointed_at_shows_no_figure(style: Style) -> None:
    """Also not as a head: edits have numbers below 0."""
    place = Region(Box(60, 30, 100, 80), style, "face", -1)
    regions = [*ALONE, place]
    frame = painted(noise(), regions)
    plain = painted(noise(), [*veiled(ALONE), place])
    for plane, want in zip(frame.planes(), plain.planes(), strict=True):
        cells = place.box.cells(SIZE, plane.grid)
        assert cells is not None
        assert np.array_equal(plane.pixels[cells], want.pixels[cells])
