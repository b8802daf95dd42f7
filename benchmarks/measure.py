"""What a command cost: wall time, CPU time with its children's, and the most memory it held.

Only the standard library: on Linux a child's peak memory starts at that of its parent.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_KIB = 1 if sys.platform == "darwin" else 1024  # bytes in the system's unit


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one run. `wall`, `cpu`: seconds; `memory`: bytes of the largest process in it."""

    wall: float
    cpu: float
    memory: int


class Failed(Exception):
    """The command did not end well; its last words."""


def run(command: Sequence[str | Path]) -> Cost:
    """Run a command to its end. Raises `Failed`."""
    start = time.monotonic()
    process = subprocess.Popen(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    wall = time.monotonic() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise Failed(said.decode(errors="replace").strip()[-500:])
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss * _KIB)


def middle(costs: Sequence[Cost]) -> Cost:
    """The median of each figure, and the most memory."""
    return Cost(
        statistics.median(c.wall for c in costs),
        statistics.median(c.cpu for c in costs),
        max(c.memory for c in costs),
    )
