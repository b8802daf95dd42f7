"""Does a hidden face still lead to the person? Photos of known people, hidden in every style.

Four attackers name each hidden photo after one of the people; none has that photo among his own.
naive: clear photos of everybody and a face-recognition network. informed: he hides his photos the
same way before he compares. trained: he fits a classifier to what the network says of his hidden
photos. pixels: the same without the network, on the hidden pixels themselves.

First the whole program hides the photos as they are. Then every face is put into one and the same
scene before it is hidden, so that nothing but the face can lead to anybody: what a style keeps of
the surroundings (a veil is made from nothing else) helps in the first table, not in the second.

Needs a folder with photos, one folder a person (--shared), and the extra passerby[attack]; without
them it says SKIPPED and stops. Prints the tables as Markdown; --json FILE writes the figures.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from passerby import jobs
from passerby.core.errors import UsageError
from passerby.core.frame import Picture
from passerby.core.geometry import Box, Size
from passerby.core.ports import Embedder
from passerby.core.schedule import Region, Style
from passerby.detect.embedder import open_embedder
from passerby.jobs import doors
from passerby.plan import load, schedule_of
from passerby.redact import Paint
from passerby.redact.styles import BLUR_SHARE
from passerby.testing import ArrayFrame, Layout
from passerby.verify.portrait import portrait
from passerby.verify.reidentify import Rate, Shares, named_first, rate_over_people, recognised

Reals = NDArray[np.float32]
Hiding = Callable[[Picture, Box], Picture]

ROOT: Final = Path(__file__).resolve().parent.parent
SUFFIXES: Final = (".jpg", ".jpeg", ".png")
SHIFTS: Final = ((0.0, 0.0), (0.04, 0.0), (-0.03, 0.03), (0.0, -0.04))  # crops that are tried
SCENE: Final = Size(320, 384)
PLACE: Final = Box(64, 64, 256, 304)  # of the region in the scene
TILES: Final = 16  # the attacker who looks at pixels looks at so many each way
PARTS: Final = 60  # and at so many principal components of them
RIDGE: Final = 0.1
ATTACKERS: Final = ("naive", "informed", "trained", "pixels")


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo of person number `person`, and what is hidden in it."""

    path: Path
    person: int
    clear: Picture
    plan: Path
    region: Box


@dataclass(frozen=True, slots=True)
class Row:
    """What the attackers made of one way to hide. `scene`: all faces in one scene."""

    hiding: str
    scene: bool
    rates: dict[str, Rate]


def main() -> int:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    parser.add_argument("--seed", type=int, default=0, help="of the intervals and the scene")
    asked = parser.parse_args()
    folder = asked.shared / "data" / "heldin" / "identities"
    if not folder.is_dir():
        print(f"SKIPPED: no photos of known people under {asked.shared}")
        return 0
    try:
        embedder = open_embedder()
    except UsageError as error:
        print(f"SKIPPED: {error}")
        return 0
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        photos = known(folder, Path(name))
        people = np.array([photo.person for photo in photos])
        print(f"{len(photos)} photos of {people.max() + 1} people; {embedder.info.name}\n")
        rows = list(table(photos, people, embedder, Path(name), asked.seed))
    print(f"\nIntervals of 95 %, drawn over people. {time.monotonic() - started:.0f} s.")
    if asked.json:
        figures = [asdict(row) for row in rows]
        asked.json.write_text(json.dumps(figures, indent=1) + "\n")
    clear = next(row for row in rows if row.hiding == "nothing")
    if clear.rates["naive"].rate < 0.9:
        print("The embedder fails on clear photos: the tables prove nothing.")
        return 1
    return 0


def known(folder: Path, scratch: Path) -> list[Photo]:
    """Every photo in which Passerby finds a face, once, of people of whom there are two."""
    found: dict[str, list[tuple[Path, Picture, Path, Box]]] = {}
    seen: set[str] = set()
    for path in sorted(p for p in folder.glob("*/*") if p.suffix.lower() in SUFFIXES):
        source = doors.open_source(doors.look_at(path, jobs.Settings()))
        frame = next(source.frames())
        picture = frame.picture(frame.size)
        digest = hashlib.sha256(picture.tobytes()).hexdigest()
        if digest in seen:
            continue
        seen.add(digest)
        plan = scratch / f"{digest[:16]}.json"
        jobs.scan(path, jobs.Settings(), output=plan)
        schedule, _, _ = schedule_of(load(plan))
        regions = schedule.regions(frame.span)
        if regions:
            largest = max((region.box for region in regions), key=lambda box: box.area)
            found.setdefault(path.parent.name, []).append((path, picture, plan, largest))
    several = [rest for _, rest in sorted(found.items()) if len(rest) > 1]
    return [
        Photo(path, person, picture, plan, box)
        for person, rest in enumerate(several)
        for path, picture, plan, box in rest
    ]


def table(
    photos: Sequence[Photo], people: NDArray[np.intp], embedder: Embedder, scratch: Path, seed: int
) -> Iterator[Row]:
    clear = [photo.clear for photo in photos]
    regions = [photo.region for photo in photos]
    known_points = points(clear, regions, embedder)
    print(f"| hidden by | {' | '.join(ATTACKERS)} |\n|---|{'---|' * len(ATTACKERS)}")
    yield attacked("nothing", False, clear, regions, known_points, people, embedder, seed)
    for style in Style:
        hidden = [by_the_program(photo, style, scratch) for photo in photos]
        yield attacked(style, False, hidden, regions, known_points, people, embedder, seed)
    print(f"\n| in one scene | {' | '.join(ATTACKERS)} |\n|---|{'---|' * len(ATTACKERS)}")
    empty = scene(seed)
    placed = [put(empty, photo) for photo in photos]
    places = [PLACE] * len(photos)
    known_points = points(placed, places, embedder)
    for name, hide in hidings().items():
        hidden = [hide(picture, PLACE) for picture in placed]
        yield attacked(name, True, hidden, places, known_points, people, embedder, seed)


def attacked(
    hiding: str,
    in_scene: bool,
    hidden: Sequence[Picture],
    regions: Sequence[Box],
    known_points: Reals,
    people: NDArray[np.intp],
    embedder: Embedder,
    seed: int,
) -> Row:
    """`known_points` (n, shifts, d) of the clear pictures."""
    seen, flat = points(hidden, regions, embedder), pixels(hidden, regions)
    shares = {
        "naive": recognised(seen.mean(axis=1), known_points.mean(axis=1), people),
        "informed": recognised(seen.mean(axis=1), seen.mean(axis=1), people),
        "trained": classified(seen, people),
        "pixels": classified(flat, people),
    }
    rates = {name: rate_over_people(share, people, seed) for name, share in shares.items()}
    told = " | ".join(
        f"{100 * rate.rate:.0f} ({100 * rate.low:.0f}-{100 * rate.high:.0f})"
        for rate in rates.values()
    )
    print(f"| {hiding} | {told} |", flush=True)
    return Row(hiding, in_scene, rates)


def by_the_program(photo: Photo, style: Style, scratch: Path) -> Picture:
    """What anybody sees in the file that `redact` makes."""
    suffix = photo.path.suffix.lower().replace("jpeg", "jpg")
    output = scratch / f"hidden{suffix}"
    settings = jobs.Settings(style=style, verify=False)
    jobs.redact(photo.path, output, settings, plan=photo.plan, force=True)
    frame = next(doors.open_source(doors.look_at(output, jobs.Settings())).frames())
    return frame.picture(frame.size)


def scene(seed: int) -> Picture:
    """A smooth made-up background."""
    coarse = np.random.default_rng(seed).integers(40, 200, (6, 5, 3)).astype(np.uint8)
    smooth: Any = cv2.resize(coarse, (SCENE.width, SCENE.height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(smooth, np.uint8)


def put(empty: Picture, photo: Photo) -> Picture:
    """The photo's region, with what lies in it, in place of the scene's."""
    rows, cols = PLACE.cells(SCENE) or (slice(0), slice(0))
    size = cols.stop - cols.start, rows.stop - rows.start
    box = photo.region
    corners = np.array([[box.x0, box.y0], [box.x1, box.y0], [box.x0, box.y1]], np.float32)
    target = np.array([[0, 0], [size[0], 0], [0, size[1]]], np.float32)
    move = cv2.getAffineTransform(corners, target)
    whole = empty.copy()
    whole[rows, cols] = cv2.warpAffine(
        photo.clear, move, size, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE
    )
    return whole


def hidings() -> dict[str, Hiding]:
    """The styles at their strength, and some as weak as other programs offer them."""
    ours: dict[str, Hiding] = {style.value: painted(style) for style in Style}
    weak: dict[str, Hiding] = {
        "mosaic, 16 tiles across": tiled,
        "blur, 1/4 as strong": partial(blurred, share=0.25),
        "blur, 1/16 as strong": partial(blurred, share=0.0625),
    }
    return ours | weak


def painted(style: Style) -> Hiding:
    def hide(picture: Picture, region: Box) -> Picture:
        frame = ArrayFrame.of(picture, Layout.RGB)
        Paint().redact(frame, [Region(region, style, "face", 1)])
        return frame.picture(frame.size)

    return hide


def tiled(picture: Picture, region: Box) -> Picture:
    def tiles(part: Any) -> Any:
        small = cv2.resize(part, (16, 20), interpolation=cv2.INTER_AREA)
        return cv2.resize(small, part.shape[1::-1], interpolation=cv2.INTER_NEAREST)

    return inside(picture, region, tiles)


def blurred(picture: Picture, region: Box, *, share: float) -> Picture:
    sigma = BLUR_SHARE * share * min(region.width, region.height)
    return inside(picture, region, lambda part: cv2.GaussianBlur(part, (0, 0), sigma))


def inside(picture: Picture, region: Box, change: Callable[[Any], Any]) -> Picture:
    rows, cols = region.cells(Size(picture.shape[1], picture.shape[0])) or (slice(0), slice(0))
    whole = picture.copy()
    whole[rows, cols] = change(picture[rows, cols])
    return whole


def points(pictures: Sequence[Picture], regions: Sequence[Box], embedder: Embedder) -> Reals:
    """float32 (n, shifts, d): what the network says of each crop and of its mirror image."""
    made = []
    for picture, region in zip(pictures, regions, strict=True):
        crops = [portrait(picture, region, embedder.info.side, shift=shift) for shift in SHIFTS]
        both = embedder.embed([*crops, *(np.ascontiguousarray(crop[:, ::-1]) for crop in crops)])
        made.append((both[: len(crops)] + both[len(crops) :]) / 2)
    return np.stack(made)


def pixels(pictures: Sequence[Picture], regions: Sequence[Box]) -> Reals:
    """float32 (n, shifts, d): the strongest components of small pictures, light taken out."""
    crops = np.stack(
        [
            [portrait(picture, region, TILES, shift=shift) for shift in SHIFTS]
            for picture, region in zip(pictures, regions, strict=True)
        ]
    ).astype(np.float32)
    flat = crops.reshape(len(crops), len(SHIFTS), -1)
    flat -= flat.mean(axis=2, keepdims=True)
    flat /= np.linalg.norm(flat, axis=2, keepdims=True) + 1
    flat -= flat.mean(axis=(0, 1))
    _, _, axes = np.linalg.svd(flat.reshape(-1, flat.shape[2]), full_matrices=False)
    return np.asarray(flat @ axes[:PARTS].T, np.float32)


def classified(features: Reals, people: NDArray[np.intp]) -> Shares:
    """Linear discriminant analysis with a ridge, trained anew without each photo in turn.

    `features` (n, shifts, d); all shifts of the other photos train, the mean of the photo's own is
    named.
    """
    count, dims = int(people.max()) + 1, features.shape[2]
    features = features / (features.std() + 1e-6)
    distances = np.empty((len(people), count))
    for i in range(len(people)):
        rest = np.arange(len(people)) != i
        who = np.repeat(people[rest], features.shape[1])
        known_features = features[rest].reshape(-1, dims).astype(np.float64)
        means = np.stack([known_features[who == person].mean(axis=0) for person in range(count)])
        off = known_features - means[who]
        spread = off.T @ off / len(off)
        spread += np.eye(dims) * (RIDGE * np.trace(spread) / dims + 1e-4)
        away = means - features[i].mean(axis=0)
        distances[i] = np.sqrt((away * np.linalg.solve(spread, away.T).T).sum(axis=1))
    return named_first(distances, people)


if __name__ == "__main__":
    sys.exit(main())
