"""What nobody uses of a machine, as far as it tells."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from passerby.engine.spare import Spare

TICK = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


def test_idle_processors_are_counted_over_the_last_seconds(tmp_path: Path) -> None:
    stat = tmp_path / "stat"
    spare = Spare(stat)
    told: list[float | None] = []
    idle = 1000.0
    for second in range(20):
        idle += 1.5 if second > 10 else 0.25
        stat.write_text(f"cpu  9 9 9 {round(idle * TICK)} 0 0 0 0 0 0\ncpu0 1 1 1 1 1\n")
        told.append(spare(100.0 + second))
    assert told[:4] == [None] * 4
    assert told[4:11] == pytest.approx([0.25] * 7, abs=0.03)
    assert told[-1] == pytest.approx(1.5, abs=0.03)
    assert told[14] == pytest.approx(1.5, abs=0.03)
    assert told[12] == pytest.approx((2 * 1.5 + 2 * 0.25) / 4, abs=0.03)


@pytest.mark.parametrize("text", ["", "cpu 1 2\n", "intr 1 2 3 4 5 6 7\n", "cpu a b c d e f g\n"])
def test_where_nothing_is_told_nothing_is_known(tmp_path: Path, text: str) -> None:
    stat = tmp_path / "stat"
    spare = Spare(stat)
    assert spare(1.0) is None
    stat.write_text(text)
    assert [spare(float(second)) for second in range(2, 12)] == [None] * 10


@pytest.mark.skipif(not Path("/proc/stat").exists(), reason="only Linux tells")
def test_a_busy_thread_shows() -> None:
    spare, done = Spare(), threading.Event()

    def works() -> None:
        while not done.is_set():
            sum(range(1000))

    thread = threading.Thread(target=works)
    thread.start()
    try:
        begun, told = time.monotonic(), None
        while told is None and time.monotonic() - begun < 20:
            told = spare(time.monotonic())
            time.sleep(0.1)
    finally:
        done.set()
        thread.join()
    assert told is not None
    assert -0.1 < told < (os.cpu_count() or 1) - 0.5
