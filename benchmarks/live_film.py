"""A street that a camera films, with a planted face, and a judge who looks for it when published.

Forty seconds, over and over: nobody (a lamp flickers), one walker, a busy street (four walkers of
several sizes, a car with a plate). Every picture has a sensor's noise, and carries its own number
in soft patches along the lower edge, each bit and its opposite, far apart: blocks side by side are
taken for a plate, and then they are covered. Of each face that is whole enough the judge keeps the
detail that the camera sent, and compares: what is left of it in the published picture is 1 for a
bare face and about 0 for a covered one.
"""

from __future__ import annotations

import pickle
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Photos

VERSION: Final = 2  # of the film: another one is made anew
RATE: Final = 15
SECONDS: Final = 40
FRAMES: Final = RATE * SECONDS
SIZES: Final = {"720p15": (1280, 720), "1080p15": (1920, 1080)}
BITS: Final = 10
PATCH: Final = (24, 20)  # pixels from the lower edge, and each way
LIT: Final = (58.0, 120.0)  # on a road of about 82
LEFT: Final = 0.5  # of a face's detail: a cover leaves up to 0.3 by chance, a bare face 0.8 or more
LEAST: Final = 0.6  # of a face that is in the picture, or it is not judged
Picture = NDArray[np.uint8]
Box = tuple[int, int, int, int]  # x0, y0, x1, y1, half-open


@dataclass(frozen=True)
class Face:
    """Where the camera sent one, and its grey values as they were sent."""

    box: Box
    grey: Picture


@dataclass(frozen=True)
class Walker:
    """Height of the head in shares of the picture's, its path, and when (seconds)."""

    head: float
    y: float
    leaves: float
    begins: float
    ends: float
    mirrored: bool = False


WALKERS: Final = (
    Walker(0.13, 0.38, 1.15, 11.0, 23.0),
    Walker(0.11, 0.40, -0.15, 25.0, 37.0, mirrored=True),
    Walker(0.06, 0.46, 1.10, 24.5, 39.0),
    Walker(0.04, 0.48, -0.10, 26.0, 39.5, mirrored=True),
    Walker(0.18, 0.32, 1.15, 31.0, 39.0),
)


@dataclass
class Verdict:
    """On a whole published stream. `worst`: the most of a face's detail that was left."""

    pictures: int = 0
    curtains: int = 0
    torn: int = 0  # neither: the number can't be read
    judged: int = 0  # faces
    bare: int = 0
    bare_pictures: int = 0
    worst: float = 0.0
    bare_by_height: dict[int, list[int]] = field(default_factory=dict)  # bare, judged
    bare_at: list[int] = field(default_factory=list)  # numbers of pictures
    arrived: list[tuple[float, int]] = field(default_factory=list)  # seconds, number


def prepared(folder: Path, name: str, portrait: Path) -> Path:
    """The film's coded pictures for `live_camera.py`, made once; `faces_of` tells what is in it."""
    made = folder / f"{name}-{VERSION}.units"
    if not made.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        print(f"making the film {name}, once", file=sys.stderr)
        units = _coded(_pictures(*SIZES[name], portrait), *SIZES[name])
        _keep(folder / f"{name}-{VERSION}.faces", _sent(units, *SIZES[name]))
        _keep(made, units)
    return made


def faces_of(units: Path) -> list[list[Face]]:
    """For each picture of the film, the faces that are judged."""
    kept = pickle.loads(units.with_suffix(".faces").read_bytes())
    return [[Face(box, grey) for box, grey in faces] for faces in kept]


def judge(packets: Iterator[tuple[float, bytes]], faces: Sequence[Sequence[Face]]) -> Verdict:
    """Every picture of a published stream; `packets` with the time at which each arrived."""
    seen = Verdict()
    times = []
    coder: Any = av.CodecContext.create("h264", "r")
    coder.thread_count = 1
    for number, (at, data) in enumerate(packets):
        times.append(at)
        packet: Any = av.Packet(data)
        packet.pts = packet.dts = number
        try:
            frames = coder.decode(packet)
        except av.InvalidDataError:
            seen.torn += 1
            continue
        for frame in frames:
            _look(seen, np.asarray(frame.to_ndarray(format="gray"), np.uint8), times, frame, faces)
    return seen


def _look(
    seen: Verdict,
    grey: Picture,
    times: Sequence[float],
    frame: av.VideoFrame,
    faces: Sequence[Sequence[Face]],
) -> None:
    seen.pictures += 1
    if grey.std() < 3:
        seen.curtains += 1
        return
    number = number_of(grey)
    if number is None or number >= len(faces):
        seen.torn += 1
        return
    assert frame.pts is not None
    seen.arrived.append((times[frame.pts], number))
    before = seen.bare
    for face in faces[number]:
        x0, y0, x1, y1 = face.box
        left = likeness(grey[y0:y1, x0:x1], face.grey)
        seen.worst = max(seen.worst, left)
        its = seen.bare_by_height.setdefault((y1 - y0) // 10 * 10, [0, 0])
        its[1] += 1
        seen.judged += 1
        if left > LEFT:
            its[0] += 1
            seen.bare += 1
    if seen.bare > before:
        seen.bare_pictures += 1
        seen.bare_at.append(number)


def likeness(published: Picture, sent: Picture) -> float:
    """The correlation of what is finer than a tenth of the face. uint8 (h, w), both alike."""
    sigma = max(1.5, sent.shape[0] / 24)

    def detail(part: Picture) -> NDArray[np.float64]:
        some = part.astype(np.float64)
        return np.asarray(some - cv2.GaussianBlur(some, (0, 0), sigma))

    a, b = detail(published), detail(sent)
    power = float(np.sqrt((a * a).mean() * (b * b).mean()))
    return float((a * b).mean()) / power if a.std() >= 1 and power else 0.0


def number_of(grey: Picture) -> int | None:
    """Which picture of the film it is; None where the patches say no number."""
    lit = [float(grey[part].mean()) > sum(LIT) / 2 for part in _patches(*grey.shape)]
    bits, opposite = lit[:BITS], lit[BITS:]
    if any(a == b for a, b in zip(bits, opposite, strict=True)):
        return None
    return sum(bit << n for n, bit in enumerate(bits))


def _patches(height: int, width: int) -> Iterator[tuple[slice, slice]]:
    """Where the number is read: first all bits, then their opposites."""
    (up, side), count = PATCH, 2 * BITS
    for n in range(count):
        middle = (2 * n + 1) * width // (2 * count)
        yield slice(height - up, height - up + side), slice(middle - side // 2, middle + side // 2)


def _numbered(picture: NDArray[np.float32], number: int) -> None:
    """The patches, larger than what is read of them, without edges."""
    height = picture.shape[0]
    bits = [number >> n & 1 for n in range(BITS)]
    for bit, (rows, cols) in zip(
        [*bits, *(1 - b for b in bits)], _patches(*picture.shape[:2]), strict=True
    ):
        top, left, right = rows.start - 16, cols.start - 16, cols.stop + 16
        share = np.zeros((height - top, right - left, 1), np.float32)
        share[8:, 8:-8] = 1
        share = cv2.GaussianBlur(share, (0, 0), 4, borderType=cv2.BORDER_REPLICATE)[:, :, None]
        there = picture[top:, left:right]
        there += share * (LIT[bit] - there)


def _pictures(width: int, height: int, portrait: Path) -> Iterator[Picture]:
    rng = np.random.default_rng(5)
    street = _street(width, height, rng)
    noises = [rng.normal(0, 2.5, (height, width, 1)).astype(np.float32) for _ in range(24)]
    heads = [_head(portrait, round(w.head * height / 0.6), w.mirrored) for w in WALKERS]
    for number in range(FRAMES):
        now, picture = number / RATE, street.astype(np.float32)
        if now > 24:
            _car(picture, (now - 25) / 6)
        _lamp(picture, 1 + 0.02 * np.sin(now * 9))
        for walker, (head, mask) in zip(WALKERS, heads, strict=True):
            corner = _corner(walker, now, width, height)
            if corner is not None:
                _body(picture, corner, head.shape[0])
                _paste(picture, head, mask, corner)
        _numbered(picture, number)
        picture += np.roll(noises[rng.integers(24)], rng.integers(width), axis=1)
        whole: Picture = np.clip(picture, 0, 255).astype(np.uint8)
        yield whole


def _street(width: int, height: int, rng: np.random.Generator) -> Picture:
    """Houses with windows, a pavement, a road: still."""
    picture = np.zeros((height, width, 3), np.float32)
    picture[: height // 2] = (176, 186, 196)
    picture[height // 2 :] = (120, 118, 114)
    for n in range(7):
        x0, top = n * width // 7, int(height * rng.uniform(0.03, 0.15))
        wall = rng.uniform(90, 190, 3)
        cv2.rectangle(picture, (x0, top), (x0 + width // 7 - 4, height * 11 // 20), wall, -1)
        for row in range(3):
            for column in range(3):
                x, y = x0 + (column * 2 + 1) * width // 50, top + (row * 2 + 1) * height // 15
                cv2.rectangle(
                    picture, (x, y), (x + width // 60, y + height // 18), (60, 66, 74), -1
                )
    cv2.rectangle(picture, (0, height * 16 // 20), (width, height), (82, 82, 86), -1)
    for scale in (4, 16):
        rough = rng.normal(0, 6, (height // scale, width // scale, 3)).astype(np.float32)
        picture += cv2.resize(rough, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(picture, 0, 255).astype(np.uint8)


def _lamp(picture: NDArray[np.float32], factor: float) -> None:
    height, width = picture.shape[:2]
    picture[: height // 3, : width // 6] *= factor


def _car(picture: NDArray[np.float32], share: float) -> None:
    height, width = picture.shape[:2]
    x, y, long = int((share * 1.4 - 0.4) * width), height * 15 // 20, width // 4
    cv2.rectangle(picture, (x, y), (x + long, y + height // 8), (150, 40, 36), -1)
    cv2.rectangle(
        picture, (x + long // 6, y - height // 12), (x + long * 5 // 6, y), (52, 56, 62), -1
    )
    for wheel in (x + long // 5, x + long * 4 // 5):
        cv2.circle(picture, (wheel, y + height // 8), height // 24, (20, 20, 20), -1)
    plate = _plate(height // 7)
    top, left = y + height // 16, x + long // 2 - height // 14
    x0, x1 = max(0, left), min(width, left + plate.shape[1])
    if x0 < x1:
        picture[top : top + plate.shape[0], x0:x1] = plate[:, x0 - left : x1 - left]


def _plate(wide: int) -> Picture:
    plate: Picture = np.full((wide // 4, wide, 3), (240, 240, 236), np.uint8)
    at, size = (wide // 20, wide // 5), wide / 140
    cv2.putText(plate, "KA 4071", at, cv2.FONT_HERSHEY_SIMPLEX, size, (20, 20, 20), 2)
    return plate


def _head(portrait: Path, side: int, mirrored: bool) -> tuple[Picture, NDArray[np.float32]]:
    """Square pixels of the portrait, and how far each covers what is behind."""
    with Photos.open(portrait) as photo:
        head = np.asarray(photo.convert("RGB").crop((120, 20, 320, 220)).resize((side, side)))
    y, x = np.mgrid[0:side, 0:side] / side - 0.5
    round_ = np.clip((0.5 - np.hypot(x * 1.15, y)) * side / 4, 0, 1).astype(np.float32)[:, :, None]
    return (head[:, ::-1] if mirrored else head), round_


def _corner(walker: Walker, now: float, width: int, height: int) -> tuple[int, int] | None:
    if not walker.begins <= now <= walker.ends:
        return None
    share = (now - walker.begins) / (walker.ends - walker.begins)
    begins = 1 - walker.leaves
    side = walker.head * height / 0.6
    x = (begins + (walker.leaves - begins) * share) * width - side / 2
    return int(x), int(walker.y * height + np.sin(now * 6) * height / 200)


def _body(picture: NDArray[np.float32], corner: tuple[int, int], side: int) -> None:
    x, y = corner
    left, right = x + side // 5, x + side * 4 // 5
    cv2.rectangle(picture, (left, y + side * 4 // 5), (right, y + side * 5 // 2), (40, 52, 90), -1)
    cv2.rectangle(picture, (left, y + side * 5 // 2), (right, y + side * 4), (44, 40, 38), -1)


def _paste(
    picture: NDArray[np.float32],
    head: Picture,
    mask: NDArray[np.float32],
    corner: tuple[int, int],
) -> None:
    (x, y), side = corner, head.shape[0]
    left, right = max(0, x), min(picture.shape[1], x + side)
    if left < right:
        part = slice(left - x, right - x)
        there = picture[y : y + side, left:right]
        there += mask[:, part] * (head[:, part] - there)


def _coded(pictures: Iterator[Picture], width: int, height: int) -> list[tuple[bytes, bool]]:
    """As a camera codes: a key frame every second, no picture out of order, a limited rate."""
    coder: Any = av.CodecContext.create("libx264", "w")
    coder.width, coder.height, coder.pix_fmt = width, height, "yuv420p"
    coder.time_base = Fraction(1, RATE)
    coder.bit_rate = width * height * 4
    coder.thread_count = 1  # one slice a picture
    coder.options = {"preset": "veryfast", "tune": "zerolatency", "g": str(RATE)}
    made = []
    for number, picture in enumerate(pictures):
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts = number
        made += [(bytes(packet), bool(packet.is_keyframe)) for packet in coder.encode(frame)]
    return made


def _sent(units: Sequence[tuple[bytes, bool]], width: int, height: int) -> list[Any]:
    """The faces of each picture as the camera sends it, after its own coding."""
    coder: Any = av.CodecContext.create("h264", "r")
    coder.thread_count = 1
    sent: list[list[tuple[Box, Picture]]] = []
    for data, _ in units:
        for frame in coder.decode(av.Packet(data)):
            grey = np.asarray(frame.to_ndarray(format="gray"), np.uint8)
            boxes = _faces_at(len(sent) / RATE, width, height)
            sent.append([((a, b, c, d), grey[b:d, a:c].copy()) for a, b, c, d in boxes])
    return sent


def _faces_at(now: float, width: int, height: int) -> list[Box]:
    """Those of which enough is in the picture, and that no nearer walker hides."""
    found: list[Box] = []
    nearer: list[Box] = []
    for walker in reversed(WALKERS):  # who is drawn last stands before the others
        corner = _corner(walker, now, width, height)
        if corner is None:
            continue
        (x, y), side = corner, round(walker.head * height / 0.6)
        x0, x1 = max(0, x + side * 3 // 10), min(width, x + side * 7 // 10)
        box = x0, y + side * 15 // 100, x1, y + side * 3 // 4
        if x1 - x0 >= LEAST * side * 0.4 and not any(_touch(box, other) for other in nearer):
            found.append(box)
        nearer.append((x, y, x + side, y + side * 4))
    return found


def _touch(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _keep(path: Path, what: Any) -> None:
    part = path.with_suffix(".partial")
    part.write_bytes(pickle.dumps(what))
    part.replace(path)
