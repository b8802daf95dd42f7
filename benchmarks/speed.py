"""What redaction costs, as a multiple of a pure transcode of the same film.

Films of 1080p and 720p (and a batch of 12-megapixel photos) are made of real footage once, into
build/speed: out of the folder `shared` beside this repository where it is, else out of the demo's.
Then every round runs every command once, each in a process of its own, and each also on the
film's first second, which tells start-up from work. Printed are medians over the rounds; ratios
are taken within a round, against the transcode with the same encoder settings, and shown as
median and (least-most).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import peer
from measure import Cost, Failed, middle, run

ROOT = Path(__file__).resolve().parent.parent
HERE = Path(__file__).resolve().parent
MADE = ROOT / "build" / "speed"
CRF: Final = 20
QUALITY: Final = 92  # of JPEG, as Passerby writes it
START: Final = 1  # seconds of film to learn the start-up from
SIZES: Final = {"1080p": (1920, 1080), "720p": (1280, 720)}
FOOTAGE: Final = {
    "1080p": ("c05_ntu_two.mp4", "c07_turn_profile.mp4", "h10_crossing_1080.mp4"),
    "720p": ("c07_turn_profile.mp4", "c05_ntu_two.mp4", "h7_crossing_720.mp4"),
}
PRESETS: Final = ("fast", "balanced", "thorough")
Command = Callable[[Path, Path], list[str | Path]]  # input, output -> command line


@dataclass(frozen=True, slots=True)
class Runner:
    """A command to measure. `against`: the name of the runner that its cost is a multiple of."""

    name: str
    against: str
    command: Command
    suffix: str = ".mp4"


def main() -> None:
    given = arguments()
    print(f"{_machine()}; {given.rounds} rounds; load {os.getloadavg()[0]:.1f} at the start")
    results: dict[str, object] = {}
    for name in given.clip:
        if name == "photos":
            works = chosen(photo_runners(), given.only)
            whole, start = photo_batches(given.shared)
        else:
            works = chosen(film_runners(given.crf), given.only)
            whole = film(name, given.seconds, given.shared)
            start = film(name, START, given.shared)
        measured = rounds(works, whole, start, given.rounds)
        title = name if name == "photos" else f"{name}, {given.seconds} s"
        table(title, works, measured)
        results[name] = {
            who: [[asdict(cost) for cost in pair] for pair in pairs]
            for who, pairs in measured.items()
        }
    if given.json:
        given.json.write_text(json.dumps(results, indent=1) + "\n")


def arguments() -> argparse.Namespace:
    ask = argparse.ArgumentParser(description=__doc__)
    every = [*SIZES, "photos"]
    ask.add_argument("--rounds", type=int, default=5)
    ask.add_argument("--clip", nargs="+", choices=every, default=every)
    ask.add_argument("--seconds", type=int, default=20, help="of film; more than 1")
    ask.add_argument("--only", nargs="+", metavar="NAME", help="beginnings of the rows' names")
    ask.add_argument("--crf", type=int, default=CRF)
    ask.add_argument("--json", type=Path, metavar="FILE", help="every single measurement")
    ask.add_argument("--shared", type=Path, default=ROOT.parent / "shared", metavar="DIR")
    given = ask.parse_args()
    if given.rounds < 1 or given.seconds <= START:
        ask.error(f"at least one round, and films longer than {START} s")
    return given


def film_runners(crf: int) -> list[Runner]:
    """Transcodes with the encoder settings of each preset; Passerby every way; deface twice."""
    speeds = _encoder_speeds()

    def transcode(speed: str) -> Command:
        return lambda given, made: [
            sys.executable, HERE / "transcode.py", given, made, speed, str(crf)
        ]  # fmt: skip

    def passerby(preset: str, *more: str) -> Command:
        return lambda given, made: [
            sys.executable, "-m", "passerby", "redact", given, "-o", made, "--force", "--quiet",
            "--preset", preset, "--crf", str(crf), "--encoder-preset", speeds[preset], *more,
        ]  # fmt: skip

    def deface(*more: str) -> Command:
        return lambda given, made: [peer.deface(), given, "-o", made, *more]

    plain, least = "--no-verify", f"transcode {speeds['balanced']}"
    works = [
        Runner(f"transcode {s}", f"transcode {s}", transcode(s))
        for s in dict.fromkeys(speeds.values())
    ]
    works += [
        Runner(f"passerby {p}", f"transcode {speeds[p]}", passerby(p, plain)) for p in PRESETS
    ]
    for device in ("openvino:CPU:f32", "onnxruntime"):
        name = f"passerby balanced {device}"
        works.append(Runner(name, least, passerby("balanced", plain, "--device", device)))
    for hide in ("faces,plates", "faces,plates,text", "faces,people"):
        more = passerby("balanced", plain, "--hide", hide)
        works.append(Runner(f"passerby balanced {hide}", "passerby balanced", more))
    works.append(Runner("passerby balanced +verify", least, passerby("balanced")))
    works.append(Runner("deface", least, deface()))
    works.append(Runner("deface --scale 640x360", least, deface("--scale", "640x360")))
    return works


def photo_runners() -> list[Runner]:
    """Whole folders in, whole folders out."""

    def recode(given: Path, made: Path) -> list[str | Path]:
        return [
            sys.executable, HERE / "recode.py", str(QUALITY), made, *sorted(given.glob("*.jpg"))
        ]  # fmt: skip

    def passerby(*more: str) -> Command:
        return lambda given, made: [
            sys.executable, "-m", "passerby", "redact", *sorted(given.glob("*.jpg")),
            "--to", made, "--force", "--quiet", *more,
        ]  # fmt: skip

    works = [Runner("recode", "recode", recode, "")]
    works += [
        Runner(f"passerby {p}", "recode", passerby("--preset", p, "--no-verify"), "")
        for p in PRESETS
    ]
    works.append(
        Runner("passerby balanced --jobs 1", "recode", passerby("--no-verify", "--jobs", "1"), "")
    )
    return [*works, Runner("passerby balanced +verify", "recode", passerby(), "")]


def chosen(works: Sequence[Runner], only: Sequence[str] | None) -> list[Runner]:
    """Those asked for, and what they are compared with."""
    if only is None:
        return list(works)
    some = [w for w in works if any(w.name.startswith(o) for o in only)]
    wanted = {w.name for w in some} | {w.against for w in some}
    return [w for w in works if w.name in wanted]


def rounds(
    works: Sequence[Runner], whole: Path, start: Path, count: int
) -> dict[str, list[tuple[Cost, Cost]]]:
    """Runner -> for each round what the whole cost and what the start cost.

    Each round begins with another runner, so that none always comes after the same one.
    """
    measured: dict[str, list[tuple[Cost, Cost]]] = {w.name: [] for w in works}
    failed: set[str] = set()
    with tempfile.TemporaryDirectory(dir=MADE) as folder:
        for number in range(count):
            turn = number % len(works)
            for work in [*works[turn:], *works[:turn]]:
                if work.name in failed:
                    continue
                print(f"\r\x1b[Kround {number + 1}: {work.name}", end="", file=sys.stderr)
                try:
                    pair = _cost(work, whole, Path(folder)), _cost(work, start, Path(folder))
                except Failed as error:
                    print(f"\r\x1b[K{work.name} failed: {error}", file=sys.stderr)
                    failed.add(work.name)
                    continue
                measured[work.name].append(pair)
    print("\r\x1b[K", end="", file=sys.stderr)
    return {name: pairs for name, pairs in measured.items() if pairs and name not in failed}


def _cost(work: Runner, given: Path, folder: Path) -> Cost:
    made = folder / f"made{work.suffix}"
    if not work.suffix:
        made.mkdir(exist_ok=True)
    return run(work.command(given, made))


def table(
    title: str, works: Sequence[Runner], measured: dict[str, list[tuple[Cost, Cost]]]
) -> None:
    print(
        f"\n{title:34s} {'wall s':>7s} {'cpu s':>7s} {'cores':>5s} {'MB':>6s} {'start s':>7s}  "
        f"{'x wall':>18s}  {'x cpu':>18s}  {'x wall, no start':>18s}  {'x cpu, no start':>18s}"
    )
    for work in works:
        if work.name not in measured:
            print(f"{work.name:34s} failed")
            continue
        pairs = measured[work.name]
        cost, begun = middle([w for w, _ in pairs]), middle([s for _, s in pairs])
        # Of what comes after the start, as far as there is anything: a busy core is 1.
        busy = statistics.median([_cpu_slope(p) / max(1e-3, _slope(p)) for p in pairs])
        row = f"{work.name:34s} {cost.wall:7.2f} {cost.cpu:7.2f} {busy:5.2f} "
        row += f"{cost.memory / 1e6:6.0f} "
        row += f"{begun.wall:7.2f}  "
        least = measured.get(work.against, [])
        if work.against != work.name and least:
            both = list(zip(pairs, least, strict=False))
            row += f"{_spread([a.wall / b.wall for (a, _), (b, _) in both]):>18s}  "
            row += f"{_spread([a.cpu / b.cpu for (a, _), (b, _) in both]):>18s}  "
            wall = [_slope(a) / _slope(b) for a, b in both if _slope(b) > 0]
            cpu = [_cpu_slope(a) / _cpu_slope(b) for a, b in both if _cpu_slope(b) > 0]
            row += "  ".join(f"{_spread(some) if some else '-':>18s}" for some in (wall, cpu))
        print(row)
    print(*verify_cost(measured), sep="\n", flush=True)


def verify_cost(measured: dict[str, list[tuple[Cost, Cost]]]) -> Iterator[str]:
    with_it, without = (measured.get(f"passerby balanced{s}") for s in (" +verify", ""))
    if with_it and without:
        more = [a.wall - b.wall for (a, _), (b, _) in zip(with_it, without, strict=False)]
        yield f"  verifying adds {_spread(more)} s of wall time"


def _slope(pair: tuple[Cost, Cost]) -> float:
    """What the film costs beyond its first second, which everything that happens once is in."""
    return pair[0].wall - pair[1].wall


def _cpu_slope(pair: tuple[Cost, Cost]) -> float:
    return pair[0].cpu - pair[1].cpu


def _spread(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f}-{max(values):.2f})"


def film(name: str, seconds: int, shared: Path) -> Path:
    """A film of the size `name`, made when it is not there."""
    footage = _footage(name, shared)
    made = MADE / f"{name}-{seconds}s-{peer.digest(HERE / 'film.py', *footage)}.mp4"
    if not made.is_file():
        print(f"making {made.relative_to(ROOT)}", file=sys.stderr)
        MADE.mkdir(parents=True, exist_ok=True)
        width, height = map(str, SIZES[name])
        command = [HERE / "film.py", made, width, height, str(seconds), *footage]
        subprocess.run([sys.executable, *map(str, command)], check=True)
    return made


def _footage(name: str, shared: Path) -> list[Path]:
    held = shared / "data" / "heldin"
    found = [p for n in FOOTAGE[name] for p in held.glob(f"faces-*/{n}")]
    if found:
        return found
    print("no real clips here: the demo's footage stands in", file=sys.stderr)
    subprocess.run([sys.executable, str(ROOT / "tools" / "fetch_footage.py")], check=True)
    return [ROOT / "build" / "footage" / n for n in ("astronaut.png", "carphone.mp4")]


def photo_batches(shared: Path) -> tuple[Path, Path]:
    """A folder of twelve photos, and one with the first of them."""
    sources = sorted((shared / "data" / "heldin" / "faces-photos" / "images").glob("*.jpg"))
    some = [p for p in sources if not p.name.startswith("wv_")][:12]
    if not some:
        some = [p for p in _footage("720p", shared) if p.suffix == ".png"]
    whole = MADE / f"photos-{peer.digest(HERE / 'film.py', *some)}"
    start = whole / "first"
    if not start.is_dir():
        for folder, photos in ((whole, some), (start, some[:1])):
            command = [HERE / "film.py", "--photos", folder, *photos]
            subprocess.run([sys.executable, *map(str, command)], check=True)
    return whole, start


def _encoder_speeds() -> dict[str, str]:
    """Passerby's preset -> its encoder's. Asked in another process, to stay small here."""
    code = (
        "import json; from passerby.jobs.settings import PRESETS;"
        "print(json.dumps({name: preset.encoder for name, preset in PRESETS.items()}))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    speeds: dict[str, str] = json.loads(done.stdout)
    return speeds


def _machine() -> str:
    name = platform.processor() or platform.machine()
    told = Path("/proc/cpuinfo")
    if told.is_file():
        lines = (row.split(":", 1) for row in told.read_text().splitlines() if ":" in row)
        name = next((v.strip() for k, v in lines if k.strip() == "model name"), name)
    return f"{os.cpu_count()} x {name}"


if __name__ == "__main__":
    main()
