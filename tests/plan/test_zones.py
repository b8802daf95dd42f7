"""A keep-zone keeps whoever was in it from first to last, and nobody who may be somebody else."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from passerby.core.geometry import Box
from passerby.core.schedule import Region
from passerby.core.time import Span, Ticks
from passerby.core.track import Key, Track, Why
from passerby.plan import Bound, Hide, Keep, KeepZone, schedule_of
from passerby.plan.document import Document
from passerby.plan.vocabulary import Edit

from .tracks import document, tracks

ZONE = KeepZone(box=(500, 200, 1100, 800))
SIDE = 80


def track(number: int, xs: dict[int, float], y: float = 400, kind: str = "face") -> Track:
    """At x = xs[tick], 80 pixels wide and high."""
    keys = (Key(Ticks(t), Box(x, y, x + SIDE, y + SIDE), Why.SEEN, 0.9) for t, x in xs.items())
    return Track(number, kind, tuple(keys))


def still(number: int, x: float, ticks: Iterable[int], kind: str = "face") -> Track:
    return track(number, dict.fromkeys(ticks, x), kind=kind)


def bare(found: list[Track], *edits: Edit) -> dict[int, list[int]]:
    """Which tracks of the film are not hidden, and at which of its ticks."""
    return shown(document(found, edits or (ZONE,)), found)


def shown(plan: Document, found: list[Track]) -> dict[int, list[int]]:
    schedule, _, _ = schedule_of(plan)
    kept: dict[int, list[int]] = {}
    for one in found:
        for key in one.keys:
            frame = Span(key.at, Ticks(key.at + 1))
            if one.id not in {r.track for r in schedule.regions(frame)}:
                kept.setdefault(one.id, []).append(key.at)
    return kept


def bound(found: list[Track], *edits: Edit) -> Bound:
    return schedule_of(document(found, edits or (ZONE,)))[2]


def test_a_speaker_who_stays_inside_is_bare_and_the_account_says_by_which_edit() -> None:
    found = [still(1, 700, range(10)), still(2, 100, range(10))]
    assert bare(found) == {1: list(range(10))}
    [(edit, staying)] = bound(found).zones
    assert edit == 0
    assert [number for number, _ in staying.kept] == [1]
    assert staying.others == 0


def test_who_was_outside_in_a_single_frame_is_hidden_in_all() -> None:
    for when in (0, 5, 9):
        xs = {t: 300.0 if t == when else 700.0 for t in range(10)}
        assert bare([track(1, xs)]) == {}


@pytest.mark.parametrize(("x", "stays"), [(520, True), (505, True), (495, False), (480, False)])
def test_the_margins_count_and_only_a_tenth_may_reach_out(x: float, stays: bool) -> None:
    # What would be hidden is 109 pixels wide and begins 14 left of the face; the zone is from 500.
    assert (bare([still(1, x, range(5))]) != {}) == stays


def test_a_child_that_walks_in_and_is_found_again_inside_is_not_bare() -> None:
    speaker = still(1, 600, range(40))
    walks_in = track(2, {t: 1300.0 - 30 * t for t in range(15)})  # last seen at 880, inside
    found_again = still(3, 880, range(20, 40))
    assert bare([speaker, walks_in, found_again]) == {1: list(range(40))}


def test_somebody_lost_just_beside_the_zone_and_found_inside_is_not_bare() -> None:
    lost = still(2, 1130, range(5))
    found_again = still(3, 900, range(8, 20))
    assert bare([lost, found_again]) == {}


def test_a_speaker_who_is_lost_and_found_again_stays_bare_while_nobody_else_came() -> None:
    far = still(3, 100, range(30))
    assert bare([still(1, 700, range(10)), still(2, 700, range(15, 30)), far]) == {
        1: list(range(10)),
        2: list(range(15, 30)),
    }


def test_who_walks_through_and_leaves_spoils_nothing_but_who_came_meanwhile() -> None:
    speaker = still(1, 600, range(60))
    through = track(2, {t: 1500.0 - 45 * t for t in range(60) if 1500 - 45 * t > -2000}, y=700)
    through = Track(2, "face", tuple(k for k in through.keys if k.at < 40))
    again = still(3, 600, range(70, 80))
    kept = bare([Track(1, "face", speaker.keys), through, again])
    assert kept == {1: list(range(60)), 3: list(range(70, 80))}


def test_who_comes_out_from_behind_the_speaker_is_hidden() -> None:
    assert bare([still(1, 700, range(30)), still(2, 820, range(10, 30))]) == {1: list(range(30))}


def test_once_a_stranger_who_stays_has_crossed_the_speaker_nobody_is_bare() -> None:
    speaker = still(1, 700, range(40))
    crosses = track(2, {t: max(760.0, 1300.0 - 40 * t) for t in range(40)})
    kept = bare([speaker, crosses])
    assert set(kept) == {1}
    assert 0 < max(kept[1]) < 14


def test_a_zone_with_a_time_judges_and_keeps_only_then() -> None:
    comes = track(1, {t: 100.0 + 60 * t if t < 10 else 700.0 for t in range(30)})
    zone = KeepZone(box=ZONE.box, span=(12, 25))
    assert bare([comes], zone) == {1: list(range(12, 25))}
    assert bare([comes]) == {}


def test_what_can_be_read_is_not_kept_and_bodies_are() -> None:
    kinds = ["text", "plate", "frame-dark", "person"]
    found = [still(n, 700, range(5), kind) for n, kind in enumerate(kinds, 1)]
    assert set(bare(found)) == {4}


def test_a_hide_wins_over_a_keep_zone() -> None:
    found = [still(1, 700, range(5))]
    schedule, _, _ = schedule_of(document(found, [ZONE, Hide(box=(0, 0, 1920, 1080))]))
    assert [r.track for r in schedule.regions(Span(Ticks(2), Ticks(3)))] == [-2]


def test_a_hide_without_a_span_holds_all_the_time() -> None:
    schedule, _, _ = schedule_of(document([], [Hide(box=(0, 0, 9, 9), kind="zone")]))
    for t in (-(10**9), 0, 10**12):
        frame = Span(Ticks(t), Ticks(t + 1))
        assert [r.kind for r in schedule.regions(frame)] == ["zone"]


def test_pages_of_a_photo_have_nothing_to_do_with_each_other() -> None:
    found = [still(1, 700, [0]), still(2, 470, [0]), still(3, 700, [1])]
    plan = document(found, [ZONE])
    pages = plan.model_copy(update={"media": plan.media.model_copy(update={"kind": "photo"})})
    assert shown(pages, found) == {1: [0], 3: [1]}


@pytest.mark.parametrize("box", [(5, 5, 5, 9), (9, 0, 5, 5)])
def test_a_zone_with_nothing_in_it_is_refused(box: tuple[float, float, float, float]) -> None:
    with pytest.raises(ValidationError, match="empty or inside out"):
        KeepZone(box=box)


@given(
    tracks(),
    st.lists(st.sampled_from([0, 200, 700, 1500]), min_size=4, max_size=4),
    st.none() | st.tuples(st.integers(-40, 0), st.integers(1, 40)),
)
def test_a_keep_zone_uncovers_nobody_who_was_ever_outside_it(
    found: list[Track], edges: list[int], span: tuple[int, int] | None
) -> None:
    box = (float(edges[0]), float(edges[1]), edges[0] + 1 + edges[2], edges[1] + 1 + edges[3])
    zone = KeepZone(box=box, span=span)
    schedule, timeline, _ = schedule_of(document(found, [zone]))
    plain, _, _ = schedule_of(document(found))
    place = Box(*zone.box).grown(0.25, 0.25)
    start, end = span or (-(10**9), 10**9)
    outside = {
        one.id
        for one in timeline.tracks()
        for key in one.keys
        if start <= key.at < end and not _middle_in(key.box, place)
    }
    for t in range(-41, 41):
        frame = Span(Ticks(t), Ticks(t + 1))
        missing = set(plain.regions(frame)) - set(schedule.regions(frame))
        assert all(region.track not in outside for region in missing)
        assert not missing or start <= t < end
        assert _only_people(missing)


def _only_people(regions: Iterable[Region]) -> bool:
    return all(region.kind in ("face", "person") for region in regions)


def _middle_in(box: Box, place: Box) -> bool:
    """Of what shows in the picture of 1920 x 1080."""
    x0, x1 = max(0.0, box.x0), min(1920.0, box.x1)
    y0, y1 = max(0.0, box.y0), min(1080.0, box.y1)
    x, y = (x0 + x1) / 2, (y0 + y1) / 2
    return place.x0 <= x <= place.x1 and place.y0 <= y <= place.y1


def test_a_keep_and_a_keep_zone_do_not_disturb_each_other() -> None:
    found = [still(1, 700, range(5)), still(2, 100, range(5))]
    key = found[1].keys[0]
    keep = Keep(track=2, where=(key.at, *key.box.corners))
    assert set(bare(found, keep, ZONE)) == {1, 2}
