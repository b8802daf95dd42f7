"""What a person says later wins over what was said before, and in doubt more is hidden."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from passerby.core.geometry import Box
from passerby.core.schedule import Style
from passerby.core.time import Span, Ticks
from passerby.core.track import Key, Track, Why
from passerby.plan import (
    Edit,
    Group,
    Hide,
    HideMoving,
    HideTracks,
    Keep,
    KeepTracks,
    Policy,
    Restyle,
    Revoke,
    Split,
    active,
    parse,
    redoable,
    schedule_of,
    text_of,
    undoable,
)

from .tracks import document, tracks


def track(number: int, x: float, ticks: range = range(10), kind: str = "face") -> Track:
    keys = (Key(Ticks(t), Box(x, 0, x + 40, 40), Why.SEEN, 0.5) for t in ticks)
    return Track(number, kind, tuple(keys))


def at(found: Track, row: int = 0) -> tuple[int, int, float, float, float, float]:
    key = found.keys[row]
    return (found.id, key.at, *key.box.corners)


def span(start: int, end: int | None = None) -> Span:
    return Span(Ticks(start), Ticks(start + 1 if end is None else end))


def hidden(found: list[Track], edits: list[Edit], tick: int = 5) -> list[int]:
    schedule, _, _ = schedule_of(document(found, edits))
    return [r.track for r in schedule.regions(span(tick))]


ONE, TWO, THREE = track(1, 0), track(2, 100), track(3, 200, kind="plate")
ALL = [ONE, TWO, THREE]


def test_several_tracks_are_kept_in_one_sentence_and_only_those_that_are_found() -> None:
    moved = (2, 3, 500.0, 0.0, 540.0, 40.0)
    edits: list[Edit] = [KeepTracks(tracks=(at(ONE), moved, (9, 0, 0, 0, 1, 1)))]
    assert hidden(ALL, edits) == [2, 3]
    _, _, bound = schedule_of(document(ALL, edits))
    assert [(u.track, u.reason) for u in bound.unbound] == [
        (2, "the track is somewhere else at that tick"),
        (9, "no such track"),
    ]


def test_keep_only_hides_everybody_who_was_kept_before() -> None:
    edits: list[Edit] = [KeepTracks(tracks=(at(ONE), at(TWO))), KeepTracks(tracks=(at(THREE),))]
    assert hidden(ALL, edits) == []
    assert hidden(ALL, [*edits, KeepTracks(tracks=(at(TWO),), only=True)]) == [1, 3]


def test_the_last_word_about_a_track_counts() -> None:
    keep = KeepTracks(tracks=(at(ONE), at(THREE)))
    assert hidden(ALL, [keep, HideTracks(tracks=(at(ONE),))]) == [1, 2]
    assert hidden(ALL, [keep, HideTracks(tracks=(at(ONE),)), keep]) == [2]
    assert hidden(ALL, [keep, HideTracks(kind="plate")]) == [2, 3]
    assert hidden(ALL, [keep, HideTracks()]) == [1, 2, 3]


def test_a_track_that_is_to_be_hidden_is_known_by_its_number_or_by_its_place() -> None:
    keep = KeepTracks(tracks=(at(ONE),))
    renumbered = (77, *at(ONE)[1:])
    elsewhere = (1, 3, 900.0, 0.0, 940.0, 40.0)
    assert hidden(ALL, [keep, HideTracks(tracks=(renumbered,))]) == [1, 2, 3]
    assert hidden(ALL, [keep, HideTracks(tracks=(elsewhere,))]) == [1, 2, 3]


def test_hiding_a_part_of_the_time_leaves_the_rest_kept() -> None:
    edits: list[Edit] = [
        KeepTracks(tracks=(at(ONE),)),
        HideTracks(tracks=(at(ONE),), span=(3, 6)),
    ]
    assert [t for t in range(10) if hidden([ONE], edits, t)] == [3, 4, 5]
    schedule, _, _ = schedule_of(document([ONE], edits))
    assert schedule.regions(span(2, 4)), "a frame that touches the time is hidden"


def test_two_keeps_that_meet_keep_a_frame_across_them() -> None:
    where = at(ONE)[1:]
    edits = [Keep(track=1, where=where, span=s) for s in ((0, 5), (5, 10))]
    schedule, _, _ = schedule_of(document([ONE], edits))
    assert schedule.regions(span(4, 6)) == ()


def test_a_box_that_moves_covers_all_of_its_way_within_a_frame() -> None:
    edit = HideMoving(keys=((0, 0, 0, 10, 10), (10, 100, 0, 110, 10)), end=15)
    schedule, _, _ = schedule_of(document([], [edit]))
    assert schedule.regions(span(5))[0].box == Box(50, 0, 60, 10)
    assert schedule.regions(span(4, 7))[0].box == Box(40, 0, 70, 10)
    assert schedule.regions(span(8, 14))[0].box == Box(80, 0, 110, 10)
    assert schedule.regions(span(14, 20))[0].box == Box(100, 0, 110, 10)
    assert schedule.regions(span(-5, 0)) == schedule.regions(span(15, 20)) == ()


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(-50, 500)), min_size=1, max_size=6),
    st.integers(-5, 70),
    st.integers(1, 30),
)
def test_a_frame_hides_every_place_at_which_a_moving_box_is_during_it(
    given_keys: list[tuple[int, int]], start: int, length: int
) -> None:
    places = sorted(dict(given_keys).items())
    keys = tuple((t, x, 0, x + 20, 20) for t, x in places)
    edit = HideMoving(keys=keys, end=places[-1][0] + 9)
    schedule, _, _ = schedule_of(document([], [edit]))
    frame = schedule.regions(span(start, start + length))
    for tick in range(start, start + length):
        for alone in schedule.regions(span(tick)):
            assert frame[0].box.contains(alone.box)
    assert bool(frame) == (start < edit.end and start + length > places[0][0])


CORNERS = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=3, max_size=9)


@given(CORNERS, st.integers(1, 900), st.integers(0, 20), st.integers(1, 9), st.floats(0, 1))
def test_a_shape_is_covered_wherever_it_is_while_a_frame_is_shown(
    corners: list[tuple[float, float]], size: int, start: int, length: int, along: float
) -> None:
    keys = ((0, 10.25, 5, 10.25 + size, 5 + size), (10, 60, 0, 60 + 2 * size, 2 * size))
    try:
        edit = HideMoving(keys=keys, end=25, shape=tuple(corners))
    except ValidationError:
        assert any(len(set(line)) == 1 for line in zip(*corners, strict=True))
        return
    schedule, _, bound = schedule_of(document([], [edit]))
    frame = schedule.regions(span(start, start + length))
    assert len(list(bound.added())) == 1
    for tick in range(start, start + length):
        share = min(1, tick / 10)
        whole = Box(*keys[0][1:]).mixed(Box(*keys[1][1:]), share)
        for (ax, ay), (bx, by) in zip(corners, (*corners[1:], corners[0]), strict=True):
            x = whole.x0 + (ax + (bx - ax) * along) * whole.width
            y = whole.y0 + (ay + (by - ay) * along) * whole.height
            assert any(
                r.box.x0 - 1e-6 <= x <= r.box.x1 + 1e-6 and r.box.y0 - 1e-6 <= y <= r.box.y1 + 1e-6
                for r in frame
            )


def test_beside_a_shape_the_box_stays_bare() -> None:
    roof = ((0.5, 0.0), (1.0, 1.0), (0.0, 1.0))
    edit = HideMoving(keys=((0, 0, 0, 400, 400),), end=9, shape=roof)
    schedule, _, bound = schedule_of(document([], [edit]))
    parts = [r.box for r in schedule.regions(span(3))]
    assert 0.5 * 400**2 <= sum(b.area for b in parts) <= 0.58 * 400**2
    assert all(above.y1 == below.y0 for above, below in pairwise(parts)), "no gap, nothing twice"
    assert [r.box for _, r in bound.added()] == [Box(0, 0, 400, 400)]


def test_a_style_is_of_its_track_and_where_two_meet_in_a_frame_the_stronger_is_taken() -> None:
    edits: list[Edit] = [Restyle(tracks=(at(ONE), at(THREE)), style="mosaic", span=(0, 5))]
    schedule, _, _ = schedule_of(document(ALL, edits))
    assert [r.style for r in schedule.regions(span(3))] == [Style.MOSAIC, Style.VEIL, Style.SOLID]
    assert schedule.regions(span(4, 6))[0].style == Style.VEIL
    weak = Policy(style=Style.MOSAIC)
    edits = [Restyle(tracks=(at(ONE),), style="solid", span=(5, 9))]
    schedule, _, _ = schedule_of(document([ONE], edits, weak))
    styles = [schedule.regions(s)[0].style for s in (span(3), span(4, 6), span(6))]
    assert styles == [Style.MOSAIC, Style.SOLID, Style.SOLID]


def test_splits_and_groups_hide_and_keep_nobody() -> None:
    where = at(ONE)[1:]
    edits: list[Edit] = [Split(track=1, where=where, at=4), Group(tracks=(at(ONE), at(TWO)))]
    assert hidden(ALL, edits) == hidden(ALL, [])


def test_what_is_revoked_no_longer_holds_until_the_revoke_is_revoked() -> None:
    keep, box = KeepTracks(tracks=(at(ONE),)), Hide(box=(0, 0, 9, 9))
    edits: list[Edit] = [keep, box, Revoke(edit=0)]
    assert hidden(ALL, edits) == [1, 2, 3, -2]
    assert hidden(ALL, [*edits, Revoke(edit=2)]) == [2, 3, -2]
    assert active([*edits, Revoke(edit=1)]) == ()


def test_a_box_takes_the_place_of_the_one_that_it_was_before() -> None:
    first = HideMoving(keys=((0, 0, 0, 9, 9),), end=9)
    second = HideMoving(keys=((0, 50, 0, 59, 9),), end=9, instead=0)
    assert hidden([], [first, second]) == [-2]
    assert hidden([], [first, second, Revoke(edit=1, by="undo")]) == [-1]


def test_undo_and_redo_go_all_the_way_and_a_new_edit_ends_redo() -> None:
    edits: list[Edit] = [Hide(box=(n, 0, n + 1, 1)) for n in range(3)]
    edits.append(Revoke(edit=1))  # a second thought, which can be undone as well

    def undo() -> None:
        edits.append(Revoke(edit=undoable(edits) or 0, by="undo"))

    def redo() -> None:
        edits.append(Revoke(edit=redoable(edits) or 0, by="redo"))

    def holds() -> list[int]:
        return [number for number, _ in active(edits)]

    seen = [holds()]
    while undoable(edits) is not None:
        undo()
        seen.append(holds())
    assert seen == [[0, 2], [0, 1, 2], [0, 1], [0], []]
    while redoable(edits) is not None:
        redo()
        seen.append(holds())
    assert seen[5:] == [[0], [0, 1], [0, 1, 2], [0, 2]]
    undo()
    edits.append(Hide(box=(9, 0, 10, 1)))
    assert redoable(edits) is None
    undo()
    undo()
    assert holds() == [0, 1]


@given(tracks(), st.data())
def test_whatever_is_said_of_tracks_nobody_is_bare_who_was_never_kept(
    found: list[Track], data: st.DataObject
) -> None:
    good = [at(t, row) for t in found for row in range(len(t.keys)) if t.keys[row].box.area]
    pointed = st.sampled_from(good or [(9, 0, 0.0, 0.0, 1.0, 1.0)])
    some = st.lists(pointed, min_size=1, max_size=3).map(tuple)
    when = st.none() | st.tuples(st.integers(-40, 0), st.integers(1, 40))
    keeps = st.builds(KeepTracks, tracks=some, span=when, only=st.booleans())
    back = st.builds(HideTracks, tracks=st.none() | some, span=when)
    edits: list[Edit] = data.draw(st.lists(keeps | back, max_size=5))
    plain, _, _ = schedule_of(document(found))
    schedule, _, _ = schedule_of(document(found, edits))
    kept = {n for e in edits if isinstance(e, KeepTracks) for n, *_ in e.tracks}
    for tick in range(-40, 40, 3):
        before, after = plain.regions(span(tick)), schedule.regions(span(tick))
        assert {r.track for r in before} - {r.track for r in after} <= kept
        if edits and isinstance(edits[-1], HideTracks) and not (edits[-1].tracks or edits[-1].span):
            assert after == before


def test_every_sentence_survives_being_written_down() -> None:
    edits: list[Edit] = [
        HideMoving(keys=((0, 0, 0, 10, 10.25), (4, 5, 0, 15, 10)), end=9, kind="text", note="x"),
        HideMoving(keys=((0, 0, 0, 10, 10),), end=9, shape=((0.5, 0), (1, 1), (0, 0.25))),
        KeepTracks(tracks=(at(ONE),), span=(1, 5), only=True),
        HideTracks(kind="plate"),
        Restyle(tracks=(at(ONE),), style="solid"),
        Split(track=1, where=at(ONE)[1:], at=4),
        Group(tracks=(at(ONE), at(TWO))),
        Revoke(edit=3, by="undo"),
    ]
    plan = document(ALL, edits)
    assert parse(text_of(plan)) == plan


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: HideMoving(keys=((0, 0, 0, 1, 1), (0, 0, 0, 1, 1)), end=3),
        lambda: HideMoving(keys=((0, 0, 0, 1, 1),), end=0),
        lambda: HideMoving(keys=((0, 5, 0, 1, 1),), end=3),
        lambda: HideMoving(keys=((0, 0, 0, 1, 1),), end=3, shape=((0, 0), (1, 1))),
        lambda: HideMoving(keys=((0, 0, 0, 1, 1),), end=3, shape=((0, 0), (1, 0), (0.5, 0))),
        lambda: HideMoving(keys=((0, 0, 0, 1, 1),), end=3, shape=((0, 0), (2, 0), (1, 1))),
        lambda: KeepTracks(tracks=()),
        lambda: KeepTracks(tracks=((1, 0, 5, 5, 5, 9),)),
        lambda: HideTracks(tracks=(at(ONE),), kind="face"),
        lambda: KeepTracks(tracks=(at(ONE),), span=(5, 5)),
        lambda: document([], [Revoke(edit=0)]),
        lambda: document([], [HideMoving(keys=((0, 0, 0, 1, 1),), end=3, instead=0)]),
    ],
)
def test_a_sentence_that_makes_no_sense_is_refused(wrong: object) -> None:
    assert callable(wrong)
    with pytest.raises(ValidationError):
        wrong()
