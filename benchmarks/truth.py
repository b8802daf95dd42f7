"""Footage with ground truth: which sets there are, and where each person is in each frame."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Final

Corners = tuple[float, float, float, float]
CLIP_SETS: Final = ("faces-clips", "faces-hard")
PHOTO_SET: Final = "faces-photos"
VIDEO_SUFFIXES: Final = frozenset({".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".ts"})


@dataclass(frozen=True, slots=True)
class Clip:
    """A film and the file that says where its people are."""

    group: str
    path: Path
    truth: Path

    @property
    def name(self) -> str:
        return self.path.stem


def clips(data: Path, group: str) -> list[Clip]:
    """Every film of a set that has ground truth, by name."""
    found = []
    for truth in sorted((data / group).glob("*.gt.txt")):
        name = truth.name.removesuffix(".gt.txt")
        films = [p for p in (data / group).glob(f"{name}.*") if p.suffix.lower() in VIDEO_SUFFIXES]
        found += [Clip(group, film, truth) for film in films[:1]]
    return found


def people(truth: Path) -> dict[int, dict[int, Corners]]:
    """Person -> frame, counted from 0 -> x0, y0, x1, y1; those that are not scored, too."""
    where: dict[int, dict[int, Corners]] = defaultdict(dict)
    for line in truth.read_text().splitlines():
        fields = line.split(",")
        if len(fields) < 7 or (len(fields) > 7 and fields[7].strip() == "2"):
            continue
        x, y, w, h = map(float, fields[2:6])
        where[int(fields[1])][int(fields[0]) - 1] = (x, y, x + w, y + h)
    return where


def scored(truth: Path) -> dict[int, list[Corners]]:
    """Frame, counted from 0 -> the faces in it that count."""
    where: dict[int, list[Corners]] = defaultdict(list)
    for line in truth.read_text().splitlines():
        fields = line.split(",")
        if len(fields) < 7 or not float(fields[6]) or fields[7:8] == ["2"]:
            continue
        x, y, w, h = map(float, fields[2:6])
        where[int(fields[0]) - 1].append((x, y, x + w, y + h))
    return where


def open_regions(truth: Path) -> dict[int, list[Corners]]:
    """Frame, counted from 0 -> regions in which single faces can't be told apart."""
    where: dict[int, list[Corners]] = defaultdict(list)
    for line in truth.read_text().splitlines():
        fields = line.split(",")
        if len(fields) > 7 and fields[7].strip() == "2":
            x, y, w, h = map(float, fields[2:6])
            where[int(fields[0]) - 1].append((x, y, x + w, y + h))
    return where


def visits(frames: dict[int, Corners]) -> list[tuple[int, int]]:
    """First and last frame of each stretch in which a person is there without a gap."""
    stretches: list[tuple[int, int]] = []
    for frame in sorted(frames):
        if stretches and frame == stretches[-1][1] + 1:
            stretches[-1] = (stretches[-1][0], frame)
        else:
            stretches.append((frame, frame))
    return stretches


def split_photos(data: Path, to: Path) -> dict[str, Path]:
    """The photos as two sets that the scorer can read: boxes drawn by people, and the others.

    Only lists and a link to the pictures are written, to the folder `to`.
    """
    source = data / PHOTO_SET
    whole = json.loads((source / "annotations.json").read_text())
    parts = {"wv_*": True, "others": False}
    for name, wild in parts.items():
        folder = to / name.strip("_*")
        folder.mkdir(parents=True, exist_ok=True)
        images = [i for i in whole["images"] if i["file_name"].startswith("wv_") is wild]
        kept = {i["id"] for i in images}
        boxes = [a for a in whole["annotations"] if a["image_id"] in kept]
        part = {**whole, "images": images, "annotations": boxes}
        (folder / "annotations.json").write_text(json.dumps(part))
        link = folder / "images"
        if not link.exists():
            link.symlink_to((source / "images").resolve())
    return {name: to / name.strip("_*") for name in parts}
