"""Whoever asks for smaller things gets finer looks, whoever asks for larger ones cheaper looks."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passerby.core.geometry import Box, Size
from passerby.track import FollowSettings, PhotoSettings, looks, photo
from passerby.track.sizes import ENLARGED, LEAST, searching, searching_photo

from .films import Actor, Eyes, follower, shot, within

KINDS = ["face", "plate", "text"]
PRESETS = ["fast", "balanced", "thorough"]


def sizes() -> st.SearchStrategy[Size]:
    return st.builds(Size, st.integers(16, 8000), st.integers(16, 8000))


@given(sizes(), st.floats(4, 1000), st.sampled_from(KINDS), st.sampled_from(PRESETS))
def test_a_film_is_searched_for_what_was_asked_or_smaller(
    size: Size, asked: float, kind: str, preset: str
) -> None:
    how = searching(FollowSettings.preset(preset, kind), size, asked)
    told = looks.smallest(size, how)
    assert told <= max(asked, how.traits.found / ENLARGED) * 1.001
    cheap = max(size.width, size.height) * how.traits.found / asked <= LEAST
    assert cheap or told >= asked * 0.99  # sides are whole


@given(sizes(), st.floats(4, 1000), st.sampled_from(KINDS), st.sampled_from(PRESETS))
def test_a_photo_is_searched_for_what_was_asked(
    size: Size, asked: float, kind: str, preset: str
) -> None:
    how = searching_photo(PhotoSettings.preset(preset, kind), size, asked)
    assert photo.smallest(size, how) == pytest.approx(max(asked, how.traits.found / ENLARGED))


@given(st.sampled_from(KINDS), st.sampled_from(PRESETS), st.floats(4, 30), st.floats(1.1, 10))
def test_larger_is_never_dearer(kind: str, preset: str, asked: float, more: float) -> None:
    size, plain = Size(1920, 1080), PhotoSettings.preset(preset, kind)
    fine, rough = (
        photo.scales(size, searching_photo(plain, size, s)) for s in (asked, asked * more)
    )
    assert sum(s * s for s in rough) <= sum(s * s for s in fine) * 1.001


@pytest.mark.parametrize("asked", [6, 12, 60])
def test_every_place_is_looked_at_finely_as_often_as_without(asked: float) -> None:
    size = Size(640, 360)
    plain = replace(FollowSettings.preset("balanced"), coarse=320, fine_interval=Fraction(1))
    film = shot(60, size=size)
    how = searching(plain, size, asked)
    eyes = Eyes(film)
    one = follower(film, eyes, how)
    for frame in film.frames:
        one.see(frame)
    one.finish()
    scale = min(looks.fine_scale(size, how), ENLARGED)
    fine = [(i, k) for i, k in eyes.looks if k.turn == 0 and k.scale >= 0.85 * scale]
    for x in range(8, 640, 24):
        for y in range(8, 360, 24):
            at = [i for i, k in fine if k.crop is None or k.crop.contains(Box(x, y, x + 1, y + 1))]
            # within the interval, and the time until the next look at anything
            gaps = [b - a for a, b in zip([0, *at], [*at, 59], strict=True)]
            assert max(gaps) <= 25 * (how.fine_interval + 2 * how.interval), (x, y)


def test_a_small_face_is_found_when_asked_for_and_costs() -> None:
    size = Size(640, 360)
    film = shot(50, Actor(within(lambda i: (300, 200), 0, 50), wide=7, high=7), size=size)
    spent: dict[float, tuple[int, float]] = {}
    for asked in (4, 12, 40):
        how = searching(FollowSettings.preset("balanced"), size, asked)
        eyes = Eyes(film, least=12)
        one = follower(film, eyes, how)
        for frame in film.frames:
            one.see(frame)
        one.finish()
        pixels = sum(
            k.scale**2 * (k.crop or Box(0, 0, size.width, size.height)).area for _, k in eyes.looks
        )
        spent[asked] = len(list(one.take())), pixels
    assert spent[4][0] == 50
    assert spent[12][0] == spent[40][0] == 0
    assert spent[4][1] > 1.3 * spent[12][1] > 1.69 * spent[40][1]


@pytest.mark.parametrize("kind", ["face", "plate", "text", "person"])
@pytest.mark.parametrize("preset", ["fast", "balanced", "thorough"])
def test_what_is_just_found_is_published_ever_smaller(kind: str, preset: str) -> None:
    """Live, under load: looks shrink less with every step than what is published."""
    size = Size(1280, 720)
    how = FollowSettings.preset(preset, kind)
    published = [
        looks.smallest(size, how.coarser(halvings, 1280)) / 2**halvings for halvings in range(4)
    ]
    assert published == sorted(published, reverse=True)
    assert published[3] < 0.75 * published[0]
    if kind == "plate":
        assert published[3] > 4


@pytest.mark.parametrize("kind", ["face", "person"])
def test_a_close_look_costs_less_where_nobody_could_be_known_anyway(kind: str) -> None:
    """Live, where what is published is halved twice; a face is still found there nearly always."""
    size, row = Size(1280, 720), np.array([600, 300, 660, 380], np.float32)
    how = FollowSettings.preset("balanced", kind)
    assert how.coarser(1, 1280).close_looks == how.close_looks
    assert how.coarser(2, 1280).close_looks <= 2
    sides, heights = [], []
    for halvings in range(4):
        look = looks.close_look(row, size, 0.3, 0, how.coarser(halvings, 1280).traits)
        assert look.crop is not None
        sides.append(look.crop.width * look.scale)
        heights.append(80 * look.scale)
    assert sides[0] == sides[1]
    assert sides[2] == sides[3] < 0.6 * sides[0]
    assert heights[3] > 2 * how.traits.found
