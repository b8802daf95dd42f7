"""Those who work on a cluster that Ray runs: `Hand`s on its machines, and who does what.

Only this file imports Ray, and only when a cluster is asked for. Frames never enter Ray's object
store: what travels is orders, receipts, and what detectors answered in a part of a film.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ... import __version__
from ...core.errors import PasserbyError, UsageError, WorkerLost, unforeseen
from ...jobs.settings import Settings
from ...jobs.tasks import Receipt, refused, told
from .hand import Hand
from .order import Ended, Heard, Lost, Order, Step

PART: Final = 120.0  # seconds of film that are looked at in one piece
ASK_EVERY: Final = 5.0  # seconds
HALTING: Final = 10.0  # seconds that a machine has to say what it put in its place
GIVEN_UP: Final = (
    3  # times that a part is tried; without its answers the film takes longer, no more
)


@dataclass(slots=True)
class _Film:
    """A film in parts: what was answered so far."""

    order: Order
    folder: Path
    parts: list[tuple[int, int]]
    left: int


@dataclass(slots=True)
class _Job:
    """Something to do for an order. `part`: its number, where it is to look at a part."""

    order: Order
    do: str  # begin, survey, finish
    film: _Film | None = None
    part: int = -1
    tries: int = 0


@dataclass(slots=True)
class _Actor:
    handle: Any
    pending: Any  # what is waited for: that it is ready, or the end of its job
    ready: bool = False
    job: _Job | None = None
    asked: Any = None  # a question for a sign of life that is on its way
    signs: int = -1
    sign: float = field(default_factory=time.monotonic)


class Cluster:
    """`Hands` on the machines of a Ray cluster at `address`, one for each core, at most `most`.

    `answers`: a folder here for what was answered in parts of films; what is there already is not
    asked again. `scratch`: a folder on each machine. Raises UsageError where there is no cluster.
    """

    in_place = True

    def __init__(
        self,
        address: str,
        settings: Settings,
        answers: Path,
        *,
        most: int | None = None,
        scratch: str = "",
        part: float = PART,
        patience: float = 900.0,
    ) -> None:
        self._ray = _connected(address)
        self._settings, self._answers, self._scratch = settings, answers, scratch
        self._most, self._part, self._patience = most, part, patience
        self._kind = self._ray.remote(num_cpus=1, max_restarts=0, max_concurrency=2)(Hand)
        self._actors: list[_Actor] = []
        self._jobs: deque[_Job] = deque()
        self._asked = time.monotonic()

    # The port.

    def free(self, order: Order) -> bool:
        self._staff()
        busy = sum(actor.job is not None for actor in self._actors)
        return len(self._jobs) + busy < max(1, sum(actor.ready for actor in self._actors))

    def give(self, order: Order) -> None:
        self._jobs.append(_Job(order, "begin"))
        self._hand_out()

    def heard(self, wait: float) -> Sequence[Heard]:
        self._staff()
        self._hand_out()
        found = self._signs()
        waited = [a.pending for a in self._actors if a.pending is not None]
        if not waited:
            time.sleep(wait)
            return found
        done, _ = self._ray.wait(waited, num_returns=1, timeout=wait)
        for actor in [a for a in self._actors if a.pending in done]:
            found += self._ended(actor)
        self._hand_out()
        return found

    def close(self) -> Sequence[Ended | Lost]:
        found = self._halted()
        for actor in self._actors:
            with suppress(Exception):
                self._ray.kill(actor.handle)
        self._ray.shutdown()
        return found

    # Below.

    def _halted(self) -> list[Ended | Lost]:
        """Have nobody put anything in its place any more; what was put there by then."""
        jobs = {a.handle.halt.remote(): a.job for a in self._actors if a.job is not None}
        if not jobs:
            return []
        found: list[Heard] = []
        done, _ = self._ray.wait(list(jobs), num_returns=len(jobs), timeout=HALTING)
        for asked in done:
            with suppress(self._ray.exceptions.RayError):
                job, sent = jobs[asked], self._ray.get(asked)
                if sent is not None and sent["target"] == job.order.target:
                    found += self._done(job, sent)
        return [heard for heard in found if not isinstance(heard, Step)]

    def _staff(self) -> None:
        """As many as the cluster has cores by now: machines come and go."""
        cores = int(self._ray.cluster_resources().get("CPU", 0))
        wanted = max(1, cores if self._most is None else min(cores, self._most))
        while len(self._actors) < wanted:
            handle = self._kind.remote(told(self._settings), self._scratch)
            self._actors.append(_Actor(handle, handle.version.remote()))
        for actor in [a for a in self._actors if not a.ready][: len(self._actors) - wanted]:
            self._dismiss(actor)  # there is no room for it any more

    def _hand_out(self) -> None:
        for actor in self._actors:
            if not self._jobs:
                return
            if actor.ready and actor.job is None:
                job = actor.job = self._jobs.popleft()
                actor.pending, actor.sign = self._begun(actor.handle, job), time.monotonic()

    def _begun(self, handle: Any, job: _Job) -> Any:
        order, film = job.order, job.film
        if film is None:
            return handle.begin.remote(order.source, order.target, self._part)
        if job.do == "survey":
            return handle.survey.remote(order.source, film.parts[job.part])
        files = [film.folder / str(number) for number, _ in enumerate(film.parts)]
        known = [file.read_bytes() for file in files if file.exists()]
        return handle.finish.remote(order.source, order.target, known)

    def _ended(self, actor: _Actor) -> list[Heard]:
        """What came of what an actor did, or its end."""
        job, pending = actor.job, actor.pending
        actor.job = actor.pending = None
        try:
            result = self._ray.get(pending)
        except self._ray.exceptions.RayTaskError as error:
            cause = error.cause if isinstance(error.cause, Exception) else error
            known = cause if isinstance(cause, PasserbyError) else unforeseen(cause)
            return [] if job is None else self._failed(job, known)
        except self._ray.exceptions.RayError as error:
            self._dismiss(actor)
            why = f"the process or machine that worked on it is gone ({type(error).__name__})"
            return [] if job is None else self._lost(job, why)
        if job is None:
            actor.ready = True
            if result != __version__:
                raise UsageError(
                    f"a machine of the cluster has Passerby {result}, and this is {__version__}",
                    hint="install one version on all",
                )
            return []
        return self._done(job, result)

    def _done(self, job: _Job, result: Any) -> list[Heard]:
        order, film = job.order, job.film
        if job.do == "survey" and film is not None:
            _written(film.folder / str(job.part), result)
            return self._next(film)
        if "parts" in result:
            return self._split(order, [(a, b) for a, b in result["parts"]])
        if film is not None:
            shutil.rmtree(film.folder, ignore_errors=True)
        return [Ended(order, Receipt.model_validate(result["receipt"]))]

    def _split(self, order: Order, parts: list[tuple[int, int]]) -> list[Heard]:
        """Have every part looked at that was not before; they come before other orders."""
        asked = [order.source, order.bytes, parts, self._settings.plain()]
        name = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
        film = _Film(order, self._answers / name, parts, 0)
        film.folder.mkdir(parents=True, exist_ok=True)
        missing = [n for n, _ in enumerate(parts) if not (film.folder / str(n)).exists()]
        film.left = len(missing) + 1
        self._jobs.extendleft(_Job(order, "survey", film, n) for n in reversed(missing))
        return self._next(film)

    def _next(self, film: _Film) -> list[Heard]:
        """One less to wait for; the whole film follows when there is none left."""
        film.left -= 1
        if film.left == 0:
            self._jobs.appendleft(_Job(film.order, "finish", film))
        return [Step(film.order, "look", 1 - film.left / len(film.parts))]

    def _failed(self, job: _Job, why: PasserbyError) -> list[Heard]:
        """An error that would come again."""
        if job.do == "survey" and job.film is not None:
            return self._next(job.film)  # whoever follows the film says what is wrong
        return [Ended(job.order, refused(why))]

    def _lost(self, job: _Job, why: str) -> list[Heard]:
        """A part is tried again here; an order, by whoever gave it."""
        if job.do == "survey" and job.film is not None:
            job.tries += 1
            if job.tries < GIVEN_UP:
                self._jobs.appendleft(job)
                return []
            return self._next(job.film)
        return [Lost(job.order, WorkerLost(why))]

    def _signs(self) -> list[Heard]:
        """Ask those at work for a sign of life, and let go of those who give none."""
        now, found = time.monotonic(), list[Heard]()
        ask = now - self._asked >= ASK_EVERY
        self._asked = now if ask else self._asked
        for actor in [a for a in self._actors if a.job is not None]:
            found += self._sign(actor, now)
            if ask and actor.asked is None:
                actor.asked = actor.handle.sign.remote()
            if now - actor.sign > self._patience and actor.job is not None:
                job, actor.job = actor.job, None
                self._dismiss(actor)
                found += self._lost(job, f"no progress was made for {self._patience:g} s")
        return found

    def _sign(self, actor: _Actor, now: float) -> list[Heard]:
        if actor.asked is None or actor.job is None:
            return []
        if not self._ray.wait([actor.asked], timeout=0)[0]:
            return []
        asked, actor.asked = actor.asked, None
        try:
            signs, phase, share = self._ray.get(asked)
        except self._ray.exceptions.RayError:
            return []  # its end is heard of where its job is waited for
        if signs != actor.signs:
            actor.signs, actor.sign = signs, now
        return [Step(actor.job.order, phase, share)] if phase else []

    def _dismiss(self, actor: _Actor) -> None:
        if actor in self._actors:
            self._actors.remove(actor)
        with suppress(Exception):
            self._ray.kill(actor.handle)


def _connected(address: str) -> Any:
    """Ray, with a cluster that is there already: none is started."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # before the import: it tells nobody of anything
    try:
        import ray
    except ImportError as error:
        raise UsageError(
            "--ray needs Ray, which is not installed", hint="pip install passerby[ray]"
        ) from error
    host, _, port = address.rpartition(":")
    nobody = UsageError(f"there is no Ray cluster at {address}", hint="start one: ray start --head")
    if host and port.isdigit():  # Ray itself would ask for a minute
        try:
            socket.create_connection((host, int(port)), timeout=10).close()
        except OSError as error:
            raise nobody from error
    try:
        ray.init(address=address, log_to_driver=False, logging_level="ERROR")
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        raise nobody from error
    return ray


def _written(path: Path, some: bytes) -> None:
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(some)
    partial.replace(path)
