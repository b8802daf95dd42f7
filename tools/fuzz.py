"""Feed damaged and lying files to Passerby. Every one has to end as a verified output or as one of
Passerby's own errors, in bounded time and memory.

    python tools/fuzz.py [--seconds N] [--seed N] [--keep DIR]

Small files of every kind are made once and then damaged: bytes, numbers, cuts, repeats, swaps,
pieces of one in another, in headers more often than elsewhere. A worker process redacts, verifies
and reports; one that dies or hangs is an outcome too, and its input is kept. No model is loaded:
this is about decoders, and where faces are makes no difference to them.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import select
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
PATIENCE: Final = 30  # seconds for one input
MEMORY: Final = 2 << 30  # bytes of data that a worker may hold
FINE: Final = ("verified", "refused")
NUMBERS: Final = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def seeds(folder: Path) -> list[Path]:
    """A small whole file of every kind that comes in."""
    sys.path.insert(0, str(ROOT))
    from PIL import Image
    from tests.media.films import Film, make
    from tests.media.photos import save
    from tests.media.sound_files import CARRIERS as SOUNDS

    made = []
    even = {"moments": tuple(range(8)), "tick": Fraction(1, 25)}
    for suffix, codec, sounds in (
        (".mp4", "libx264", 1),
        (".mov", "prores_ks", 1),
        (".mkv", "libx265", 1),
        (".webm", "libvpx-vp9", 1),
        (".webm", "libsvtav1", 0),
        (".avi", "mjpeg", 0),
        (".avi", "mpeg4", 0),
        (".ts", "mpeg2video", 1),
        (".ts", "libx264", 1),
        (".h264", "libx264", 0),
        (".3gp", "mpeg4", 0),
        (".mpg", "mpeg2video", 0),
        (".flv", "flv", 0),
        (".wmv", "wmv2", 0),
        (".mxf", "mpeg2video", 0),
        (".ivf", "libvpx", 0),
        (".nut", "ffv1", 0),
    ):
        pixels = {"prores_ks": "yuv422p10le", "mjpeg": "yuvj420p"}.get(codec, "yuv420p")
        path = folder / f"{codec}{suffix}"
        film = Film(codec=codec, pixels=pixels, sounds=sounds, **even)  # type: ignore[arg-type]  # one of many, drawn
        made.append(make(path, film))
    made += [maker(folder / f"sound{suffix}") for suffix, maker in SOUNDS.items()]
    picture = Image.effect_noise((64, 48), 40).convert("RGB")
    more = [picture.rotate(5 * n) for n in range(1, 4)]
    for suffix in (".jpg", ".png", ".webp", ".tiff", ".bmp", ".gif", ".heic", ".avif"):
        made.append(save(folder / f"photo{suffix}", picture))
        if suffix in (".png", ".webp", ".gif", ".tiff", ".avif"):
            moving = folder / f"moving{suffix}"
            picture.save(moving, save_all=True, append_images=more)
            made.append(moving)
    return made


def damaged(whole: bytes, other: bytes, chance: random.Random) -> bytes:
    """`whole` after one to six accidents; `other` is another file, to take pieces from."""
    data = bytearray(whole)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 6))):
        if len(data) < 16:
            break
        # Headers and indices lie at the ends.
        span = chance.choice((64, 600, len(data)))
        at = chance.randrange(min(span, len(data) - 8))
        if chance.random() < 0.3:
            at = len(data) - 8 - at
        match chance.randrange(9):
            case 0 | 1:
                data[at] = chance.randrange(256)
            case 2:
                data[at] ^= 1 << chance.randrange(8)
            case 3:
                width, order = chance.choice((1, 2, 4)), chance.choice(("big", "little"))
                number = chance.choice(NUMBERS) & (1 << 8 * width) - 1
                data[at : at + width] = number.to_bytes(
                    width, "big" if order == "big" else "little"
                )
            case 4:
                del data[at : at + chance.choice((1, 4, 100, 5000))]
            case 5:
                piece = data[at : at + chance.choice((4, 100, 2000))]
                to = chance.randrange(len(data))
                data[to:to] = piece
            case 6:
                size = chance.choice((4, 64, 500))
                data[at : at + size] = bytes(min(size, len(data) - at))
            case 7:
                start = chance.randrange(len(other))
                data[at:at] = other[start : start + chance.choice((8, 200, 4000))]
            case 8:
                del data[chance.randrange(len(data) // 4, len(data)) :]
    return bytes(data)


class Worker:
    """A process that redacts what it is told to."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, "--work"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def asked(self, path: Path, *, accept: bool) -> str:
        """What became of the file at `path`."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps([str(path), accept]) + "\n")
        process.stdin.flush()
        ready, _, _ = select.select([process.stdout], [], [], PATIENCE)
        if not ready:
            self.stop()
            return f"hung: {PATIENCE} s"
        line = process.stdout.readline()
        return line.strip() or f"died: {process.wait()}"

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def stop(self) -> None:
        self._process.kill()
        self._process.communicate()


def work() -> None:
    """The worker's side: a line in, a line out."""
    sys.path.insert(0, str(ROOT))
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    from tests.jobs.films import finder

    from passerby.jobs import footage

    vars(footage)["video_finder"] = finder()
    vars(footage)["photo_finder"] = finder(late=0)
    for line in sys.stdin:
        path, accept = json.loads(line)
        print(outcome(Path(path), accept=accept), flush=True)


def outcome(path: Path, *, accept: bool) -> str:
    """Redact one file. "verified" and "refused" are how it should end."""
    from passerby.core.errors import PasserbyError
    from passerby.jobs import Settings, default_output, redact

    before = path.read_bytes()
    out = default_output(path).with_name("out" + default_output(path).suffix)
    settings = Settings(accept_damaged=accept, encoder_preset="ultrafast", voice="keep")
    try:
        report = redact(path, out, settings, force=True)
        said = "verified" if report.passed and out.exists() else "not verified"
    except PasserbyError as error:
        said = f"refused {error.code}"
        said = f"left something: {error.code}" if out.exists() else said
        if not error.what or "\n" in str(error):
            said = f"no proper error: {error!r}"
    except Exception as error:  # that is what is looked for
        said = f"foreign {type(error).__name__}: {error}".replace("\n", " ")
    if path.read_bytes() != before:
        return "changed its input"
    if any(p.suffix == ".partial" for p in out.parent.iterdir()):
        return "left a partial file"
    with suppress(FileNotFoundError):
        out.unlink()
    return said


def inputs(folder: Path, chance: random.Random) -> Iterator[tuple[str, bytes]]:
    """Names and contents of damaged files, without end."""
    contents = [(path.name, path.read_bytes()) for path in seeds(folder)]
    while True:
        name, whole = chance.choice(contents)
        _, other = chance.choice(contents)
        yield name, damaged(whole, other, chance)


def run(seconds: float, seed: int, keep: Path | None = None) -> dict[str, Any]:
    """Tries inputs for `seconds`; counts outcomes, and names the inputs that ended badly."""
    chance, counts, bad = random.Random(seed), Counter[str](), []
    by_kind: dict[str, Counter[str]] = {}
    slowest = 0.0
    until = time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as made, tempfile.TemporaryDirectory() as place:
        worker = Worker()
        for number, (name, data) in enumerate(inputs(Path(made), chance)):
            if time.monotonic() > until:
                break
            path = Path(place) / f"in{Path(name).suffix}"
            path.write_bytes(data)
            begun = time.monotonic()
            said = worker.asked(path, accept=chance.random() < 0.5)
            if number:  # the first one waits for imports
                slowest = max(slowest, time.monotonic() - begun)
            counts[said.split(":")[0]] += 1
            by_kind.setdefault(name, Counter())[said.split()[0].rstrip(":")] += 1
            if not said.startswith(FINE):
                bad.append(f"{name} number {number}: {said}")
                if keep is not None:
                    keep.mkdir(parents=True, exist_ok=True)
                    (keep / f"{seed}-{number}-{name}").write_bytes(data)
            if not worker.alive:
                worker.stop()
                worker = Worker()
                for left in Path(place).iterdir():
                    left.unlink()
        worker.stop()
    return {
        "tried": sum(counts.values()),
        "outcomes": dict(counts.most_common()),
        "by kind": {name: dict(found) for name, found in sorted(by_kind.items())},
        "slowest": round(slowest, 1),
        "bad": bad,
    }


def main() -> int:
    ask = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    ask.add_argument("--seconds", type=float, default=600)
    ask.add_argument("--seed", type=int, default=time.time_ns() % 10**6)
    ask.add_argument("--keep", type=Path, default=ROOT / "build" / "fuzz")
    ask.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    given = ask.parse_args()
    if given.work:
        work()
        return 0
    print(f"seed {given.seed}", flush=True)
    told = run(given.seconds, given.seed, given.keep)
    print(json.dumps(told, indent=1))
    return int(bool(told["bad"]))


if __name__ == "__main__":
    sys.exit(main())
