"""What live costs, how far behind it is, and whether anybody is shown: real cameras on loopback.

For 1, 2 and 4 cameras of 720p and 1 and 2 of 1080p, all at 15 frames a second: RTSP cameras
(GStreamer), `passerby live gateway.toml` with faces and plates, and a player on each of the
published RTSP streams. Every picture carries its number, so that its delay is known; in every
published picture a face that the camera sent is looked for (see `live_film.py`). First a bare relay
does the same, as what the costs are a multiple of, and as the proof that the judge sees bare faces.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import av

import live_film
import live_memory
from live_film import RATE, Verdict
from processes import Meter, Process, busy

ROOT = Path(__file__).resolve().parent.parent
HERE = Path(__file__).resolve().parent
MADE = ROOT / "build" / "live"
PORTRAIT = ROOT / "build" / "footage" / "astronaut.png"
PYTHON: Final = "/usr/bin/python3"  # the system's, which GStreamer's bindings are for
CASES: Final = ("720p15x1", "720p15x2", "720p15x4", "1080p15x1", "1080p15x2")
PRESETS: Final = ("balanced", "fast")
BORN: Final = 120.0  # seconds in which every camera must have published
CONTROL: Final = 0.95  # of the faces in a bare stream that the judge has to find
SPEED, CRF = "ultrafast", "23"  # of the encoder, as Passerby's defaults are
STEP: Final = 2.0  # seconds between two looks at the processes


@dataclass
class Result:
    """Of one run. Frames are of all cameras together; `cores`, of a core, for each camera."""

    cameras: int
    seconds: float
    cores: float = 0.0
    rest: float = 0.0  # of `cores`, what is spent outside of the cameras' own processes
    memory: float = 0.0  # bytes for each camera, what the others take included
    others: float = 0.0  # cores that were busy with something else
    frames: dict[str, int] = field(default_factory=dict)
    halved: tuple[float, ...] = ()  # shares of the time in which it was halved once, twice, ...
    delays: list[float] = field(default_factory=list)  # seconds, sorted
    verdicts: list[Verdict] = field(default_factory=list)
    ages: list[tuple[float, dict[str, int]]] = field(default_factory=list)  # s; bytes of each

    def sum(self, name: str) -> int:
        return sum(getattr(verdict, name) for verdict in self.verdicts)

    @property
    def worst(self) -> float:
        return max((verdict.worst for verdict in self.verdicts), default=0.0)


def main() -> None:
    given = arguments()
    if not has_gstreamer():
        print("SKIPPED: GStreamer's RTSP server is not installed (make programs, as root)")
        return
    if given.soak:
        given.seconds = given.soak * 60
    _portrait()
    print(f"{_machine()}; {given.seconds:g} s each; load {os.getloadavg()[0]:.1f} at the start")
    results: dict[str, Any] = {}
    fine, heading = True, False
    for case in given.case:
        units = live_film.prepared(MADE, case.partition("x")[0], PORTRAIT)
        base = measured(case, units, None, min(given.seconds, 60), given.settle)
        seen = base.sum("bare") / max(1, base.sum("judged"))
        if not heading:
            print(_heading())
            heading = True
        print(_row(f"{case} relay alone", base, base), flush=True)
        if seen < CONTROL:
            fine = False
            print(
                f"  the judge sees only {seen:.0%} of the faces that are bare: trust no zero below"
            )
        results[f"{case} relay"] = _plain(base)
        for preset in given.preset:
            more = {"hide": given.hide.split(","), "trace": given.trace}
            result = measured(case, units, preset, given.seconds, given.settle, **more)
            print(_row(f"{case} {preset}", result, base), flush=True)
            if given.soak or given.trace:
                print(live_memory.told(result.ages), flush=True)
            results[f"{case} {preset}"] = _plain(result)
            if result.sum("bare"):
                places = sorted(Counter(n for v in result.verdicts for n in v.bare_at))
                print(f"  bare in pictures {places[:20]} of the film", flush=True)
    if given.json:
        given.json.write_text(json.dumps(results, indent=1) + "\n")
    if not fine:
        raise SystemExit(1)


def arguments() -> argparse.Namespace:
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--seconds", type=float, default=300, help="of measuring, for each row")
    ask.add_argument("--settle", type=float, default=20, help="seconds before it")
    ask.add_argument("--case", nargs="+", choices=CASES)
    ask.add_argument("--preset", nargs="+", choices=(*PRESETS, "thorough"))
    ask.add_argument("--hide", default="faces,plates", metavar="KINDS")
    ask.add_argument("--soak", type=float, metavar="MINUTES", help="is the memory flat? (60)")
    ask.add_argument(
        "--trace", action="store_true", help="also where Python's memory grew; slows it down"
    )
    ask.add_argument("--json", type=Path, metavar="FILE", help="every single figure")
    given = ask.parse_args()
    lasting = given.soak or given.trace
    given.case = given.case or (["720p15x2"] if lasting else list(CASES))
    given.preset = given.preset or (["balanced"] if lasting else list(PRESETS))
    if given.seconds < 5 or given.settle < 0 or (given.soak is not None and given.soak < 1):
        ask.error("measure for 5 seconds or more, soak for a minute or more")
    return given


def has_gstreamer() -> bool:
    asked = "import gi; gi.require_version('GstRtspServer', '1.0')"
    return Path(PYTHON).exists() and not (
        subprocess.run([PYTHON, "-c", asked], check=False, capture_output=True).returncode
    )


def measured(
    case: str,
    units: Path,
    preset: str | None,
    seconds: float,
    settle: float,
    *,
    hide: Sequence[str] = (),
    trace: bool = False,
) -> Result:
    """One row. Without a `preset` the bare relay."""
    count = int(case.rpartition("x")[2])
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=MADE)))
        sources = stack.enter_context(cameras(units, count, folder / "sent"))
        if preset is None:
            works: Works = stack.enter_context(relays(sources, folder))
        else:
            works = stack.enter_context(passerby(sources, folder, preset, hide, trace))
        result = watched(works, count, seconds, settle)
        works.end()
        result.verdicts = verdicts(works.taken, units)
        result.delays = delays(result.verdicts, folder / "sent", works.begun)
        if trace:
            print(live_memory.grown(folder))
    return result


class Works:
    """What is measured: processes, and who receives what they publish.

    `taken`: files of packets, one for each camera. `begun`: when the measuring began.
    """

    def __init__(
        self, name: str, roots: Sequence[subprocess.Popen[str]], takers: Sequence[Taker]
    ) -> None:
        self.name, self.processes, self.takers = name, roots, takers
        self.taken = [taker.path for taker in takers]
        self.begun = 0.0
        self.last: dict[str, dict[str, Any]] = {}

    def ready(self) -> bool:
        return all(taker.count > 3 for taker in self.takers)

    def end(self) -> None:
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            with suppress(subprocess.TimeoutExpired):
                process.wait(20)
            process.kill()
        for taker in self.takers:
            taker.end()


def watched(works: Works, count: int, seconds: float, settle: float) -> Result:
    """Waits until all publish and have settled, then measures."""
    until = time.monotonic() + BORN
    while not works.ready():
        ended = [p.returncode for p in works.processes if p.poll() is not None]
        if ended or time.monotonic() > until:
            why = f"ended with {ended[0]}" if ended else f"published nothing in {BORN:.0f} s"
            raise SystemExit(f"{works.name}: {why}")
        time.sleep(0.2)
    time.sleep(settle)
    meters = [Meter(process.pid, _group) for process in works.processes]
    for meter in meters:
        meter.begin()
    works.begun, before, all_before = time.monotonic(), dict(works.last), busy()
    ages: list[tuple[float, dict[str, int]]] = []
    memories: list[int] = []
    coarse: list[int] = []
    while (now := time.monotonic() - works.begun) < seconds:
        time.sleep(max(0.0, min(STEP, seconds - now)))
        there = [one for meter in meters for one in meter.look()]
        memories.append(sum(p.memory for _, p in there))
        ages.append((now, {_name(process): process.own for _, process in there}))
        coarse += [int(one.get("halvings", 0)) for one in works.last.values()]
    took = time.monotonic() - works.begun
    spent: dict[str, float] = {}
    for meter in meters:
        for group, cpu in meter.spent().items():
            spent[group] = spent.get(group, 0.0) + cpu
    whole = sum(spent.values())
    return Result(
        count,
        took,
        cores=whole / took / count,
        rest=spent.get("rest", 0.0) / took / count,
        memory=statistics.median(memories) / count,
        others=(busy() - all_before - whole) / took,
        frames=_difference(before, works.last),
        halved=tuple(coarse.count(n) / max(1, len(coarse)) for n in (1, 2, 3)),
        ages=ages,
    )


def _group(process: Process) -> str:
    """Cameras have processes of their own; whatever else there is serves all."""
    names = ("passerby.apps.gateway.child", "relay.py")
    return "camera" if any(n in part for part in process.command for n in names) else "rest"


def _name(process: Process) -> str:
    """For people: the camera's own name is the last of its process's words."""
    words = [word for word in process.command if word]
    for part, name in (("gateway.child", words[-1:]), ("detect.serving", ["models"])):
        if any(part in word for word in words):
            return name[0]
    return "server" if "live" in words else f"process {process.pid}"


def _difference(before: dict[str, Any], after: dict[str, Any]) -> dict[str, int]:
    came = ("came", "shown", "covered", "thinned", "dropped", "idle")
    names = (*came, "failures", "reconnects", "restarts")
    return {
        name: sum(
            int(told.get(name, 0)) - int(before.get(who, {}).get(name, 0))
            for who, told in after.items()
        )
        for name in names
    }


@contextmanager
def cameras(units: Path, count: int, sent: Path) -> Iterator[list[str]]:
    """Addresses of so many cameras; what they sent and when is written to `sent`."""
    port = free_port()
    command = [PYTHON, HERE / "live_camera.py", port, RATE, count, sent, units]
    process = subprocess.Popen(
        [str(part) for part in command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        if process.stdout.readline().strip() != "ready":
            raise SystemExit("the cameras can't be started")
        yield [f"rtsp://127.0.0.1:{port}/cam{n}" for n in range(count)]
    finally:
        process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            process.wait(5)
        process.kill()
        process.wait()
        process.stdout.close()


@contextmanager
def passerby(
    sources: Sequence[str], folder: Path, preset: str, hide: Sequence[str], trace: bool
) -> Iterator[Works]:
    """As people run it, with its own server, from which everything is received."""
    port, names = free_port(), [f"cam{n}" for n in range(len(sources))]
    config = folder / "gateway.toml"
    config.write_text(
        f"[serve]\nrtsp_port = {port}\nweb_port = {free_port()}\n"
        f'[defaults]\nhide = {json.dumps(hide)}\npreset = "{preset}"\ndelay = 0.5\n'
        + "".join(
            f'[camera.{name}]\nsource = "{source}"\n'
            for name, source in zip(names, sources, strict=True)
        )
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "passerby", "live", str(config), "--status", "json"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=(folder / "said").open("w"),
        text=True,
        env=os.environ | (live_memory.traced(folder) if trace else {}),
    )
    takers = [
        Taker(f"rtsp://127.0.0.1:{port}/{name}", folder / f"{name}.packets") for name in names
    ]
    works = Works("passerby live", [process], takers)

    def listen() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            works.last = json.loads(line).get("cameras", {})

    reader = threading.Thread(target=listen, daemon=True)
    reader.start()
    with _ended(works):
        yield works
    reader.join(5)


@contextmanager
def relays(sources: Sequence[str], folder: Path) -> Iterator[Works]:
    """A bare relay for each camera."""
    takers, processes = [], []
    for number, source in enumerate(sources):
        port = free_port()
        url = f"tcp://127.0.0.1:{port}"
        takers.append(Taker(f"{url}?listen=1", folder / f"relay{number}.packets"))
        command = [sys.executable, str(HERE / "relay.py"), source, url, SPEED, CRF]
        processes.append(subprocess.Popen(command, stderr=subprocess.DEVNULL, text=True))
    works = Works("the relay", processes, takers)
    with _ended(works):
        yield works


@contextmanager
def _ended(works: Works) -> Iterator[None]:
    try:
        yield
    finally:
        works.end()
        for process in works.processes:
            if process.stdout is not None:
                process.stdout.close()


class Taker:
    """Receives a stream for as long as there is one; keeps its packets and when each came."""

    def __init__(self, url: str, path: Path) -> None:
        self.path, self.count = path, 0
        self._url, self._stop = url, threading.Event()
        self._thread = threading.Thread(target=self._take, daemon=True)
        self._thread.start()

    def _take(self) -> None:
        options = {"analyzeduration": "500000"}
        if self._url.startswith("rtsp"):
            options["rtsp_transport"] = "tcp"
        with self.path.open("wb") as file:
            while not self._stop.is_set():
                with (
                    suppress(av.FFmpegError, OSError),
                    closing(av.open(self._url, options=options, timeout=(30, 10))) as stream,
                ):
                    key = False
                    for packet in stream.demux(video=0):
                        if self._stop.is_set():
                            return
                        key = key or packet.is_keyframe
                        if not key:
                            continue
                        pickle.dump((time.monotonic(), bytes(packet)), file)
                        self.count += 1
                self._stop.wait(0.5)

    def end(self) -> None:
        self._stop.set()
        self._thread.join(40)


def verdicts(taken: Sequence[Path], units: Path) -> list[Verdict]:
    """Judged once all is over, so that it takes nobody's time."""
    with ProcessPoolExecutor(min(len(taken), os.cpu_count() or 1)) as pool:
        return list(pool.map(_judged, taken, [units] * len(taken)))


def _judged(path: Path, units: Path) -> Verdict:
    return live_film.judge(_packets(path), live_film.faces_of(units))


def _packets(path: Path) -> Iterator[tuple[float, bytes]]:
    with path.open("rb") as file, suppress(EOFError, pickle.UnpicklingError):
        while True:
            yield pickle.load(file)


def delays(verdicts: Sequence[Verdict], sent: Path, begun: float) -> list[float]:
    """Seconds from when a camera handed a picture over to when it came out, since `begun`."""
    when: dict[tuple[int, int], list[float]] = {}
    for line in sent.read_text().splitlines():
        camera, number, at = line.split()
        when.setdefault((int(camera), int(number)), []).append(float(at))
    found = []
    for camera, verdict in enumerate(verdicts):
        for arrived, number in verdict.arrived:
            before = [at for at in when.get((camera, number), []) if at <= arrived]
            if before and arrived >= begun:
                found.append(arrived - before[-1])
    return sorted(found)


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _heading() -> str:
    return (
        f"\n{'':24s} {'delay ms':>18s} {'in':>7s} {'out':>7s} "
        f"{'cover':>6s} {'thin':>6s} {'drop':>6s} "
        f"{'out %':>6s} {'halved %':>9s} {'core':>5s} {'rest':>5s} {'x relay':>7s} {'MB':>5s} "
        f"{'bare':>5s} {'of faces':>8s} {'worst':>5s} {'torn':>4s} {'others':>6s}"
    )


def _row(name: str, its: Result, base: Result) -> str:
    row = f"{name:24s} {_delays(its.delays):>18s} "
    if its.frames.get("came"):
        frames = its.frames
        row += f"{frames['came']:7d} {frames['shown']:7d} {frames['covered']:6d} "
        row += f"{frames['thinned']:6d} {frames['dropped']:6d} "
        row += f"{100 * frames['shown'] / frames['came']:6.1f} "
    else:
        row += f"{'':7s} {its.sum('pictures'):7d} {'':27s} "
    halved = "/".join(f"{100 * share:.0f}" for share in its.halved) or "-"
    row += f"{halved:>9s} {its.cores:5.2f} {its.rest:5.2f} "
    row += f"{its.cores / max(1e-3, base.cores):7.1f} {its.memory / 1e6:5.0f} "
    row += f"{its.sum('bare'):5d} {its.sum('judged'):8d} {its.worst:5.2f} {its.sum('torn'):4d} "
    return row + f"{its.others:6.2f}"


def _delays(sorted_: Sequence[float]) -> str:
    """Median, the slowest twentieth, the slowest of all."""
    if not sorted_:
        return "-"
    some = (sorted_[len(sorted_) // 2], sorted_[len(sorted_) * 95 // 100], sorted_[-1])
    return " ".join(f"{1000 * one:.0f}" for one in some)


def _plain(its: Result) -> dict[str, Any]:
    return asdict(its) | {"verdicts": [asdict(v) | {"arrived": None} for v in its.verdicts]}


def _portrait() -> None:
    if not PORTRAIT.is_file():
        subprocess.run([sys.executable, str(ROOT / "tools" / "fetch_footage.py")], check=True)


def _machine() -> str:
    return f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}"


if __name__ == "__main__":
    main()
