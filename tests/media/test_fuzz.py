"""Damaged and lying files end as a verified output or as one of our own errors; nothing else."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def fuzz() -> ModuleType:
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        import fuzz as module
    finally:
        sys.path.remove(str(ROOT / "tools"))
    return module


def test_damaged_files_are_verified_or_refused(fuzz: ModuleType) -> None:
    """The same ones each time, and few: `make fuzz` tries others for as long as it may."""
    told = fuzz.run(8, seed=6)
    assert told["bad"] == []
    assert told["tried"] > 16
    assert told["outcomes"].get("verified")
    assert told["outcomes"].get("refused media.truncated")


def test_every_whole_file_that_is_damaged_later_is_verified(
    fuzz: ModuleType, tmp_path: Path
) -> None:
    (tmp_path / "made").mkdir()
    (tmp_path / "place").mkdir()
    worker = fuzz.Worker()
    for path in fuzz.seeds(tmp_path / "made"):
        place = tmp_path / "place" / path.name
        place.write_bytes(path.read_bytes())
        assert worker.asked(place, accept=False) == "verified", path.name
        place.unlink()
    worker.stop()


def test_a_worker_that_dies_and_a_mistake_of_ours_do_not_go_unnoticed(
    fuzz: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = fuzz.Worker()
    worker._process.kill()
    worker._process.wait()
    assert not worker.alive
    worker.stop()
    (tmp_path / "a.mp4").write_bytes(b"x")

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("here")

    from passerby import jobs

    monkeypatch.setattr(jobs, "redact", broken)
    assert fuzz.outcome(tmp_path / "a.mp4", accept=False).startswith("foreign ZeroDivisionError")


def test_the_same_seed_damages_the_same_way(fuzz: ModuleType) -> None:
    whole, other = bytes(range(256)) * 9, b"other" * 99
    twice = [fuzz.damaged(whole, other, random.Random(5)) for _ in range(2)]
    assert twice[0] == twice[1] != whole
