"""How many faces stay bare: Passerby on footage with ground truth, beside deface's defaults.

Needs a folder with footage and a scorer (--shared, by default the folder `shared` beside this
repository): data/heldin/{faces-clips,faces-hard,faces-photos} and tools/score.py. Prints one table
row per film and per group of photos, totals, exposure by size, and for every face that stays bare
its cause (the words are explained in causes.py).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import lettering
import peer
import scoring
import sheet
import truth
from causes import CAUSES, Covered, cause
from scoring import Leak, Score
from truth import Clip

ROOT = Path(__file__).resolve().parent.parent
HEADER = (
    f"{'':22s} {'faces':>6s} {'bare':>5s} {'%':>6s} {'>=16px':>11s} {'part':>5s} "
    f"{'people':>6s} {'>=1':>4s} {'>=3':>4s} {'over%':>6s} | "
    f"{'bare':>5s} {'>=1':>4s} {'>=3':>4s} {'over%':>6s}"
)


@dataclass(frozen=True, slots=True)
class Cause:
    """A face that stays bare, and why. `share`: how much of it is covered."""

    leak: Leak
    why: str
    share: float


@dataclass(frozen=True, slots=True)
class Result:
    """One film or one group of photos. `theirs`: deface; None when it was not asked or failed."""

    group: str
    name: str
    ours: Score
    theirs: Score | None
    causes: tuple[Cause, ...]
    seconds: float


def main() -> None:
    given = arguments()
    data, tool = given.shared / "data" / "heldin", given.shared / "tools" / "score.py"
    if not data.is_dir() or not tool.is_file():
        print(f"SKIPPED: no footage with ground truth here (looked in {given.shared})")
        return
    with folder_for(given.keep) as outputs:
        bench = Bench(given, data, tool, outputs)
        print(f"preset {given.preset}, style {given.style}, device {given.device}; right: deface\n")
        results: list[Result] = []
        for group in truth.CLIP_SETS:
            films = [c for c in truth.clips(data, group) if wanted(c.name, given.clips)]
            if films:
                results += shown(group, each(bench.clip, films, given.jobs))
        if wanted("photos", given.clips):
            results += shown("faces-photos", bench.photos())
        if results:
            report(results)
        if wanted("lettering", given.clips):
            lettering.report(data, tool, outputs, bench.passerby)
        if given.json:
            given.json.write_text(json.dumps([asdict(r) for r in results], indent=1) + "\n")


def arguments() -> argparse.Namespace:
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument(
        "--clips",
        nargs="+",
        metavar="NAME",
        help="beginnings of names; or: photos, lettering (plates and text)",
    )
    ask.add_argument("--preset", default="balanced", choices=["fast", "balanced", "thorough"])
    ask.add_argument("--style", default="veil", choices=["veil", "solid", "mosaic", "blur"])
    ask.add_argument("--device", default="auto", help="what runs the detector")
    ask.add_argument("--skip-deface", action="store_true", help="don't run or score deface")
    ask.add_argument("--keep", type=Path, metavar="DIR", help="keep the redacted files and plans")
    ask.add_argument("--sheet", type=Path, metavar="DIR", help="pictures of all leaks, in build/")
    ask.add_argument("--json", type=Path, metavar="FILE", help="everything, for comparing runs")
    ask.add_argument("--jobs", type=int, default=1, help="films at a time")
    ask.add_argument("--shared", type=Path, default=ROOT.parent / "shared", metavar="DIR")
    given = ask.parse_args()
    for folder in (given.keep, given.sheet):
        inside = folder is not None and folder.resolve().is_relative_to(ROOT)
        if inside and not folder.resolve().is_relative_to(ROOT / "build"):
            ask.error(f"{folder} would put footage into the repository; use a folder in build/")
    return given


def wanted(name: str, names: Sequence[str] | None) -> bool:
    return names is None or any(name.startswith(n) for n in names)


def each(work: Callable[[Clip], Result], films: Sequence[Clip], jobs: int) -> Iterator[Result]:
    with ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(work, films)


@contextmanager
def folder_for(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


class Bench:
    """Runs and scores one thing after the other."""

    def __init__(self, given: argparse.Namespace, data: Path, tool: Path, outputs: Path) -> None:
        self._given, self._data, self._tool, self._outputs = given, data, tool, outputs

    def clip(self, clip: Clip) -> Result:
        folder = self._outputs / clip.group
        plan = folder / f"{clip.name}.plan.json"
        folder.mkdir(parents=True, exist_ok=True)
        start = time.monotonic()
        self.passerby("redact", clip.path, "--to", folder, "--save-plan", plan, "--no-verify")
        seconds = time.monotonic() - start
        made = next(p for p in folder.glob(f"{clip.name}.redacted.*") if p.suffix != ".partial")
        ours = scoring.of_clip(self._tool, clip.path, made, clip.truth)
        theirs = None if self._given.skip_deface else self._their_clip(clip)
        causes: list[Cause] = []
        if self._given.sheet:  # that of an earlier run would tell of leaks that are gone
            (self._given.sheet / f"{clip.name}.png").unlink(missing_ok=True)
        if ours.leaks:
            people, covered = truth.people(clip.truth), Covered(clip.path, plan)
            causes = [Cause(k, *cause(k, people[k.person], covered)) for k in ours.leaks]
            if self._given.sheet:
                to = self._given.sheet / f"{clip.name}.png"
                sheet.clip_sheet(clip.path, made, [words(c) for c in causes], to)
        return Result(clip.group, clip.name, ours, theirs, tuple(causes), seconds)

    def photos(self) -> Iterator[Result]:
        folder = self._outputs / truth.PHOTO_SET
        sets = truth.split_photos(self._data, folder / "lists")
        pictures = sorted((self._data / truth.PHOTO_SET / "images").iterdir())
        start = time.monotonic()
        self.passerby("redact", *pictures, "--to", folder, "--no-verify", may_fail=True)
        seconds = time.monotonic() - start
        made = {p.name: q for p in pictures for q in folder.glob(f"{p.stem}.redacted.*")}
        theirs = None if self._given.skip_deface else peer.defaced_photos(pictures)
        for name, listed in sets.items():
            ours = scoring.of_photos(self._tool, listed, folder)
            other = theirs and scoring.of_photos(self._tool, listed, theirs)
            causes = list(self._photo_causes(ours.leaks, folder))
            if self._given.sheet and causes:
                to = self._given.sheet / f"photos-{listed.name}.png"
                sheet.photo_sheet(listed / "images", made, [words(c) for c in causes], to)
            spent = seconds / len(sets)
            yield Result(truth.PHOTO_SET, name, ours, other or None, tuple(causes), spent)

    def _photo_causes(self, leaks: Iterable[Leak], folder: Path) -> Iterator[Cause]:
        """The plans of photos with leaks are made afresh: `redact` saves one only for one file."""
        known: dict[str, Covered] = {}
        for leak in leaks:
            photo = self._data / truth.PHOTO_SET / "images" / leak.photo
            if leak.photo not in known:
                plan = folder / f"{leak.photo}.plan.json"
                self.passerby("scan", photo, "-o", plan)
                known[leak.photo] = Covered(photo, plan)
            yield Cause(leak, *cause(leak, {0: leak.box}, known[leak.photo]))

    def _their_clip(self, clip: Clip) -> Score | None:
        made = peer.defaced_clip(clip.path)
        if made is None:
            return None
        kept = made.with_suffix(f".{peer.digest(self._tool, clip.truth)}.json")
        if not kept.is_file():
            found = scoring.of_clip(self._tool, clip.path, made, clip.truth)
            kept.write_text(json.dumps(asdict(found)))
        known = json.loads(kept.read_text())
        sizes = {name: (n, exposed) for name, (n, exposed) in known["by_size"].items()}
        leaks = tuple(Leak(**leak) for leak in known["leaks"])
        return Score(**{**known, "by_size": sizes, "leaks": leaks})

    def passerby(self, command: str, *rest: Path | str, may_fail: bool = False) -> None:
        given = self._given
        line = [sys.executable, "-m", "passerby", command, *map(str, rest), "--force", "--quiet"]
        line += ["--preset", given.preset, "--device", given.device]
        line += ["--style", given.style] if command == "redact" else []
        done = subprocess.run(line, check=False, capture_output=True, text=True)
        if done.returncode:
            print(done.stderr.strip(), file=sys.stderr)
            if not may_fail:
                raise SystemExit(f"passerby failed on {rest[0]}")


def words(found: Cause) -> sheet.Shown:
    leak = found.leak
    where = leak.photo[:18] if leak.photo else f"f{leak.frame} id{leak.person}"
    return sheet.Shown(leak, f"{where} {leak.size:.0f}px {found.why} {found.share:.0%}")


def shown(group: str, results: Iterable[Result]) -> list[Result]:
    """Print each result as it comes, then the total."""
    print(f"{group:22s}{HEADER[22:]}", flush=True)
    done: list[Result] = []
    for result in results:
        print(line(result.name, result.ours, result.theirs), flush=True)
        done.append(result)
        for note in notes(result):
            print(f"    {note}")
    theirs = [r.theirs for r in done if r.theirs is not None]
    both = scoring.total(theirs) if len(theirs) == len(done) else None
    print(line("total", scoring.total(r.ours for r in done), both))
    why(done)
    print(f"    {sum(r.seconds for r in done):.0f} s of Passerby's time\n", flush=True)
    return done


def line(name: str, ours: Score, theirs: Score | None) -> str:
    share = 100 * ours.exposed / max(1, ours.faces)
    large = f"{ours.large_exposed}/{ours.large}"
    left = (
        f"{name[:22]:22s} {ours.faces:6d} {ours.exposed:5d} {share:6.2f} {large:>11s} "
        f"{ours.partial:5d} {ours.people:6d} {ours.bare_once:4d} {ours.bare_thrice:4d} "
        f"{ours.over:6.2f} | "
    )
    if theirs is None:
        return left + "    -"
    return left + (
        f"{theirs.exposed:5d} {theirs.bare_once:4d} {theirs.bare_thrice:4d} {theirs.over:6.2f}"
    )


def notes(result: Result) -> Iterator[str]:
    ours = result.ours
    if ours.frames != ours.frames_made:
        yield f"{ours.frames_made} frames of {ours.frames}"
    if ours.missing:
        yield f"not made or not readable: {', '.join(ours.missing)}"
    if result.theirs is not None and result.theirs.missing:
        yield f"deface did not make: {', '.join(result.theirs.missing)}"


def report(results: Sequence[Result]) -> None:
    """How many stay bare, by size."""
    for title, groups in (("clips", truth.CLIP_SETS), ("photos", (truth.PHOTO_SET,))):
        some = [r for r in results if r.group in groups]
        if some:
            print(f"bare / faces by size, {title}")
            print("  " + by_size(scoring.total(r.ours for r in some)))
            theirs = [r.theirs for r in some if r.theirs is not None]
            if theirs:
                print(f"  deface: {by_size(scoring.total(theirs))}")


def why(results: Sequence[Result]) -> None:
    """The causes in all, then those of each film or group of photos, person by person."""
    counts = Counter(c.why for r in results for c in r.causes)
    named = [f"{name} {counts[name]}" for name in CAUSES if counts[name]]
    print(f"    why: {', '.join(named) or 'nothing stays bare'}")
    for result in results:
        for (person, name), found in together(result.causes).items():
            print(f"    {result.name:20s} {person:>24s} {name:8s} {found}")


def by_size(score: Score) -> str:
    return "  ".join(f"{name} {bare}/{faces}" for name, (faces, bare) in score.by_size.items())


def together(causes: Sequence[Cause]) -> dict[tuple[str, str], str]:
    """Leaks of one person with one cause in a line: how many, frames, size, share covered."""
    groups: dict[tuple[str, str], list[Cause]] = {}
    for found in causes:
        leak = found.leak
        groups.setdefault((leak.photo or f"person {leak.person}", found.why), []).append(found)
    return {key: _described(some) for key, some in groups.items()}


def _described(some: Sequence[Cause]) -> str:
    sizes, shares = [c.leak.size for c in some], [c.share for c in some]
    frames = [c.leak.frame for c in some]
    runs: list[list[int]] = []
    for frame in sorted(set(frames)):
        if runs and frame == runs[-1][1] + 1:
            runs[-1][1] = frame
        else:
            runs.append([frame, frame])
    where = " ".join(f"{a}" if a == b else f"{a}-{b}" for a, b in runs[:8])
    more = " ..." if len(runs) > 8 else ""
    spot = "" if some[0].leak.photo else f", frames {where}{more}"
    return (
        f"{len(some)} x {min(sizes):.0f}-{max(sizes):.0f} px, "
        f"covered {min(shares):.0%}-{max(shares):.0%}{spot}"
    )


if __name__ == "__main__":
    main()
