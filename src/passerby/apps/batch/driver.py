"""The loop of a batch: what is done is passed over, the rest is handed out, and noted when done."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Literal, Protocol

from ...core.errors import OutputError, PasserbyError, WorkerLost
from ...jobs.settings import Settings
from ...jobs.tasks import Receipt, key_of, refused
from .order import Ended, Hands, Lost, Order, Step
from .places import Places
from .records import Entry, Records

WAIT: Final = 0.5  # seconds
RETRIES: Final = 2
LOOKING: Final = 10.0  # seconds at most, at the end, for what this run did not come to

How = Literal["done", "before", "found", "failed"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file. `before`: an earlier run had finished it, and so it was left."""

    order: Order
    how: How
    entry: Entry

    @property
    def receipt(self) -> Receipt:
        assert self.entry.receipt is not None
        return self.entry.receipt


class Audience(Protocol):
    """Whoever is told how a batch goes."""

    def begun(self, order: Order) -> None: ...

    def step(self, step: Step) -> None: ...

    def lost(self, lost: Lost, again: bool) -> None: ...

    def ended(self, outcome: Outcome) -> None: ...

    def tick(self) -> None:
        """Called at least about every second, whatever happens."""
        ...


@dataclass(slots=True)
class _Queue:
    """Orders that wait, those that are to be done alone at the end."""

    orders: Iterator[Order | None]
    again: deque[Order] = field(default_factory=deque)
    attempts: dict[str, int] = field(default_factory=dict)
    over: bool = False

    def take(self) -> Order | None:
        """The next; None where there is none now."""
        if not self.over:
            try:
                order = next(self.orders)
            except StopIteration:
                self.over = True
            else:
                if order is not None:
                    return order
        return self.again.popleft() if self.again else None


class Driver:
    """Carries out orders, and answers for what `records` say. `force`: what is done is done anew,
    and what others put in its place is replaced."""

    def __init__(
        self,
        records: Records,
        places: Places,
        settings: Settings,
        audience: Audience,
        *,
        force: bool = False,
        retries: int = RETRIES,
    ) -> None:
        self._records, self._places, self._settings = records, places, settings
        self._audience, self._force, self._retries = audience, force, retries
        self._names: dict[str, str] = {}  # of outputs in this run, by their source
        self._placing: Outcome | None = None  # what is being written down and put in its place
        self.outcomes: dict[str, Outcome] = {}  # the last of each name, as soon as it is known

    def run(self, orders: Iterable[Order | None], hands: Hands) -> Generator[Outcome]:
        """Carry out every order, at most as many at a time as `hands` take. None among the orders
        says that there is nothing now, and that there may be later. Closes `hands`, always.

        What it came to, however it ended, is what `reckoned` says."""
        queue, working = _Queue(iter(orders)), set[str]()
        waiting: Order | None = None
        seen: dict[str, str] = {}
        try:
            while True:
                self._audience.tick()
                waiting = waiting or queue.take()
                if waiting is not None and waiting.name not in working and hands.free(waiting):
                    order, waiting = waiting, None
                    source = self._places.full(order.source)
                    self._names[source] = order.name
                    known = self._known(order) if order.name not in queue.attempts else None
                    if known is not None:
                        self.outcomes[order.name] = known
                        self._audience.ended(known)
                        yield known
                        continue
                    seen[order.name] = self._places.seen(order.source)
                    refusal = self._room(order, queue)
                    if refusal is not None:
                        del queue.attempts[order.name]
                        yield self._refused(order, refusal)
                        continue
                    if hands.in_place:
                        self._records.keep(Entry(name=order.name, source=source, state="begun"))
                    self._audience.begun(order)
                    hands.give(order)
                    working.add(order.name)
                    continue
                if waiting is None and not working and queue.over:
                    return
                for heard in hands.heard(WAIT):
                    if isinstance(heard, Step):
                        self._audience.step(heard)
                        continue
                    name = heard.order.name
                    working.discard(name)
                    if isinstance(heard, Lost) and self._again(heard, queue):
                        continue
                    attempts = queue.attempts.pop(name, 0) + isinstance(heard, Ended)
                    yield self._end(heard, seen[name], max(1, attempts), hands.in_place)
        finally:
            for late in hands.close():
                name = late.order.name
                self._end(late, seen[name], queue.attempts.get(name, 0) + 1, hands.in_place)

    def reckoned(self, orders: Iterable[Order]) -> list[Outcome]:
        """All outcomes, at the end or after an interrupt: whatever lies in its place and is this
        batch's is among them, also of `orders` that this run did not come to and an earlier one
        had finished. What others were making when they were stopped is removed."""
        placing = self._placing
        noted = placing is not None and self._records.known(placing.order.name) == placing.entry
        if placing is not None and noted and ours(placing.order, placing.entry, self._places):
            self.outcomes[placing.order.name] = placing
        found, until = dict(self.outcomes), time.monotonic() + LOOKING
        left = [(o, self._records.known(o.name)) for o in orders if o.name not in found]
        for order, entry in left:
            if entry is not None and entry.state == "begun":
                error = self._cleared(order)
                if error is not None:
                    found[order.name] = self._refused(order, error)
        for order, entry in left:
            if self._force or time.monotonic() > until:
                break
            if entry is not None and self._untouched(order, entry):
                found[order.name] = Outcome(order, "before", entry)
        return list(found.values())

    def _untouched(self, order: Order, entry: Entry) -> bool:
        """Whether it is done and nothing changed since, by looks alone."""
        done = entry.receipt is not None and entry.receipt.status == "done"
        if not done or self._places.seen(order.target) != entry.made:
            return False
        seen = self._places.seen(order.source)
        same = seen == entry.seen
        return same and earlier(order, entry, self._places, self._settings, seen) == "before"

    def _known(self, order: Order) -> Outcome | None:
        """What became of an order in an earlier run, if that still holds."""
        entry = None if self._force else self._records.known(order.name)
        seen = self._places.seen(order.source)
        how = earlier(order, entry, self._places, self._settings, seen)
        if entry is None or how is None:
            return None
        source = self._places.full(order.source)
        if seen != entry.seen or source != entry.source:
            entry = entry.model_copy(update={"seen": seen, "source": source})
            self._records.keep(entry)
        return Outcome(order, how, entry)

    def _room(self, order: Order, queue: _Queue) -> PasserbyError | None:
        """Make sure that the place is free: what an earlier run put there is removed, for this file
        was another then, or the settings were. What others put there is theirs, and so is what
        was made of another file, unless that gets another name now."""
        queue.attempts.setdefault(order.name, 0)
        try:
            if not self._places.seen(order.target):
                return None
            entry = self._records.known(order.name)
            if entry is not None and (entry.state == "begun" or ours(order, entry, self._places)):
                if entry.state == "begun" or self._replaced(order, entry):
                    self._places.remove(order.target)
                    return None
                if not self._force:
                    return OutputError(
                        "the output of another input lies in its place",
                        hint="write to another folder, or pass --force to replace it",
                    )
            if self._force:
                return None
        except PasserbyError as error:
            return error
        return OutputError(
            "something that this batch did not make lies in its place",
            hint="move it away, or pass --force",
        )

    def _replaced(self, order: Order, entry: Entry) -> bool:
        """Whether what was made by `entry` is out of date: it was made of this file, wherever that
        lay and whatever was in it, or of one whose output is called otherwise in this run."""
        places = self._places
        if places.full(entry.source) == places.full(order.source):
            return True
        if self._names.get(places.full(entry.source), order.name) != order.name:
            return True
        seen = places.seen(order.source)
        if seen and seen == places.seen(entry.source):  # one file by two paths
            return True
        digest = "" if entry.receipt is None else entry.receipt.source_sha256
        return digest != "" and digest == places.sha256(order.source)  # it was moved, or copied

    def _again(self, lost: Lost, queue: _Queue) -> bool:
        """Put a lost order back, unless it was tried often enough; at last it is tried alone."""
        name = lost.order.name
        crowded = lost.crowded and not lost.order.alone
        queue.attempts[name] = queue.attempts.get(name, 0) + (not crowded)
        again = queue.attempts[name] <= self._retries and not (lost.crowded and lost.order.alone)
        if again:
            last = crowded or queue.attempts[name] == self._retries
            queue.again.append(replace(lost.order, alone=last))
        self._audience.lost(lost, again)
        return again

    def _end(self, heard: Ended | Lost, seen: str, attempts: int, in_place: bool) -> Outcome:
        order, made = heard.order, None
        if isinstance(heard, Lost):
            error = WorkerLost(
                f"{heard.why.what}, {attempts} {'times' if attempts > 1 else 'time'}",
                hint=heard.why.hint,
            )
            receipt = refused(error)
        else:
            receipt, made = heard.receipt, heard.made
        if in_place and receipt.status != "done":  # somebody who was lost may have made it
            uncleared = self._cleared(order)
            receipt = receipt if uncleared is None else refused(uncleared)
        entry = Entry(
            name=order.name,
            source=self._places.full(order.source),
            state="begun" if in_place and receipt.status == "failed" else "ended",
            seen=seen,
            made=self._places.seen(order.target if made is None else str(made)),
            attempts=attempts,
            receipt=receipt.model_copy(update={"report": None}),
        )
        return self._noted(order, entry, receipt, made)

    def _noted(self, order: Order, entry: Entry, receipt: Receipt, made: Path | None) -> Outcome:
        """Write down what became of an order, then put what was made in its place."""
        outcome = Outcome(order, receipt.status, entry)
        self._placing = outcome if receipt.status == "done" else None
        self._records.keep(entry)
        try:
            if receipt.report is not None:
                self._records.report(order.name, receipt.report)
            if made is not None and receipt.status == "done":
                self._places.put(made, order.target)
        except PasserbyError as error:
            failed = {"receipt": refused(error), "made": ""}
            if made is None and receipt.status == "done":
                failed["state"] = "begun"
                self._cleared(order)
            outcome = Outcome(order, "failed", entry.model_copy(update=failed))
            self._records.keep(outcome.entry)
        self.outcomes[order.name] = outcome
        self._placing = None
        self._audience.ended(outcome)
        return outcome

    def _refused(self, order: Order, error: PasserbyError) -> Outcome:
        """Nothing was done, so what is written down of an earlier run still holds."""
        entry = Entry(name=order.name, source=order.source, receipt=refused(error))
        outcome = self.outcomes[order.name] = Outcome(order, "failed", entry)
        self._audience.ended(outcome)
        return outcome

    def _cleared(self, order: Order) -> PasserbyError | None:
        """Remove what is not to be trusted; why it can't be, if so."""
        try:
            if self._places.seen(order.target):
                self._places.remove(order.target)
        except PasserbyError as error:
            return error
        return None


def earlier(
    order: Order, entry: Entry | None, places: Places, settings: Settings, seen: str
) -> How | None:
    """What became of an order by `entry`, if that still holds; None where it is to be done.

    It holds while the source's bytes and the settings are the same, and the finished file lies
    where it was put. `seen`: what the source looks like; if that changed, its bytes are read.
    """
    receipt = None if entry is None else entry.receipt
    if entry is None or receipt is None or receipt.status == "failed" or not seen:
        return None
    digest = receipt.source_sha256 if seen == entry.seen else places.sha256(order.source)
    if receipt.key != key_of(digest, settings):
        return None
    if receipt.status == "found":
        return "found"
    return "before" if ours(order, entry, places) else None


def ours(order: Order, entry: Entry, places: Places) -> bool:
    """Whether in the place of a finished file is that file, by its looks or else by its bytes."""
    made = places.seen(order.target)
    if not made or entry.receipt is None or not entry.receipt.output_sha256:
        return False
    return made == entry.made or places.sha256(order.target) == entry.receipt.output_sha256
