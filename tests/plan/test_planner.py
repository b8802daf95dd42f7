"""One pass over a film and a saved plan of it decide alike, however late the follower is."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.fakes import Reaching, Scripted, film, films, sightings

from passerby.core.geometry import Box
from passerby.core.schedule import Region
from passerby.core.time import FOREVER, Span, Ticks
from passerby.core.track import Key, Why
from passerby.engine.run import settled, survey
from passerby.plan import FollowingPlanner, Hide, Keep, Policy, parse, schedule_of, text_of
from passerby.testing import ArrayFrame

from .tracks import boxes, document, hides

Script = list[tuple[int, str, Key]]


@st.composite
def scripts(draw: st.DrawFn) -> tuple[list[ArrayFrame], list[tuple[Script, int]]]:
    """A film, and what one or two followers tell of it, each with its own delay."""
    frames = draw(films())
    told = []
    for kind in draw(st.sampled_from([["face"], ["face", "plate"]])):
        keys: Script = []
        for who in range(draw(st.integers(0, 3))):
            there = draw(st.sets(st.integers(0, len(frames) - 1)))
            for n in there:
                key = Key(frames[n].span.start, draw(boxes()), draw(st.sampled_from(Why)), 0.5)
                keys.append((who, kind, key))
        keys.sort(key=lambda entry: (entry[2].at, entry[0]))
        told.append((keys, draw(st.integers(0, 4))))
    return frames, told


@given(scripts(), st.lists(hides(), max_size=2))
def test_a_stream_and_a_saved_plan_hide_the_same_pixels(
    script: tuple[list[ArrayFrame], list[tuple[Script, int]]], edits: list[Hide]
) -> None:
    frames, told = script
    plan = FollowingPlanner([Scripted(list(k), h) for k, h in told], Policy(), edits)
    shown = {frame.span: regions for frame, regions in settled(survey(frames, plan), plan)}
    assert len(shown) == len(frames)
    saved = parse(text_of(document(list(plan.timeline.tracks()), edits)))
    schedule, _, _ = schedule_of(saved)
    assert shown == {frame.span: schedule.regions(frame.span) for frame in frames}


@given(scripts())
def test_every_key_is_hidden_in_its_own_frame(
    script: tuple[list[ArrayFrame], list[tuple[Script, int]]],
) -> None:
    frames, told = script
    plan = FollowingPlanner([Scripted(list(k), h) for k, h in told], Policy())
    shown = {f.span.start: regions for f, regions in settled(survey(frames, plan), plan)}
    for keys, _ in told:
        for _, kind, key in keys:
            assert any(r.box.contains(key.box) and r.kind == kind for r in shown[key.at])


@given(films(), st.data(), st.integers(0, 4))
def test_what_is_final_never_changes(
    frames: list[ArrayFrame], data: st.DataObject, reach: int
) -> None:
    plan = FollowingPlanner([Reaching(data.draw(sightings(len(frames))), reach)], Policy())
    final: dict[Span, tuple[Region, ...]] = {}
    until = Ticks(-FOREVER)
    for number, frame in enumerate(frames):
        plan.see(frame)
        assert plan.schedule.final_until >= until
        until = plan.schedule.final_until
        for seen in frames[: number + 1]:
            if seen.span.end <= until:
                regions = plan.schedule.regions(seen.span)
                assert final.setdefault(seen.span, regions) == regions
    plan.finish()
    assert plan.schedule.final_until == FOREVER
    for span, regions in final.items():
        assert plan.schedule.regions(span) == regions


def test_a_track_with_a_hole_is_two_tracks() -> None:
    frames = film([0, 10, 20, 30])
    box = Box(0, 0, 10, 10)
    keys = [
        (7, "face", Key(f.span.start, box, Why.SEEN, 0.5)) for f in frames if f.span.start != 20
    ]
    plan = FollowingPlanner([Scripted(keys, 0)], Policy())
    for _ in survey(frames, plan):
        pass
    assert [[k.at for k in t.keys] for t in plan.timeline.tracks()] == [[0, 10], [30]]


def test_a_keep_edit_finds_nothing_in_a_first_pass_and_is_reported() -> None:
    edits = [Keep(track=1, where=(0, 0, 0, 10, 10))]
    plan = FollowingPlanner(
        [Scripted([(0, "face", Key(Ticks(0), Box(0, 0, 10, 10), Why.SEEN, 1.0))], 0)],
        Policy(),
        edits,
    )
    [(_, regions)] = list(settled(survey(film([0]), plan), plan))
    assert len(regions) == 1
    assert [lost.edit for lost in plan.bound.unbound] == [0]


def test_a_follower_that_changes_its_mind_stops_the_job() -> None:
    class Fickle(Scripted):
        def take(self) -> Script:
            return [(0, "face", Key(Ticks(0), Box(0, 0, 1, 1), Why.SEEN, 1.0))]

    plan = FollowingPlanner([Fickle([], 0)], Policy())
    frames = film([0, 10, 20])
    plan.see(frames[0])
    with pytest.raises(RuntimeError, match="changed its mind"):
        plan.see(frames[1])


def test_a_key_where_no_frame_begins_stops_the_job() -> None:
    stray = [(0, "face", Key(Ticks(5), Box(0, 0, 1, 1), Why.SEEN, 1.0))]
    plan = FollowingPlanner([Scripted(stray, 0)], Policy())
    with pytest.raises(RuntimeError, match="no frame begins"):
        plan.see(film([0, 10])[0])


def test_a_follower_that_leaves_frames_undecided_stops_the_job() -> None:
    class Lazy(Scripted):
        def finish(self) -> None:
            """Forgets to."""

    plan = FollowingPlanner([Lazy([], 3)], Policy())
    plan.see(film([0, 10])[0])
    with pytest.raises(RuntimeError, match="without deciding"):
        plan.finish()


def test_frames_out_of_order_stop_the_job() -> None:
    plan = FollowingPlanner([], Policy())
    frames = film([0, 10, 20])
    plan.see(frames[1])
    with pytest.raises(ValueError, match="in order of time"):
        plan.see(frames[0])
    assert Fraction(plan.first) == 10
