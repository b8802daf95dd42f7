"""The scorer, in a process of its own, and what it said."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SMALL = 16.0  # pixels: faces from here on are counted apart


@dataclass(frozen=True, slots=True)
class Leak:
    """One face of one person in one frame that can still be seen.

    `frame` counts from 0; in a photo it is 0, and `photo` names the file.
    """

    person: int
    frame: int
    size: float
    box: tuple[float, float, float, float]  # x0, y0, x1, y1
    photo: str = ""


@dataclass(frozen=True, slots=True)
class Score:
    """What the scorer said about one film, or about a folder of photos."""

    faces: int
    exposed: int
    partial: int
    large: int  # faces of SMALL px and more
    large_exposed: int
    people: int
    bare_once: int
    bare_thrice: int
    by_size: dict[str, tuple[int, int]]  # faces, exposed
    over: float  # per cent
    frames: int
    frames_made: int
    missing: tuple[str, ...]
    leaks: tuple[Leak, ...]


def of_clip(tool: Path, clip: Path, redacted: Path, truth: Path) -> Score:
    return _scored(tool, ["clip", str(clip), str(redacted), str(truth)])


def of_photos(tool: Path, photos: Path, redacted: Path) -> Score:
    return _scored(tool, ["photos", str(photos), str(redacted)])


def read(summary: dict[str, Any], rows: Iterable[dict[str, Any]]) -> Score:
    """From the scorer's own JSON."""
    rows = list(rows)
    large = [row for row in rows if row["size"] >= SMALL]
    return Score(
        faces=summary["instances"],
        exposed=summary["exposed"],
        partial=summary["partial"],
        large=len(large),
        large_exposed=sum(row["exposed"] for row in large),
        people=summary["tracks"],
        bare_once=summary["tracks_exposed_1"],
        bare_thrice=summary["tracks_exposed_3"],
        by_size={k: (v["n"], v["exposed"]) for k, v in summary["by_size"].items()},
        over=summary["over_redaction_pct"],
        frames=summary.get("frames", 0),
        frames_made=summary.get("redacted_frames", 0),
        missing=tuple(summary.get("missing", ())),
        leaks=tuple(_leak(row) for row in rows if row["exposed"]),
    )


def total(scores: Iterable[Score]) -> Score:
    """Several films as one; over-redaction is their mean."""
    scores = list(scores)
    sizes: dict[str, tuple[int, int]] = {}
    for score in scores:
        for name, (faces, exposed) in score.by_size.items():
            before = sizes.get(name, (0, 0))
            sizes[name] = (before[0] + faces, before[1] + exposed)

    def added(field: str) -> int:
        return sum(getattr(score, field) for score in scores)

    return Score(
        faces=added("faces"),
        exposed=added("exposed"),
        partial=added("partial"),
        large=added("large"),
        large_exposed=added("large_exposed"),
        people=added("people"),
        bare_once=added("bare_once"),
        bare_thrice=added("bare_thrice"),
        by_size=dict(sorted(sizes.items(), key=lambda entry: int(entry[0].split("-")[0]))),
        over=sum(score.over for score in scores) / max(1, len(scores)),
        frames=added("frames"),
        frames_made=added("frames_made"),
        missing=tuple(name for score in scores for name in score.missing),
        leaks=tuple(leak for score in scores for leak in score.leaks),
    )


def _scored(tool: Path, arguments: list[str]) -> Score:
    with tempfile.TemporaryDirectory() as folder:
        summary, rows = Path(folder, "summary.json"), Path(folder, "rows.jsonl")
        command = [sys.executable, str(tool), *arguments]
        command += ["--json", str(summary), "--instances", str(rows)]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"the scorer failed:\n{done.stderr.strip()[-2000:]}")
        lines = rows.read_text().splitlines()
        return read(json.loads(summary.read_text()), (json.loads(line) for line in lines if line))


def _leak(row: dict[str, Any]) -> Leak:
    x, y, w, h = row["box"]
    photo = row["frame"] if isinstance(row["frame"], str) else ""
    frame = 0 if photo else row["frame"] - 1
    return Leak(int(row["id"]), frame, float(row["size"]), (x, y, x + w, y + h), photo)
