"""Hides always apply; keeps apply to the very track that was pointed at, or not at all."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from passerby.core.geometry import Box
from passerby.core.schedule import Style
from passerby.core.time import Span, Ticks
from passerby.core.track import Key, Track, Why
from passerby.plan import Hide, Keep, bind, schedule_of

from .tracks import document, hides, keep, tracks


def track(number: int, x: float, ticks: range = range(10)) -> Track:
    keys = (Key(Ticks(t), Box(x, 0, x + 40, 40), Why.SEEN, 0.5) for t in ticks)
    return Track(number, "face", tuple(keys))


def span(start: int, end: int | None = None) -> Span:
    return Span(Ticks(start), Ticks(start + 1 if end is None else end))


@given(tracks(), hides(), st.integers(-60, 60), st.integers(1, 20))
def test_a_hide_covers_its_box_in_every_frame_that_touches_its_span(
    found: list[Track], edit: Hide, start: int, length: int
) -> None:
    frame = span(start, start + length)
    schedule, _, bound = schedule_of(document(found, [edit]))
    hidden = [r for r in schedule.regions(frame) if r.track == -1]
    assert edit.span is not None
    touches = frame.touches(Span(*map(Ticks, edit.span)))
    assert [r.box.contains(Box(*edit.box)) for r in hidden] == [True] * touches
    assert not bound.unbound


@given(tracks(), st.data())
def test_edits_never_uncover_anybody_but_the_one_who_was_pointed_at(
    found: list[Track], data: st.DataObject
) -> None:
    edits = [
        data.draw(
            st.builds(
                Keep,
                track=st.integers(0, 5),
                where=st.tuples(st.integers(-40, 40)).map(lambda t: (*t, 0, 0, 50, 50)),
            )
        )
        for _ in range(2)
    ]
    plain, _, _ = schedule_of(document(found))
    edited, _, bound = schedule_of(document(found, edits))
    kept = {number for number, _ in bound.keeps}
    assert kept <= {e.track for e in edits}
    for t in range(-40, 41):
        want = [r for r in plain.regions(span(t)) if r.track not in kept]
        assert list(edited.regions(span(t))) == want


def test_a_kept_track_is_not_hidden_and_its_neighbour_still_is() -> None:
    found = [track(1, 0), track(2, 100)]
    schedule, _, bound = schedule_of(document(found, [keep(found[0], 3)]))
    assert [r.track for r in schedule.regions(span(5))] == [2]
    assert bound.unbound == ()


def test_a_keep_applies_only_to_frames_wholly_inside_its_span() -> None:
    found = [track(1, 0)]
    schedule, _, _ = schedule_of(document(found, [keep(found[0], span=(4, 8))]))
    shown = [t for t in range(10) if not schedule.regions(span(t))]
    assert shown == [4, 5, 6, 7]
    assert schedule.regions(span(3, 5))
    assert schedule.regions(span(7, 9))


def test_a_keep_does_nothing_once_its_number_belongs_to_somebody_else() -> None:
    before = track(1, 0)
    edit = keep(before, 2)
    for after, reason in [
        (track(2, 0), "no such track"),
        (track(1, 25), "somewhere else"),
        (track(1, 0, range(5, 10)), "not there at that tick"),
    ]:
        schedule, _, bound = schedule_of(document([after], [edit]))
        assert schedule.regions(span(6))
        [lost] = bound.unbound
        assert lost.edit == 0
        assert reason in lost.reason


def test_a_keep_survives_a_new_detection_that_moved_the_box_a_little() -> None:
    edit = keep(track(1, 0), 2)
    bound = bind([edit], [track(1, 4)], Style.VEIL)
    assert [number for number, _ in bound.keeps] == [1]


def test_a_hide_wins_over_a_keep() -> None:
    found = [track(1, 0)]
    edits: list[Hide | Keep] = [keep(found[0]), Hide(span=(0, 10), box=(0, 0, 40, 40))]
    schedule, _, _ = schedule_of(document(found, edits))
    assert [r.track for r in schedule.regions(span(5))] == [-2]
