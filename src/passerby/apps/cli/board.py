"""How a batch goes: a live table where somebody watches, lines now and then where nobody does."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import rich.live
from rich.console import Console
from rich.progress_bar import ProgressBar
from rich.table import Table

from ..batch.driver import Outcome
from ..batch.order import Lost, Order, Step
from .progress import LINES_EVERY
from .terminal import plain, say

Now = Callable[[], float]

ROWS: Final = 16  # files at work that the table shows
RECENT: Final = 200  # files by which the rate is judged


class Board:
    """An `Audience` that shows what it is told to a person."""

    def __init__(self, *, quiet: bool, watched: bool = False, now: Now = time.monotonic) -> None:
        self._quiet, self._watched, self._now = quiet, watched, now
        self._console = Console(stderr=True, highlight=False, markup=False)
        self._live: rich.live.Live | None = None
        self._total, self._bytes = 0, 0
        self._counts: Counter[str] = Counter()
        self._gone = 0  # bytes of files that are finished
        self._work: dict[str, tuple[Step | None, float]] = {}
        self._ends: deque[tuple[float, int]] = deque([(now(), 0)], RECENT)
        self._said = now()

    def expect(self, orders: Sequence[Order]) -> None:
        """So much there is to do."""
        self._total, self._bytes = len(orders), sum(order.bytes for order in orders)

    def arriving(self, orders: Iterable[Order | None]) -> Iterator[Order | None]:
        """Orders that come little by little, counted."""
        self._total = 0
        for order in orders:
            self._total += order is not None
            yield order

    @contextmanager
    def shown(self) -> Generator[None]:
        """The table is there while the block runs."""
        if self._quiet or not self._console.is_terminal:
            yield
            return
        with rich.live.Live(
            get_renderable=self._table, console=self._console, refresh_per_second=4, transient=True
        ) as self._live:
            yield
        self._live = None

    def say(self, line: str) -> None:
        if self._quiet:
            return
        if self._live is not None:
            self._console.print(plain(line), soft_wrap=True)
        else:
            say(line)

    # The port.

    def begun(self, order: Order) -> None:
        self._work[order.name] = None, self._now()

    def step(self, step: Step) -> None:
        _, since = self._work.get(step.order.name, (None, self._now()))
        self._work[step.order.name] = step, since

    def lost(self, lost: Lost, again: bool) -> None:
        self._work.pop(lost.order.name, None)
        if again:
            self.say(f"{lost.order.name}: {lost.why.what}; it is tried again")

    def ended(self, outcome: Outcome) -> None:
        self._work.pop(outcome.order.name, None)
        self._counts[outcome.how] += 1
        self._gone += outcome.order.bytes
        if outcome.how != "before":
            self._ends.append((self._now(), outcome.order.bytes))
        receipt = outcome.receipt
        if outcome.how == "failed" and receipt.error is not None:
            hint = f"; {receipt.error.hint}" if receipt.error.hint else ""
            self._complain(f"{outcome.order.name}: {receipt.error.what}{hint}")
        elif outcome.how == "found":
            count = f"{receipt.findings} {'finding' if receipt.findings == 1 else 'findings'}"
            self._complain(
                f"{outcome.order.name}: {receipt.words} ({count}); nothing was handed over"
            )

    def tick(self) -> None:
        if self._live is None and self._now() - self._said >= LINES_EVERY:
            self._said = self._now()
            at_work = ", ".join(self._work) if len(self._work) <= 2 else f"{len(self._work)} files"
            self.say(self.line() + (f"; at work: {at_work}" if at_work else ""))

    # What it says.

    def line(self) -> str:
        """Where it stands: counts, rate and time left."""
        finished = sum(self._counts.values())
        of = f" of {self._total}" if self._total else ""
        parts = [f"{finished}{of} files"]
        words = (("before", "done before"), ("found", "not handed over"), ("failed", "failed"))
        parts += [f"{self._counts[how]} {said}" for how, said in words if self._counts[how]]
        return ", ".join(parts) + "".join(f"; {fact}" for fact in self._pace())

    def _pace(self) -> list[str]:
        """Files a minute, and the time left by bytes, once enough is known."""
        (began, _), count = self._ends[0], len(self._ends) - 1
        spent = self._now() - began
        if count < 1 or spent <= 0:
            return []
        facts = [f"{60 * count / spent:.3g} files a minute"]
        done = sum(size for _, size in self._ends) - self._ends[0][1]
        remaining = self._bytes - self._gone
        if done > 0 and remaining > 0 and not self._watched:
            facts.append(f"about {duration(spent * remaining / done)} left")
        return facts

    def _complain(self, line: str) -> None:
        if self._live is not None:
            self._console.print(plain(f"passerby: {line}"), soft_wrap=True)
        else:
            say(f"passerby: {line}")

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 2))
        table.add_column(no_wrap=True, overflow="ellipsis", max_width=48)
        table.add_column(no_wrap=True)
        table.add_column(width=24)
        table.add_column(justify="right", no_wrap=True)
        now = self._now()
        for name, (step, since) in list(self._work.items())[:ROWS]:
            share = None if step is None else step.share
            bar = ProgressBar(total=1.0, completed=share or 0.0, width=24, pulse=share is None)
            phase = "" if step is None else step.phase
            table.add_row(plain(name), phase, bar, duration(now - since))
        if len(self._work) > ROWS:
            table.add_row(f"and {len(self._work) - ROWS} more", "", "", "")
        whole = Table.grid()
        whole.add_row(table)
        done = sum(self._counts.values())
        if self._total and not self._watched:
            whole.add_row(ProgressBar(total=self._total, completed=done, width=60))
        whole.add_row(self.line())
        return whole


def duration(seconds: float) -> str:
    """1:05:09, 5:09 or 0:09."""
    whole = round(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02d}:{whole % 60:02d}" if hours else f"{minutes}:{whole % 60:02d}"
