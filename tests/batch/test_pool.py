"""Real processes that die, hang and grow: each is noticed, and what it was to do is not forgotten.

They do what their file says, without a model; the models' own process is tested through the
command line.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest
from tests.batch.hands import Silent, made_of, orders

from passerby.apps.batch import memory
from passerby.apps.batch.driver import Driver, Outcome
from passerby.apps.batch.places import Disk
from passerby.apps.batch.pool import Pool
from passerby.apps.batch.records import Records
from passerby.jobs.settings import Settings

WORKER = """
import hashlib, json, os, signal, sys, time
from pathlib import Path
for line in sys.stdin:
    order = json.loads(line)
    source, output = Path(order["source"]), Path(order["output"])
    what = source.read_text().split()[0]
    (source.parent / f"{source.name}.{os.getpid()}.tried").touch()
    if what == "die":
        output.write_text("half of it")
        os.kill(os.getpid(), signal.SIGKILL)
    if what == "hang":
        time.sleep(600)
    if what == "grow":
        hoard = bytearray(int(source.read_text().split()[1]) << 20)
        time.sleep(1.2)
    print(json.dumps({"phase": "redact", "share": 0.5}), flush=True)
    output.write_text("made of " + source.read_text())
    made = output.read_bytes()
    receipt = {"status": "done", "output_sha256": hashlib.sha256(made).hexdigest()}
    receipt["output_bytes"] = len(made)
    print(json.dumps({"ended": receipt}), flush=True)
"""


def batch(
    folder: Path,
    texts: dict[str, str],
    *,
    processes: int = 2,
    budget: int | None = None,
    patience: float = 60.0,
    retries: int = 2,
) -> tuple[dict[str, Outcome], Silent]:
    todo = orders(folder, *texts)
    for name, text in texts.items():
        (folder / "in" / name).write_text(text)
    audience = Silent()
    with Records(folder / "records") as records:
        command = (sys.executable, "-c", WORKER)
        pool = Pool(
            Settings(), records.stage, processes, budget, patience=patience, command=command
        )
        driver = Driver(records, Disk(), Settings(), audience, retries=retries)
        return {o.order.name: o for o in driver.run(todo, pool)}, audience


def tries(folder: Path, name: str) -> int:
    return len(list((folder / "in").glob(f"{name}.*.tried")))


def test_a_process_that_is_killed_is_noticed_and_its_file_is_tried_again_and_reported(
    tmp_path: Path,
) -> None:
    texts = {"a.jpg": "good", "b.jpg": "die", "c.jpg": "good", "d.jpg": "good"}
    found, audience = batch(tmp_path, texts)
    assert {n: o.how for n, o in found.items()} == {
        n: "failed" if n == "b.jpg" else "done" for n in texts
    }
    error = found["b.jpg"].receipt.error
    assert error is not None
    assert error.what == "the process that worked on it was killed (signal 9), 3 times"
    assert audience.losses == [("b.jpg", True), ("b.jpg", True), ("b.jpg", False)]
    assert tries(tmp_path, "b.jpg") == 3
    out = {p.name: p.read_text() for p in (tmp_path / "out").iterdir()}
    assert out == {n: made_of("good") for n in texts if n != "b.jpg"}


@pytest.mark.slow
def test_a_process_that_hangs_is_stopped_and_nobody_waits_for_it(tmp_path: Path) -> None:
    began = time.monotonic()
    found, _ = batch(tmp_path, {"a.jpg": "hang", "b.jpg": "good"}, patience=2.0, retries=1)
    assert found["b.jpg"].how == "done"
    error = found["a.jpg"].receipt.error
    assert error is not None
    assert "made no progress for 2 s, 2 times" in error.what
    assert time.monotonic() - began < 60


@pytest.mark.slow
def test_of_two_that_together_take_too_much_memory_one_waits_for_its_turn(tmp_path: Path) -> None:
    there = memory.taken(os.getpid())
    assert there > 0
    texts = {"a.jpg": "grow 500", "b.jpg": "grow 500", "c.jpg": "grow 950"}
    found, audience = batch(tmp_path, texts, budget=900 << 20)
    assert {n: o.how for n, o in found.items()} == {
        "a.jpg": "done",
        "b.jpg": "done",
        "c.jpg": "failed",
    }
    error = found["c.jpg"].receipt.error
    assert error is not None
    assert "900.0 MB of memory that are allowed" in error.what
    assert error.hint == "allow more with --memory"
    assert all(again or name == "c.jpg" for name, again in audience.losses)


class Interrupting(Silent):
    """Ctrl-C, once both files are being worked on."""

    def __init__(self, sources: Path) -> None:
        super().__init__()
        self._sources = sources

    def tick(self) -> None:
        if len(list(self._sources.glob("*.tried"))) == 2:
            raise KeyboardInterrupt


def test_no_process_is_left_when_the_driver_is_interrupted(tmp_path: Path) -> None:
    todo = orders(tmp_path, "a.jpg", "b.jpg")
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / "in" / name).write_text("hang")
    with Records(tmp_path / "records") as records:
        pool = Pool(Settings(), records.stage, 2, None, command=(sys.executable, "-c", WORKER))
        driver = Driver(records, Disk(), Settings(), Interrupting(tmp_path / "in"))
        running = driver.run(todo, pool)
        with pytest.raises(KeyboardInterrupt):
            next(running)
        running.close()
        pids = [int(p.name.split(".")[2]) for p in (tmp_path / "in").glob("*.tried")]
        assert len(pids) == 2
        assert not [pid for pid in pids if alive(pid)]
        assert not records.stage.exists()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
