"""Whom a live stream leaves bare where it gives way to load: no clock, films with ground truth.

Under load a live stream publishes less detail, and looks at less. Each film is looked at as live
would with half a second of delay, in full detail and halved once, twice and three times. A face is
bare if less than half of it is covered; only those are counted that are published 7 pixels high or
more, for of smaller ones nobody can tell whose they are.

Needs the folder with footage that `leaks.py` needs.
"""

from __future__ import annotations

import argparse
from collections import deque
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import truth
from passerby.core.frame import Frame
from passerby.core.geometry import Box
from passerby.core.schedule import Region
from passerby.jobs import Settings, doors
from passerby.jobs.account import policy_of
from passerby.jobs.finders import video_finder
from passerby.plan import FollowingPlanner

ROOT: Final = Path(__file__).resolve().parent.parent
HORIZON: Final = Fraction(3, 10)  # seconds: six tenths of the default delay
LEAST: Final = 7.0  # pixels, as published
HALF: Final = 0.5  # of a face
LEVELS: Final = (0, 1, 2, 3)


@dataclass
class Count:
    faces: int = 0
    bare: int = 0

    def told(self) -> str:
        return f"{self.bare:>6d} {self.faces:>6d}"


def main() -> None:
    given = arguments()
    data = given.shared / "data" / "heldin"
    films = [clip for group in truth.CLIP_SETS for clip in truth.clips(data, group)]
    films = [f for f in films if not given.clips or f.name.startswith(tuple(given.clips))]
    if not films:
        print(f"SKIPPED: no footage with ground truth here (looked in {given.shared})")
        return
    print(f"preset {given.preset}; bare, and faces published {LEAST:g} pixels high or more")
    print(f"{'halved':22s}" + "".join(f"{level:>14d}" for level in LEVELS), flush=True)
    totals = {level: Count() for level in LEVELS}
    for film in films:
        row = f"{film.name:22s}"
        for level in LEVELS:
            count = looked_at(film, level, given.preset)
            totals[level].faces += count.faces
            totals[level].bare += count.bare
            row += " " + count.told()
        print(row, flush=True)
    print(f"{'total':22s}" + "".join(" " + totals[level].told() for level in LEVELS))


def arguments() -> argparse.Namespace:
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--clips", nargs="+", default=[], metavar="NAME", help="beginnings of names")
    ask.add_argument("--preset", choices=("fast", "balanced", "thorough"), default="balanced")
    ask.add_argument("--shared", type=Path, default=ROOT.parent / "shared", metavar="DIR")
    return ask.parse_args()


def looked_at(film: truth.Clip, halvings: int, preset: str) -> Count:
    """All of one film, as a live stream of it would be hidden."""
    settings = Settings(preset=preset, hide=("faces",))
    card = doors.look_at(film.path, settings)
    source = doors.open_source(card, settings)
    count, waiting = Count(), deque[tuple[Frame, list[Box]]]()
    faces = truth.scored(film.truth)
    planner: FollowingPlanner | None = None
    for number, frame in enumerate(source.frames()):
        if planner is None:
            finder = video_finder(settings, source.clock, frame.size, horizon=HORIZON)
            planner = FollowingPlanner(finder.followers, policy_of(settings))
            if halvings:
                finder.coarser(halvings, 1)
        planner.see(frame)
        waiting.append((frame, [Box(*face) for face in faces.get(number, [])]))
        _settle(planner, waiting, count, halvings)
    if planner is not None:
        planner.finish()
        _settle(planner, waiting, count, halvings)
    return count


def _settle(
    planner: FollowingPlanner,
    waiting: deque[tuple[Frame, list[Box]]],
    count: Count,
    halvings: int,
) -> None:
    """Counts in all frames that are final."""
    schedule = planner.schedule
    while waiting and waiting[0][0].span.end <= schedule.final_until:
        frame, faces = waiting.popleft()
        regions = schedule.regions(frame.span)
        for face in faces:
            if face.height / 2**halvings >= LEAST:
                count.faces += 1
                count.bare += max((_share(face, r) for r in regions), default=0.0) < HALF


def _share(face: Box, region: Region) -> float:
    """How much of a face a region covers."""
    wide = min(face.x1, region.box.x1) - max(face.x0, region.box.x0)
    high = min(face.y1, region.box.y1) - max(face.y0, region.box.y0)
    return max(0.0, wide) * max(0.0, high) / face.area


if __name__ == "__main__":
    main()
