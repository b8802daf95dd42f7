"""Lines of text are followed by the machinery of faces, with what sets them apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passerby.core.detection import Detections
from passerby.core.frame import Frame, Picture
from passerby.core.geometry import Box, Size
from passerby.core.ports import DetectorInfo, Look
from passerby.track import Follower, FollowSettings, Stills, looks, motion
from passerby.track.path import Mark, box_of
from passerby.track.settings import LINE

from .films import CLOCK, SIZE, Actor, Eyes, follower, shot, straight, within

PATIENT_LINES = replace(FollowSettings.preset("balanced", "text"), coarse=320, fine=640)


def test_text_is_never_searched_in_turned_pictures() -> None:
    film = shot(40, Actor(within(straight(40, 60, 2), 7, 33), wide=60, high=12))
    eyes = Eyes(film)
    one = follower(film, eyes, PATIENT_LINES)
    for frame in film.frames:
        one.see(frame)
    one.finish()
    assert eyes.looks
    assert all(look.turn == 0 for _, look in eyes.looks)


def test_a_line_seen_now_and_then_is_covered_in_every_frame() -> None:
    actor = Actor(straight(20, 60, 3), wide=60, high=14)
    film = shot(40, actor)
    one = follower(film, Eyes(film), PATIENT_LINES)
    for frame in film.frames:
        one.see(frame)
    one.finish()
    covers = [(film.index[key.at], key.box) for _, _, key in one.take()]
    for i in range(40):
        place = actor.box(i)
        assert place is not None
        assert any(n == i and box.grown(1, 1).contains(place) for n, box in covers), i


def test_followers_of_two_kinds_share_one_small_luma(monkeypatch: pytest.MonkeyPatch) -> None:
    film, stills = shot(4, Actor(straight(40, 60, 2))), Stills()
    plain, made = motion.still, list[int]()

    def counted(frame: Frame, index: int, side: int) -> motion.Still:
        made.append(index)
        return plain(frame, index, side)

    monkeypatch.setattr(motion, "still", counted)
    settings = FollowSettings.preset("fast")
    both = [Follower(Eyes(film), settings, CLOCK, SIZE, stills=stills) for _ in range(2)]
    for frame in film.frames:
        for one in both:
            one.see(frame)
    assert made == [0, 1, 2, 3]


def test_whoever_stands_is_not_twice_as_wide_when_followed_unseen() -> None:
    actor = Actor(straight(100, 30, 1), wide=30, high=110)
    film = shot(30, actor)
    settings = replace(FollowSettings.preset("balanced", "person"), coarse=320, keep_unsure=True)
    one = follower(film, Eyes(film, lambda k, _: k == 0), settings)
    for frame in film.frames:
        one.see(frame)
    one.finish()
    unseen = [key.box for _, _, key in one.take() if film.index[key.at] > 14]
    assert unseen
    for box in unseen:
        assert box.width < 2 * actor.wide


def test_an_unseen_line_is_widened_by_shares_of_its_height() -> None:
    row = np.array([100, 50, 300, 60], np.float32)
    grown = box_of(Mark(row, None, 0.1), slender=True)
    assert grown == Box(98, 48, 302, 62)
    assert box_of(Mark(row, None, 0.1)) == Box(80, 30, 320, 80)


@given(
    x=st.floats(-50, 1900),
    y=st.floats(-50, 1000),
    width=st.floats(4, 1500),
    height=st.floats(4, 300),
)
def test_a_close_look_at_a_line_shows_all_of_it_that_is_in_the_picture(
    x: float, y: float, width: float, height: float
) -> None:
    size = Size(1920, 1080)
    look = looks.close_look(
        np.array([x, y, x + width, y + height], np.float32), size, 0.3, traits=LINE
    )
    assert look.crop is not None
    assert Box(0, 0, 1920, 1080).contains(look.crop)
    assert max(look.crop.width, look.crop.height) * look.scale <= LINE.close + 1e-3
    middle = min(max(x + width / 2, 0), 1920), min(max(y + height / 2, 0), 1080)
    if x >= 0 and x + width <= 1920 and y >= 0 and y + height <= 1080:
        assert look.crop.contains(Box(x, y, x + width, y + height))
    assert look.crop.grown(1, 1).contains(Box(*middle, *middle))


def test_of_lines_seen_twice_nothing_is_lost() -> None:
    left = Detections(np.array([[0, 0, 80, 10]], np.float32), np.array([0.9], np.float32))
    right = Detections(np.array([[20, 0, 100, 10]], np.float32), np.array([0.5], np.float32))
    small = Detections(np.array([[30, 2, 40, 8]], np.float32), np.array([0.95], np.float32))
    seen = looks.united([left, right, small], lines=True)
    np.testing.assert_array_equal(seen.boxes, [[0, 0, 100, 10]])
    assert seen.scores[0] == pytest.approx(0.95)


def stripes(size: int, step: int) -> Picture:
    picture = np.full((size, size), 100, np.uint8)
    picture[20:40, 20:40:2] = 100 + step
    return picture


class Sign:
    """A detector that sees one line of 50 display pixels in every look."""

    info = DetectorInfo("told", "told", "text", "", "", "")

    def detect(self, frame: Frame, look: Look) -> Detections:
        box = np.array([[20, 20, 220, 70]], np.float32)
        return Detections(box, np.array([0.95], np.float32))


@pytest.mark.parametrize(("scale", "believed"), [(1.0, True), (1.13, True), (2.0, False)])
def test_a_look_hardly_larger_than_the_photo_is_believed_as_if_it_were_none(
    scale: float, believed: bool
) -> None:
    frame = shot(1).frames[0]
    seen = looks.believed(Sign(), frame, Look(scale, 0.4), LINE, coarsest=False)
    assert bool(len(seen)) == believed


def test_fine_looks_go_where_the_picture_has_detail() -> None:
    least = LINE.detail
    assert not looks.detailed(stripes(128, 0), 0.25, None, least)
    assert looks.detailed(stripes(128, 20), 0.25, None, least)
    assert looks.detailed(stripes(128, 20), 0.25, Box(0, 0, 256, 256), least)
    assert not looks.detailed(stripes(128, 20), 0.25, Box(256, 256, 512, 512), least)
    assert looks.detailed(stripes(128, 0), 0.25, None, 0.0)  # faces: everywhere


class Scales:
    """A detector that sees one huge line in looks of `least` to `most` network pixels a pixel."""

    info = DetectorInfo("told", "told", "text", "", "", "")

    def __init__(self, least: float, most: float) -> None:
        self._least, self._most = least, most

    def detect(self, frame: Frame, look: Look) -> Detections:
        if not self._least <= look.scale <= self._most:
            return Detections.none()
        box = np.array([[100, 100, 700, 400]], np.float32)
        return Detections(box, np.array([0.95], np.float32))


@pytest.mark.parametrize(("least", "believed"), [(0.0, True), (0.4, False)])
def test_what_is_huge_is_text_only_if_it_is_seen_from_afar_as_well(
    least: float, believed: bool
) -> None:
    frame = shot(1).frames[0]
    seen = looks.believed(Scales(least, 1.0), frame, Look(0.5, 0.4), LINE, coarsest=True)
    assert bool(len(seen)) == believed
    finer = looks.believed(Scales(0.0, 1.0), frame, Look(1.0, 0.4), LINE, coarsest=False)
    assert not len(finer)  # a coarser look is there to tell
