"""What it costs and saves that cameras share one process for their networks (Linux, as root).

Processes that stand for cameras look for faces and plates at fixed times, first with networks of
their own, then with shared ones: proportional memory (PSS) of all processes together, CPU time and
wall time of one look. A look is what a camera of 16:9 asks for: 640 x 384 pixels. On a busy machine
the first lines say more, where one camera alone looks in both ways by turns.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import numpy as np

from passerby.detect.runtime import SHARED, open_runtime
from passerby.detect.weights import find

NETWORKS: Final = ("centerface", "pptext")
SHAPE: Final = (1, 384, 640, 3)
HERE: Final = [sys.executable, str(Path(__file__).resolve())]


def look(device: str, rate: float, seconds: float) -> None:
    """One camera: waits for a line, looks, and prints how long it took, in milliseconds."""
    networks = [open_runtime(find(name).path, device) for name in NETWORKS]
    picture = np.random.default_rng(os.getpid()).integers(0, 255, SHAPE, np.uint8)
    for network in networks * 2:
        network.run(picture)
    print("ready", flush=True)
    sys.stdin.readline()
    took, begun = [], time.monotonic() + np.random.default_rng().uniform(0, 1 / rate)
    for number in range(int(rate * seconds)):
        time.sleep(max(0.0, begun + number / rate - time.monotonic()))
        since = time.monotonic()
        for network in networks:
            network.run(picture)
        took.append(1000 * (time.monotonic() - since))
    print(json.dumps(took), flush=True)
    sys.stdin.readline()


def by_turns(blocks: int = 12, looks: int = 10) -> dict[str, list[float]]:
    """CPU time, and the 10th, 50th and 95th percentile of the wall time of a look, in ms."""
    outside, inside = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    served = _started(["-m", "passerby.detect.serving", str(inside.fileno())], inside.fileno())
    devices = {"own": "auto", "shared": f"{SHARED}:{outside.fileno()}:auto"}
    ways = {k: [open_runtime(find(name).path, v) for name in NETWORKS] for k, v in devices.items()}
    picture = np.random.default_rng(1).integers(0, 255, SHAPE, np.uint8)
    spent, took = dict.fromkeys(ways, 0.0), {name: list[float]() for name in ways}
    for block in range(-1, blocks):  # the first is not counted
        for name in sorted(ways, reverse=bool(block % 2)):
            before = _cpu(os.getpid()) + _cpu(served.pid)
            for _ in range(looks):
                since = time.monotonic()
                for network in ways[name]:
                    network.run(picture)
                took[name].append(1000 * (time.monotonic() - since))
            spent[name] += _cpu(os.getpid()) + _cpu(served.pid) - before
            if block < 0:
                spent[name] = 0.0
                took[name].clear()
    served.kill()
    served.communicate()
    outside.close()
    inside.close()
    return {
        name: [1000 * spent[name] / len(all_), *np.percentile(all_, (10, 50, 95)).tolist()]
        for name, all_ in took.items()
    }


def run(cameras: int, rate: float, seconds: float, *, shared: bool) -> dict[str, float]:
    """Figures of all processes together."""
    outside, inside = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    device = f"{SHARED}:{outside.fileno()}:auto" if shared else "auto"
    served: list[subprocess.Popen[str]] = []
    if shared:
        number = str(inside.fileno())
        served.append(_started(["-m", "passerby.detect.serving", number], inside.fileno()))
    asked = [HERE[1], "--camera", device, "--rate", str(rate), "--seconds", str(seconds)]
    lookers = [_started(asked, outside.fileno()) for _ in range(cameras)]
    every = [*served, *lookers]
    try:
        for process in lookers:
            assert _line(process) == "ready"
        before = sum(_cpu(process.pid) for process in every)
        for process in lookers:
            _say(process)
        took = [json.loads(_line(process)) for process in lookers]
        spent = sum(_cpu(process.pid) for process in every) - before
        memory = sum(_pss(process.pid) for process in every)
    finally:
        for process in every:
            process.kill()
            with suppress(OSError):
                process.communicate()
        outside.close()
        inside.close()
    looks = sorted(one for of_one in took for one in of_one)
    return {
        "PSS, MB": memory,
        "CPU a look, ms": 1000 * spent / len(looks),
        "median look, ms": statistics.median(looks),
        "95 % of looks within, ms": looks[int(0.95 * len(looks))],
    }


def _started(what: list[str], door: int) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, *what], stdin=pipe, stdout=pipe, text=True, pass_fds=(door,)
    )


def _say(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def _cpu(pid: int) -> float:
    """Seconds, of all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _pss(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:"))


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cameras", type=int, default=4)
    parser.add_argument("--rate", type=float, default=2.0, help="looks a second and camera")
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--camera", help=argparse.SUPPRESS)
    given: Any = parser.parse_args(arguments)
    if given.camera:
        look(given.camera, given.rate, given.seconds)
        return
    for name, (cpu, *wall) in by_turns().items():
        fast, median, slow = wall
        print(f"{name:8} CPU {cpu:6.1f} ms, wall {fast:.1f} / {median:.1f} / {slow:.1f} ms")
    found = {
        name: run(given.cameras, given.rate, given.seconds, shared=name == "shared")
        for name in ("own", "shared")
    }
    print(f"{given.cameras} cameras, {given.rate:g} looks a second each; own -> shared")
    for name, value in found["own"].items():
        print(f"{name:26} {value:8.1f} -> {found['shared'][name]:8.1f}")


if __name__ == "__main__":
    main()
