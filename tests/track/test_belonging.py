"""Whose face is whose in one frame, and what is only an arm or a chest of somebody."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passerby.core.geometry import Box
from passerby.track.belonging import head_of, is_group, own_faces, parts

STANDING = Box(100, 50, 200, 350)
FACE = Box(130, 60, 170, 110)
LONGEST = 600.0  # pixels: of the picture


def owned(people: list[Box], *faces: Box) -> list[set[int]]:
    return [set(some) for some in own_faces(people, dict(enumerate(faces)))]


@given(
    x=st.floats(-100, 2000),
    y=st.floats(-100, 2000),
    width=st.floats(1, 2000),
    height=st.floats(1, 2000),
)
def test_a_head_is_the_top_of_a_person_at_full_width(
    x: float, y: float, width: float, height: float
) -> None:
    person = Box(x, y, x + width, y + height)
    head = head_of(person)
    assert person.contains(head)
    assert (head.x0, head.y0, head.x1) == (person.x0, person.y0, person.x1)
    assert head.height >= min(0.8 * person.height, 0.75 * person.width) - 1e-3


def test_of_whoever_lies_the_head_may_be_at_either_end() -> None:
    lying = Box(0, 0, 300, 100)
    assert head_of(lying) == lying


def test_of_whoever_stands_no_more_than_the_upper_half_is_head() -> None:
    assert head_of(STANDING).height < STANDING.height / 2


def test_where_no_more_than_head_and_shoulders_show_the_head_reaches_further_down() -> None:
    bust, taller = Box(0, 0, 100, 105), Box(0, 0, 100, 130)
    assert head_of(bust).height == pytest.approx(84)
    assert head_of(taller).height == pytest.approx(75)


def test_a_face_in_the_head_is_its_face_and_one_in_the_chest_or_beside_is_not() -> None:
    assert owned([STANDING], FACE) == [{0}]
    assert owned([STANDING]) == [set()]
    assert owned([STANDING], Box(130, 160, 170, 210)) == [set()]
    assert owned([STANDING], Box(230, 60, 270, 110)) == [set()]
    assert owned([]) == owned([], FACE) == []


def test_a_face_too_small_for_the_head_is_of_somebody_behind() -> None:
    assert owned([STANDING], Box(150, 60, 160, 72)) == [set()]


def test_one_face_is_not_the_face_of_two_people() -> None:
    behind, before = Box(100, 50, 200, 350), Box(140, 60, 300, 400)
    assert owned([behind, before], FACE) == [{0}, set()]
    assert owned([before, behind], FACE) == [set(), {0}]


def test_a_person_seen_twice_has_one_face() -> None:
    assert owned([STANDING, STANDING.grown(6, 6)], FACE) == [{0}, {0}]


def test_a_body_has_the_face_of_the_head_and_shoulders_seen_again_in_its_middle() -> None:
    body, bust, face = Box(100, 50, 300, 700), Box(170, 50, 230, 130), Box(185, 60, 215, 100)
    assert owned([bust, body], face) == [{0}, {0}]
    # But not that of somebody who is seen over a shoulder.
    behind, theirs = (Box(b.x0 - 50, b.y0, b.x1 - 50, b.y1) for b in (bust, face))
    assert owned([behind, body], theirs) == [{0}, set()]


def test_where_several_faces_are_a_group_is_meant() -> None:
    group = Box(0, 0, 200, 200)
    faces = {n: Box(x, 40, x + 20, 65) for n, x in enumerate((20, 90, 150))}
    assert is_group(group, faces)
    assert not is_group(group, {n: faces[n] for n in (0, 1)})
    assert is_group(Box(0, 0, 200, 150), {n: faces[n] for n in (0, 1)})


ARM = Box(110, 150, 140, 240)


def test_what_lies_in_the_box_of_somebody_with_a_face_is_a_part_of_them() -> None:
    assert parts([STANDING, ARM], [frozenset({7}), frozenset()], {7: FACE}, LONGEST) == [None, 7]


def test_what_lies_in_the_box_of_somebody_without_a_face_may_be_somebody() -> None:
    assert parts([STANDING, ARM], [frozenset()] * 2, {7: FACE}, LONGEST) == [None, None]


def test_whoever_reaches_out_of_anothers_box_is_somebody() -> None:
    half = Box(80, 150, 140, 240)
    own = [frozenset({7}), frozenset[int]()]
    assert parts([STANDING, half], own, {7: FACE}, LONGEST) == [None, None]


def test_a_larger_box_is_no_part_of_a_smaller_one_that_it_nearly_equals() -> None:
    larger = STANDING.grown(3, 3)
    own = [frozenset({7}), frozenset[int]()]
    assert parts([STANDING, larger], own, {7: FACE}, LONGEST) == [None, None]


CHEST = Box(95, 125, 205, 400)  # begins below the face, reaches out of the box of the head


def test_a_large_body_that_begins_below_a_face_is_a_part_of_its_person() -> None:
    bust, own = Box(90, 40, 210, 180), [frozenset({7}), frozenset[int]()]
    assert parts([bust, CHEST], own, {7: FACE}, LONGEST) == [None, 7]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(Box(95, 125, 305, 400), id="much wider than that face: nearer to the camera"),
        pytest.param(Box(145, 125, 255, 400), id="beside it"),
        pytest.param(Box(95, 170, 205, 400), id="far below"),
        pytest.param(Box(95, 70, 205, 400), id="at its height"),
        pytest.param(Box(95, 125, 205, 300), id="small in the picture"),
    ],
)
def test_somebody_below_a_face_may_be_somebody_in_front(body: Box) -> None:
    bust, own = Box(90, 40, 210, 140), [frozenset({7}), frozenset[int]()]
    assert parts([bust, body], own, {7: FACE}, LONGEST) == [None, None]


def test_a_part_of_a_part_is_a_part_whichever_comes_first() -> None:
    bust, low = Box(90, 40, 210, 180), Box(100, 300, 160, 395)
    own = [frozenset[int](), frozenset({7}), frozenset[int]()]
    assert parts([low, bust, CHEST], own, {7: FACE}, LONGEST) == [7, None, 7]


def test_an_arm_across_two_boxes_of_one_person_is_a_part_and_across_two_people_is_not() -> None:
    upper, lower = Box(100, 50, 200, 200), Box(100, 200, 200, 350)
    arm = Box(120, 150, 150, 250)
    face, other = frozenset({7}), frozenset({8})
    faces = {7: FACE, 8: Box(130, 210, 170, 260)}
    assert parts([upper, lower, arm], [face, face, frozenset()], faces, LONGEST)[2] == 7
    assert parts([upper, lower, arm], [face, other, frozenset()], faces, LONGEST)[2] is None
