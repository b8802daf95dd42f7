"""What goes wrong around a camera: nothing of a face is published, and it comes back by itself."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from PIL import Image
from tests.live.camera import (
    FPS,
    Film,
    Picture,
    Server,
    Tap,
    Watched,
    camera,
    decoded,
    free_port,
    judged,
    live,
    needs_rtsp,
    number_of,
    tapped,
)

pytestmark = pytest.mark.slow
LEFT = 0.5  # of a face's detail: see test_camera.py
TORN = 0.01  # of a picture: turned bits now and then make a block or two that no decoder can tell
FACE = (120, 20, 320, 220)


@pytest.fixture(scope="module")
def face(astronaut: Path) -> Image.Image:
    with Image.open(astronaut) as image:
        return image.convert("RGB").crop(FACE)


@pytest.fixture(scope="module")
def film(face: Image.Image) -> Film:
    return Film.of(face)


@pytest.fixture
def tap(tmp_path: Path) -> Iterator[Tap]:
    with tapped(tmp_path) as there:
        yield there


@contextmanager
def watched(source: str, *more: str) -> Iterator[Watched]:
    """Ended in order by whoever asks for it; killed if not."""
    running = Watched(live(source, *more, "--preset", "fast", "--status", "json"))
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.process.kill()
            running.end()


def ended(running: Watched) -> None:
    code, said = running.end()
    assert code == 0, said


def more_shown(running: Watched, count: int = 10) -> float:
    before = running["shown"]
    return running.until(f"shown >= {before + count}", 40)


def torn(pictures: Sequence[Picture], film: Film) -> float:
    """The largest share of a published picture, away from the face, that is not the film's."""
    worst = 0.0
    for picture in pictures:
        number = number_of(picture)
        if number is not None:
            x0, y0, x1, y1 = film.faces[number]
            other = cv2.absdiff(picture, film.pictures[number]).max(axis=2) > 60
            other[max(0, y0 - 60) : y1 + 60, max(0, x0 - 60) : max(0, x1 + 60)] = False
            worst = max(worst, float(other.mean()))
    return worst


class Damaged(Film):
    """Some of its coded pictures arrive with bits turned over; key frames are left whole."""

    def units(self) -> list[tuple[bytes, bool]]:
        rng = np.random.default_rng(3)
        made = []
        for number, (data, key) in enumerate(super().units()):
            harmed = bytearray(data)
            if not key and number % 4 == 1:
                for at in rng.integers(len(data) // 4, len(data), 6):
                    harmed[at] ^= 1 << int(rng.integers(8))
            made.append((bytes(harmed), key))
        return made


def test_packets_that_are_lost_leave_no_piece_of_a_face(
    tmp_path: Path, film: Film, tap: Tap
) -> None:
    needs_rtsp()
    with (
        camera(tmp_path, film, lost=0.01) as server,
        watched(server.url, "--transport", "udp", "--to", tap.url) as running,
    ):
        running.until("covered >= 10 and shown >= 20 and broken >= 2", 40)
        ended(running)
    pictures = tap.pictures()
    seen = judged(pictures, film)
    assert seen.worst < LEFT
    print(f"torn at most {torn(pictures, film):.2%}")
    assert torn(pictures, film) < TORN
    assert seen.curtains >= 10
    assert len(seen.numbers) >= 20


def test_bits_that_are_turned_over_leave_no_piece_of_a_face(
    tmp_path: Path, film: Film, tap: Tap
) -> None:
    needs_rtsp()
    damaged = Damaged(film.pictures, film.faces)
    with (
        camera(tmp_path, damaged) as server,
        watched(server.url, "--to", tap.url) as running,
    ):
        running.until("covered >= 20 and came >= 80 and broken >= 2", 40)
        ended(running)
    pictures = tap.pictures()
    seen = judged(pictures, film)
    assert seen.worst < LEFT
    print(f"torn at most {torn(pictures, film):.2%}")
    assert torn(pictures, film) < TORN
    assert seen.curtains >= 20


class Clocked:
    """A camera by MPEG-TS whose clock can be set: `leap` seconds from the next picture on."""

    def __init__(self, film: Film) -> None:
        self._units, self.leap = film.units(), 0.0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"tcp://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError, av.FFmpegError):
            while True:
                connection, _ = self._listener.accept()
                with connection, connection.makefile("wb", buffering=0) as pipe:
                    self._film(pipe)

    def _film(self, pipe: object) -> None:
        options = {"mpegts_copyts": "1", "fflags": "+flush_packets", "avoid_negative_ts": "0"}
        with suppress(OSError, av.FFmpegError), av.open(pipe, "w", "mpegts", options) as out:
            stream = out.add_mux_stream("h264", rate=FPS, width=640, height=360)
            begun = time.monotonic()
            for n in range(10**6):
                time.sleep(max(0.0, begun + n / FPS - time.monotonic()))
                data, key = self._units[n % len(self._units)]
                packet = av.Packet(data)
                packet.time_base, packet.stream, packet.is_keyframe = Fraction(1, 1000), stream, key
                packet.pts = packet.dts = round(1000 * (500 + n / FPS + self.leap))
                out.mux_one(packet)

    def close(self) -> None:
        self._listener.close()


def test_a_clock_that_leaps_shows_nobody(film: Film, tap: Tap) -> None:
    clocked = Clocked(film)
    with watched(clocked.url, "--to", tap.url) as running:
        running.until("shown >= 20", 40)
        for leap in (120.0, 125.0):
            sections = running["sections"]
            clocked.leap = leap
            print(f"{leap:g} s: anew after {running.until(f'sections > {sections}'):.1f} s", end="")
            print(f", shown after {more_shown(running):.1f} s")
        ended(running)
    clocked.close()
    seen = judged(tap.pictures(), film)
    assert seen.worst < LEFT
    assert len(seen.numbers) >= 40


SPIN = """
import os, sys, time
os.sched_setaffinity(0, {int(sys.argv[1])})
until = time.monotonic() + 5
while time.monotonic() < until: pass
"""


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="Linux only")
def test_a_process_that_is_starved_shows_nobody(tmp_path: Path, film: Film, tap: Tap) -> None:
    needs_rtsp()
    with camera(tmp_path, film) as server, watched(server.url, "--to", tap.url) as running:
        running.until("shown >= 20", 40)
        running.process.send_signal(signal.SIGSTOP)
        time.sleep(2)
        running.process.send_signal(signal.SIGCONT)
        print(f"stopped for 2 s: shown after {more_shown(running):.1f} s", end="")
        pid, cpu = running.process.pid, min(os.sched_getaffinity(0))
        for task in Path(f"/proc/{pid}/task").iterdir():
            with suppress(OSError):
                os.sched_setaffinity(int(task.name), {cpu})
        command = [sys.executable, "-c", SPIN, str(cpu)]
        spinners = [subprocess.Popen(command) for _ in range(2)]
        assert [spinner.wait(60) for spinner in spinners] == [0, 0]
        print(f"; a third of one core: shown after {more_shown(running):.1f} s more")
        ended(running)
    assert judged(tap.pictures(), film).worst < LEFT


def test_a_server_that_goes_away_is_published_to_again(tmp_path: Path, film: Film) -> None:
    needs_rtsp()
    taken = tmp_path / "there.ts"
    target = Server("server", str(taken), port=free_port())
    target.start()
    try:
        with (
            camera(tmp_path, film) as server,
            watched(server.url, "--to", target.url) as running,
        ):
            its = "list(targets.values())[0]"
            running.until(f"{its}['sent'] >= 30 and shown >= 30", 40)
            target.kill()
            lost = running.until(f"{its}['state'] == 'lost'")
            shutil.move(taken, tmp_path / "before.ts")
            target.start()
            back = running.until(f"{its}['state'] == 'open'", 40)
            more_shown(running, 20)
            ended(running)
        time.sleep(0.5)
    finally:
        target.kill()
    print(f"lost after {lost:.1f} s, back {back:.1f} s after the server")
    for path, least in ((tmp_path / "before.ts", 10), (taken, 10)):
        seen = judged(decoded(path), film)
        assert len(seen.numbers) >= least
        assert seen.worst < LEFT


@pytest.mark.parametrize("kind", ["rtsp", "rtmp"])
def test_a_server_that_takes_the_connection_and_says_nothing_holds_up_nobody_else(
    tmp_path: Path, film: Film, tap: Tap, kind: str
) -> None:
    needs_rtsp()
    with socket.create_server(("127.0.0.1", 0)) as silent, camera(tmp_path, film) as server:
        url = f"{kind}://127.0.0.1:{silent.getsockname()[1]}/live/there"
        with watched(server.url, "--to", url, "--to", tap.url) as running:
            running.until("shown >= 20", 40)
            lost = running.until("list(targets.values())[0]['reconnects'] >= 1")
            print(f"lost after {lost:.1f} s, shown after {more_shown(running, 20):.1f} s", end="")
            begun = time.monotonic()
            ended(running)
            print(f", ended in {time.monotonic() - begun:.1f} s")
    seen = judged(tap.pictures(), film)
    assert seen.worst < LEFT
    assert len(seen.numbers) >= 40


def test_what_a_killed_process_recorded_is_kept(tmp_path: Path, film: Film) -> None:
    needs_rtsp()
    pieces = tmp_path / "rec"
    with camera(tmp_path, film) as server:
        with watched(server.url, "--to", f"{pieces}/") as running:
            running.until("shown >= 60", 40)  # key frames are two seconds apart
            running.process.kill()
            running.end()
        assert [path.suffix for path in pieces.iterdir()] == [".partial"]
        with watched(server.url, "--to", f"{pieces}/") as running:
            running.until("shown >= 10", 40)
            ended(running)
    first, second = sorted(pieces.iterdir())
    assert (first.suffix, second.suffix) == (".mp4", ".mp4")
    for path, least in ((first, 20), (second, 5)):
        seen = judged(decoded(path), film)
        assert len(seen.numbers) >= least
        assert seen.worst < LEFT


def test_pictures_that_grow_or_are_turned_show_nobody(
    tmp_path: Path, face: Image.Image, film: Film, tap: Tap
) -> None:
    """What is published keeps its size: the larger is made smaller, the upright gets bars."""
    needs_rtsp()
    large, upright = Film.of(face, 960, 540), Film.of(face, 360, 640)
    with (
        camera(tmp_path, film, large, upright) as server,
        watched(server.url, "--to", tap.url) as running,
    ):
        running.until("shown >= 20", 40)
        for sections in (2, 3):
            server.say("next")
            running.until(f"sections >= {sections}")
            print(f"shown after {more_shown(running, 24):.1f} s")
        ended(running)
    pictures = tap.pictures()
    wide = [p for p in pictures if p[:, :60].std() >= 3]
    tall = [p for p in pictures if p[:, :60].std() < 3 <= p.std()]
    inside = (640 - 202) // 2
    assert (
        judged(resized([p[:, inside : inside + 202] for p in tall], 360, 640), upright).worst < LEFT
    )
    assert judged(wide, film).worst < LEFT
    assert judged(resized(wide, 960, 540), large).worst < LEFT
    assert len(tall) >= 15


def resized(pictures: Sequence[Picture], width: int, height: int) -> list[Picture]:
    return [np.asarray(cv2.resize(p, (width, height)), np.uint8) for p in pictures]
