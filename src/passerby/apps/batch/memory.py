"""How much memory there is, and how much a process takes, as far as the system tells."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Final

from ...core.errors import UsageError

SHARE: Final = 0.75  # of what is available, that a batch takes when nobody says
_UNITS: Final = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
_GROUPS: Final = (  # (limit, used) of the control group that this process is in
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    (
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
        "/sys/fs/cgroup/memory/memory.usage_in_bytes",
    ),
)


def parsed(text: str) -> int:
    """`4G`, `1500M` or bytes, as bytes."""
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?\s*", text.lower())
    if not found or float(found[1]) <= 0:
        raise UsageError(f"--memory: {text!r} is no amount of memory", hint="write 4G or 1500M")
    return int(float(found[1]) * _UNITS[found[2]])


def budget() -> int | None:
    """What a batch may take when nobody says; None where the system does not tell."""
    there = available()
    return None if there is None else int(SHARE * there)


def available() -> int | None:
    """Bytes that can be taken without driving others out; within the limit of a container."""
    found: list[int] = []
    with suppress(OSError, ValueError, AttributeError):
        lines = Path("/proc/meminfo").read_text().splitlines()
        found += [int(x.split()[1]) * 1024 for x in lines if x.startswith("MemAvailable:")]
    if not found:
        with suppress(OSError, ValueError, AttributeError):
            found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2)
    for limit, used in _GROUPS:
        with suppress(OSError, ValueError):
            left = int(Path(limit).read_text()) - int(Path(used).read_text())
            found.append(max(0, left))
    return min(found, default=None)


def taken(pid: int) -> int:
    """Bytes of memory that a process holds now; 0 where the system does not tell."""
    with suppress(OSError, ValueError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    return 0


def plain(count: int) -> str:
    """Bytes for people: 1.5 GB."""
    for unit, size in (("GB", 2**30), ("MB", 2**20)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} bytes"
