"""Processes that can't be started: who needs them waits and tries again, and no camera ends."""

from __future__ import annotations

import errno
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from passerby.apps.cli import gateway as cli
from passerby.apps.gateway import keeper, models
from passerby.apps.gateway.channel import Channel
from passerby.apps.gateway.config import Gateway, parse
from passerby.apps.gateway.supervisor import Supervisor

IDLE = "import sys; sys.stdin.read()"
FULL = OSError(errno.EMFILE, "Too many open files")


def written(*names: str) -> Gateway:
    return parse(
        "".join(
            f'[camera.{name}]\nsource = "rtsp://127.0.0.1:1/x"\nto = ["udp://127.0.0.1:{port}"]\n'
            for port, name in enumerate(names, 9)
        ),
        "gateway.toml",
        {},
    )


class Starts:
    """Starts idle processes where it `may`; the others fail as they do without file handles."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.may, self.tries = False, 0
        self.processes: list[subprocess.Popen[bytes]] = []
        self._real = subprocess.Popen
        monkeypatch.setattr(subprocess, "Popen", self)

    def __call__(self, command: list[str], **how: Any) -> subprocess.Popen[bytes]:
        self.tries += 1
        if not self.may:
            raise FULL
        self.processes.append(self._real([sys.executable, "-c", IDLE], **how))
        return self.processes[-1]

    @property
    def alive(self) -> int:
        return sum(process.poll() is None for process in self.processes)


@pytest.fixture
def starts(monkeypatch: pytest.MonkeyPatch) -> Iterator[Starts]:
    made = Starts(monkeypatch)
    try:
        yield made
    finally:
        for process in made.processes:
            with process:
                process.kill()


def test_a_camera_that_can_t_be_started_waits_longer_each_time(starts: Starts) -> None:
    told, channel = list[str](), Channel("one")
    kept = keeper.Keeper(written("one").cameras[0], channel, tell=told.append)
    for tries, at in enumerate((0.0, 0.6, 1.7), 1):
        kept.tick(at)
        kept.tick(at + 0.1)
        assert (starts.tries, kept.restarts, kept.state) == (tries, tries, "waiting")
        assert kept.begun  # nobody waits for it
    assert channel.status["state"] == "lost"
    assert "Too many open files" in channel.status["why"]
    assert [line.rpartition(" in ")[2] for line in told] == ["0.5 s", "1 s", "2 s"]
    assert all("could not be started" in line for line in told)
    starts.may = True
    kept.tick(4.0)
    assert kept.state == "running"
    kept.kill()
    assert not starts.alive


def test_a_process_whose_words_nobody_can_hear_does_not_stay(
    starts: Starts, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts.may = True
    kept = keeper.Keeper(written("one").cameras[0], Channel("one"))

    def fail(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", fail)
        kept.tick(0.0)
    assert (kept.state, kept.pid, starts.tries, starts.alive) == ("waiting", None, 1, 0)


def test_models_that_can_t_be_started_are_tried_again(starts: Starts) -> None:
    told = list[str]()
    kept = models.Models(dict, told.append)
    try:
        for at in (1.0, 1.1, 1.3):
            kept.tick(at)
        assert starts.tries == 2
        assert "Too many open files); it starts again in 0.2 s" in told[0]
        starts.may = True
        kept.tick(3.0)
        assert kept.pid is not None
    finally:
        kept.end()


def test_no_lack_of_the_system_s_ends_the_supervisor(
    starts: Starts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise FULL

    told, stop = list[str](), threading.Event()
    until = time.monotonic() + 1
    supervisor = Supervisor(tell=told.append)

    def again() -> None:
        if time.monotonic() > until:
            stop.set()

    with monkeypatch.context() as patch:
        patch.setattr("socket.socketpair", fail)
        supervisor.ask(written("one", "other"))
    assert "each camera runs its own" in told[0]
    supervisor.ask(written("one", "other"))  # now they can be shared
    supervisor.run(stop, again)
    assert stop.is_set()
    assert {line.partition(":")[0] for line in told[1:]} == {"one", "other", "what runs the models"}
    assert all(status["state"] == "lost" for status in supervisor.statuses().values())


@pytest.mark.parametrize(("number", "ends"), [(errno.ENOSPC, False), (errno.EPIPE, True)])
def test_a_full_disk_under_the_status_ends_no_camera(
    monkeypatch: pytest.MonkeyPatch, number: int, ends: bool
) -> None:
    class Out:
        def write(self, _: str) -> int:
            raise OSError(number, "no")

        def flush(self) -> None: ...

    def run(self: Supervisor, stop: threading.Event, again: Callable[[], object]) -> None:
        self._watch({})
        ended.append(stop.is_set())

    ended = list[bool]()
    monkeypatch.setattr(Supervisor, "run", run)
    monkeypatch.setattr(sys, "stdout", Out())
    cli.supervise(written("one"), how="json", quiet=True)
    assert ended == [ends]


def test_a_camera_that_goes_before_it_started_leaves_nothing(starts: Starts) -> None:
    supervisor = Supervisor()
    supervisor.ask(written("one", "other"))
    waiting = supervisor.channels["other"]
    supervisor.ask(written("one"))
    assert supervisor.statuses().keys() == {"one"}
    assert waiting.closed
    supervisor.ask(written("one", "other"))
    assert supervisor.channels["other"] is not waiting
    stop = threading.Event()
    stop.set()
    supervisor.run(stop, lambda: None)


def test_a_camera_that_changed_and_goes_before_it_started_anew_leaves_nothing(
    starts: Starts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("passerby.apps.gateway.supervisor.STARTS", 0.0)
    starts.may = True
    supervisor, stop = Supervisor(), threading.Event()
    first = written("one", "other")
    one, other = first.cameras
    changed = replace(first, cameras=(one, replace(other, megabytes=500)))
    steps = iter((None, None, None, None, changed, replace(first, cameras=(one,)), None))
    statuses = list[dict[str, Any]]()

    def again() -> Gateway | None:
        statuses.append(supervisor.statuses())
        wanted = next(steps, None)
        if len(statuses) > 8:
            stop.set()
        return wanted

    supervisor.ask(first)
    supervisor.run(stop, again)
    assert statuses[4]["other"]
    assert statuses[-1].keys() == {"one"}


def test_a_camera_that_got_another_name_waits_until_its_old_process_has_gone(
    starts: Starts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both would write to one place."""
    starts.may = True
    monkeypatch.setattr(sys.modules[__name__], "IDLE", f"{IDLE}; import time; time.sleep(0.5)")
    supervisor, stop = Supervisor(), threading.Event()
    names = iter((None, None, "another", *[None] * 30))
    alive = list[int]()

    def again() -> Gateway | None:
        alive.append(starts.alive)
        name = next(names, "")
        if name == "" or len(starts.processes) == 2:
            stop.set()
        return written(name) if name else None

    supervisor.ask(written("one"))
    supervisor.run(stop, again)
    assert len(starts.processes) == 2
    assert max(alive) == 1
