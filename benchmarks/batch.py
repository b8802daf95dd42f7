"""What a batch costs besides the work: on one process and on two, and in the driver.

    python benchmarks/batch.py [PHOTOS]

With a folder of photos: files a minute and CPU seconds a file with one process and with two. Then,
without any work: what the driver spends on a file, when it is done and when it was done before, and
how much memory it keeps for each. With `passerby[ray]`: how long a call to an actor takes.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from passerby.apps.batch.driver import Driver, Outcome
from passerby.apps.batch.order import Ended, Heard, Lost, Order, Step
from passerby.apps.batch.places import Disk
from passerby.apps.batch.records import Records
from passerby.jobs.settings import Settings
from passerby.jobs.tasks import Receipt, key_of

FILES = 2000


class Instant:
    """`Hands` that have made everything already."""

    in_place = False

    def __init__(self, folder: Path) -> None:
        self._folder, self._work = folder, deque[Order]()

    def free(self, order: Order) -> bool:
        return len(self._work) < 8

    def give(self, order: Order) -> None:
        self._work.append(order)

    def heard(self, wait: float) -> Sequence[Heard]:
        order = self._work.popleft()
        made = self._folder / order.name / "made"
        made.parent.mkdir(parents=True)
        made.write_bytes(b"x")
        key = key_of("0" * 64, Settings())
        said = ("3 places hidden; safe as far as checked", "colours are converted to sRGB")
        receipt = Receipt(status="done", key=key, source_sha256="0" * 64, said=said)
        return [Ended(order, receipt.model_copy(update={"output_sha256": "0" * 64}), made)]

    def close(self) -> None:
        pass


class Nobody:
    def begun(self, order: Order) -> None: ...

    def step(self, step: Step) -> None: ...

    def lost(self, lost: Lost, again: bool) -> None: ...

    def ended(self, outcome: Outcome) -> None: ...

    def tick(self) -> None: ...


def driver(folder: Path, what: str) -> None:
    """One run over `FILES` files on which there is nothing to do."""
    (folder / "in").mkdir(exist_ok=True)
    orders = []
    for number in range(FILES):
        source = folder / "in" / str(number)
        if not source.exists():
            source.write_bytes(b"x")
        orders.append(Order(str(number), str(source), str(folder / "out" / str(number)), 1))
    cpu, wall, held = time.process_time(), time.monotonic(), rss()
    with Records(folder / "records") as records:
        for _ in Driver(records, Disk(), Settings(), Nobody()).run(
            orders, Instant(folder / "made")
        ):
            pass
    cpu, wall = time.process_time() - cpu, time.monotonic() - wall
    each = f"{1e3 * cpu / FILES:.2f} ms of CPU and {1e3 * wall / FILES:.2f} ms a file"
    print(f"driver, {what}: {each}, {(rss() - held) / FILES / 1024:.1f} KiB of memory")


def rss() -> int:
    """Bytes that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def photos(folder: Path) -> None:
    """A batch of a folder, with one process and with two."""
    rates: list[float] = []
    for processes in (1, 2):
        with tempfile.TemporaryDirectory() as to:
            before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
            words = ["batch", str(folder), "--to", f"{to}/out", "--jobs", str(processes), "--quiet"]
            subprocess.run([sys.executable, "-m", "passerby", *words], check=False)
            wall, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
            count = sum(path.is_file() for path in Path(to, "out").rglob("*"))
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        rates.append(count / wall)
        print(
            f"{processes} at a time: {count} files, {60 * count / wall:.1f} a minute, "
            f"{cpu / count:.2f} s of CPU each, {cpu / wall:.2f} cores busy"
        )
    print(f"two do {rates[1] / rates[0]:.2f} times what one does")


def calls() -> None:
    """How long it takes to ask an actor of a cluster on this machine, and to be answered."""
    import os

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    try:
        import ray
    except ImportError:
        return
    ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False, logging_level="ERROR")

    class Echo:
        def echo(self, what: bytes) -> bytes:
            return what

    actor = ray.remote(num_cpus=1)(Echo).remote()
    ray.get(actor.echo.remote(b""))
    for size in (1000, 10_000_000):
        began, count = time.monotonic(), 200 if size < 10**6 else 20
        for _ in range(count):
            waited, _ = ray.wait([actor.echo.remote(bytes(size))])
            ray.get(waited)
        print(f"an actor answers {size} bytes in {1e3 * (time.monotonic() - began) / count:.1f} ms")
    began = time.monotonic()
    for _ in range(200):
        ray.cluster_resources()
    print(f"what the cluster has: {1e3 * (time.monotonic() - began) / 200:.2f} ms")
    ray.shutdown()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path, nargs="?")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        driver(Path(folder), "to do")
        driver(Path(folder), "done before")
    calls()
    if asked.photos is not None:
        photos(asked.photos)


if __name__ == "__main__":
    main()
