"""Whoever is a person and has no face at that moment: the head is hidden as a face."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passerby.core.frame import Frame
from passerby.core.geometry import Box
from passerby.core.time import FOREVER, Ticks
from passerby.core.track import Key, Why
from passerby.testing import ArrayFrame, Layout
from passerby.track.heads import Heads, faceless, head_of

STANDING = Box(100, 50, 200, 350)
FACE = Box(130, 60, 170, 110)


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


def test_a_face_in_the_head_is_its_face_and_one_in_the_chest_or_beside_is_not() -> None:
    head = head_of(STANDING)
    assert faceless([head], [FACE]) == [False]
    assert faceless([head], []) == [True]
    assert faceless([head], [Box(130, 160, 170, 210)]) == [True]
    assert faceless([head], [Box(230, 60, 270, 110)]) == [True]


def test_a_face_too_small_for_the_head_is_of_somebody_behind() -> None:
    assert faceless([head_of(STANDING)], [Box(150, 60, 160, 72)]) == [True]


def test_one_face_is_not_the_face_of_two_people() -> None:
    behind, before = head_of(Box(100, 50, 200, 350)), head_of(Box(140, 60, 300, 400))
    assert faceless([behind, before], [FACE]) == [False, True]
    assert faceless([before, behind], [FACE]) == [True, False]


def test_a_person_seen_twice_has_one_face() -> None:
    twice = [head_of(STANDING), head_of(STANDING.grown(6, 6))]
    assert faceless(twice, [FACE]) == [False, False]


def test_where_several_faces_are_a_group_is_meant() -> None:
    group = head_of(Box(0, 0, 200, 200))
    three = [Box(x, 40, x + 20, 65) for x in (20, 90, 150)]
    assert faceless([group], three) == [False]
    assert faceless([group], three[:2]) == [True]


def frame() -> Frame:
    return ArrayFrame([np.zeros((90, 160), np.uint8)], Layout.GRAY)


class Told:
    """A follower that hands on what it is told, and is as sure as it is told."""

    def __init__(self, kind: str, keys: Sequence[tuple[int, Key]], final: int = FOREVER) -> None:
        self._kind, self._keys = kind, list(keys)
        self.final = final
        self.seen = 0

    def see(self, frame: Frame) -> None:
        self.seen += 1

    def finish(self) -> None:
        self.final = FOREVER

    @property
    def final_until(self) -> Ticks:
        return Ticks(self.final)

    def take(self) -> Sequence[tuple[int, str, Key]]:
        ready = [(n, self._kind, k) for n, k in self._keys if k.at < self.final]
        self._keys = [(n, k) for n, k in self._keys if k.at >= self.final]
        return ready


def key(at: int, box: Box, why: Why = Why.SEEN, score: float | None = 0.8) -> Key:
    return Key(Ticks(at), box, why, score)


def test_a_head_is_covered_exactly_while_there_is_no_face() -> None:
    faces = Told("face", [(1, key(at, FACE)) for at in (0, 10)])
    people = Told("person", [(1, key(at, STANDING)) for at in (0, 10, 20, 30)])
    taken = Heads(faces, people, people_too=False).take()
    assert {kind for _, kind, _ in taken} == {"face"}
    heads = [k for _, _, k in taken if k.why is Why.HEAD]
    assert [k.at for k in heads] == [20, 30]
    assert all(k.box == head_of(STANDING) for k in heads)
    assert [k.at for _, _, k in taken if k.why is Why.SEEN] == [0, 10]


def test_tracks_of_faces_people_and_heads_are_told_apart() -> None:
    faces = Told("face", [(n, key(0, FACE)) for n in (1, 2)])
    people = Told("person", [(n, key(10, STANDING.grown(n, n))) for n in (1, 2)])
    taken = Heads(faces, people, people_too=True).take()
    assert len(taken) == 6
    assert len({track for track, _, _ in taken}) == 6
    assert sorted(kind for _, kind, _ in taken) == ["face"] * 4 + ["person"] * 2


@pytest.mark.parametrize("late", ["face", "person"])
def test_nothing_is_decided_before_both_are_sure(late: str) -> None:
    faces = Told("face", [(1, key(0, FACE))], 5 if late == "face" else FOREVER)
    people = Told("person", [(1, key(at, STANDING)) for at in (0, 10)])
    people.final = 5 if late == "person" else FOREVER
    both = Heads(faces, people, people_too=False)
    assert both.final_until == 5
    assert [k.at for _, _, k in both.take()] == [0]
    both.finish()
    assert both.final_until == FOREVER
    assert [(k.at, k.why) for _, _, k in both.take()] == [(10, Why.HEAD)]
    assert not both.take()


def test_both_see_every_frame() -> None:
    faces, people = Told("face", []), Told("person", [])
    both = Heads(faces, people, people_too=False)
    for _ in range(3):
        both.see(frame())
    assert (faces.seen, people.seen) == (3, 3)


def test_a_face_that_may_be_none_does_not_leave_a_head_bare() -> None:
    faces = Told("face", [(1, key(0, FACE, score=0.2)), (1, key(10, FACE, Why.FILLED, None))])
    people = Told("person", [(1, key(at, STANDING)) for at in (0, 10)])
    taken = Heads(faces, people, people_too=False).take()
    assert [k.at for _, _, k in taken if k.why is Why.HEAD] == [0]


def test_what_may_be_anything_has_no_head_but_is_hidden_as_a_person() -> None:
    weak = [(1, key(0, STANDING, score=0.3)), (2, key(0, STANDING, Why.FILLED, None))]
    heads = Heads(Told("face", []), Told("person", weak), people_too=True, least=0.35)
    taken = heads.take()
    assert sorted(kind for _, kind, _ in taken) == ["face", "person", "person"]
