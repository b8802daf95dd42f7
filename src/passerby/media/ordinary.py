"""Threads stay ordinary ones, whatever an encoder makes of them.

Note [real time]: as root, SVT-AV1 gives its threads, and the one that opens it, the highest
real-time priority (seen with FFmpeg's 8.1; FIFO 99). Everything else on the machine then waits, and
each process that is started later inherits it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def ordinary() -> Iterator[None]:
    """Inside, an encoder may be opened. Who began in real time, because somebody wanted it so,
    stays there."""
    if not hasattr(os, "sched_setscheduler") or not Path("/proc/self/task").is_dir():
        yield  # only Linux has both
        return
    usual = os.sched_getscheduler(0)
    try:
        yield
    finally:
        if usual not in (os.SCHED_FIFO, os.SCHED_RR):
            _made_ordinary(usual)


def _made_ordinary(usual: int) -> None:
    for task in Path("/proc/self/task").iterdir():
        with suppress(OSError):  # it has just ended
            if os.sched_getscheduler(int(task.name)) in (os.SCHED_FIFO, os.SCHED_RR):
                os.sched_setscheduler(int(task.name), usual, os.sched_param(0))
