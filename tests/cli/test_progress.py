"""Progress: phase, share, rate and time left, however fast or slow the frames come."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.progress import Progress, TextColumn

from passerby.apps.cli.progress import Bars, Lines, left, rate, share


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_lines_name_each_phase_once_and_tell_how_far_it_is_now_and_then(
    capsys: pytest.CaptureFixture[str],
) -> None:
    clock = Clock()
    tell = Lines("clip.mp4", clock)
    for phase in ("looking", "hiding"):
        for second in range(25):
            clock.now += 1
            tell(phase, Fraction(second * 2), Fraction(100))
    assert capsys.readouterr().err.splitlines() == [
        "clip.mp4: looking",
        "clip.mp4: looking 20 % 2.0x 0:40 left",
        "clip.mp4: looking 40 % 2.0x 0:30 left",
        "clip.mp4: hiding",
        "clip.mp4: hiding 20 % 2.0x 0:40 left",
        "clip.mp4: hiding 40 % 2.0x 0:30 left",
    ]


def test_a_bar_is_redrawn_a_few_times_a_second_and_at_the_end() -> None:
    clock = Clock()
    bars = Progress(TextColumn("{task.description}"), console=Console(quiet=True))
    tell = Bars(bars, "clip.mp4", clock)
    drawn = set()
    for frame in range(1001):
        clock.now += 0.00097
        tell("hiding", Fraction(frame, 10), Fraction(100))
        drawn.add(bars.tasks[0].completed)
    assert 5 < len(drawn) < 20
    assert bars.tasks[0].completed == 100
    assert [task.description for task in bars.tasks] == ["hiding"]


times = st.fractions(0, 10**6)


@given(times, st.none() | times, st.floats(0, 1e6))
def test_any_progress_can_be_told(done: Fraction, total: Fraction | None, spent: float) -> None:
    facts = share(done, total), rate(done, spent), left(done, total, spent)
    assert all(fact.isprintable() for fact in facts)
    assert (share(done, total) != "") == bool(total)
