"""CPU time and memory of a running process and all that it started, out of Linux's /proc."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_TICK: Final = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
PROC: Final = Path("/proc")


@dataclass(frozen=True, slots=True)
class Process:
    """`cpu`: seconds so far, its own. `memory`: bytes, shared pages divided; `own`: bytes that it
    wrote itself, which don't depend on who else maps the same libraries and models."""

    pid: int
    parent: int
    cpu: float
    command: tuple[str, ...]

    @property
    def memory(self) -> int:
        return self._told("Pss:") or self._resident()

    @property
    def own(self) -> int:
        return self._told("Private_Dirty:", "SwapPss:") or self._resident()

    def _told(self, *names: str) -> int:
        with suppress(OSError, ValueError, IndexError):
            rows = (PROC / str(self.pid) / "smaps_rollup").read_text().splitlines()
            return sum(int(row.split()[1]) * 1024 for row in rows if row.startswith(names))
        return 0

    def _resident(self) -> int:
        with suppress(OSError, ValueError, IndexError):
            pages = int((PROC / str(self.pid) / "statm").read_text().split()[1])
            return pages * os.sysconf("SC_PAGE_SIZE")
        return 0


def tree(root: int) -> list[Process]:
    """The process and all its descendants."""
    found = {p.pid: p for p in _all()}
    chosen, more = [], [root]
    while more:
        pid = more.pop()
        if pid in found:
            chosen.append(found[pid])
            more += [p.pid for p in found.values() if p.parent == pid]
    return chosen


def busy() -> float:
    """Seconds that all of this machine's processors have worked, for whomever."""
    parts = (PROC / "stat").read_text().splitlines()[0].split()[1:9]
    user, nice, system, _, _, irq, soft, steal = map(int, parts)
    return (user + nice + system + irq + soft + steal) / _TICK


@dataclass
class Meter:
    """CPU seconds of groups of processes since `begin`, also of those that came and went."""

    root: int
    group: Callable[[Process], str]
    _first: dict[int, float] = field(default_factory=dict)
    _last: dict[int, tuple[str, float]] = field(default_factory=dict)

    def begin(self) -> None:
        self._first = {p.pid: p.cpu for p in tree(self.root)}
        self._last = {}
        self.look()

    def look(self) -> list[tuple[str, Process]]:
        """To be called now and then, so that nobody who ends is missed."""
        there = [(self.group(p), p) for p in tree(self.root)]
        self._last |= {p.pid: (name, p.cpu) for name, p in there}
        return there

    def spent(self) -> dict[str, float]:
        spent: dict[str, float] = {}
        for pid, (name, cpu) in self._last.items():
            spent[name] = spent.get(name, 0.0) + cpu - self._first.get(pid, 0.0)
        return spent


def _all() -> list[Process]:
    found = []
    for entry in PROC.iterdir():
        if not entry.name.isdigit():
            continue
        with suppress(OSError, ValueError, IndexError):
            stat = (entry / "stat").read_text().rpartition(")")[2].split()
            command = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
            cpu = sum(map(int, stat[11:13])) / _TICK  # ended children were counted while they lived
            found.append(Process(int(entry.name), int(stat[1]), cpu, tuple(command)))
    return found
