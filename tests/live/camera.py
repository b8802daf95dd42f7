"""A camera on loopback, what it films, and who receives what is published.

The film: a portrait walks in from the left, across and out, over a street that stands still. Along
the lower edge each picture carries its own number in black and white blocks, and their opposite, so
that a published picture says which one it was, or that it is a curtain.
"""

from __future__ import annotations

import pickle
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, cached_property
from pathlib import Path
from typing import Final

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

PYTHON: Final = "/usr/bin/python3"
SCRIPT: Final = Path(__file__).with_name("rtsp_server.py")
FPS: Final = 12
FRAMES: Final = 60
SIDE: Final = 160  # pixels of the portrait
BITS: Final = 8
Picture = NDArray[np.uint8]


def needs_rtsp() -> None:
    """Skip where GStreamer's RTSP server is not installed."""
    if not _has_rtsp():
        pytest.skip("GStreamer's RTSP server is not installed (make programs, as root)")


@cache
def _has_rtsp() -> bool:
    asked = "import gi; gi.require_version('GstRtspServer', '1.0')"
    return (
        Path(PYTHON).exists()
        and not subprocess.run(
            [PYTHON, "-c", asked], check=False, capture_output=True, timeout=60
        ).returncode
    )


@dataclass(frozen=True)
class Film:
    """Pictures (RGB), and where the portrait's face is in each: x0, y0, x1, y1, cut at the edge."""

    pictures: list[Picture]
    faces: list[tuple[int, int, int, int]]

    @classmethod
    def of(cls, portrait: Image.Image, width: int = 640, height: int = 360) -> Film:
        face = np.asarray(portrait.convert("RGB").resize((SIDE, SIDE)))
        rng = np.random.default_rng(7)
        rough = rng.integers(60, 190, (height // 20, width // 20, 3)).astype(np.uint8)
        street = cv2.resize(rough, (width, height), interpolation=cv2.INTER_LINEAR)
        pictures, faces = [], []
        for number in range(FRAMES):
            picture: Picture = np.array(street, np.uint8)
            x = -SIDE + number * (width + SIDE) // (FRAMES - 8)
            y = (height - SIDE) // 3
            left, right = max(0, x), min(width, x + SIDE)
            if left < right:
                picture[y : y + SIDE, left:right] = face[:, left - x : right - x]
            part = (x + SIDE * 3 // 10, x + SIDE * 7 // 10)
            faces.append(
                (max(0, part[0]), y + SIDE * 15 // 100, min(width, part[1]), y + SIDE * 3 // 4)
            )
            pictures.append(numbered(picture, number))
        return cls(pictures, faces)

    def units(self) -> list[tuple[bytes, bool]]:
        """Coded as cameras do: a key frame a second, no picture out of order."""
        return self._coded

    @cached_property
    def _coded(self) -> list[tuple[bytes, bool]]:
        height, width = self.pictures[0].shape[:2]
        coder = av.CodecContext.create("libx264", "w")
        assert isinstance(coder, av.VideoCodecContext)
        coder.width, coder.height, coder.pix_fmt = width, height, "yuv420p"
        coder.time_base = Fraction(1, FPS)
        coder.options = {"preset": "veryfast", "tune": "zerolatency", "crf": "20", "g": str(FPS)}
        made = []
        for number, picture in enumerate(self.pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = number
            made += [(bytes(p), p.is_keyframe) for p in coder.encode(frame)]
        return made

    def write(self, path: Path) -> None:
        """As a file."""
        height, width = self.pictures[0].shape[:2]
        with av.open(str(path), "w") as out:
            video = out.add_stream("libx264", rate=FPS, options={"preset": "veryfast"})
            assert isinstance(video, av.VideoStream)
            video.width, video.height, video.pix_fmt = width, height, "yuv420p"
            for picture in self.pictures:
                out.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            out.mux(video.encode())


def _blocks(height: int, width: int) -> Iterator[tuple[slice, slice]]:
    side = width // (2 * BITS)
    for n in range(2 * BITS):
        yield slice(height - 24, height), slice(n * side, (n + 1) * side)


def numbered(picture: Picture, number: int) -> Picture:
    bits = [number >> n & 1 for n in range(BITS)]
    for bit, (rows, cols) in zip(
        [*bits, *(1 - b for b in bits)], _blocks(*picture.shape[:2]), strict=True
    ):
        picture[rows, cols] = 235 if bit else 20
    return picture


def number_of(picture: Picture) -> int | None:
    """Which picture of the film this was; None for a curtain. Fails for anything in between."""
    if picture.std() < 3:
        return None
    light = [
        float(picture[rows, cols][6:-6, 6:-6].mean()) - 127
        for rows, cols in _blocks(*picture.shape[:2])
    ]
    number = 0
    for n, (bit, opposite) in enumerate(zip(light[:BITS], light[BITS:], strict=True)):
        sure = [value for value in (bit, -opposite) if abs(value) > 50]  # one may be covered
        assert sure, "neither film nor curtain"
        assert len({value > 0 for value in sure}) == 1, "neither film nor curtain"
        number |= (sure[0] > 0) << n
    return number


def likeness(published: Picture, original: Picture, face: tuple[int, int, int, int]) -> float:
    """How much of the face's own detail is left: 1 for the same picture, about 0 for none."""
    x0, y0, x1, y1 = face

    def detail(picture: Picture) -> NDArray[np.float64]:
        grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float64)
        return np.asarray(grey - cv2.GaussianBlur(grey, (0, 0), 4))[y0:y1, x0:x1]

    a, b = detail(published), detail(original)
    if a.std() < 1:
        return 0.0
    return float((a * b).mean() / np.sqrt((a * a).mean() * (b * b).mean()))


@dataclass(frozen=True)
class Seen:
    """What a receiver saw: which pictures were published, how many were curtains."""

    numbers: list[int]
    curtains: int
    worst: float  # the most of a face's detail that was left anywhere


def judged(pictures: list[Picture], film: Film) -> Seen:
    """Each published picture against the one that it was. `film` in the published size."""
    numbers, curtains, worst = [], 0, 0.0
    for picture in pictures:
        number = number_of(picture)
        if number is None:
            curtains += 1
            continue
        numbers.append(number)
        x0, y0, x1, y1 = film.faces[number]
        if x1 - x0 > SIDE / 5:  # half a face
            worst = max(worst, likeness(picture, film.pictures[number], (x0, y0, x1, y1)))
    return Seen(numbers, curtains, worst)


def _rgb(frame: av.VideoFrame) -> Picture:
    return np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)


def decoded(path: Path) -> list[Picture]:
    """Every picture of a file or playlist; a torn end is left out."""
    pictures = []
    with av.open(str(path)) as container, suppress(av.FFmpegError):
        pictures += [_rgb(frame) for frame in container.decode(video=0)]
    return pictures


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """A camera or a server in a process of its own, that can be killed, frozen and started anew."""

    def __init__(self, *arguments: str, port: int) -> None:
        self._arguments, self.port = arguments, port
        self.url = f"rtsp://127.0.0.1:{port}/cam"
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        what, *more = self._arguments
        self.process = subprocess.Popen(
            [PYTHON, str(SCRIPT), what, str(self.port), *more],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline().strip() == "ready"

    def say(self, word: str) -> None:
        assert self.process is not None
        assert self.process.stdin is not None
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()

    def signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            for pipe in (self.process.stdin, self.process.stdout):
                if pipe is not None:
                    pipe.close()
        self.process = None


@contextmanager
def camera(folder: Path, *films: Film, login: str = "", lost: float = 0) -> Iterator[Server]:
    """An RTSP camera that films `films[0]` over and over; `say("next")` goes on to the next.

    `lost`: the share of its packets that never arrive.
    """
    units = folder / "units.pickle"
    units.write_bytes(pickle.dumps([film.units() for film in films]))
    server = Server("camera", str(units), str(FPS), login, str(lost), port=free_port())
    server.start()
    try:
        yield server
    finally:
        server.kill()
        units.unlink(missing_ok=True)


class Tap:
    """Takes MPEG-TS over TCP, as often as somebody connects, into a file."""

    def __init__(self, path: Path) -> None:
        self.path, self.connections, self.bytes = path, 0, 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"tcp://127.0.0.1:{self._listener.getsockname()[1]}"
        self._paths: list[Path] = []
        self._open = False
        threading.Thread(target=self._take, daemon=True).start()

    def _take(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                path = self.path.with_name(f"{self.path.stem}-{self.connections}.ts")
                self._paths.append(path)
                self._open = True
                with connection, path.open("wb") as file:
                    while data := connection.recv(1 << 16):
                        file.write(data)
                        self.bytes += len(data)
                self._open = False

    def pictures(self) -> list[Picture]:
        """All that came; to be asked once whoever sends has ended."""
        until = time.monotonic() + 10
        while self._open and time.monotonic() < until:
            time.sleep(0.05)
        return [picture for path in self._paths for picture in decoded(path)]

    def close(self) -> None:
        self._listener.close()


@contextmanager
def tapped(folder: Path) -> Iterator[Tap]:
    tap = Tap(folder / "taken.ts")
    try:
        yield tap
    finally:
        tap.close()


def live(*arguments: str, code: str = "", **more: str) -> subprocess.Popen[str]:
    """`passerby live` as a person starts it; `code` runs before it, to make something go wrong."""
    program = (
        ["-m", "passerby"]
        if not code
        else ["-c", f"{code}\nfrom passerby.apps.cli import main\nmain()"]
    )
    import os

    return subprocess.Popen(
        [sys.executable, *program, "live", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | more,
    )


class Watched:
    """A running `passerby live --status json`: its last status, from a thread of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process, self.last, self.lines = process, dict[str, object](), list[str]()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        import json

        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            self.last = json.loads(line)

    def __getitem__(self, name: str) -> int:
        value = self.last.get(name, 0)
        assert isinstance(value, int)
        return value

    def until(self, told: str, most: float = 25.0) -> float:
        """Wait until the status fulfils `told`, a condition on its fields; seconds it took."""
        begun = time.monotonic()
        while time.monotonic() - begun < most:
            if self.last and eval(told, {}, self.last):
                return time.monotonic() - begun
            assert self.process.poll() is None, self.process.stderr and self.process.stderr.read()
            time.sleep(0.05)
        raise AssertionError(f"not {told} within {most} s: {self.last}")

    def end(self) -> tuple[int, str]:
        """Ask it to end: its exit code and what it said."""
        self.process.terminate()
        assert self.process.stderr is not None
        code = self.process.wait(30)
        said = self.process.stderr.read()
        self._reader.join(5)
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()
        return code, said
