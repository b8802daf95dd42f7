"""Processes on this machine that work side by side, within a budget of memory.

One that dies or makes no progress is noticed and replaced. Nothing of a process but a finished
file in its folder, and the receipt that speaks of it, is ever used.
"""

from __future__ import annotations

import json
import queue
import shutil
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Final

from ...core.errors import WorkerLost
from ...jobs.naming import is_photo
from ...jobs.settings import Settings
from ...jobs.tasks import Receipt, told
from . import memory
from .order import Ended, Heard, Lost, Order, Step

PATIENCE: Final = 900.0  # seconds without any progress after which a process counts as hung
LEAST: Final = 400 * 2**20  # bytes that a process takes with its models, whatever the file
GROWN: Final = 1200 * 2**20  # bytes held between two files, above which a process is replaced
LOOK_EVERY: Final = 0.5  # seconds


@dataclass(slots=True)
class _Worker:
    process: subprocess.Popen[str]
    ready: bool = False
    order: Order | None = None
    place: Path | None = None  # of the output
    sign: float = field(default_factory=time.monotonic)  # of life
    peak: int = 0  # bytes, in this order


class Pool:
    """`Hands` of at most `processes` at a time, which together take `budget` bytes or less.

    `stage`: the folder in which each works in a folder of its own. `command`: what is started.
    """

    in_place = False

    def __init__(
        self,
        settings: Settings,
        stage: Path,
        processes: int,
        budget: int | None,
        *,
        patience: float = PATIENCE,
        command: Sequence[str] = (sys.executable, "-m", "passerby.apps.batch.worker"),
    ) -> None:
        self._settings, self._stage, self._command = told(settings), stage, tuple(command)
        self._processes, self._budget, self._patience = processes, budget, patience
        self._workers: list[_Worker] = []
        self._news: queue.Queue[tuple[_Worker, dict[str, Any] | None]] = queue.Queue()
        self._looked, self._made = 0.0, 0
        self._peaks: defaultdict[bool, list[int]] = defaultdict(list)  # by: is it a photo

    # The port.

    def free(self, order: Order) -> bool:
        busy = [w.order for w in self._workers if w.order is not None]
        if order.alone or any(other.alone for other in busy):
            return not busy
        if not busy:
            return True
        if len(busy) >= self._processes:
            return False
        if self._budget is None:
            return True
        expected = sum(max(w.peak, self._needs(w.order)) for w in self._workers if w.order)
        return expected + self._needs(order) <= self._budget

    def give(self, order: Order) -> None:
        if order.alone:
            self._rest()
        worker = next((w for w in self._workers if w.order is None), None) or self._started()
        self._made += 1
        folder = self._stage / str(self._made)
        folder.mkdir(parents=True)
        worker.order, worker.place = order, folder / PurePosixPath(order.name).name
        worker.sign, worker.peak = time.monotonic(), 0
        line = {
            "source": order.source,
            "output": str(worker.place),
            "settings": self._settings,
        }
        with suppress(OSError):  # it died between two files: its end is heard of below
            assert worker.process.stdin is not None
            worker.process.stdin.write(json.dumps(line) + "\n")
            worker.process.stdin.flush()

    def heard(self, wait: float) -> Sequence[Heard]:
        found: list[Heard] = []
        with suppress(queue.Empty):
            found += self._of(*self._news.get(timeout=wait))
            while True:
                found += self._of(*self._news.get_nowait())
        if time.monotonic() - self._looked >= LOOK_EVERY:
            self._looked = time.monotonic()
            found += self._look()
        return found

    def close(self) -> Sequence[Ended | Lost]:
        for worker in self._workers:
            _end(worker.process)
        self._workers.clear()
        shutil.rmtree(self._stage, ignore_errors=True)
        return ()

    # Below.

    def _needs(self, order: Order) -> int:
        """Bytes that an order will take, by what others of its kind took."""
        peaks = self._peaks[is_photo(Path(order.name))][-20:]
        return max(LEAST, sum(peaks) // len(peaks) if peaks else 0)

    def _started(self) -> _Worker:
        process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
        )
        worker = _Worker(process)
        self._workers.append(worker)
        threading.Thread(target=self._read, args=(worker,), daemon=True).start()
        return worker

    def _read(self, worker: _Worker) -> None:
        """In a thread of its own: what a process says, and its end."""
        assert worker.process.stdout is not None
        with worker.process.stdout as lines:
            for line in lines:
                with suppress(ValueError):
                    self._news.put((worker, json.loads(line)))
        self._news.put((worker, None))

    def _of(self, worker: _Worker, said: Mapping[str, Any] | None) -> list[Heard]:
        order = worker.order
        if said is None:
            return self._gone(worker, _how(worker.process.wait()))
        worker.sign = time.monotonic()
        if order is None or "ready" in said:
            return []
        if "phase" in said:
            return [Step(order, said["phase"], said["share"])]
        receipt, made = Receipt.model_validate(said["ended"]), worker.place
        if made is not None and receipt.status != "done":
            shutil.rmtree(made.parent, ignore_errors=True)
        self._peaks[is_photo(Path(order.name))].append(
            max(worker.peak, memory.taken(worker.process.pid))
        )
        worker.order = worker.place = None
        if memory.taken(worker.process.pid) > self._most():
            self._dismiss(worker)
        return [Ended(order, receipt, made if receipt.status == "done" else None)]

    def _most(self) -> int:
        """Bytes that a process may hold when it does nothing."""
        return GROWN if self._budget is None else min(GROWN, self._budget // self._processes)

    def _gone(
        self, worker: _Worker, why: str, hint: str = "", *, crowded: bool = False
    ) -> list[Heard]:
        if worker not in self._workers:
            return []
        order = worker.order
        self._dismiss(worker)
        if worker.place is not None:
            shutil.rmtree(worker.place.parent, ignore_errors=True)
        if order is None:
            return []
        return [Lost(order, WorkerLost(why, hint=hint), crowded)]

    def _dismiss(self, worker: _Worker) -> None:
        self._workers.remove(worker)
        _end(worker.process)

    def _rest(self) -> None:
        """Let go of every process that does nothing, and of the memory that it holds."""
        for worker in [w for w in self._workers if w.order is None]:
            self._dismiss(worker)

    def _look(self) -> list[Heard]:
        """Whether anybody hangs, or all together take too much."""
        found: list[Heard] = []
        now = time.monotonic()
        for worker in [w for w in self._workers if w.order is not None]:
            worker.peak = max(worker.peak, memory.taken(worker.process.pid))
            if now - worker.sign > self._patience:
                why = f"the process that worked on it made no progress for {self._patience:g} s"
                found += self._gone(worker, why, "does `passerby redact` end with it?")
        return found + self._bounded()

    def _bounded(self) -> list[Heard]:
        """Stop the largest process where all together take more than the budget."""
        sizes = {id(w): memory.taken(w.process.pid) for w in self._workers}
        if self._budget is None or sum(sizes.values()) <= self._budget:
            return []
        idle = [w for w in self._workers if w.order is None]
        if idle:
            self._rest()
            return []
        largest = max(self._workers, key=lambda w: sizes[id(w)])
        why = f"it took more than the {memory.plain(self._budget)} of memory that are allowed"
        return self._gone(largest, why, "allow more with --memory", crowded=True)


def _how(code: int) -> str:
    """How a process ended, for people."""
    if code < 0:
        return f"the process that worked on it was killed (signal {-code})"
    return f"the process that worked on it ended by itself ({code})"


def _end(process: subprocess.Popen[str]) -> None:
    """Stop a process, and wait until it is gone."""
    with suppress(OSError):
        process.kill()
    if process.stdin is not None:
        with suppress(OSError):
            process.stdin.close()
    process.wait()
