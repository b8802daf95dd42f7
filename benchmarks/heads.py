"""Heads without a face: how many are covered, and how much else, with `--heads` and without.

Films in which nobody shows a face are made from such with ground truth: an ellipse in the colour of
a helmet or of skin is painted over heads, over all of them, over every second person's, or from the
middle of the film on, as if they turned away at once. What counts is the place of the face as it
was marked: covered means nine tenths. Beside: the share of the picture that is covered beyond the
surroundings of marked faces, in which people who are truly seen from behind count as well.

    python benchmarks/heads.py [--preset thorough] [--clips c01 c05] [--shared DIR]

Columns: the film as it is, all heads painted, every second person's, from the middle on.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import av
import cv2
import numpy as np

import truth
from causes import Covered
from truth import Clip, Corners

ROOT = Path(__file__).resolve().parent.parent
WAYS: Final = ("as it is", "all", "every second", "from the middle")
COLOURS: Final = ((60, 50, 45), (150, 170, 200), (70, 75, 80), (120, 140, 175))  # BGR
HIDDEN: Final = 0.9
AROUND: Final = 0.3  # of a face's size on every side: hiding that is no mistake

People = dict[int, dict[int, Corners]]


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--preset", default="thorough", choices=["fast", "balanced", "thorough"])
    ask.add_argument("--clips", nargs="+", default=["c01", "c02", "c03", "c05", "c06", "c07"])
    ask.add_argument("--shared", type=Path, default=ROOT.parent / "shared", metavar="DIR")
    given = ask.parse_args()
    data = given.shared / "data" / "heldin"
    if not data.is_dir():
        print(f"SKIPPED: no footage with ground truth here (looked in {given.shared})")
        return
    print(f"preset {given.preset}; faces covered, and share of the picture covered beside faces")
    for clip in truth.clips(data, "faces-clips"):
        if not any(clip.name.startswith(name) for name in given.clips):
            continue
        for told in ("--no-heads", "--heads"):
            cells = [measured(clip, way, given.preset, told) for way in WAYS]
            print(f"{clip.name:18s} {told:10s} " + " | ".join(cells), flush=True)


def measured(clip: Clip, way: str, preset: str, told: str) -> str:
    everybody = truth.people(clip.truth)
    with tempfile.TemporaryDirectory() as folder:
        film, plan = clip.path, Path(folder) / "plan.json"
        if way != "as it is":
            film = Path(folder) / "film.mp4"
            painted(clip.path, film, everybody, way)
        command = [sys.executable, "-m", "passerby", "scan", str(film), "-q", "-o", str(plan)]
        subprocess.run([*command, "--preset", preset, told], check=True)
        covered = Covered(film, plan)
    shares = [
        covered.share(frame, place)
        for places in everybody.values()
        for frame, place in places.items()
    ]
    hidden = sum(share >= HIDDEN for share in shares) / max(1, len(shares))
    beside = np.mean([aside(covered, everybody, frame) for frame in range(len(covered))])
    return f"{hidden:6.1%} {beside:6.1%}"


def painted(source: Path, to: Path, everybody: People, way: str) -> None:
    """The film with heads painted over."""
    with av.open(str(source)) as film, av.open(str(to), "w") as container:
        shown = film.streams.video[0]
        frames = [frame.to_ndarray(format="bgr24") for frame in film.decode(shown)]
        stream = container.add_stream("libx264", rate=shown.average_rate)
        stream.width, stream.height, stream.pix_fmt = shown.width, shown.height, "yuv420p"
        stream.options = {"crf": "14", "preset": "veryfast"}
        for number, picture in enumerate(frames):
            if way != "from the middle" or number >= len(frames) // 2:
                for n, places in enumerate(everybody.values()):
                    if number in places and (way != "every second" or n % 2 == 0):
                        paint(picture, places[number], COLOURS[n % len(COLOURS)])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        container.mux(stream.encode())


def paint(picture: np.ndarray, face: Corners, colour: Sequence[int]) -> None:
    """A head: the marked face, and what is around it."""
    x0, y0, x1, y1 = face
    middle = round((x0 + x1) / 2), round(y0 + 0.45 * (y1 - y0))
    axes = max(2, round(0.72 * (x1 - x0))), max(2, round(0.8 * (y1 - y0)))
    cv2.ellipse(picture, middle, axes, 0, 0, 360, tuple(colour), -1, cv2.LINE_AA)


def aside(covered: Covered, everybody: People, frame: int) -> float:
    """Share of a frame, beyond the surroundings of faces, that is covered."""
    size = covered.size
    hidden, about = (np.zeros((size.height, size.width), bool) for _ in range(2))
    for box in covered.regions(frame):
        fill(hidden, box.corners)
    for places in everybody.values():
        if frame in places:
            x0, y0, x1, y1 = places[frame]
            wide, high = AROUND * (x1 - x0), AROUND * (y1 - y0)
            fill(about, (x0 - wide, y0 - high, x1 + wide, y1 + high))
    return float((hidden & ~about).sum() / max(1, (~about).sum()))


def fill(mask: np.ndarray, corners: Corners) -> None:
    x0, y0, x1, y1 = (max(0, round(edge)) for edge in corners)
    mask[y0:y1, x0:x1] = True


if __name__ == "__main__":
    main()
