"""Live, only what stirs between two pictures is followed; the rest stays where it is."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from passerby.core.frame import Picture
from passerby.core.time import Clock, Span, Ticks
from passerby.testing import ArrayFrame, Layout
from passerby.track import motion
from passerby.track.film import Film
from passerby.track.motion import Still
from passerby.track.stills import Stills

SIZE = (720, 1280)
FACE = (96, 80)  # rows, columns


def texture(rows: int, cols: int, seed: int, side: int = 8) -> Picture:
    rng = np.random.default_rng(seed)
    rough = rng.integers(40, 210, (rows // side + 2, cols // side + 2)).astype(np.uint8)
    return np.asarray(cv2.resize(rough, (cols, rows), interpolation=cv2.INTER_CUBIC), np.uint8)


STREET, HEAD = texture(*SIZE, 1, 40), texture(*FACE, 2)


def street(number: int, corners: list[tuple[int, int]], noise: float = 0.0) -> ArrayFrame:
    """A street with the same head at each of `corners` (x, y)."""
    picture = STREET.astype(np.float32)
    for x, y in corners:
        picture[y : y + FACE[0], x : x + FACE[1]] = HEAD
    picture += np.random.default_rng(number + 9).normal(0, noise, SIZE)
    luma = np.clip(picture, 0, 255).astype(np.uint8)
    return ArrayFrame([luma], Layout.GRAY, span=Span(Ticks(number), Ticks(number + 1)))


def still(number: int, corners: list[tuple[int, int]], noise: float = 0.0) -> Still:
    return motion.still(street(number, corners, noise), number)


def rows(*corners: tuple[int, int]) -> NDArray[np.float32]:
    return np.array([(x, y, x + FACE[1], y + FACE[0]) for x, y in corners], np.float32)


@pytest.mark.parametrize("noise", [0.0, 4.0])
@pytest.mark.parametrize("by", [(2, 0), (-5, 3), (9, -9), (0, 14)])
def test_who_moves_is_followed_and_who_stands_stays(by: tuple[int, int], noise: float) -> None:
    standing, walking = (200, 300), (900, 200)
    there = walking[0] + by[0], walking[1] + by[1]
    a, b = still(0, [standing, walking], noise), still(1, [standing, there], noise)
    boxes = rows(standing, walking)
    nothing = np.zeros((2, 2), np.float32)
    step = motion.carried(a, b, boxes, nothing)
    assert list(motion.stirring(a, b, boxes)) == [False, True]
    assert (step.boxes[0] == boxes[0]).all()
    np.testing.assert_allclose(step.boxes[1], rows(there)[0], atol=2.5)
    assert (step.held > 0.5).all()
    whole = motion.step(a, b, boxes, nothing, calm=True)
    np.testing.assert_allclose(step.boxes, whole.boxes, atol=2)


def test_somebody_at_the_edge_is_followed_out() -> None:
    for start, end in (((4, 300), (0, 300)), ((1196, 500), (1199, 507)), ((600, 2), (608, 0))):
        a, b = still(0, [start]), still(1, [end])
        step = motion.carried(a, b, rows(start), np.zeros((1, 2), np.float32))
        np.testing.assert_allclose(step.boxes, rows(end), atol=3)


def test_light_that_changes_all_over_stirs_nobody() -> None:
    a = still(0, [(200, 300)])
    b = replace(a, luma=a.luma + 2, cells=a.cells + 2)
    assert not motion.stirring(a, b, rows((200, 300))).any()


@pytest.mark.parametrize("coarse_first", [True, False])
@pytest.mark.parametrize("by", [(6, 0), (-9, 6)])
def test_who_moves_is_followed_from_a_coarse_still_into_a_fine_one_and_back(
    by: tuple[int, int], coarse_first: bool
) -> None:
    """Under load stills become smaller in the middle of a walk; later larger again."""
    sides = (motion.SIDE // 2, motion.SIDE) if coarse_first else (motion.SIDE, motion.SIDE // 2)
    stills = Stills()
    film = Film(Clock(Fraction(1, 25)), live=True)
    x, y = 500, 240
    boxes = rows((x, y))
    for number in range(6):
        stills.coarser(2 if sides[number > 2] < motion.SIDE else 0)
        frame = street(number, [(x, y)])
        now = stills.of(frame, number)
        assert max(now.width, now.height) == sides[number > 2]
        film.fit(now)
        if len(film):
            assert film.last.luma.shape == now.luma.shape
            boxes = film.step(now, boxes, np.array([by], np.float32)).boxes
            np.testing.assert_allclose(boxes[0], rows((x, y))[0], atol=6)
        film.push(now)
        assert not film.jolted(number)
        x, y = x + by[0], y + by[1]
    assert all(film[n].scale == now.scale for n in range(6))
    assert [film[n].span for n in range(6)] == [Span(Ticks(n), Ticks(n + 1)) for n in range(6)]
