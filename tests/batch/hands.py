"""Files to do, and those who do them, without a model: what is tested is who answers for what."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from passerby.apps.batch.driver import Outcome
from passerby.apps.batch.order import Ended, Heard, Lost, Order, Step
from passerby.core.errors import WorkerLost
from passerby.jobs.settings import Settings
from passerby.jobs.tasks import Failure, Receipt, key_of


def orders(folder: Path, *names: str) -> list[Order]:
    """An order for each name; the sources say what they are called."""
    for name in names:
        path = folder / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.write_text(name)
    return [Order(n, str(folder / "in" / n), str(folder / "out" / n), 1) for n in names]


def made_of(text: str) -> str:
    return f"made of {text}"


def receipt(order: Order, made: Path, settings: Settings) -> Receipt:
    """For a file that was made as `made_of` says, which is written to `made`."""
    source = Path(order.source).read_bytes()
    made.parent.mkdir(parents=True, exist_ok=True)
    made.write_text(made_of(source.decode()))
    return Receipt(
        key=key_of(hashlib.sha256(source).hexdigest(), settings),
        status="done",
        source_sha256=hashlib.sha256(source).hexdigest(),
        output_sha256=hashlib.sha256(made.read_bytes()).hexdigest(),
        output_bytes=made.stat().st_size,
        words="safe as far as checked",
        report={"name": order.name},
    )


class Two:
    """`Hands` that take two orders at a time. `fate`: what becomes of one, at its n-th try."""

    in_place = False

    def __init__(
        self, stage: Path, settings: Settings, fate: Callable[[str, int], str] = lambda *_: "done"
    ) -> None:
        self._stage, self._settings, self._fate = stage, settings, fate
        self._work: deque[Order] = deque()
        self.given: list[str] = []
        self.closed = False
        self.alone: list[str] = []

    def free(self, order: Order) -> bool:
        if order.alone or any(other.alone for other in self._work):
            return not self._work
        return len(self._work) < 2

    def give(self, order: Order) -> None:
        assert self.free(order)
        self.given.append(order.name)
        if order.alone:
            self.alone.append(order.name)
        self._work.append(order)

    def heard(self, wait: float) -> Sequence[Heard]:
        if not self._work:
            return []
        order = self._work.pop()  # the last first: they end in any order
        match self._fate(order.name, self.given.count(order.name)):
            case "done":
                made = self._stage / str(len(self.given)) / "made"
                return [
                    Step(order, "redact"),
                    Ended(order, receipt(order, made, self._settings), made),
                ]
            case "failed":
                error = Failure(code="media.unreadable", what="can't be read")
                return [Ended(order, Receipt(status="failed", error=error))]
            case "found":
                digest = hashlib.sha256(Path(order.source).read_bytes()).hexdigest()
                key = key_of(digest, self._settings)
                found = Receipt(status="found", key=key, source_sha256=digest, words="not safe")
                return [Ended(order, found)]
            case "crowded":
                return [Lost(order, WorkerLost("too large"), crowded=True)]
            case _:
                return [Lost(order, WorkerLost("the process was killed"))]

    def close(self) -> Sequence[Ended | Lost]:
        self.closed = True
        return []


class Silent:
    """An `Audience` that remembers what it was told of the end."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []
        self.losses: list[tuple[str, bool]] = []

    def begun(self, order: Order) -> None: ...

    def step(self, step: Step) -> None: ...

    def lost(self, lost: Lost, again: bool) -> None:
        self.losses.append((lost.order.name, again))

    def ended(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)

    def tick(self) -> None: ...
