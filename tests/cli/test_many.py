"""Several photos at a time: results in order, one bad one stops nothing, an interrupt ends it."""

from __future__ import annotations

import json
import threading
import time
from fractions import Fraction
from pathlib import Path

import pytest
from tests.cli.conftest import Run

from passerby.apps.cli.many import done, failed, side_by_side
from passerby.apps.cli.outcome import Outcome, stopped
from passerby.apps.cli.progress import Meter
from passerby.apps.cli.work import Item
from passerby.core.errors import Unreadable, UsageError
from passerby.core.ports import Progress


def items(*names: str) -> list[Item]:
    return [Item(Path(name), Path(f"{name}.out")) for name in names]


def test_outcomes_come_in_the_order_of_the_inputs_whichever_ends_first() -> None:
    waits = {"a.jpg": 0.2, "b.mp4": 0.0, "c.jpg": 0.0, "d.png": 0.1}
    ended: list[str] = []

    def attempt(item: Item, progress: Progress | None) -> Outcome:
        time.sleep(waits[item.source.name])
        ended.append(item.source.name)
        return Outcome(item.source, item.target, "done")

    found = done(items(*waits), attempt, Meter(quiet=True), 3, lambda p: p.suffix != ".mp4")
    assert [o.input.name for o in found] == list(waits)
    assert ended == ["c.jpg", "d.png", "a.jpg", "b.mp4"]


def test_as_many_as_asked_for_are_worked_on_at_a_time() -> None:
    now, most = 0, 0
    lock = threading.Lock()

    def attempt(item: Item, progress: Progress | None) -> Outcome:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.02)
        with lock:
            now -= 1
        return Outcome(item.source, item.target, "done")

    assert len(list(side_by_side(items(*"abcdefgh"), attempt, 3))) == 8
    assert most == 3


def test_one_that_fails_stops_none() -> None:
    def attempt(item: Item, progress: Progress | None) -> Outcome:
        if item.source.name == "b":
            return failed(item, Unreadable("is no photo"))
        return Outcome(item.source, item.target, "done")

    found = done(items("a", "b", "c"), attempt, Meter(quiet=True), 2, lambda _: True)
    assert [o.status for o in found] == ["done", "failed", "done"]


def test_an_interrupt_stops_what_has_begun_and_begins_no_more() -> None:
    begun: list[str] = []
    cleaned: list[str] = []

    def attempt(item: Item, progress: Progress | None) -> Outcome:
        begun.append(item.source.name)
        if item.source.name == "a":
            raise KeyboardInterrupt
        assert progress is not None
        try:
            for _ in range(500):
                progress("hide", Fraction(0), None)
                time.sleep(0.01)
        except KeyboardInterrupt:
            cleaned.append(item.source.name)
            return failed(item, stopped())
        return Outcome(item.source, item.target, "done")

    found = done(items("a", "b", "c", "d"), attempt, Meter(quiet=True), 2, lambda _: True)
    assert [o.status for o in found] == ["failed"]
    assert "d" not in begun
    assert sorted(cleaned) == sorted(name for name in begun if name != "a")


def test_a_batch_of_photos_with_a_bad_one(passerby: Run, photo: Path, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a.jpg", "c.jpg", "d.jpg"):
        (folder / name).write_bytes(photo.read_bytes())
    (folder / "b.jpg").write_bytes(b"no photo at all")
    run = passerby("redact", "in", "--to", "out", "--jobs", "2", "--json", "--preset", "fast")
    told = json.loads(run.stdout)
    assert run.returncode == 1
    assert [Path(f["input"]).name for f in told["files"]] == ["a.jpg", "b.jpg", "c.jpg", "d.jpg"]
    assert [f["status"] for f in told["files"]] == ["done", "failed", "done", "done"]
    made = [tmp_path / "out" / f"{n}.redacted.jpg" for n in "acd"]
    assert len({path.read_bytes() for path in made}) == 1
    assert sorted((tmp_path / "out").iterdir()) == made


def test_a_wrong_request_for_one_of_several_stops_none(
    passerby: Run, photo: Path, tmp_path: Path
) -> None:
    """A video that is called a photo can't be written under that name."""
    from tests.media.films import Film, make

    make(tmp_path / "film.mkv", Film())
    (tmp_path / "film.mkv").rename(tmp_path / "film.jpg")
    run = passerby("redact", "film.jpg", "photo.jpg", "--json", "--preset", "fast")
    assert [f["status"] for f in json.loads(run.stdout)["files"]] == ["failed", "done"]
    assert run.returncode == 1
    assert passerby("redact", "film.jpg").returncode == 2


def test_what_is_not_available_says_so(passerby: Run, photo: Path) -> None:
    run = passerby("redact", photo, "--lossless-outside")
    assert run.returncode == 2
    assert "not available" in run.stderr


def test_nothing_wrong_is_swallowed() -> None:
    def attempt(item: Item, progress: Progress | None) -> Outcome:
        raise UsageError("no")

    with pytest.raises(UsageError):
        done(items("a", "b"), attempt, Meter(quiet=True), 2, lambda _: True)
