"""How long a million clips would take, by what was measured, and what would hold them up.

    python benchmarks/scale.py          prints the table of docs/reference/scale.md

The model: everything happens at the same time, so the slowest of cores, driver and storage decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

CLIPS: Final = 1_000_000
MACHINES: Final = ((1, 16), (10, 16), (100, 16), (1000, 16))


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one clip of 10 s at 720p, 10 MB; seconds, and MB a second. Where they come from is said on
    the page."""

    work: float = 37.5  # of one core
    start: float = 2.9  # of one core, once a process
    receipts: float = 0.0096  # the driver's: two lines that are on the disk
    calls: float = 0.0024  # the driver's: an order, an answer, what the cluster has
    looks: float = 0.001  # the driver's: three looks at source and target, on a shared disk
    size: float = 10.0  # MB in, and as much out
    storage: float = 1100.0  # MB a second: a server on a line of 10 Gbit/s


@dataclass(frozen=True, slots=True)
class Hours:
    """What each of the three would take by itself."""

    cores: float
    driver: float
    storage: float

    @property
    def longest(self) -> float:
        return max(self.cores, self.driver, self.storage)

    @property
    def limit(self) -> str:
        named = {"cores": self.cores, "the driver": self.driver, "storage": self.storage}
        return max(named, key=lambda name: named[name])


def hours(figures: Figures, machines: int, cores: int, clips: int = CLIPS) -> Hours:
    """Of `clips` on so many machines of so many cores."""
    processes = machines * cores
    each = figures.receipts + figures.calls + figures.looks
    return Hours(
        (clips * figures.work / processes + figures.start) / 3600,
        clips * each / 3600,
        clips * 2 * figures.size / figures.storage / 3600,
    )


def table() -> list[str]:
    """Lines of Markdown."""
    disk, store = Figures(), Figures(looks=0.06)
    lines = [
        "| machines of 16 cores | cores | driver, disk | driver, object store | storage | "
        "a million clips take, on a disk | in an object store |",
        "|---:|---:|---:|---:|---:|---|---|",
    ]
    for machines, cores in MACHINES:
        one, other = hours(disk, machines, cores), hours(store, machines, cores)
        lines.append(
            f"| {machines} | {one.cores:.1f} h | {one.driver:.1f} h | {other.driver:.1f} h | "
            f"{one.storage:.1f} h | {one.longest:.1f} h ({one.limit}) | "
            f"{other.longest:.1f} h ({other.limit}) |"
        )
    return lines


if __name__ == "__main__":
    print("\n".join(table()))
