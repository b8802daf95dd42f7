"""Whoever was seen once is covered from where they came in to where they went out."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from passerby.core.geometry import Box
from passerby.core.time import Span, Ticks
from passerby.track import Follower, FollowSettings

from .films import (
    CLOCK,
    PATIENT,
    TICK,
    Actor,
    Eyes,
    Film,
    Followed,
    bare,
    followed,
    keyed,
    share,
    shot,
    straight,
    within,
)

SPEEDS = st.floats(-2.5, 2.5)


def test_moments_that_lie_far_too_close_still_leave_time_to_look() -> None:
    """A file may tell that a film of seconds lasts an eighth of one."""
    spans = [Span(Ticks(i * TICK // 40), Ticks((i + 1) * TICK // 40)) for i in range(130)]
    film = shot(130, Actor(straight(-120, 70, 4)), spans=spans)
    eyes = Eyes(film)
    keys = followed(film, eyes, FollowSettings.preset("balanced"))
    assert len(eyes.seen) >= 3
    assert bare(film, keys) == []


@settings(max_examples=12)
@given(dx=SPEEDS, dy=st.floats(-1, 1), odd=st.integers(0, 1), seed=st.integers(0, 9))
def test_a_face_seen_in_every_second_look_is_covered_in_every_frame(
    dx: float, dy: float, odd: int, seed: int
) -> None:
    film = shot(45, Actor(straight(144 - 22 * dx, 70 - 22 * dy, dx, dy), seed=seed))
    keys = followed(film, Eyes(film, lambda k, _: k % 2 == odd))
    assert bare(film, keys) == []


@settings(max_examples=12)
@given(dx=SPEEDS, dy=st.floats(-1, 1), only=st.integers(0, 4), seed=st.integers(0, 9))
@example(dx=2.5, dy=1, only=0, seed=0)
@example(dx=2.5, dy=1, only=4, seed=0)
def test_a_face_seen_in_one_look_of_the_whole_shot_is_covered_in_every_frame(
    dx: float, dy: float, only: int, seed: int
) -> None:
    film = shot(45, Actor(straight(144 - 22 * dx, 70 - 22 * dy, dx, dy), seed=seed))
    eyes = Eyes(film, lambda k, _: k == only)
    keys = followed(film, eyes)
    assert len(eyes.seen) == 1
    assert bare(film, keys) == []


@pytest.mark.parametrize(
    ("x", "y", "dx", "dy"),
    [(-60, 70, 3, 0), (350, 70, -3, 0), (140, -60, 0, 2), (140, 200, 0, -2), (-60, -60, 3, 2)],
    ids=["left", "right", "top", "bottom", "corner"],
)
@pytest.mark.parametrize("missed", [0, 1])
def test_a_face_that_comes_in_between_two_looks_is_covered_from_its_first_frame(
    x: float, y: float, dx: float, dy: float, missed: int
) -> None:
    film = shot(55, Actor(straight(x, y, dx, dy)))
    in_view: list[int] = []

    def once(_: int, i: int) -> bool:
        if film.visible(film.actors[0], i) and i not in in_view:
            in_view.append(i)
        return in_view.index(i) == missed if i in in_view else False

    eyes = Eyes(film, once)
    keys = followed(film, eyes)
    assert len(eyes.seen) == 1
    assert bare(film, keys) == []


def test_a_face_that_leaves_is_covered_until_it_is_gone_and_then_only_within_reach() -> None:
    film = shot(90, Actor(straight(200, 70, 4)))
    eyes = Eyes(film, lambda k, _: k == 1)
    keys = followed(film, eyes)
    assert bare(film, keys) == []
    assert max(keyed(film, keys)) <= max(eyes.seen) + 25 * PATIENT.reach


def test_a_face_first_seen_late_is_followed_back_to_the_horizon() -> None:
    film = shot(75, Actor(straight(100, 70, 1)))
    patience = replace(PATIENT, reach=Fraction(1))
    eyes = Eyes(film, lambda _, i: i >= 45)
    keys = followed(film, eyes, patience)
    first = min(eyes.seen)
    assert [i for i in bare(film, keys) if i >= first - 24] == []


def test_nothing_is_followed_back_over_a_cut() -> None:
    film = shot(40, Actor(straight(100, 70, 1)), scene=lambda i: 1 if i < 20 else 2)
    keys = followed(film, Eyes(film, lambda _, i: i >= 25))
    assert bare(film, keys) == list(range(20))
    assert keyed(film, keys) == set(range(20, 40))


def test_nothing_is_held_over_a_cut() -> None:
    film = shot(40, Actor(within(straight(100, 70, 1), 0, 20)), scene=lambda i: 1 if i < 20 else 2)
    keys = followed(film, Eyes(film))
    assert bare(film, keys) == []
    assert keyed(film, keys) == set(range(20))


def test_two_scenes_that_alternate_are_looked_at_on_both_sides_of_every_cut() -> None:
    shift = range(5, 40, 5)
    film = shot(
        40,
        Actor(lambda i: (60, 40) if (i // 5) % 2 else (200, 100)),
        scene=lambda i: 1 + (i // 5) % 2,
    )
    eyes = Eyes(film)
    keys = followed(film, eyes, replace(PATIENT, interval=Fraction(4)))
    assert {i for cut in shift for i in (cut - 1, cut)} <= set(eyes.asked)
    assert bare(film, keys) == []
    wrong = [k for _, _, k in keys if not _holds(film.actors[0].box(film.index[k.at]), k.box)]
    assert wrong == []


def test_before_a_pause_all_is_looked_at_for_who_came_in_moves_too_far_in_it() -> None:
    """Frames may be missing: the camera lost them, or nobody had time for them."""
    starts = [i * TICK if i < 20 else (i + 12) * TICK for i in range(40)]
    spans = [Span(Ticks(at), Ticks(at + TICK)) for at in starts]
    film = shot(
        40,
        Actor(lambda i: None if i < 17 else (60, 40) if i < 20 else (200, 100)),
        camera=lambda i: (6 * i, 0),  # so that nothing sudden asks for a look
        spans=spans,
    )
    eyes = Eyes(film)
    keys = followed(film, eyes, replace(PATIENT, interval=Fraction(4)))
    assert 19 in eyes.asked
    assert bare(film, keys) == []


def _holds(face: Box | None, cover: Box) -> bool:
    return face is not None and cover.contains(face)


@pytest.mark.parametrize("long", [1, 3])
def test_a_flash_does_not_end_a_track(long: int) -> None:
    film = shot(45, Actor(straight(100, 70, 1)), light=lambda i: 100 if 15 <= i < 15 + long else 0)
    keys = followed(film, Eyes(film, lambda _, i: i < 10))
    assert bare(film, keys) == []


@pytest.mark.parametrize("burnt", [(2,), (2, 2, 2), (2, 3)], ids=["one", "three", "flickers"])
def test_a_flash_that_burns_the_picture_out_does_not_end_a_track(burnt: tuple[int, ...]) -> None:
    scenes = {15 + k: scene for k, scene in enumerate(burnt)}
    film = shot(45, Actor(straight(100, 70, 1)), scene=lambda i: scenes.get(i, 1))
    back = followed(film, Eyes(film, lambda _, i: i > 17))
    assert [i for i in bare(film, back) if i >= 12] == []
    keys = followed(film, Eyes(film, lambda _, i: i < 10))
    assert bare(film, keys) == []
    assert len({track for track, _, _ in keys}) == 1


def test_who_is_seen_in_every_second_frame_under_a_strobe_light_is_covered_in_all() -> None:
    film = shot(30, Actor(straight(100, 70, 0)), scene=lambda i: 1 + i % 2)
    assert bare(film, followed(film, Eyes(film, lambda _, i: i % 2 == 1))) == []


@pytest.mark.parametrize("only", [0, 2, 4])
@pytest.mark.parametrize("speed", [(3, 0), (2, 2)])
def test_a_camera_that_pans_carries_boxes_along(only: int, speed: tuple[int, int]) -> None:
    px, py = speed
    film = shot(
        40,
        Actor(straight(200 if px else 140, 120, -px, -py)),
        camera=lambda i: (px * i, py * i),
    )
    keys = followed(film, Eyes(film, lambda k, _: k == only))
    assert bare(film, keys) == []


@pytest.mark.parametrize(
    "shown",
    [lambda i: i // 2, lambda i: min(i, 12), lambda i: i if i < 12 else max(12, i - 12)],
    ids=["every frame twice", "frozen for good", "frozen for a while"],
)
@pytest.mark.parametrize("only", [0, 2, 3])
def test_frames_shown_again_change_nothing(shown, only: int) -> None:  # type: ignore[no-untyped-def]  # a row's own function
    film = shot(45, Actor(straight(100, 60, 2)), shown=shown)
    keys = followed(film, Eyes(film, lambda k, _: k == only))
    assert bare(film, keys) == []


@settings(max_examples=10)
@given(
    lengths=st.lists(st.integers(1, 3 * 3600), min_size=40, max_size=40),
    start=st.sampled_from([0, -(2**40), 2**53 + 1]),
    only=st.integers(0, 2),
)
def test_frames_of_any_length_at_any_time_are_covered(
    lengths: list[int], start: int, only: int
) -> None:
    spans, at = [], start
    for length in lengths:
        spans.append(Span(Ticks(at), Ticks(at + length)))
        at += length
    film = shot(40, Actor(straight(100, 60, 2)), spans=spans)
    eyes = Eyes(film, lambda k, _: k == only)
    keys = followed(film, eyes, replace(PATIENT, reach=Fraction(6)), CLOCK)
    assert len(eyes.seen) == 1
    assert bare(film, keys) == []
    assert {k.at for _, _, k in keys} <= {s.start for s in spans}


@pytest.mark.parametrize("speed", [2.0, 4.0])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_face_behind_a_pillar_for_half_a_second_is_covered_all_through(
    speed: float, seed: int
) -> None:
    pillar = Box(140, 0, 140 + 32 + int(12 * speed), 180)
    film = shot(70, Actor(straight(146 - 35 * speed, 70, speed), seed=seed), pillar=pillar)
    faces = [film.actors[0].box(i) or Box(0, 0, 0, 0) for i in range(70)]
    hidden = [f.x1 > pillar.x0 and f.x0 < pillar.x1 for f in faces]
    assert sum(pillar.contains(face) for face in faces) >= 12

    keys = followed(film, Eyes(film, lambda _, i: not hidden[i]))
    bare_parts = []
    for i, (face, frame) in enumerate(zip(faces, film.frames, strict=True)):
        covers = [k.box for _, _, k in keys if k.at == frame.span.start]
        sides = (face.x0, min(face.x1, pillar.x0)), (max(face.x0, pillar.x1), face.x1)
        for x0, x1 in sides:  # what shows of it left and right of the pillar
            if x1 - x0 >= 2:
                part = Box(x0, face.y0, x1, face.y1)
                if max((share(part, c) for c in covers), default=0.0) < 0.8:
                    bare_parts.append((i, part))
    assert bare_parts == []


@pytest.mark.parametrize("speed", [2.0, 3.0])
def test_two_faces_that_cross_are_both_covered_all_through(speed: float) -> None:
    half = 25 * speed
    film = shot(
        50,
        Actor(straight(144 - half, 70, speed), seed=5),
        Actor(straight(144 + half, 74, -speed), seed=6),
    )
    keys = followed(film, Eyes(film, lambda _, i: not 19 <= i <= 31))
    assert bare(film, keys, 1) == []
    assert [i for i in bare(film, keys, 0) if abs(i - 25) > 8] == []  # 0 passes behind 1


def test_one_weak_sighting_that_nothing_supports_is_dropped_unless_thorough() -> None:
    film = shot(40, Actor(straight(100, 70, 1), score=lambda _: 0.3))
    seen = {
        name: bool(followed(film, Eyes(film, lambda k, _: k == 1), FollowSettings.preset(name)))
        for name in ("balanced", "thorough")
    }
    assert seen == {"balanced": False, "thorough": True}


@pytest.mark.parametrize(("speed", "camera"), [(6, 0), (0, 0), (-6, 6)])
def test_one_weak_sighting_is_kept_of_who_runs_and_not_of_what_the_camera_passes(
    speed: int, camera: int
) -> None:
    film = shot(
        40,
        Actor(straight(20 if speed > 0 else 220, 70, speed), score=lambda _: 0.3),
        camera=lambda i: (camera * i, 0),
    )
    eyes = Eyes(film, lambda k, _: k == 2)
    keys = followed(film, eyes, FollowSettings.preset("balanced"))
    (seen,) = eyes.seen
    around = set(range(seen - 9, seen + 10))
    assert keyed(film, keys) & around == (around if speed > 0 else set())
    assert around & set(bare(film, keys)) == (set() if speed > 0 else around)


def test_in_shots_of_one_frame_a_face_that_lies_is_found() -> None:
    film = shot(8, Actor(straight(100, 70, 0), turn=3), scene=lambda i: 1 + i)
    assert bare(film, followed(film, Eyes(film), FollowSettings.preset("balanced"))) == []


def test_weak_sightings_that_support_each_other_are_kept() -> None:
    film = shot(40, Actor(straight(100, 70, 1), score=lambda _: 0.3))
    assert bare(film, followed(film, Eyes(film))) == []


@pytest.mark.parametrize("name", ["fast", "balanced", "thorough"])
def test_a_large_weak_sighting_is_no_face_however_often_it_is_seen(name: str) -> None:
    chosen = replace(FollowSettings.preset(name), coarse=320)
    weak, sure = (
        shot(30, Actor(straight(80, 20, 1), wide=120, high=140, score=lambda _, s=s: s))  # type: ignore[misc]  # mypy can't tell a default's
        for s in (0.3, 0.9)
    )
    assert followed(weak, Eyes(weak), chosen) == []
    assert bare(sure, followed(sure, Eyes(sure), chosen)) == []


@settings(max_examples=5)
@given(dx=SPEEDS, often=st.integers(1, 4))
def test_the_same_frames_give_the_same_keys(dx: float, often: int) -> None:
    film = shot(35, Actor(straight(144, 70, dx)), Actor(straight(20, 20, 2), seed=3))
    once, again = (followed(film, Eyes(film, lambda k, _: k % often == 0)) for _ in range(2))
    assert once == again
    assert once


@pytest.mark.parametrize(
    ("horizon", "close", "covered"),
    [
        (None, True, False),
        (Fraction(7, 20), True, True),
        (Fraction(1, 5), True, True),
        (Fraction(7, 20), False, False),
    ],
)
def test_live_a_close_look_at_once_is_the_second_sighting(
    horizon: Fraction | None, close: bool, covered: bool
) -> None:
    film = shot(40, Actor(straight(100, 60, 2), score=lambda _: 0.3))
    eyes = Eyes(film, lambda k, i: k == 3 and (close or [n for n, _ in eyes.looks].count(i) == 1))
    keys = live(film, eyes, replace(PATIENT, close_looks=0), horizon)
    assert len(eyes.seen) == 1
    assert bool(keys) is covered


@pytest.mark.parametrize("enters", range(8, 20))
@pytest.mark.parametrize("horizon", [Fraction(1, 5), Fraction(7, 20)])
def test_live_no_frame_becomes_final_before_a_look_can_reach_back_to_it(
    enters: int, horizon: Fraction
) -> None:
    film = shot(40, Actor(within(straight(100, 60, 2), enters, 40)))
    calm = replace(PATIENT.traits, eager=False)  # whoever appears all at once asks for no look
    how = replace(PATIENT, close_looks=0, interval=Fraction(1), traits=calm)
    assert bare(film, live(film, Eyes(film), how, horizon)) == []


@pytest.mark.parametrize("enters", range(8, 24))
@pytest.mark.parametrize("stretched", [(5, 15), (9, 14), (0, 12), (11, 40)])
def test_live_nobody_is_missed_where_frames_wait_for_longer_or_no_longer_do(
    enters: int, stretched: tuple[int, int]
) -> None:
    film = shot(40, Actor(within(straight(100, 60, 2), enters, 40)))
    calm = replace(PATIENT.traits, eager=False)
    how = replace(PATIENT, close_looks=0, interval=Fraction(1), traits=calm)
    keys = live(film, Eyes(film), how, Fraction(1, 5), stretched=range(*stretched))
    assert bare(film, keys) == []


def test_live_looks_are_rarer_where_frames_wait_for_longer() -> None:
    film = shot(80, Actor(straight(100, 60, 0.2)))
    how = replace(PATIENT, close_looks=0, interval=Fraction(1))
    often, rare = Eyes(film), Eyes(film)
    live(film, often, how, Fraction(1, 5))
    live(film, rare, how, Fraction(1, 5), stretched=range(80))
    assert len(set(rare.asked)) < 0.6 * len(set(often.asked))


def test_live_every_frame_is_looked_at_where_answers_reach_back_to_hardly_any() -> None:
    film = shot(20, Actor(straight(100, 60, 2)))
    eyes = Eyes(film)
    live(film, eyes, replace(PATIENT, close_looks=0), Fraction(3, 25))  # three frames, two of them
    assert set(eyes.asked) == set(range(20))


def test_live_what_is_not_seen_again_is_let_go_as_soon_as_in_a_file() -> None:
    """Though fewer stills are kept. (It was followed for ever.)"""
    film = shot(120, Actor(straight(100, 60, 1), score=lambda _: 0.9))
    lengths = []
    for horizon in (None, Fraction(7, 20)):
        eyes = Eyes(film, lambda _, i: 10 <= i < 20)
        keys = live(film, eyes, replace(PATIENT, close_looks=0), horizon)
        lengths.append(max(key.at for _, _, key in keys) // TICK - max(eyes.seen))
    assert 10 < lengths[0] < 70
    assert abs(lengths[0] - lengths[1]) <= 1


def live(
    film: Film,
    eyes: Eyes,
    how: FollowSettings,
    horizon: Fraction | None,
    *,
    stretched: Container[int] = (),
) -> Followed:
    """All keys, as they become final with `horizon`; None: as in a file. While those in
    `stretched` are seen, frames may wait twice as long."""
    one = Follower(eyes, how, CLOCK, film.frames[0].size, horizon=horizon)
    keys: Followed = []
    for number, frame in enumerate(film.frames):
        if horizon is not None:
            one.coarser(0, 2 if number in stretched else 1)
        one.see(frame)
        keys += one.take()
    one.finish()
    return [*keys, *one.take()]
