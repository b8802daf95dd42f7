"""Keeps one camera's process going: starts it, listens to it, ends it, starts it again."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final, Literal

from ...detect.runtime import SHARED
from .channel import Channel
from .config import Asked
from .wire import KEY, Order, megabytes, messages, to_packet, to_shape

SILENT: Final = 12.0  # seconds without a sign of life after which a process counts as hanging
BIRTH: Final = 90.0  # the same before its first: models are read, and others start beside it
STILL: Final = 20.0  # seconds in which nothing is published, not even a curtain
LEAVE: Final = 10.0  # seconds for ending in order
WAITS: Final = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 40.0, 60.0)  # seconds before it is started again
SOUND: Final = 60.0  # seconds of life after which the waits begin anew
SECRETS: Final = ("PASSERBY_LOGIN", "PASSERBY_TO_LOGIN")  # what no process needs to inherit

State = Literal["waiting", "running", "ending", "over"]


class Keeper:
    """One camera, one process. All but `status` is for the supervisor's thread alone.

    `hidden`: variables of the environment that hold passwords. `tell` hears, in a line, what
    happens. Packets go to `channel`, which is told to forget what it holds whenever the process is
    away, so that nobody gets a picture of before. `door`: where the networks are that it shares
    with other cameras; None if it has its own.
    """

    def __init__(
        self,
        asked: Asked,
        channel: Channel,
        *,
        hidden: frozenset[str] = frozenset(),
        tell: Callable[[str], None] = lambda line: None,
        door: int | None = None,
    ) -> None:
        self.asked, self.channel = asked, channel
        self.state: State = "waiting"
        self.restarts = 0
        self._hidden, self._tell, self._door = hidden, tell, door
        self._run: _Run | None = None
        self._tries, self._again = 0, 0.0  # when it is started again, monotonic seconds
        self._ending = False
        self._told: tuple[str, ...] = ()
        channel.status = self._status("connecting")

    @property
    def begun(self) -> bool:
        """Whether its process, if there is one, has given a sign of life."""
        return self._run is None or self._run.heard > self._run.begun

    @property
    def pid(self) -> int | None:
        """Of the process, while there is one."""
        return None if self._run is None else self._run.process.pid

    def tick(self, now: float) -> None:
        """To be called several times a second: whatever is due is done."""
        run = self._run
        if run is None:
            if not self._ending and now >= self._again:
                self._start(now)
            return
        why = self._fault(run, now)
        if run.process.poll() is not None:
            self._gone(run, now)
        elif why:
            run.why = why
            run.process.kill()  # only ever its own child, which has not been waited for
        elif self._ending and now - run.asked_to_end > LEAVE:
            run.process.kill()
        elif self.channel.wants_key:
            run.wish(KEY)
        if self._run is not None:
            self._say(run)

    def end(self) -> None:
        """Ask it to end; `over` says when it has."""
        self._ending = True
        if self._run is None:
            self.state = "over"
        elif self.state != "ending":
            self.state = "ending"
            self._run.leave()

    def kill(self) -> None:
        """At once: for when there is no more time."""
        if self._run is not None:
            self._run.process.kill()
            self._run.close()
            self._run = None
        self.state = "over"

    def _start(self, now: float) -> None:
        around = surroundings(self._hidden)
        try:
            self._run = _Run(self.asked, self.channel, around, self._status, self._door)
        except OSError as error:  # the system has no process, memory or file handles left
            self._later(now, not_started(error))
            return
        self.state = "running"

    def _fault(self, run: _Run, now: float) -> str:
        """Why it has to be killed; empty where all is well."""
        if now - run.heard > (SILENT if run.heard > run.begun else BIRTH):
            return "gave no sign of life"
        if run.moved is not None and now - run.moved > STILL and not self._ending:
            return "published nothing any more, not even a curtain"
        used = run.megabytes
        if used is not None and used > self.asked.megabytes:
            return f"took more than {self.asked.megabytes} MB of memory"
        return ""

    def _gone(self, run: _Run, now: float) -> None:
        run.close()
        self._run = None
        self._forget()
        code = run.process.returncode
        settings = self.asked.settings
        finite = settings.address.kind == "file" or settings.seconds is not None
        if self._ending or (run.over and finite):
            self.state, self._ending = "over", True
            self.channel.status = self._status(**{**run.counts, "state": "ended"})
            return
        why = run.why or ("ended" if code >= 0 else f"was ended by signal {-code}")
        self._tries = 0 if now - run.begun > SOUND else self._tries
        self._later(now, why)

    def _later(self, now: float, why: str) -> None:
        wait = WAITS[min(self._tries, len(WAITS) - 1)]
        self._tries += 1
        self.restarts += 1
        self._again, self.state = now + wait, "waiting"
        self.channel.status = self._status("lost", why=why)
        self._told = ()
        self._tell(f"{self.asked.name}: {why}; its process starts again in {wait:g} s")

    def _forget(self) -> None:
        if self.channel.published is not None:
            self.channel.shape(self.channel.published)

    def _status(self, state: str, **told: Any) -> dict[str, Any]:
        return {"passerby": "live/1", "state": state, **told, "restarts": self.restarts}

    def _say(self, run: _Run) -> None:
        status = self.channel.status
        targets = status.get("targets", {})
        state = str(status.get("state"))
        told = (state, *(f"{name} {one['state']}" for name, one in targets.items()))
        if told != self._told:
            why = f" ({status['why']})" if state == "lost" and status.get("why") else ""
            self._tell(
                f"{self.asked.name}: camera {state}{why}{''.join(f'; {t}' for t in told[1:])}"
            )
            self._told = told


class _Run:
    """One run of the process. A thread of its own reads what it says. `OSError`: there is none.

    `heard`: when it last gave a sign of life. `moved`: when it last published anything; None
    before the first picture. `over`: it ended by itself, with nothing wrong.
    """

    def __init__(
        self,
        asked: Asked,
        channel: Channel,
        surroundings: Mapping[str, str],
        status: Callable[..., dict[str, Any]],
        door: int | None,
    ) -> None:
        self._channel, self._status = channel, status
        self.begun = self.heard = time.monotonic()
        self.moved: float | None = None
        self.counts: dict[str, Any] = {}
        self.asked_to_end = float("inf")
        self.why, self.over = "", False
        self._published = 0
        self._megabytes: int | None = None
        self._lock = threading.Lock()
        self._live = True
        # The name alone is for people who look at the list of processes.
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "passerby.apps.gateway.child", asked.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=surroundings,
            pass_fds=() if door is None else (door,),
        )
        self._reader = threading.Thread(target=self._read, name="reader", daemon=True)
        try:
            self._reader.start()
        except RuntimeError:
            with self.process:
                self.process.kill()
            raise OSError(errno.EAGAIN, "no more threads") from None
        settings = asked.settings
        if door is not None:
            settings = settings.model_copy(update={"device": f"{SHARED}:{door}:{settings.device}"})
        self.wish(Order(settings, asked.logins).line())

    @property
    def megabytes(self) -> int | None:
        """Of memory; what the process says itself where the system hides it."""
        found = megabytes(self.process.pid)
        return self._megabytes if found is None else found

    def wish(self, line: bytes) -> None:
        assert self.process.stdin is not None
        with suppress(OSError, ValueError):
            self.process.stdin.write(line)
            self.process.stdin.flush()

    def leave(self) -> None:
        """The end of its input tells it to end."""
        assert self.process.stdin is not None
        self.asked_to_end = time.monotonic()
        with suppress(OSError):
            self.process.stdin.close()

    def close(self) -> None:
        """After its end: wait for it, and for what it still said."""
        self.leave()
        self.process.wait()
        self._reader.join(2)
        with self._lock:
            self._live = False
        assert self.process.stdout is not None
        with suppress(OSError):
            self.process.stdout.close()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with suppress(OSError, ValueError, KeyError, TypeError):
            for message in messages(self.process.stdout):
                self.heard = time.monotonic()
                with self._lock:
                    if self._live:
                        self._take(message.kind, message.body)

    def _take(self, kind: str, body: bytes) -> None:
        match kind:
            case "beat":
                self._megabytes = json.loads(body)
            case "shape":
                self._channel.shape(to_shape(body))
            case "packet":
                self._channel.offer(to_packet(body))
            case "status":
                self._tells(json.loads(body))
            case "error":
                self.why = str(json.loads(body))

    def _tells(self, counts: dict[str, Any]) -> None:
        published = counts["shown"] + counts["covered"] + counts["idle"]
        if published > self._published:
            self.moved, self._published = time.monotonic(), published
        self.over, self.counts = counts["state"] == "ended", counts
        own = {"pid": self.process.pid, "megabytes": self.megabytes}
        self._channel.status = self._status(**counts, **own)


def not_started(error: OSError) -> str:
    return f"could not be started ({error.strerror or 'refused'})"


def surroundings(hidden: frozenset[str]) -> dict[str, str]:
    """The environment for a process that needs no password out of it."""
    return {
        name: value
        for name, value in os.environ.items()
        if name not in hidden and name not in SECRETS
    }
