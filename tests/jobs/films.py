"""Little films and photos made on the fly, and a finder that knows where to look in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image

from passerby.core.frame import Frame
from passerby.core.geometry import Box
from passerby.core.time import FOREVER, Ticks
from passerby.core.track import Key, Why
from passerby.jobs.finders import Finder
from passerby.jobs.report import DetectorUse

WIDTH, HEIGHT, SIDE = 192, 144, 40


def place(number: int) -> Box:
    """Where the thing to hide is in frame `number`."""
    x = 20 + 4 * (number % 24)
    return Box(x, 50, x + SIDE, 50 + SIDE)


def pictures(frames: int) -> Iterator[np.ndarray]:
    """Luma uint8 (HEIGHT, WIDTH): a still, soft background and a patch with detail that moves."""
    rows, cols = np.mgrid[:HEIGHT, :WIDTH]
    ground = 90 + 30 * np.sin(rows / 17) + 30 * np.cos(cols / 23)
    patch = np.random.default_rng(5).integers(0, 2, (SIDE // 4, SIDE // 4)) * 160 + 40
    for number in range(frames):
        luma = ground.copy()
        box = place(number)
        luma[int(box.y0) : int(box.y1), int(box.x0) : int(box.x1)] = np.kron(patch, np.ones((4, 4)))
        yield luma.clip(16, 235).astype(np.uint8)


def film(path: Path, frames: int = 12) -> Path:
    """Uncompressed Y4M, 25 frames a second: needs no encoder."""
    chroma = bytes([128]) * (WIDTH * HEIGHT // 2)
    body = b"".join(b"FRAME\n" + luma.tobytes() + chroma for luma in pictures(frames))
    path.write_bytes(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F25:1 C420\n".encode() + body)
    return path


def photo(path: Path) -> Path:
    """The film's first frame, with the suffix's format."""
    Image.fromarray(next(pictures(1))).convert("RGB").save(path)
    return path


class Knowing:
    """A follower that knows the place of the patch in every frame, `late` frames afterwards."""

    def __init__(self, late: int = 3, fails_at: int | None = None) -> None:
        self._late, self._fails_at = late, fails_at
        self._starts: list[Ticks] = []
        self._told = 0
        self._final_until = Ticks(-FOREVER)
        self.smallest, self.looks = 10.0, {"all": 0}

    def see(self, frame: Frame) -> None:
        if len(self._starts) == self._fails_at:
            raise RuntimeError("the detector broke")
        self._starts.append(frame.span.start)
        if len(self._starts) > self._late:
            self._final_until = self._starts[-self._late] if self._late else frame.span.end

    def finish(self) -> None:
        self._final_until = FOREVER

    @property
    def final_until(self) -> Ticks:
        return self._final_until

    def take(self) -> Sequence[tuple[int, str, Key]]:
        ready = []
        while self._told < len(self._starts) and self._starts[self._told] < self._final_until:
            key = Key(self._starts[self._told], place(self._told), Why.SEEN, 0.9)
            ready.append((1, "face", key))
            self._told += 1
        return ready


USED = DetectorUse(
    name="knowing.v1",
    family="knowing",
    kind="face",
    sha256="0" * 64,
    runtime="none",
    licence="none",
    thresholds={"seed": 0.5},
    smallest=10,
)


def finder(**how: int) -> Callable[..., Finder]:
    """What `finders.video_finder` and `photo_finder` are replaced with."""
    return lambda *_: Finder((Knowing(**how),), Fraction(1), lambda: (USED,))
