"""Networks in a process of their own: the same answers, in turns, and an error when it is gone."""

from __future__ import annotations

import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from passerby.core.errors import DetectorError, UsageError
from passerby.detect import shared
from passerby.detect.rehearsal import rehearsal
from passerby.detect.runtime import (
    Arrays,
    Preparation,
    Shaped,
    open_runtime,
    open_twins,
)
from passerby.detect.serving import Networks
from passerby.detect.shared import SharedRuntime
from passerby.detect.weights import find

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="this system hands no memory without a name on"
)
FACES, PEOPLE = find("centerface").path, find("nanodet").path
PLAIN = (0.0, 1.0, False)


class Door:
    """As a supervisor has it: it stays while the process behind it comes and goes."""

    def __init__(self) -> None:
        self.outside, self.inside = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.number = self.outside.fileno()
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> int:
        way = self.inside.fileno()
        before, most = resource.getrlimit(resource.RLIMIT_CORE)
        resource.setrlimit(resource.RLIMIT_CORE, (most, most))  # it has to see to it by itself
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "passerby.detect.serving", str(way)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            pass_fds=(way,),
        )
        resource.setrlimit(resource.RLIMIT_CORE, (before, most))
        return self.process.pid

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None


@pytest.fixture
def door() -> Iterator[Door]:
    door = Door()
    yield door
    door.kill()
    door.outside.close()
    door.inside.close()


def pictures(rows: int = 96, cols: int = 128) -> NDArray[np.uint8]:
    rng = np.random.default_rng(rows)
    return rng.integers(0, 255, (1, rows, cols, 3)).astype(np.uint8)


def same(one: Arrays, other: Arrays) -> bool:
    return len(one) == len(other) and all(map(np.array_equal, one, other))


def test_it_gives_what_a_network_of_ones_own_gives_through_memory_without_a_name(
    door: Door,
) -> None:
    pid = door.start()
    before = set(Path("/dev/shm").iterdir())
    ours = [open_runtime(path, f"shared:{door.number}:cpu") for path in (FACES, PEOPLE, FACES)]
    own = [open_runtime(path, "cpu") for path in (FACES, PEOPLE, FACES)]
    assert ours[0].name == f"{own[0].name}, shared"
    for size in ((96, 128), (192, 64), (96, 128)):
        found = [one.run(pictures(*size)) for one in ours]
        for one, other in zip(found, own, strict=True):
            assert same(one, other.run(pictures(*size)))
    for process in (pid, os.getpid()):
        maps = Path(f"/proc/{process}/maps").read_text().splitlines()
        assert sum("looks" in line for line in maps) == len(ours)
        assert all(line.endswith("/memfd:looks (deleted)") for line in maps if "looks" in line)
    assert set(Path("/dev/shm").iterdir()) == before
    limits = Path(f"/proc/{pid}/limits").read_text().splitlines()
    assert next(line for line in limits if line.startswith("Max core file")).split()[4] == "0"
    assert door.process is not None
    assert door.process.stdin is not None
    door.process.stdin.close()  # its supervisor is gone, however that happened
    assert door.process.wait(5) == 3


def test_who_asks_gets_an_error_when_it_dies_or_hangs_and_goes_on_with_the_next(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = door.start()
    one = SharedRuntime(door.number, FACES, "cpu", PLAIN)
    told = one.run(pictures())
    door.kill()
    with pytest.raises(DetectorError, match="does not answer"):
        one.run(pictures())
    threading.Timer(0.3, door.start).start()  # asked for before it is there
    assert same(one.run(pictures()), told)
    assert door.process is not None
    pid = door.process.pid
    monkeypatch.setattr(shared, "LOOKING", 0.5)
    monkeypatch.setattr(shared, "OPENING", 0.5)
    one = SharedRuntime(door.number, FACES, "cpu", PLAIN)
    os.kill(pid, signal.SIGSTOP)
    for _ in range(2):  # the second time it asks at the door
        begun = time.monotonic()
        with pytest.raises(DetectorError, match="does not answer"):
            one.run(pictures(64, 64))
        assert time.monotonic() - begun < 2
    os.kill(pid, signal.SIGCONT)  # it still answers, to nobody
    monkeypatch.setattr(shared, "OPENING", 8.0)
    assert same(one.run(pictures()), told)


class Made:
    """A network that gives the mean of what it sees, and writes down whom it sees."""

    name, shape = "made", None

    def __init__(self) -> None:
        self.seen: list[int] = []
        self.wait = threading.Event()
        self.wait.set()

    def run(self, pictures: NDArray[np.uint8]) -> Arrays:
        self.wait.wait(5)
        time.sleep(0.02)  # in which whoever got the last answer asks again
        self.seen.append(int(pictures[0, 0, 0, 0]))
        if pictures[0, 0, 0, 0] == 13:
            raise RuntimeError("as OpenVINO does")
        return [np.array([pictures.mean()], np.float32), np.zeros((0, 4), np.float32)]


@pytest.fixture
def made(door: Door) -> Iterator[Made]:
    """A network behind the door, in a thread of this process."""
    network = Made()

    def load(path: Path, device: str, prepared: Preparation) -> list[Shaped]:
        if device == "slow":
            time.sleep(3)
        if device == "wrong":
            raise UsageError("no device called wrong", hint="another one")
        return [network]

    thread = threading.Thread(target=Networks(door.inside, load=load).run)
    thread.start()
    yield network
    door.outside.close()
    thread.join(10)
    assert not thread.is_alive()


def test_as_many_looks_run_at_the_same_time_as_there_are_twins(door: Door) -> None:
    both = threading.Barrier(2)

    class Twin(Made):
        def run(self, pictures: NDArray[np.uint8]) -> Arrays:
            both.wait(5)  # fails where the other one does not come
            return super().run(pictures)

    twins = [Twin(), Twin()]
    thread = threading.Thread(target=Networks(door.inside, load=lambda *_: twins).run)
    thread.start()
    cameras = [SharedRuntime(door.number, FACES, "cpu", PLAIN) for _ in range(2)]

    def ask(camera: SharedRuntime, value: int, found: list[float]) -> None:
        found += [float(camera.run(plain(value))[0][0]) for _ in range(5)]

    answers: list[list[float]] = [[], []]
    asking = [
        threading.Thread(target=ask, args=(camera, value, found))
        for value, (camera, found) in enumerate(zip(cameras, answers, strict=True), 20)
    ]
    for one in asking:
        one.start()
    for one in asking:
        one.join(20)
    door.outside.close()
    thread.join(10)
    assert answers == [[20.0] * 5, [21.0] * 5]


def test_twins_of_a_network_answer_alike() -> None:
    one, other = open_twins(FACES, "openvino", count=2)
    assert same(one.run(pictures()), other.run(pictures()))
    assert len(open_twins(FACES, "onnxruntime", count=2)) == 1


def plain(value: int) -> NDArray[np.uint8]:
    return np.full((1, 8, 8, 3), value, np.uint8)


def test_cameras_take_turns_however_much_one_of_them_asks(
    door: Door, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lines(camera: int, count: int) -> list[SharedRuntime]:
        monkeypatch.setattr(os, "getpid", lambda: camera)
        return [SharedRuntime(door.number, FACES, "cpu", PLAIN) for _ in range(count)]

    greedy, modest = lines(1, 5), lines(2, 1)
    monkeypatch.undo()
    made.wait.clear()
    asked = [*((one, 1, 4) for one in greedy), (modest[0], 2, 6)]

    def ask(one: SharedRuntime, value: int, times: int) -> None:
        for _ in range(times):
            one.run(plain(value))

    threads = [threading.Thread(target=ask, args=what) for what in asked]
    for thread in threads:
        thread.start()
    time.sleep(0.2)  # all of them wait, in any order
    made.wait.set()
    for thread in threads:
        thread.join(10)
    assert len(made.seen) == 26
    last = max(place for place, camera in enumerate(made.seen) if camera == 2)
    assert last < 20, made.seen  # first come, first served would be 26: 1 in 6 is the modest one's


def test_who_waits_for_a_network_is_told_and_nobody_else_waits(
    door: Door, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = SharedRuntime(door.number, FACES, "cpu", PLAIN)
    monkeypatch.setattr(shared, "OPENING", 2.0)
    found: list[SharedRuntime] = []
    slow = threading.Thread(
        target=lambda: found.append(SharedRuntime(door.number, FACES, "slow", PLAIN))
    )
    slow.start()
    for _ in range(10):
        assert one.run(plain(7))[0][0] == 7
    assert not found
    slow.join(10)
    assert found[0].run(plain(8))[0][0] == 8


def test_an_error_concerns_who_asked_and_nobody_else(door: Door, made: Made) -> None:
    one, other = (SharedRuntime(door.number, FACES, "cpu", PLAIN) for _ in range(2))
    with pytest.raises(RuntimeError, match="failed"):
        one.run(plain(13))
    assert one.run(plain(7))[0][0] == other.run(plain(7))[0][0] == 7
    with pytest.raises(UsageError, match="no device called wrong") as refused:
        SharedRuntime(door.number, FACES, "wrong", PLAIN)
    assert refused.value.hint == "another one"
    with pytest.raises(DetectorError, match="too large"):
        one.run(np.broadcast_to(np.uint8(0), (1, 2**14, 2**14, 3)))
    for told, size in ((b"{", shared.SIZE), (b"[]", 5), (one._wish, 5), (one._wish, shared.SIZE)):
        memory = os.memfd_create("other")  # without seals: it could be taken away
        os.ftruncate(memory, size)
        mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        socket.send_fds(door.outside, [told], [theirs.fileno(), memory])
        theirs.close()
        os.close(memory)
        mine.settimeout(5)
        assert mine.recv(100) == b""  # it was put down at once
        mine.close()
    for asked in (b'{"shape": [1, 99999999, 99999999, 3], "rehearsed": false}', b"[1, 8, 8, 3]"):
        asking = SharedRuntime(door.number, FACES, "cpu", PLAIN)
        line = asking._line
        assert line is not None
        line._socket.send(asked)
        assert line._socket.recv(100) == b""
    assert one.run(plain(7))[0][0] == 7


def test_what_one_camera_made_ready_is_ready_for_all(door: Door, made: Made) -> None:
    """Nobody looks at it again, and what comes back is no answer; a look is never a rehearsal."""
    one, other = (SharedRuntime(door.number, FACES, "cpu", PLAIN) for _ in range(2))
    with rehearsal():
        assert one.run(plain(7))[0][0] == 7
        assert other.run(plain(8))[0][0] == 0
        assert [part.shape for part in other.run(plain(9))] == [(1,), (0, 4)]
        with pytest.raises(RuntimeError, match="failed"):
            other.run(np.full((1, 8, 16, 3), 13, np.uint8))
        with pytest.raises(RuntimeError, match="failed"):  # so it was never ready
            one.run(np.full((1, 8, 16, 3), 13, np.uint8))
    assert made.seen == [7, 13, 13]
    assert other.run(plain(10))[0][0] == 10
