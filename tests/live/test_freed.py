"""What a process frees goes back to the system."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from passerby.core import freed

MEGABYTE = 2**20

# In a process of its own, whose memory nobody else uses. The last piece keeps the C library from
# giving back by itself what lies before it.
_PROGRAM = """
import os
from pathlib import Path
from passerby.core.freed import give_back

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

pieces = [bytes(1000) for _ in range(60_000)]
last = pieces.pop()
del pieces
before = resident()
print(give_back(), before - resident())
"""


def glibc() -> bool:
    return sys.platform == "linux" and "CS_GNU_LIBC_VERSION" in os.confstr_names


@pytest.mark.skipif(not glibc(), reason="only glibc gives back what lies between")
def test_it_goes_back_to_the_system() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True, timeout=60
    )
    given, size = done.stdout.split()
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
