"""What verification finds in finished films, what repair changes, and what both cost.

Needs the footage with ground truth and the scorer of leaks.py; says SKIPPED without. Every film is
redacted without verification, and the result verified with its original and plan. A finding is

true      a face of the ground truth lies there, and the plan leaves half of it or more bare
unscored  it lies in a part that the ground truth leaves open: a crowd, a blurred background
false     anything else; also everything that isn't about faces, because nothing else is wrong

Then the film is redacted as people do it, with verification and repair, if there is anything to
repair. CPU time is of this process and all its threads, without start-up; so are its ratios.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

import scoring
import truth
from causes import Covered
from leaks import ROOT, folder_for, wanted
from passerby.core.geometry import Box
from passerby.jobs import NotHandedOver, Report, Settings, redact, verify
from passerby.jobs.report import Finding
from passerby.media import VideoSource, probe
from scoring import Score
from truth import Clip, Corners

Made = TypeVar("Made")
BARE = 0.5  # share of a face that the plan leaves bare, from which a finding is true
HEADER = (
    f"{'':20s} {'true':>4s} {'open':>4s} {'false':>5s} | {'faces':>5s} {'bare':>4s} {'after':>5s} "
    f"{'over%':>6s} {'after':>6s} {'added':>5s} | {'px':>4s} {'verify/redact cpu':>17s} wall"
)


@dataclass(frozen=True, slots=True)
class Judged:
    """A finding, and what the ground truth says of it."""

    finding: Finding
    why: str


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of CPU time and wall time."""

    cpu: float
    wall: float


@dataclass(frozen=True, slots=True)
class Result:
    """One film. `after`: as it is handed over; None where verification refused to. `smallest`:
    pixels of the smallest face that was searched for."""

    group: str
    name: str
    judged: tuple[Judged, ...]
    before: Score
    after: Score | None
    added: int
    smallest: float
    redacting: Cost
    verifying: Cost

    def count(self, why: str) -> int:
        return sum(j.why == why for j in self.judged)


def main() -> None:
    given = arguments()
    data, tool = given.shared / "data" / "heldin", given.shared / "tools" / "score.py"
    if not data.is_dir() or not tool.is_file():
        print(f"SKIPPED: no footage with ground truth here (looked in {given.shared})")
        return
    films = [
        clip
        for group in truth.CLIP_SETS
        for clip in truth.clips(data, group)
        if wanted(clip.name, given.clips)
    ]
    settings = Settings(preset=given.preset, style=given.style, device=given.device)
    print(f"preset {given.preset}, style {given.style}, device {given.device}\n{HEADER}")
    results: list[Result] = []
    with folder_for(given.keep) as outputs:
        for clip in films:
            results.append(result := judged_film(clip, tool, outputs, settings))
            print(line(result), flush=True)
            for said in details(result):
                print(f"    {said}", flush=True)
    if results:
        print("\n".join(totals(results)))
    if given.json:
        given.json.write_text(json.dumps([plain(r) for r in results], indent=1) + "\n")


def arguments() -> argparse.Namespace:
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--clips", nargs="+", metavar="NAME", help="beginnings of names")
    ask.add_argument("--preset", default="balanced", choices=["fast", "balanced", "thorough"])
    ask.add_argument("--style", default="veil", choices=["veil", "solid", "mosaic", "blur"])
    ask.add_argument("--device", default="auto", help="what runs the detectors")
    ask.add_argument("--keep", type=Path, metavar="DIR", help="keep the redacted films and plans")
    ask.add_argument("--json", type=Path, metavar="FILE", help="everything, for comparing runs")
    ask.add_argument("--shared", type=Path, default=ROOT.parent / "shared", metavar="DIR")
    given = ask.parse_args()
    inside = given.keep is not None and given.keep.resolve().is_relative_to(ROOT)
    if inside and not given.keep.resolve().is_relative_to(ROOT / "build"):
        ask.error(f"{given.keep} would put footage into the repository; use a folder in build/")
    return given


def judged_film(clip: Clip, tool: Path, outputs: Path, settings: Settings) -> Result:
    made, plan = outputs / f"{clip.name}.mp4", outputs / f"{clip.name}.plan.json"
    bare = settings.model_copy(update={"verify": False})
    _, redacting = timed(lambda: redact(clip.path, made, bare, save_plan=plan, force=True))
    report, verifying = timed(
        lambda: verify(made, original=clip.path, plan=plan, device=settings.device)
    )
    before = scoring.of_clip(tool, clip.path, made, clip.truth)
    after: Score | None = before
    added = 0
    if report.findings:
        mended = outputs / f"{clip.name}.mended.mp4"
        again = outputs / f"{clip.name}.mended.plan.json"
        try:
            done = redact(clip.path, mended, settings, save_plan=again, force=True)
        except NotHandedOver as refused:
            done, after = refused.report, None
        else:
            after = scoring.of_clip(tool, clip.path, mended, clip.truth)
        added = 0 if done.other_eyes is None else done.other_eyes.added
    smallest = 0.0 if report.other_eyes is None else report.other_eyes.detector.smallest
    judged = tuple(judged_findings(report, clip, plan))
    return Result(
        clip.group, clip.name, judged, before, after, added, smallest, redacting, verifying
    )


def timed(work: Callable[[], Made]) -> tuple[Made, Cost]:
    cpu, wall = time.process_time(), time.monotonic()
    made = work()
    return made, Cost(time.process_time() - cpu, time.monotonic() - wall)


def judged_findings(report: Report, clip: Clip, plan: Path) -> Iterator[Judged]:
    if not report.findings:
        return
    source = VideoSource(probe(clip.path))
    frames = {frame.span.start: number for number, frame in enumerate(source.frames())}
    people, open_ = truth.people(clip.truth), truth.open_regions(clip.truth)
    covered = Covered(clip.path, plan)
    for finding in report.findings:
        yield Judged(finding, verdict(finding, frames, people, open_, covered))


def verdict(
    finding: Finding,
    frames: dict[int, int],
    people: dict[int, dict[int, Corners]],
    open_: dict[int, list[Corners]],
    covered: Covered,
) -> str:
    """What the ground truth says of a finding: true, unscored or false."""
    if finding.check != "eyes" or finding.at is None or finding.box is None:
        return "false"
    number = frames[finding.at]
    for places in people.values():
        face = places.get(number)
        if face and together(face, finding.box) and covered.share(number, face) <= 1 - BARE:
            return "true"
    inside = any(middle_within(finding.box, region) for region in open_.get(number, ()))
    return "unscored" if inside else "false"


def together(face: Corners, found: Corners) -> bool:
    """Is the middle of one in the other, and neither four times as wide as the other?"""
    a, b = Box(*face), Box(*found)
    alike = max(a.width, b.width) < 4 * min(a.width, b.width)
    return alike and (middle_within(face, found) or middle_within(found, face))


def middle_within(box: Corners, other: Corners) -> bool:
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return other[0] <= x < other[2] and other[1] <= y < other[3]


def line(result: Result) -> str:
    before, after = result.before, result.after
    left = "-" if after is None else str(after.exposed)
    over = "-" if after is None else f"{after.over:.2f}"
    cpu = result.verifying.cpu / result.redacting.cpu
    wall = result.verifying.wall / result.redacting.wall
    times = f"{result.verifying.cpu:.1f}/{result.redacting.cpu:.1f} {cpu:.2f}"
    return (
        f"{result.name[:20]:20s} {result.count('true'):4d} {result.count('unscored'):4d} "
        f"{result.count('false'):5d} | {before.faces:5d} {before.exposed:4d} {left:>5s} "
        f"{before.over:6.2f} {over:>6s} {result.added:5d} | {result.smallest:4.1f} "
        f"{times:>17s} {wall:5.2f}"
    )


def details(result: Result) -> Iterator[str]:
    for judged in result.judged:
        found = judged.finding
        box = "" if found.box is None else " ".join(f"{corner:.0f}" for corner in found.box)
        score = "" if found.score is None else f", score {found.score:.2f}"
        yield f"{judged.why:8s} {found.check} at {found.at}: {found.what} [{box}]{score}"
    if result.after is None:
        yield "not handed over"


def totals(results: Sequence[Result]) -> Iterator[str]:
    for group in truth.CLIP_SETS:
        some = [r for r in results if r.group == group]
        if not some:
            continue
        before = scoring.total(r.before for r in some)
        handed = [r.after for r in some if r.after is not None]
        after = scoring.total(handed)
        cpu = sum(r.verifying.cpu for r in some) / sum(r.redacting.cpu for r in some)
        wall = sum(r.verifying.wall for r in some) / sum(r.redacting.wall for r in some)
        found = ", ".join(
            f"{sum(r.count(why) for r in some)} {why}" for why in ("true", "unscored", "false")
        )
        yield (
            f"{group}: {found}; bare {before.exposed} -> {after.exposed} of {before.faces}; "
            f"over-redaction {before.over:.2f} -> {after.over:.2f} %; "
            f"{len(handed)} of {len(some)} handed over; "
            f"verify / redact {cpu:.2f} cpu, {wall:.2f} wall"
        )


def plain(result: Result) -> dict[str, object]:
    judged = [{"why": j.why, **j.finding.model_dump(mode="json")} for j in result.judged]
    told: dict[str, object] = {
        "group": result.group,
        "name": result.name,
        "findings": judged,
        "added": result.added,
        "smallest": result.smallest,
        "redact": asdict(result.redacting),
        "verify": asdict(result.verifying),
    }
    for name, score in (("before", result.before), ("after", result.after)):
        if score is not None:
            told[name] = {"bare": score.exposed, "faces": score.faces, "over": score.over}
    return told


if __name__ == "__main__":
    main()
