"""Moments of showing: right ones pass untouched, wrong ones become usable."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from passerby.media.timing import ShowTimes, spans

ticks = st.integers(-(10**9), 10**12)
rising = st.lists(ticks, min_size=1, max_size=40, unique=True).map(sorted)


@given(rising, st.integers(-1000, 1000))
def test_right_moments_pass_untouched(moments: list[int], zero: int) -> None:
    times = ShowTimes(timed=True, zero=zero)
    assert [times.frame(at, 0) for at in moments] == [at - zero for at in moments]
    assert times.repaired == 0


@given(st.lists(st.none() | ticks, min_size=1, max_size=40), st.booleans())
def test_any_moments_come_out_rising(moments: list[int | None], timed: bool) -> None:
    times = ShowTimes(timed=timed)
    shown = [times.frame(at, 0) for at in moments]
    assert all(a < b for a, b in pairwise(shown))


@given(rising, st.randoms(use_true_random=False))
def test_without_moments_of_showing_the_kth_frame_gets_the_kth_moment(
    moments: list[int], chance: object
) -> None:
    times = ShowTimes(timed=False)
    for at in moments:
        times.packet(at)
    assert [times.frame(999, 1) for _ in moments] == moments


def test_a_missing_moment_is_the_end_of_the_frame_before() -> None:
    times = ShowTimes(timed=True)
    assert [times.frame(at, 40) for at in (100, 140, None, 220)] == [100, 140, 180, 220]
    assert times.repaired == 1


def test_a_few_slips_are_ticks_and_no_clock_at_all_is_the_frame_rate() -> None:
    times = ShowTimes(timed=True, step=40)
    slip = [0, 40, 40, 40, 160, 200]
    assert [times.frame(at, 0) for at in slip] == [0, 40, 41, 42, 160, 200]
    none = ShowTimes(timed=True, step=40)
    assert [none.frame(0, 0) for _ in range(8)] == [0, 1, 2, 3, 43, 83, 123, 163]
    assert none.repaired == 7


@given(rising, st.integers(0, 1000))
def test_spans_tile_the_film_without_gaps(moments: list[int], last: int) -> None:
    made = [span for span, _ in spans((at, last, None) for at in moments)]  # type: ignore[misc]  # plain numbers do
    assert [s.start for s in made] == moments
    assert [s.end for s in made[:-1]] == moments[1:]
    assert made[-1].end == moments[-1] + last if last else made[-1].end > moments[-1]


@given(rising, st.integers(1, 1000))
def test_the_last_frame_ends_where_the_container_says(moments: list[int], last: int) -> None:
    shown = [(at, 1, None) for at in moments]
    assert list(spans(shown, moments[-1] + last))[-1][0].end == moments[-1] + last  # type: ignore[arg-type]  # plain numbers do
    assert list(spans(shown, moments[-1]))[-1][0].end == moments[-1] + 1  # type: ignore[arg-type]  # plain numbers do
