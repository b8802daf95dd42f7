"""What a process frees goes back to the system."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from passerby.core import freed

MEGABYTE = 2**20

# In a process of its own, whose memory nobody else uses. Small pieces that stay keep the C library
# from giving back by itself what lies before them.
_BEGIN = """
import os
from pathlib import Path
from passerby.core.freed import give_back, large_apart

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

"""
_SMALL = """
pieces = [bytes(1000) for _ in range(60_000)]
last = pieces.pop()
del pieces
before = resident()
print(give_back(), before - resident())
"""
_LARGE = """
told = large_apart()
for _ in range(2):  # once they were freed, glibc would keep the next ones
    pictures, between = [], []
    for _ in range(30):
        pictures.append(b"1" * 1_400_000)
        between.append(b"1" * 100_000)
    before = resident()
    del pictures
    print(told, before - resident())
"""


def glibc() -> bool:
    return sys.platform == "linux" and "CS_GNU_LIBC_VERSION" in os.confstr_names


@pytest.mark.skipif(not glibc(), reason="only glibc gives back what lies between")
@pytest.mark.parametrize("program", [_SMALL, _LARGE], ids=["small", "large"])
def test_it_goes_back_to_the_system(program: str) -> None:
    line = [sys.executable, "-c", _BEGIN + program]
    done = subprocess.run(line, capture_output=True, text=True, check=True, timeout=60)
    for told in done.stdout.splitlines():
        given, size = told.split()
        assert given == "True"
        assert int(size) > 30 * MEGABYTE


def test_it_is_done_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    now, done = [100.0], []
    monkeypatch.setattr("passerby.core.freed.time.monotonic", lambda: now[0])
    monkeypatch.setattr("passerby.core.freed.give_back", lambda: done.append(now[0]))
    mine = freed.Freed()
    for _ in range(100):
        now[0] += 1
        mine.tend()
    assert done == [100 + freed.EVERY * n for n in (1, 2, 3, 4, 5)]
