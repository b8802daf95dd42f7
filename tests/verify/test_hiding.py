"""Signs of weak hiding, one by one: how blurred a place is, mosaics, covers that are missing."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passerby.core.frame import Picture
from passerby.core.geometry import Box
from passerby.core.time import Clock, Span, Ticks
from passerby.testing import ArrayFrame, Layout
from passerby.verify.eyes import Sighting
from passerby.verify.gaps import gap
from passerby.verify.grids import grids
from passerby.verify.hiding import FLOOR, Hiding
from passerby.verify.softness import softness

FACE = Box(180, 60, 265, 170)
COVER = FACE.grown(12, 16)
CLOCK = Clock(Fraction(1, 25))


@pytest.fixture(scope="module")
def portrait(astronaut: Path) -> Picture:
    stored = cv2.imread(str(astronaut), cv2.IMREAD_GRAYSCALE)
    assert stored is not None
    return np.asarray(stored, np.uint8)


def within(picture: Picture, box: Box) -> tuple[slice, slice]:
    return slice(int(box.y0), int(box.y1)), slice(int(box.x0), int(box.x1))


def blurred(picture: Picture, sigma: float) -> Picture:
    made = picture.copy()
    made[within(made, COVER)] = cv2.GaussianBlur(made[within(made, COVER)], (0, 0), sigma)
    return made


def soft(picture: Picture, sigma: float) -> Picture:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.uint8)


def tiled(picture: Picture, tile: int, box: Box = COVER) -> Picture:
    made = picture.copy()
    part = made[within(made, box)]
    rows, cols = part.shape
    small = cv2.resize(part, (cols // tile, rows // tile), interpolation=cv2.INTER_AREA)
    made[within(made, box)] = cv2.resize(small, (cols, rows), interpolation=cv2.INTER_NEAREST)
    return made


def coded(picture: Picture, quality: int) -> Picture:
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
    assert decoded is not None
    return np.asarray(decoded, np.uint8)


@pytest.mark.parametrize("sigma", [4.0, 6.0, 9.0])
@pytest.mark.parametrize("quality", [95, 70])
def test_a_blurred_face_is_softer_than_what_is_around_it_and_by_about_so_much(
    portrait: Picture, sigma: float, quality: int
) -> None:
    found = softness(coded(blurred(portrait, sigma), quality), FACE)
    assert found.on_purpose
    assert 0.7 * sigma < found.inside < 1.6 * sigma


def test_a_face_as_it_is_and_a_picture_that_is_soft_all_over_are_not_blurred_on_purpose(
    portrait: Picture,
) -> None:
    assert not softness(portrait, FACE).on_purpose
    for sigma in (3.0, 6.0):
        assert not softness(soft(portrait, sigma), FACE).on_purpose


def test_a_blur_of_which_nothing_comes_back_is_not_called_weak(portrait: Picture) -> None:
    strong = softness(blurred(portrait, 30), FACE)
    assert strong.inside > 2 * strong.around
    assert not strong.on_purpose


def test_where_nothing_is_around_a_place_nothing_is_known(portrait: Picture) -> None:
    assert not softness(portrait, Box(0, 0, 512, 512)).known
    assert not softness(np.full((200, 200), 90, np.uint8), Box(60, 60, 120, 120)).on_purpose


@pytest.mark.parametrize(
    ("tile", "quality"), [(6, 95), (9, 95), (15, 95), (22, 95), (9, 75), (15, 75), (22, 75)]
)
def test_a_mosaic_is_found_and_its_tiles_counted(
    portrait: Picture, tile: int, quality: int
) -> None:
    large = np.asarray(cv2.resize(portrait, (768, 768)), np.uint8)
    shown = coded(tiled(large, tile, Box(240, 60, 420, 280)), quality)
    [grid] = grids(shown)
    assert grid.tile == pytest.approx(tile, rel=0.12)
    assert grid.across == pytest.approx(180 / tile, rel=0.25)


def drawings() -> dict[str, Picture]:
    """What looks like a mosaic and is none."""
    rng = np.random.default_rng(1)
    wall = np.full((360, 480), 150, np.uint8)
    for row in range(0, 360, 16):
        wall[row : row + 2] = 100
        for col in range(row // 16 % 2 * 16, 480, 32):
            wall[row : row + 16, col : col + 2] = 100
    house = np.full((360, 480), 170, np.uint8)
    for row in range(60, 300, 24):
        for col in range(120, 360, 24):
            house[row : row + 14, col : col + 14] = 60
    board = np.full((360, 480), 120, np.uint8)
    board[100:260, 140:300] = 60 + 120 * (
        np.add.outer(np.arange(160) // 20, np.arange(160) // 20) % 2
    )
    sprite = cv2.resize(
        rng.integers(0, 3, (24, 32)).astype(np.uint8) * 100, (480, 360), None, 0, 0,
        cv2.INTER_NEAREST,
    )  # fmt: skip
    return {"wall": wall, "house": house, "board": board, "sprite": np.asarray(sprite, np.uint8)}


@pytest.mark.parametrize("name", ["wall", "house", "board", "sprite"])
@pytest.mark.parametrize("quality", [100, 80])
def test_bricks_windows_boards_and_drawings_are_no_mosaic(name: str, quality: int) -> None:
    assert grids(coded(drawings()[name], quality)) == []


@pytest.mark.parametrize("quality", [100, 60, 25])
def test_a_picture_as_it_is_has_no_mosaic_nor_has_one_in_coarse_blocks(
    portrait: Picture, quality: int
) -> None:
    assert grids(coded(portrait, quality)) == []


@given(st.integers(1, 5), st.integers(2, 8))
def test_a_cover_that_is_missing_is_found_with_its_first_and_last_frame(
    portrait: Picture, length: int, first: int
) -> None:
    hidden = portrait.copy()
    hidden[within(hidden, COVER)] = 40
    for cover in (hidden, blurred(portrait, 14), tiled(portrait, 14), tiled(portrait, 8)):
        frames = [cover] * first + [portrait] * length + [cover] * 4
        assert gap(frames, first + length // 2, FACE) == (first, first + length - 1)


def test_somebody_who_walks_past_a_wall_is_no_gap_nor_is_a_flash(portrait: Picture) -> None:
    wall = np.full_like(portrait, 120)
    wall[::32] = 90
    walking = []
    for x in range(-60, 61, 6):
        shown = wall.copy()
        part = within(shown, Box(FACE.x0 + x, FACE.y0, FACE.x1 + x, FACE.y1))
        shown[part] = portrait[within(portrait, FACE)]
        walking.append(shown)
    assert gap(walking, len(walking) // 2, FACE) is None
    behind = portrait.copy()  # somebody who fades out, as films have it
    behind[within(behind, COVER)] = 40
    half = (0.6 * portrait + 0.4 * behind).astype(np.uint8)
    assert gap([behind] * 3 + [portrait] * 3 + [half] + [behind] * 3, 4, FACE) is None
    dark = (portrait // 8).astype(np.uint8)
    assert gap([dark, dark, portrait, dark, dark], 2, FACE) is None
    hidden = portrait.copy()
    hidden[within(hidden, COVER)] = 40
    assert gap([hidden] * 3 + [portrait] * 3, 4, FACE) is None, "it never comes back"


def shown(pictures: list[Picture], seen: dict[int, Box], hidden: list[Box] | None = None) -> Hiding:
    """A film of these pictures in which other eyes see faces."""
    hiding = Hiding(CLOCK)
    for number, picture in enumerate(pictures):
        span = Span(Ticks(number), Ticks(number + 1))
        frame = ArrayFrame([picture], Layout.GRAY, span=span)
        here = [Sighting(span, seen[number], 0.8)] if number in seen else []
        hiding.see(frame, span, hidden or [], here)
    return hiding


def test_a_fine_mosaic_is_a_finding_a_coarse_one_a_note_and_what_the_plan_hides_neither(
    portrait: Picture,
) -> None:
    fine, coarse = tiled(portrait, 8), tiled(portrait, 18)
    of_fine, of_coarse = shown([fine] * 20, {}), shown([coarse] * 20, {})
    [finding] = of_fine.findings([])
    assert finding.check == "hiding.mosaic"
    assert finding.score is not None
    assert finding.score > FLOOR
    assert of_fine.notes() == []
    assert list(of_coarse.findings([])) == []
    assert "tiles across, which keeps a little of it" in of_coarse.notes()[0]
    planned = shown([fine] * 20, {}, [COVER.grown(5, 5)])
    assert list(planned.findings([])) == []
    assert planned.notes() == []


def test_a_mosaic_seen_once_in_a_film_is_none(portrait: Picture) -> None:
    once = shown([tiled(portrait, 8), *[portrait] * 30], {})
    assert list(once.findings([])) == []


def test_a_gap_is_told_once_however_often_it_was_seen(portrait: Picture) -> None:
    hidden = portrait.copy()
    hidden[within(hidden, COVER)] = 40
    film = [hidden] * 6 + [portrait] * 3 + [hidden] * 20
    [finding] = shown(film, {6: FACE, 8: FACE}).findings([])
    assert (finding.check, finding.at) == ("hiding.gaps", Ticks(6))
    assert "missing in 3 frames" in finding.what
    assert list(shown([portrait] * 20, {6: FACE}).findings([])) == []
