"""Regions follow from keys: nothing that was seen is left out, now, then, or after saving."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passerby.core.geometry import Box
from passerby.core.schedule import Region, Style
from passerby.core.time import FOREVER, Span, Ticks
from passerby.core.track import Key, Track, Why
from passerby.plan import Decided, Policy, Timeline, parse, schedule_of, text_of
from passerby.plan.policy import style_of

from .tracks import boxes, document, policies, tracks


def spans() -> st.SearchStrategy[Span]:
    return st.builds(
        lambda at, length: Span(Ticks(at), Ticks(at + length)),
        st.integers(-45, 45),
        st.integers(1, 12),
    )


def slowly(found: list[Track], policy: Policy, span: Span) -> list[Region]:
    """The obvious twin of `Timeline.regions`: every track, every key."""
    regions = []
    for track in found:
        covers = []
        for n, key in enumerate(track.keys):
            near = [track.keys[m].box for m in (n - 1, n + 1) if 0 <= m < len(track.keys)]
            covers.append(policy.cover(key.box, key.why, *near, kind=track.kind))
        inside = [c for c, k in zip(covers, track.keys, strict=True) if k.at in span]
        if not inside:
            before = [n for n, k in enumerate(track.keys) if k.at < span.start]
            if before and before[-1] + 1 < len(track.keys):
                inside = covers[before[-1] : before[-1] + 2]
        if inside:
            cover = inside[0]
            for other in inside[1:]:
                cover = cover.hull(other)
            regions.append(Region(cover, style_of(policy.style, track.kind), track.kind, track.id))
    return regions


@given(tracks(), policies(), st.lists(spans(), max_size=8))
def test_fast_lookups_agree_with_slow_ones(
    found: list[Track], policy: Policy, asked: list[Span]
) -> None:
    timeline = Timeline.of(found, policy)
    for span in asked:
        assert list(timeline.regions(span)) == slowly(found, policy, span)


@given(tracks(), policies(), st.lists(spans(), max_size=8))
def test_a_saved_plan_hides_the_same_to_the_last_bit(
    found: list[Track], policy: Policy, asked: list[Span]
) -> None:
    timeline = Timeline.of(found, policy)
    saved = text_of(document(list(timeline.tracks()), policy=policy))
    schedule, _, _ = schedule_of(parse(saved))
    for span in asked:
        assert schedule.regions(span) == timeline.regions(span)


@given(boxes(), st.sampled_from(Why), st.lists(boxes(), max_size=2), policies())
def test_a_cover_holds_the_box_its_margins_and_the_way_to_its_neighbours(
    box: Box, why: Why, near: list[Box], policy: Policy
) -> None:
    cover = policy.cover(box, why, *near)
    assert cover == cover.snapped()
    assert cover.contains(box.grown(policy.least, policy.least))
    aside = box.width * policy.sides * 0.999
    assert cover.contains(
        Box(
            box.x0 - aside,
            box.y0 - box.height * policy.top * 0.999,
            box.x1 + aside,
            box.y1 + box.height * policy.bottom * 0.999,
        )
    )
    for other in near:
        for share in (0.0, 0.5, 1.0):
            assert cover.contains(box.mixed(other, policy.motion * share * 0.999))


@given(boxes(), policies())
def test_what_was_only_followed_gets_more_margin_than_what_was_seen(
    box: Box, policy: Policy
) -> None:
    assert policy.cover(box, Why.REACH).contains(policy.cover(box, Why.SEEN))


@pytest.mark.parametrize("style", Style)
def test_text_is_one_flat_colour_and_of_plates_nothing_is_kept(style: Style) -> None:
    assert style_of(style, "text") is Style.SOLID
    assert style_of(style, "plate").keeps_nothing
    assert style_of(style, "face") is (Style.VEIL if style is Style.FIGURE else style)
    assert style_of(style, "person") is style
    assert style_of(Style.VEIL, "plate") is Style.VEIL


@given(boxes(), st.sampled_from(["plate", "text"]), policies())
def test_lines_have_a_margin_that_follows_their_height(box: Box, kind: str, policy: Policy) -> None:
    cover = policy.cover(box, Why.SEEN, kind=kind)
    around = max(policy.least, policy.lines * min(box.width, box.height))
    assert cover.contains(box.grown(around * 0.999, around * 0.999))
    assert box.grown(around + 0.5, around + 0.5).contains(cover)


@given(boxes(), policies())
def test_people_have_a_margin_that_follows_their_lesser_side(box: Box, policy: Policy) -> None:
    cover = policy.cover(box, Why.SEEN, kind="person")
    around = max(policy.least, policy.people * min(box.width, box.height))
    assert cover.contains(box.grown(around * 0.999, around * 0.999))
    assert box.grown(around + 0.5, around + 0.5).contains(cover)


def test_a_face_cut_by_the_edge_keeps_the_cover_of_all_of_it() -> None:
    face = Box(-40, 100, 60, 200)
    timeline = Timeline(Policy())
    timeline.add(1, "face", Key(Ticks(0), face, Why.SEEN, 0.9))
    [region] = timeline.regions(Span(Ticks(0), Ticks(1)))
    assert region.box.contains(face)
    assert region.box.x0 < -40


def test_a_frame_that_the_plan_did_not_know_is_covered_from_both_sides() -> None:
    left, right = Box(0, 0, 10, 10), Box(100, 0, 110, 10)
    timeline = Timeline(Policy())
    timeline.add(1, "face", Key(Ticks(0), left, Why.SEEN, 0.9))
    timeline.add(2, "face", Key(Ticks(50), left, Why.SEEN, 0.9))
    timeline.add(1, "face", Key(Ticks(100), right, Why.SEEN, 0.9))
    for start, end in ((1, 2), (49, 50), (50, 51), (51, 100)):
        regions = timeline.regions(Span(Ticks(start), Ticks(end)))
        assert regions[0].box.contains(left.hull(right))
    assert timeline.regions(Span(Ticks(101), Ticks(200))) == ()


def test_nothing_is_said_about_time_that_is_not_decided() -> None:
    timeline = Timeline(Policy())
    assert Decided(timeline, FOREVER).regions(Span(Ticks(0), Ticks(10))) == ()
    with pytest.raises(ValueError, match="only up to tick 9"):
        Decided(timeline, Ticks(9)).regions(Span(Ticks(0), Ticks(10)))


@pytest.mark.parametrize(
    ("track", "kind", "at", "says"),
    [
        (1, "face", 4, "order of time"),
        (1, "face", 5, "two keys"),
        (1, "plate", 6, "is a face"),
    ],
)
def test_keys_that_contradict_each_other_are_refused(
    track: int, kind: str, at: int, says: str
) -> None:
    timeline = Timeline(Policy())
    timeline.add(1, "face", Key(Ticks(5), Box(0, 0, 1, 1), Why.SEEN))
    with pytest.raises(ValueError, match=says):
        timeline.add(track, kind, Key(Ticks(at), Box(0, 0, 1, 1), Why.SEEN))


def test_a_hundred_thousand_keys_load_in_a_second() -> None:
    found = [
        Track(n, "face", tuple(Key(Ticks(t), Box(n, t, n + 9, t + 9), Why.SEEN, 0.5) for t in ts))
        for n, ts in enumerate([range(2000)] * 50, start=1)
    ]
    text = text_of(document(found))
    start = time.process_time()
    plan = parse(text)
    assert time.process_time() - start < 1
    assert sum(len(track.keys) for track in plan.tracks) == 100_000
