"""Whoever is a person and has no face at that moment: the head is hidden as a face."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passerby.core.frame import Frame
from passerby.core.geometry import Box, Size
from passerby.core.time import FOREVER, Ticks
from passerby.core.track import Key, Why
from passerby.testing import ArrayFrame, Layout
from passerby.track.belonging import head_of
from passerby.track.heads import Heads

STANDING = Box(100, 50, 200, 350)
FACE = Box(130, 60, 170, 110)
SIZE = Size(640, 480)

Told = Sequence[tuple[int, Key]]


def frame() -> Frame:
    return ArrayFrame([np.zeros((90, 160), np.uint8)], Layout.GRAY)


class Teller:
    """A follower that hands on what it is told, and is as sure as it is told."""

    def __init__(self, kind: str, keys: Told, final: int = FOREVER) -> None:
        self._kind, self._keys = kind, sorted(keys, key=lambda told: told[1].at)
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
    return Key(Ticks(at), box, why, score if why is Why.SEEN else None)


def heads(
    faces: Told,
    people: Told,
    *,
    fresh: int = 0,
    ahead: int = FOREVER,
    firm: tuple[float, float] = (0.0, 0.0),
) -> list[Key]:
    """The keys of heads, with everything known; `ahead`: with no more than that."""
    both = Heads(
        Teller("face", faces),
        Teller("person", people),
        SIZE,
        people_too=False,
        firm=firm,
        fresh=Ticks(fresh),
        ahead=Ticks(ahead),
    )
    return [k for _, _, k in both.take() if k.why is Why.HEAD]


def bare(faces: Told, people: Told, *, fresh: int = 0, ahead: int = FOREVER) -> list[int]:
    """When there are heads."""
    return [k.at for k in heads(faces, people, fresh=fresh, ahead=ahead)]


# As a follower.


def test_a_head_is_covered_exactly_while_there_is_no_face() -> None:
    faces = Teller("face", [(1, key(at, FACE)) for at in (0, 10)])
    people = Teller("person", [(1, key(at, STANDING)) for at in (0, 10, 20, 30)])
    taken = Heads(faces, people, SIZE, people_too=False).take()
    assert {kind for _, kind, _ in taken} == {"face"}
    found = [k for _, _, k in taken if k.why is Why.HEAD]
    assert [k.at for k in found] == [20, 30]
    assert all(k.box == head_of(STANDING) for k in found)
    assert [k.at for _, _, k in taken if k.why is Why.SEEN] == [0, 10]


def test_tracks_of_faces_people_and_heads_are_told_apart() -> None:
    faces = Teller("face", [(n, key(0, FACE)) for n in (1, 2)])
    people = Teller("person", [(n, key(10, STANDING.grown(n, n))) for n in (1, 2)])
    taken = Heads(faces, people, SIZE, people_too=True).take()
    assert len(taken) == 6
    assert len({track for track, _, _ in taken}) == 6
    assert sorted(kind for _, kind, _ in taken) == ["face"] * 4 + ["person"] * 2


@pytest.mark.parametrize("late", ["face", "person"])
def test_nothing_is_decided_before_both_are_sure(late: str) -> None:
    faces = Teller("face", [(1, key(0, FACE))], 5 if late == "face" else FOREVER)
    people = Teller("person", [(1, key(at, STANDING)) for at in (0, 10)])
    people.final = 5 if late == "person" else FOREVER
    both = Heads(faces, people, SIZE, people_too=False)
    assert both.final_until == 5
    assert [k.at for _, _, k in both.take()] == [0]
    both.finish()
    assert both.final_until == FOREVER
    assert [(k.at, k.why) for _, _, k in both.take()] == [(10, Why.HEAD)]
    assert not both.take()


def test_a_frame_waits_for_what_comes_after_it() -> None:
    faces, people = Teller("face", [(1, key(0, FACE))], 40), Teller("person", [], 40)
    both = Heads(faces, people, SIZE, people_too=False, fresh=Ticks(10), ahead=Ticks(30))
    assert both.final_until == 0
    assert not both.take()
    faces.final = people.final = 41
    assert both.final_until == 1
    assert [k.at for _, _, k in both.take()] == [0]


def test_both_see_every_frame() -> None:
    faces, people = Teller("face", []), Teller("person", [])
    both = Heads(faces, people, SIZE, people_too=False)
    for _ in range(3):
        both.see(frame())
    assert (faces.seen, people.seen) == (3, 3)


def test_what_may_be_anything_has_no_head_but_is_hidden_as_a_person() -> None:
    weak = [(1, key(0, STANDING, score=0.3)), (2, key(0, STANDING, Why.FILLED))]
    both = Heads(Teller("face", []), Teller("person", weak), SIZE, people_too=True, least=0.35)
    taken = both.take()
    assert sorted(kind for _, kind, _ in taken) == ["face", "person", "person"]


# What a face has to be.


def test_a_face_that_may_be_none_does_not_leave_a_head_bare() -> None:
    people = [(1, key(at, STANDING)) for at in (0, 10)]
    doubtful = [(1, key(0, FACE, score=0.4)), (1, key(10, FACE, Why.FILLED))]
    assert bare(doubtful, people) == [0, 10]


def test_a_sure_face_counts_where_it_was_seen_less_surely_or_only_followed() -> None:
    people = [(1, key(at, STANDING)) for at in (0, 10, 20)]
    face = [(1, key(0, FACE)), (1, key(10, FACE, Why.FILLED)), (1, key(20, FACE, score=0.2))]
    assert bare(face, people) == []


def test_a_face_long_after_it_was_seen_may_have_turned_away() -> None:
    people = [(1, key(at, STANDING)) for at in range(0, 60, 10)]
    face = [(1, key(0, FACE)), *((1, key(at, FACE, Why.REACH)) for at in range(10, 60, 10))]
    assert bare(face, people, fresh=20) == [30, 40, 50]


def test_a_face_long_before_it_was_seen_may_not_have_been_there() -> None:
    people = [(1, key(at, STANDING)) for at in range(0, 60, 10)]
    face = [*((1, key(at, FACE, Why.REACH)) for at in range(0, 50, 10)), (1, key(50, FACE))]
    assert bare(face, people, fresh=20) == [0, 10, 20]


# What tracks tell.

SPREAD = Box(0, 50, 300, 350)  # with arms stretched out: the face is too small for such a box


def test_whose_face_was_seen_on_somebody_is_theirs_where_the_box_says_less() -> None:
    people = [(1, key(at, SPREAD if at == 20 else STANDING)) for at in range(0, 50, 10)]
    face = [(1, key(at, Box(110, 60, 140, 100))) for at in range(0, 50, 10)]
    assert bare(face, people) == []
    assert bare(face, [people[2]]) == [20]
    assert bare(face[:2], people) == [20, 30, 40]  # while it is there


def test_what_was_known_is_still_known_in_the_next_frame() -> None:
    people = [(1, key(at, SPREAD if at == 40 else STANDING)) for at in range(0, 50, 10)]
    face = [(1, key(at, Box(110, 60, 140, 100))) for at in range(0, 50, 10)]
    assert bare(face, people, ahead=0) == []


def test_a_face_seen_on_somebody_now_and_then_is_not_theirs() -> None:
    people = [(1, key(at, STANDING if at == 20 else SPREAD)) for at in range(0, 50, 10)]
    face = [(1, key(at, Box(110, 60, 140, 100))) for at in range(0, 50, 10)]
    assert bare(face, people) == [0, 10, 30, 40]


def test_a_face_that_went_elsewhere_is_nobodys_any_more() -> None:
    people = [(1, key(at, STANDING)) for at in range(0, 50, 10)]
    face = [(1, key(at, FACE)) for at in range(0, 40, 10)]
    face.append((1, key(40, Box(400, 60, 440, 110))))
    assert bare(face, people) == [40]


ARM = Box(110, 150, 140, 240)
OUT = Box(40, 150, 90, 240)  # of the person's box


def test_what_was_mostly_part_of_somebody_has_no_head_where_it_reaches_out() -> None:
    people = [(1, key(at, STANDING)) for at in range(0, 50, 10)]
    people += [(2, key(at, OUT if at == 30 else ARM)) for at in range(0, 50, 10)]
    face = [(1, key(at, FACE)) for at in range(0, 50, 10)]
    assert bare(face, people) == []


def test_an_arm_is_part_of_somebody_whose_face_the_box_does_not_tell() -> None:
    people = [(1, key(at, SPREAD if at > 30 else STANDING)) for at in range(0, 50, 10)]
    people += [(2, key(40, ARM))]
    face = [(1, key(at, Box(110, 60, 140, 100))) for at in range(0, 50, 10)]
    assert bare(face, people) == []


def test_only_what_was_seen_as_a_part_is_one() -> None:
    people = [(1, key(at, STANDING)) for at in range(0, 50, 10)]
    people += [(2, key(at, ARM, Why.FILLED)) for at in range(0, 40, 10)]
    people += [(2, key(40, OUT))]
    face = [(1, key(at, FACE)) for at in range(0, 50, 10)]
    assert bare(face, people) == [0, 10, 20, 30, 40]


def test_what_was_once_in_front_of_somebody_has_a_head() -> None:
    people = [(1, key(at, STANDING)) for at in range(0, 50, 10)]
    people += [(2, key(at, ARM if at == 30 else OUT)) for at in range(0, 50, 10)]
    face = [(1, key(at, FACE)) for at in range(0, 50, 10)]
    assert bare(face, people) == [0, 10, 20, 30, 40]


def test_a_part_is_covered_as_soon_as_its_person_is_gone() -> None:
    people = [(1, key(at, STANDING)) for at in range(0, 50, 10)]
    people += [(2, key(at, ARM)) for at in range(0, 70, 10)]
    face = [(1, key(at, FACE)) for at in range(0, 40, 10)]
    found = heads(face, people)
    # At 40 the face is gone, and the person still there: one head, at its place.
    assert [(k.at, k.box) for k in found if k.at <= 40] == [(40, head_of(STANDING))]
    assert [k.at for k in found if k.at > 40] == [50, 60]


def test_whoever_showed_a_face_and_turns_away_before_somebody_is_no_part() -> None:
    child = Box(120, 150, 170, 330)
    people = [(1, key(at, STANDING)) for at in range(0, 90, 10)]
    people += [(2, key(at, child)) for at in range(0, 90, 10)]
    face = [(1, key(at, FACE)) for at in range(0, 90, 10)]
    face += [(2, key(at, Box(135, 155, 155, 180))) for at in range(0, 20, 10)]
    assert bare(face, people) == list(range(20, 90, 10))


CHEST = Box(95, 125, 205, 400)


def test_of_whoever_begins_below_a_face_the_head_is_above_once_the_face_is_gone() -> None:
    people = [(2, key(at, CHEST)) for at in range(0, 50, 10)]
    people += [(1, key(at, Box(90, 40, 210, 180))) for at in range(0, 30, 10)]
    face = [(1, key(at, FACE)) for at in range(0, 40, 10)]
    found = heads(face, people)
    assert [k.at for k in found] == [40]
    assert all(k.box.contains(FACE) and k.box.contains(head_of(CHEST)) for k in found)


def test_who_may_be_none_is_not_covered_long_after_it_was_seen_and_who_is_for_sure_is() -> None:
    def followed(score: float) -> Told:
        later = [(1, key(at, STANDING, Why.REACH)) for at in range(10, 60, 10)]
        return [(1, key(0, STANDING, score=score)), *later]

    assert bare([], followed(0.5), fresh=20) == [0, 10, 20]
    assert bare([], followed(0.7), fresh=20) == [0, 10, 20, 30, 40, 50]
    # Between two sightings somebody is there, however weak.
    between = [(1, key(at, STANDING, Why.FILLED)) for at in range(10, 60, 10)]
    assert len(bare([], [(1, key(0, STANDING, score=0.5)), *between], fresh=20)) == 6


def test_what_comes_later_than_it_may_wait_decides_nothing() -> None:
    people = [(1, key(at, STANDING)) for at in range(0, 50, 10)]
    people += [(2, key(at, OUT if at < 20 else ARM)) for at in range(0, 50, 10)]
    face = [(1, key(at, FACE)) for at in range(0, 50, 10)]
    assert bare(face, people) == []
    assert bare(face, people, ahead=10) == [0, 10]


def test_who_is_hardly_a_person_is_covered_only_where_nobody_can_be_seen() -> None:
    aside = Box(300, 50, 400, 350)
    face = [(1, key(at, FACE)) for at in range(0, 40, 10)]
    seen = [(1, key(at, STANDING)) for at in range(0, 60, 10)]

    def beside(*scores: float) -> list[int]:
        unsure = [(2, key(10 * n, aside, score=score)) for n, score in enumerate(scores)]
        unsure += [(2, key(10 * n, aside, Why.FILLED)) for n in range(len(scores), 6)]
        found = heads(face, [*seen, *unsure], firm=(0.6, 0.4))
        return [k.at for k in found if k.box.x0 == aside.x0]

    assert beside(0.3, 0.3) == [40, 50]
    assert beside(0.5) == [40, 50]
    assert beside(0.3, 0.4) == beside(0.6) == list(range(0, 60, 10))


def test_a_face_seen_twice_is_no_other_face_of_somebody() -> None:
    people = [(1, key(at, STANDING)) for at in range(0, 90, 10)]
    people += [(2, key(at, STANDING if at == 10 else ARM)) for at in range(0, 90, 10)]
    face = [(1, key(at, FACE)) for at in range(0, 90, 10)]
    twice = [(2, key(10, FACE.grown(4, 4)))]
    assert bare([*face, *twice], people) == []
    # As it would if somebody else had been seen there, who turned away.
    assert bare([*face, (2, key(10, Box(103, 60, 128, 90)))], people) != []


# In a stream.


@st.composite
def lives(draw: st.DrawFn, kind: str) -> list[tuple[int, Key]]:
    """Some tracks of faces or people that come and go."""
    boxes = [FACE, FACE.grown(-8, -8)] if kind == "face" else [STANDING, ARM, OUT, CHEST, SPREAD]
    told = []
    for track in range(1, draw(st.integers(1, 4))):
        first, last = sorted((draw(st.integers(0, 12)), draw(st.integers(0, 12))))
        for n in range(first, last + 1):
            why = draw(st.sampled_from([Why.SEEN, Why.SEEN, Why.FILLED, Why.REACH]))
            score = draw(st.sampled_from([0.3, 0.55, 0.9]))
            told.append((track, key(10 * n, draw(st.sampled_from(boxes)), why, score)))
    return told


@given(lives("face"), lives("person"), st.lists(st.integers(0, 130)), st.sampled_from([0, 10, 35]))
def test_it_does_not_matter_how_often_it_is_asked(
    faces: list[tuple[int, Key]], people: list[tuple[int, Key]], asked: list[int], ahead: int
) -> None:
    def both(final: int) -> tuple[Heads, Teller, Teller]:
        one, other = Teller("face", faces, final), Teller("person", people, final)
        heads = Heads(one, other, SIZE, people_too=True, fresh=Ticks(15), ahead=Ticks(ahead))
        return heads, one, other

    def order(told: tuple[int, str, Key]) -> tuple[int, int]:
        return told[2].at, told[0]

    whole = both(FOREVER)[0].take()
    stream, one, other = both(-FOREVER)
    taken: list[tuple[int, str, Key]] = []
    for until in sorted(asked):
        one.final = other.final = until
        final = stream.final_until
        taken += stream.take()
        assert sorted(taken, key=order) == sorted(
            (told for told in whole if told[2].at < final), key=order
        )
    stream.finish()
    taken += stream.take()
    assert sorted(taken, key=order) == sorted(whole, key=order)


def test_nothing_is_kept_of_those_who_left() -> None:
    faces = Teller("face", [(at, key(at, FACE)) for at in range(300)], 0)
    people = Teller("person", [(at, key(at, STANDING)) for at in range(300)], 0)
    both = Heads(faces, people, SIZE, people_too=False, ahead=Ticks(20))
    for until in range(300):
        faces.final = people.final = until
        both.take()
    assert both.remembered <= 2 * 25
