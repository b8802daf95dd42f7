"""How much a moment may move between a file and its redacted twin."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passerby.core.geometry import Size
from passerby.core.time import Clock, Span, Ticks
from passerby.jobs.judged import verification
from passerby.jobs.verify import from_zero, tolerance
from passerby.testing import ArrayFrame, ListedSource
from passerby.verify import Finding, NotMade, Verdict


@given(st.integers(-1000, 1000), st.integers(0, 1000))
def test_only_a_film_that_starts_before_zero_is_moved(start: int, later: int) -> None:
    clock = Clock(Fraction(1, 30))
    frame = ArrayFrame.flat(Size(2, 2), span=Span(Ticks(start), Ticks(start + 1)))
    moved = from_zero(ListedSource([frame], clock))
    assert moved.seconds(Ticks(start)) == max(Fraction(0), clock.seconds(Ticks(start)))
    between = moved.seconds(Ticks(start + later)) - moved.seconds(Ticks(start))
    assert between == clock.seconds(Ticks(later))


@pytest.mark.parametrize(
    ("ours", "theirs", "moves"),
    [
        (Fraction(1, 30), Fraction(1, 90_000), Fraction(0)),
        (Fraction(1, 90_000), Fraction(1, 90_000), Fraction(0)),
        (Fraction(1, 25), Fraction(1, 1000), Fraction(0)),
        (Fraction(1001, 30_000), Fraction(1, 1000), Fraction(1, 1000)),
    ],
)
def test_time_may_move_only_where_the_container_cannot_say_it(
    ours: Fraction, theirs: Fraction, moves: Fraction
) -> None:
    assert tolerance(Clock(ours), Clock(theirs)) == moves


def test_nothing_checked_is_nothing_passed() -> None:
    open_ = NotMade("pixels", "no original")
    assert verification(Verdict((), ())).verdict == "not made"
    assert verification(Verdict((), ("time",), (open_,))).verdict == "passed"
    assert verification(Verdict((), ("time",), (open_,))).not_checked == ("pixels: no original",)
    assert verification(Verdict((Finding("time", "late"),), ("time",))).verdict == "failed"
