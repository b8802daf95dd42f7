"""Whoever stops a batch, at whatever moment, reads in the report of all that was handed over."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import resource
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from itertools import count
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from tests.batch.hands import Two, made_of, orders, receipt

from passerby.apps.batch.driver import Driver
from passerby.apps.batch.order import Ended, Hands, Heard, Lost, Order
from passerby.apps.batch.places import Disk
from passerby.apps.batch.records import Records
from passerby.apps.batch.report import Account
from passerby.apps.cli.batch import carry_out
from passerby.apps.cli.board import Board
from passerby.core.errors import OutputError, WorkerLost
from passerby.jobs.settings import Settings

NAMES = ("a.jpg", "b.jpg")
SETTINGS = Settings()
TRACED = {"driver.py", "places.py", "records.py", "batch.py", "signals.py"}


class Senders:
    """`Hands` elsewhere, that put what they make in its place long before that is heard of. The
    files in `mute` are heard of only when they are halted, as those of `lost` are: never."""

    in_place = True

    def __init__(self, mute: Sequence[str] = (), lost: Sequence[str] = ()) -> None:
        self._mute, self._lost = mute, lost
        self._sent: list[Ended] = []
        self.given: list[str] = []

    def free(self, order: Order) -> bool:
        return len(self._sent) < 2

    def give(self, order: Order) -> None:
        self.given.append(order.name)
        self._sent.append(Ended(order, receipt(order, Path(order.target), SETTINGS)))

    def heard(self, wait: float) -> Sequence[Heard]:
        for sent in self._sent:
            if sent.order.name in self._mute:
                continue
            self._sent.remove(sent)
            if sent.order.name in self._lost:
                return [Lost(sent.order, WorkerLost("the machine is gone"))]
            return [sent]
        raise KeyboardInterrupt

    def close(self) -> Sequence[Ended | Lost]:
        return [sent for sent in self._sent if sent.order.name not in self._lost]


def run(
    folder: Path,
    hands: Callable[[Records], Hands],
    names: Sequence[str] = NAMES,
    *,
    places: Disk | None = None,
) -> Account:
    """As the command line does it, from the first order to the report."""
    todo = orders(folder, *names)
    account, board = Account(SETTINGS), Board(quiet=True)
    with Records(folder / "records") as records:
        driver = Driver(records, places or Disk(), SETTINGS, board)
        outcomes = driver.run(todo, hands(records))
        carry_out(driver, outcomes, account, board, folder / "records", lambda: todo)
    return account


def here(records: Records) -> Two:
    return Two(records.stage, SETTINGS)


def in_place(folder: Path) -> dict[str, str]:
    """Hashes of what lies in the folder of outputs, by name."""
    found = (folder / "out").glob("*")
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def told(folder: Path) -> dict[str, str]:
    """The same by the manifest, which names what the report calls done, and no other."""
    manifest = json.loads((folder / "records" / "manifest.json").read_text())
    done = {name for name, how in reported(folder).items() if how in ("done", "before")}
    assert done == {file["name"] for file in manifest["files"]}
    return {file["name"]: file["output_sha256"] for file in manifest["files"]}


def reported(folder: Path) -> dict[str, str]:
    """What became of each file, by the report."""
    report = json.loads((folder / "records" / "report.json").read_text())
    return {file["name"]: file["status"] for file in report["files"]}


def stopped_at(line: int, work: Callable[[], object]) -> bool:
    """Do it, and press Ctrl-C just before so many different lines were run; whether it came."""
    seen = set[tuple[str, int]]()

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        name = Path(frame.f_code.co_filename).name
        if name not in TRACED or (not seen and frame.f_code is not carry_out.__code__):
            return None
        place = name, frame.f_lineno
        if event == "line" and place not in seen:
            seen.add(place)
            if len(seen) == line:
                sys.settrace(None)
                signal.raise_signal(signal.SIGINT)
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        with suppress(KeyboardInterrupt):  # before it begins, or when all is told
            work()
    finally:
        sys.settrace(before)
    return len(seen) >= line


HANDS: dict[str, Callable[[Records], Hands]] = {
    "processes": here,
    "machines": lambda _: Senders(),
}


def stopped_at_every_line(root: Path, hands: Callable[[Records], Hands]) -> int:
    """How many lines there are; the report fits what lies there, wherever it was stopped."""
    run(before := root / "before", here, ["a.jpg"])
    for line in count(1):
        folder = root / str(line)
        shutil.copytree(before / "records", folder / "records")
        for name in ("in", "out"):  # still the same files
            shutil.copytree(before / name, folder / name, copy_function=os.link)
        if not stopped_at(line, partial(run, folder, hands)):
            break
        assert told(folder) == in_place(folder), line
        assert reported(folder).get("b.jpg") in (None, "done"), line
    return line


@pytest.mark.parametrize("hands", HANDS)
def test_stopped_at_any_line_the_report_names_all_that_lies_there_and_nothing_else(
    tmp_path: Path, hands: str
) -> None:
    """In a process of its own, for it is that process that is asked to end."""
    code = (
        "import os, sys; from pathlib import Path; from tests.batch import test_stopping as here\n"
        "os.fsync = lambda _: None  # no power is cut here\n"
        "print(here.stopped_at_every_line(Path(sys.argv[1]), here.HANDS[sys.argv[2]]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path), hands],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 100


def test_what_machines_had_put_there_when_they_were_stopped_is_told_or_removed(
    tmp_path: Path,
) -> None:
    run(tmp_path, lambda _: Senders(mute=["a.jpg"]))
    assert set(told(tmp_path)) == {"a.jpg", "b.jpg"}
    assert told(tmp_path) == in_place(tmp_path)
    (tmp_path / "in" / "a.jpg").write_text("something else")
    account = run(tmp_path, lambda _: Senders(mute=["a.jpg"], lost=["a.jpg"]))
    assert (account.stopped, set(told(tmp_path))) == (True, {"b.jpg"})
    assert told(tmp_path) == in_place(tmp_path)


def test_what_a_lost_machine_had_put_there_is_removed_and_is_in_nobodys_way(tmp_path: Path) -> None:
    account = run(tmp_path, lambda _: Senders(lost=["a.jpg"]))
    assert account.counts()["failed"] == 1
    assert told(tmp_path) == in_place(tmp_path)
    assert set(told(tmp_path)) == {"b.jpg"}
    (tmp_path / "out" / "a.jpg").write_text("it came late")
    run(tmp_path, lambda _: Senders())
    assert set(told(tmp_path)) == {"a.jpg", "b.jpg"}
    assert told(tmp_path) == in_place(tmp_path)


class Full(Disk):
    """A disk on which there is room for half a line more once the first file has its place."""

    def __init__(self, records: Path) -> None:
        self._lines = records / "receipts.jsonl"

    def put(self, made: Path, place: str) -> None:
        super().put(made, place)
        room = self._lines.stat().st_size + 100
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))


def test_where_no_line_can_be_written_nothing_is_handed_over_and_what_was_is_told(
    tmp_path: Path,
) -> None:
    lines = tmp_path / "records" / "receipts.jsonl"
    lines.parent.mkdir()
    (lines.parent / "lock").touch()
    lines.write_bytes(b"torn\n" * 10_000)  # so that a report, which is shorter, finds room
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        with pytest.raises(OutputError, match="whole"):
            run(tmp_path, here, places=Full(tmp_path / "records"))
        assert len(in_place(tmp_path)) == 1
        assert lines.read_bytes().endswith(b"}\n"), "half a line was left"
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert told(tmp_path) == in_place(tmp_path)
    account = run(tmp_path, here)
    assert (account.counts()["done"], account.counts()["done_before"]) == (1, 1)
    assert told(tmp_path) == in_place(tmp_path)
    assert set(told(tmp_path)) == set(NAMES)


class Refuses(Disk):
    def remove(self, place: str) -> None:
        raise OutputError("can't be written: permission denied")


def test_what_could_not_be_removed_once_is_known_as_ours_the_next_time(tmp_path: Path) -> None:
    run(tmp_path, here)
    (tmp_path / "in" / "a.jpg").write_text("something else")
    account = run(tmp_path, here, places=Refuses())
    assert account.counts()["failed"] == 1
    run(tmp_path, here)
    assert told(tmp_path) == in_place(tmp_path)
    assert (tmp_path / "out" / "a.jpg").read_text() == made_of("something else")


def test_a_name_too_long_for_its_report_fails_alone(tmp_path: Path) -> None:
    long = "l" * 240 + ".jpg"
    account = run(tmp_path, here, names=[long, *NAMES])
    assert {o.order.name: o.how for o in account.outcomes} == {
        long: "failed",
        "a.jpg": "done",
        "b.jpg": "done",
    }
    assert told(tmp_path) == in_place(tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="names are text there")
def test_a_name_that_is_no_text_is_done_and_known_again_as_any_other(tmp_path: Path) -> None:
    odd = os.fsdecode(b"b\xff.jpg")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / odd).write_text("some bytes")
    account = run(tmp_path, here, names=[odd, *NAMES])
    assert account.counts()["done"] == 3
    assert told(tmp_path) == in_place(tmp_path)
    assert (tmp_path / "records" / "reports" / f"{odd}.json").exists()
    account = run(tmp_path, here, names=[odd, *NAMES])
    assert account.counts()["done_before"] == 3
    assert told(tmp_path) == in_place(tmp_path)


@pytest.mark.parametrize("number", [errno.EINVAL, errno.EIO])
def test_a_folder_that_can_not_be_brought_to_the_disk_keeps_no_file_that_is_not_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    real = os.fsync

    def fails(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(number, os.strerror(number))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fails)
    account = run(tmp_path, here)
    how = "failed" if number == errno.EIO else "done"
    assert account.counts()[how] == 2
    assert told(tmp_path) == in_place(tmp_path)


FIRST = """
import signal
from passerby.apps.cli.signals import OneInterrupt

before = signal.getsignal(signal.SIGTERM)
with OneInterrupt(lambda: 0.0) as interrupt:
    try:
        with interrupt.here():
            signal.raise_signal(signal.SIGTERM)
            print("went on")
    except KeyboardInterrupt:
        print("came")
    signal.raise_signal(signal.SIGHUP)  # the same, said twice
with OneInterrupt(lambda: 0.0) as interrupt:
    signal.raise_signal(signal.SIGTERM)
    try:
        with interrupt.here():
            print("went on")
    except KeyboardInterrupt:
        print("had come")
print(signal.getsignal(signal.SIGTERM) is before)
"""


def test_only_the_first_request_interrupts_and_only_where_it_may() -> None:
    done = subprocess.run([sys.executable, "-c", FIRST], capture_output=True, check=True)
    assert done.stdout.split(b"\n") == [b"came", b"had come", b"True", b""]


SECOND = """
import signal
from passerby.apps.cli.signals import OneInterrupt

now = [0.0]
with OneInterrupt(lambda: now[0]):
    signal.raise_signal(signal.SIGTERM)
    signal.raise_signal(signal.SIGTERM)
    print("still here", flush=True)
    now[0] += 2
    signal.raise_signal(signal.SIGTERM)
    print("and now", flush=True)
"""


def test_the_second_request_ends_at_once() -> None:
    done = subprocess.run([sys.executable, "-c", SECOND], capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (-signal.SIGTERM, b"still here\n")
