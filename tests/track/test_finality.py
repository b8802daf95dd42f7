"""What is final stays final, nothing waits for ever, and nothing grows with the film."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passerby.core.geometry import Size
from passerby.core.time import FOREVER, Span, Ticks
from passerby.core.track import Key
from passerby.track import Follower, FollowSettings

from .films import CLOCK, PATIENT, TICK, Actor, Eyes, Film, follower, shot, straight, within


def busy(length: int = 60, spans: list[Span] | None = None) -> Film:
    """Faces that come, go, cross and are cut away."""
    return shot(
        length,
        Actor(straight(20, 40, 3), seed=1),
        Actor(within(straight(330, 60, -4), 0, 45), seed=2),
        Actor(within(straight(140, 100, 0), 20, 40), seed=3, score=lambda i: 0.15 + 0.02 * (i % 9)),
        scene=lambda i: 1 + i // 37,
        spans=spans,
    )


@st.composite
def films(draw: st.DrawFn) -> Film:
    """`busy` at a time of its own, its frames of any lengths."""
    at = draw(st.sampled_from([0, 7, 2**45]))
    spans = []
    for length in draw(st.lists(st.integers(1, 2 * TICK), min_size=50, max_size=50)):
        spans.append(Span(Ticks(at), Ticks(at + length)))
        at += length
    return busy(50, spans)


def stepwise(film: Film, one: Follower) -> list[tuple[Ticks, list[tuple[int, str, Key]]]]:
    """After each frame, and after the end: the watermark and the keys that became final."""
    steps = []
    for frame in film.frames:
        one.see(frame)
        steps.append((one.final_until, list(one.take())))
    one.finish()
    return [*steps, (one.final_until, list(one.take()))]


PRESETS = st.sampled_from(["fast", "balanced", "thorough"]).map(FollowSettings.preset)


@settings(max_examples=10)
@given(films(), PRESETS, st.integers(1, 5), st.none() | st.integers(1, 20))
def test_final_keys_come_once_in_order_and_the_watermark_never_goes_back(
    film: Film, chosen: FollowSettings, often: int, limit: int | None
) -> None:
    eyes = Eyes(film, lambda k, _: k % often == 0)
    steps = stepwise(film, follower(film, eyes, chosen, reach_frames=limit))
    before = film.frames[0].span.start
    for final, keys in steps:
        assert final >= before
        assert all(before <= key.at < final for _, _, key in keys)
        before = final
    keys = [entry for _, some in steps for entry in some]
    assert [k.at for _, _, k in keys] == sorted(k.at for _, _, k in keys)
    assert len({(number, k.at) for number, _, k in keys}) == len(keys)
    assert {kind for _, kind, _ in keys} <= {"face"}
    assert steps[-1][0] == FOREVER


@settings(max_examples=10)
@given(films(), PRESETS, st.integers(1, 5))
def test_the_keys_of_a_path_leave_out_no_frame(
    film: Film, chosen: FollowSettings, often: int
) -> None:
    eyes = Eyes(film, lambda k, _: k % often == 0)
    frames: dict[int, list[int]] = {}
    for _, keys in stepwise(film, follower(film, eyes, chosen)):
        for number, _, key in keys:
            frames.setdefault(number, []).append(film.index[key.at])
    assert frames
    for seen in frames.values():
        assert seen == list(range(seen[0], seen[0] + len(seen)))


@pytest.mark.parametrize("limit", [1, 5, 12])
def test_at_most_as_many_frames_wait_as_were_allowed(limit: int) -> None:
    film = busy()
    one = follower(film, Eyes(film), PATIENT, reach_frames=limit)
    for i, frame in enumerate(film.frames):
        one.see(frame)
        waiting = [f for f in film.frames[: i + 1] if f.span.end > one.final_until]
        assert len(waiting) <= limit + 1


def test_no_frame_waits_longer_than_the_reach() -> None:
    film = busy()
    one = follower(film, Eyes(film), replace(PATIENT, reach=Fraction(2, 5)))
    for frame in film.frames:
        one.see(frame)
        assert frame.span.end - one.final_until <= CLOCK.ticks(Fraction(2, 5)) + TICK


def test_a_longer_wait_covers_at_least_the_frames_of_a_shorter_one() -> None:
    film = shot(50, Actor(straight(100, 60, 1)))
    covered = []
    for limit in (2, 8, 20, None):
        one = follower(film, Eyes(film, lambda _, i: i >= 40), PATIENT, reach_frames=limit)
        covered.append({k.at for _, keys in stepwise(film, one) for _, _, k in keys})
    assert all(a < b for a, b in pairwise(covered))
    assert len(covered[-1]) == 50


def test_a_film_of_one_frame_and_a_film_of_none_end_well() -> None:
    film = shot(1, Actor(straight(100, 60, 0)))
    one = follower(film, Eyes(film))
    one.see(film.frames[0])
    one.finish()
    assert [(k.at, k.box) for _, _, k in one.take()] == [(0, film.actors[0].box(0))]
    nothing = follower(film, Eyes(film))
    nothing.finish()
    assert (list(nothing.take()), nothing.final_until) == ([], FOREVER)


def test_what_is_remembered_does_not_grow_with_the_film() -> None:
    size, length = Size(96, 64), 40

    def course(i: int) -> tuple[float, float] | None:
        return (2.0 * i - 20, 20)

    film = shot(length, Actor(course, wide=16, high=18), size=size)
    eyes = Eyes(film)
    one = Follower(eyes, PATIENT, CLOCK, size)
    held: list[tuple[int, int, int]] = []
    for i in range(2000):
        frame = film.frames[i % length]
        at = Span(Ticks(i * TICK), Ticks((i + 1) * TICK))
        film.index[at.start] = i % length
        one.see(frame.at(at))
        del film.index[at.start]
        one.take()
        paths = one._paths
        held.append((len(one._film), len(paths), sum(len(p.marks) for p in paths)))
    reach = 25 * PATIENT.reach + 4  # frames
    assert max(ring for ring, _, _ in held) <= reach
    for early, late in zip(
        zip(*held[:500], strict=True), zip(*held[1500:], strict=True), strict=True
    ):
        assert max(late) <= 1.2 * max(early) + 5
    assert max(marks for _, _, marks in held) <= reach * max(paths for _, paths, _ in held)


def looked_at(film: Film, early: int = 0) -> list[int]:
    """The frames at which a live follower looked at all of the picture."""
    eyes, size = Eyes(film), film.frames[0].size
    one = Follower(eyes, PATIENT, CLOCK, size, horizon=Fraction(2, 5), early=early)
    for frame in film.frames:
        one.see(frame)
    return sorted({i for i, look in eyes.looks if look.crop is None and look.turn == 0})


def test_live_followers_look_at_different_frames() -> None:
    film = shot(60, Actor(straight(140, 60, 0)))
    first, second = looked_at(film), looked_at(film, early=2)
    assert first[0] == second[0] == 0  # all look at what is new
    assert not set(first[1:]) & set(second[1:])
    assert abs(len(first) - len(second)) <= 1


def test_live_who_hurries_is_looked_at_closely_not_everybody_more_often() -> None:
    calm = shot(60, Actor(straight(100, 60, 0.2)))
    hasty = shot(28, Actor(straight(-20, 60, 12)))
    usual = len([i for i in looked_at(calm) if i < 28])
    assert len(looked_at(hasty)) <= usual + 2
