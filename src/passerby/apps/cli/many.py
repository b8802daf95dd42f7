"""Several files: photos side by side, and one after the other what uses every core by itself."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from ...core.errors import Interrupted, PasserbyError, UsageError, unforeseen
from ...core.ports import Progress
from .outcome import Outcome, settled, stopped
from .progress import Meter
from .terminal import complain
from .work import Item, room

if TYPE_CHECKING:
    from ...jobs import Report

Attempt = Callable[[Item, Progress | None], Outcome]


def cores() -> int:
    """How many photos are worked on at a time when nobody says."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def side_by_side(
    items: Sequence[Item], attempt: Attempt, at_once: int
) -> Iterator[tuple[Item, Outcome]]:
    """What became of each item, in their order, `at_once` of them being worked on at a time.

    Close it, or let an interrupt end it, and what has begun stops at its next step, cleans up and
    is waited for; what has not begun doesn't begin.
    """
    stopping = threading.Event()

    def step(phase: str, done: Fraction, total: Fraction | None) -> None:
        if stopping.is_set():
            raise KeyboardInterrupt

    pool = ThreadPoolExecutor(at_once, "photo")
    try:
        begun: list[Future[Outcome]] = [pool.submit(attempt, item, step) for item in items]
        for item, future in zip(items, begun, strict=True):
            yield item, future.result()
    finally:
        stopping.set()
        pool.shutdown(wait=True, cancel_futures=True)


def done(
    items: Sequence[Item],
    attempt: Attempt,
    meter: Meter,
    at_once: int,
    is_photo: Callable[[Path], bool],
) -> list[Outcome]:
    """Work on every item and tell of each, as far as nobody interrupts. Outcomes in input order."""
    photos = [item for item in items if is_photo(item.source)]
    together = photos if len(photos) > 1 and at_once > 1 else []
    outcomes: dict[Item, Outcome] = {}
    try:
        for item, outcome in side_by_side(together, attempt, at_once):
            outcomes[item] = outcome
            told(outcome, meter)
        for item in items:
            if item not in outcomes:
                with meter.watch(item.source) as progress:
                    outcomes[item] = attempt(item, progress)
                told(outcomes[item], meter)
                if isinstance(outcomes[item].error, Interrupted):
                    break
    except KeyboardInterrupt:
        item = next(item for item in items if item not in outcomes)
        outcomes[item] = failed(item, stopped())
        told(outcomes[item], meter)
    return [outcomes[item] for item in items if item in outcomes]


def one(
    item: Item, job: Callable[..., Report], progress: Progress | None, *, alone: bool
) -> Outcome:
    """Redact one file. Its errors don't stop the others; `alone`, a wrong request is one of all."""
    from ...jobs import NotHandedOver

    try:
        room(item)
        report = job(progress=progress)
    except NotHandedOver as error:
        said = error.report.look_first()
        return Outcome(item.source, None, "found", error.report.as_dict(), error, said)
    except UsageError as error:
        if alone:
            raise
        return failed(item, error)
    except PasserbyError as error:
        return failed(item, error)
    except KeyboardInterrupt:
        return failed(item, stopped())
    except Exception as error:  # of one file; the others go on
        return failed(item, unforeseen(error))
    return Outcome(item.source, item.target, settled(report), report.as_dict(), said=report.said())


def failed(item: Item, problem: PasserbyError) -> Outcome:
    problem.path = problem.path or item.source
    return Outcome(item.source, None, "failed", error=problem)


def told(outcome: Outcome, meter: Meter) -> None:
    """What became of one file, in a line, and below it what a person should know."""
    if outcome.error is not None:
        complain(outcome.error)
        for line in outcome.said:
            meter.say(f"  {line}")
    elif outcome.said:
        first, *more = outcome.said
        meter.say(f"{outcome.input} -> {outcome.output}: {first}")
        for line in more:
            meter.say(f"  {line}")
