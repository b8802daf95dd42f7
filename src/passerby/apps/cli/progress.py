"""Progress on standard error: bars where somebody watches, lines now and then where nobody does."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import rich.progress
from rich.console import Console

from ...core.ports import Progress
from .terminal import plain, say

if TYPE_CHECKING:
    from ...jobs import Report

LINES_EVERY = 10.0  # seconds
BARS_EVERY = 0.1

Now = Callable[[], float]


class Meter:
    """Shows how far one input is. `watch` hands out the callable that a job reports to."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._console = Console(stderr=True, highlight=False, markup=False)

    def say(self, line: str) -> None:
        """A line for the person; not while an input is watched."""
        if not self._quiet:
            say(line)

    @contextmanager
    def watch(self, path: Path) -> Generator[Progress | None]:
        """Show the progress of one input while the block runs; None where nobody wants it."""
        name = plain(path.name)
        if self._quiet:
            yield None
        elif not self._console.is_terminal:
            yield Lines(name)
        else:
            text = rich.progress.TextColumn
            with rich.progress.Progress(
                text("{task.fields[name]}", markup=False),
                text("{task.description}", markup=False),
                rich.progress.BarColumn(),
                rich.progress.TaskProgressColumn(),
                text("{task.fields[rate]}", markup=False),
                rich.progress.TimeRemainingColumn(),
                console=self._console,
                transient=True,
            ) as bars:
                yield Bars(bars, name)


class Lines:
    """A line when a phase begins, and one every few seconds while it lasts."""

    def __init__(self, name: str, now: Now = time.monotonic) -> None:
        self._name, self._now = name, now
        self._phase, self._began, self._said = "", 0.0, 0.0

    def __call__(self, phase: str, done: Fraction, total: Fraction | None) -> None:
        now = self._now()
        if phase != self._phase:
            self._phase, self._began, self._said = phase, now, now
            say(f"{self._name}: {phase}")
        elif now - self._said >= LINES_EVERY:
            self._said, spent = now, now - self._began
            facts = share(done, total), rate(done, spent), left(done, total, spent)
            say(" ".join([f"{self._name}: {phase}", *filter(None, facts)]))


class Bars:
    """One bar a phase, redrawn a few times a second however fast the frames come."""

    def __init__(self, bars: rich.progress.Progress, name: str, now: Now = time.monotonic) -> None:
        self._bars, self._name, self._now = bars, name, now
        self._phase, self._began, self._drawn = "", 0.0, 0.0
        self._task: rich.progress.TaskID | None = None

    def __call__(self, phase: str, done: Fraction, total: Fraction | None) -> None:
        now = self._now()
        if self._task is None or phase != self._phase:
            if self._task is not None:
                self._bars.remove_task(self._task)
            self._task = self._bars.add_task(phase, name=self._name, rate="", total=None)
            self._phase, self._began, self._drawn = phase, now, 0.0
        if now - self._drawn >= BARS_EVERY or done == total:
            self._drawn = now
            self._bars.update(
                self._task,
                completed=float(done),
                total=None if total is None else float(total),
                rate=rate(done, now - self._began),
            )


def share(done: Fraction, total: Fraction | None) -> str:
    """How much of a phase is done, in whole percent; nothing where the length is unknown."""
    return f"{min(100, int(100 * done / total))} %" if total else ""


def rate(done: Fraction, spent: float) -> str:
    """Seconds of footage per second of waiting."""
    return f"{float(done) / spent:.1f}x" if done > 0 and spent >= 0.5 else ""


def left(done: Fraction, total: Fraction | None, spent: float) -> str:
    """Minutes and seconds that the phase will still take at its present rate."""
    if not total or not 0 < done <= total:
        return ""
    seconds = round(spent * float((total - done) / done))
    return f"{seconds // 60}:{seconds % 60:02d} left"


def tell(what: str, report: Report, meter: Meter) -> None:
    """What was done, in one line, and below it what a person should know."""
    first, *more = report.said()
    meter.say(f"{what}: {first}")
    for line in more:
        meter.say(f"  {line}")
