"""Frames of cameras: upright, and let go."""

from __future__ import annotations

import io
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image
from tests.live.camera import Film

from passerby.core.errors import StreamLost
from passerby.core.geometry import Orientation, Size
from passerby.media import camera
from passerby.media.addresses import source
from passerby.media.camera import Camera, LiveFrame, Signal
from passerby.media.live_encoder import Shape
from passerby.media.orient import to_matrix
from passerby.media.pixels import shown


def test_a_program_that_ends_while_it_holds_a_camera_does_end(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    Film.of(Image.fromarray(np.zeros((20, 20, 3), np.uint8))).write(film)
    code = (
        "from passerby.media.addresses import source; from passerby.media.camera import Camera\n"
        f"arrivals = Camera(source({str(film)!r})).arrivals(); next(arrivals); print('seen')"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True
    )
    assert said.stdout == "seen\n"


@pytest.mark.parametrize("pixels", ["yuv420p", "yuvj422p", "bgr0"])
@pytest.mark.parametrize("turned", list(Orientation))
def test_a_picture_that_lies_on_its_side_comes_upright(
    tmp_path: Path, turned: Orientation, pixels: str
) -> None:
    stored = np.full((96, 160, 3), 60, np.uint8)
    stored[:40, :50] = (230, 30, 30)  # so that each of the eight looks different
    stored[:20, 50:120] = (30, 200, 60)
    film = tmp_path / "film.mkv"
    with av.open(str(film), "w") as out:
        stream = out.add_stream("ffv1" if pixels == "bgr0" else "mjpeg", rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 160, 96, pixels
        if pixels == "yuv420p":
            stream.codec_context.color_range = 2
        stream.sample_aspect_ratio = Fraction(4, 3)
        stream.set_display_matrix(to_matrix(turned, Size(160, 96)))
        for _ in range(3):
            picture = av.VideoFrame.from_ndarray(stored, format="rgb24")
            out.mux(stream.encode(picture.reformat(format=pixels, dst_color_range=2)))
        out.mux(stream.encode())
    wanted = shown(stored, turned)
    size = Size(wanted.shape[1], wanted.shape[0])
    arrivals = list(Camera(source(str(film))).arrivals())
    assert [arrival.section for arrival in arrivals] == [0, 0, 0]
    for arrival in arrivals:
        frame = arrival.frame
        assert isinstance(frame, LiveFrame)
        assert frame.size == size
        if pixels != "bgr0":  # whose coder says nothing of it
            assert Shape.of(frame).aspect == (Fraction(3, 4) if turned.turns else Fraction(4, 3))
        off = np.abs(frame.picture(size).astype(int) - wanted)
        assert np.percentile(off, 90) < 12


@pytest.mark.parametrize("order", ["picture first", "sound first"])
def test_every_picture_of_a_film_with_sound_arrives(tmp_path: Path, order: str) -> None:
    """Also those that the decoder held back until the end."""
    film = tmp_path / "film.mkv"
    with av.open(str(film), "w") as out:
        if order == "sound first":
            sound = out.add_stream("mp2", rate=48000, layout="mono")
        video = out.add_stream("libx264", rate=25)
        if order == "picture first":
            sound = out.add_stream("mp2", rate=48000, layout="mono")
        assert isinstance(video, av.VideoStream)
        assert isinstance(sound, av.AudioStream)
        video.width, video.height, video.pix_fmt = 160, 96, "yuv420p"
        for number in range(50):
            picture = np.full((96, 160, 3), 4 * number, np.uint8)
            out.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            heard = av.AudioFrame.from_ndarray(np.zeros((1, 1920), np.int16), layout="mono")
            heard.rate = 48000
            out.mux(sound.encode(heard))
        out.mux(video.encode())
        out.mux(sound.encode())
    assert len(list(Camera(source(str(film))).arrivals())) == 50


def transport(codec: str, *, then: str) -> bytes:
    """Three seconds of pictures with sound, and then half a minute of `then`: sound or junk."""
    file, rng = io.BytesIO(), np.random.default_rng(1)
    with av.open(file, "w", "mpegts") as out:
        quick = {"tune": "zerolatency"} if codec == "libx264" else {}
        video = out.add_stream(codec, rate=25, options={"g": "5"} | quick)
        sound = out.add_stream("mp2", rate=48000, layout="mono")
        assert isinstance(video, av.VideoStream)
        assert isinstance(sound, av.AudioStream)
        video.width, video.height, video.pix_fmt = 160, 96, "yuv420p"
        for number in range(750):
            made = []
            if number <= 75 or then == "junk":
                picture = np.full((96, 160, 3), number % 256, np.uint8)
                made = video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24"))
            for packet in made:
                if number > 75:
                    moments = packet.pts, packet.dts, packet.time_base
                    packet = av.Packet(b"\0\0\0\1\x41" + rng.bytes(500))  # noqa: PLW2901 - junk instead
                    packet.pts, packet.dts, packet.time_base = moments
                    packet.stream = video
                out.mux(packet)
            heard = av.AudioFrame.from_ndarray(np.zeros((1, 1920), np.int16), layout="mono")
            heard.rate = 48000
            out.mux(sound.encode(heard))
    return file.getvalue()


@contextmanager
def sender(data: bytes, pieces: int = 600) -> Iterator[str]:
    """Sends 20 pieces a second, as often as somebody connects."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def send() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with connection, suppress(ConnectionError):
                        for at in range(0, len(data), len(data) // pieces):
                            connection.sendall(data[at : at + len(data) // pieces])
                            time.sleep(0.05)

        threading.Thread(target=send, daemon=True).start()
        yield f"tcp://127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize("then", ["sound", "junk"])
def test_a_camera_that_sends_no_picture_any_more_is_opened_anew(
    monkeypatch: pytest.MonkeyPatch, then: str
) -> None:
    monkeypatch.setattr(camera, "PICTURELESS", 1.0)
    monkeypatch.setattr(camera, "PATIENCE", 5.0)
    stop, told = threading.Event(), []

    def tell(signal: Signal) -> None:
        told.append((signal.state, signal.why))
        if told.count(("open", "")) == 2:
            stop.set()

    late = threading.Timer(20, stop.set)
    late.start()
    with sender(transport("libx264", then=then)) as url:
        for _ in Camera(source(url), stop=stop, tell=tell).arrivals():
            pass
    late.cancel()
    assert ("lost", "sends what makes no picture") in told
    assert told.count(("open", "")) == 2


@pytest.mark.parametrize(("codec", "taken"), [("mpeg2video", False), ("libx264", True)])
def test_what_can_not_be_told_to_be_whole_is_not_taken_over_udp(codec: str, taken: bool) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data, stop = transport(codec, then="junk"), threading.Event()

    def send() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            while not stop.is_set():
                for at in range(0, len(data) // 60, 1316):
                    out.sendto(data[at : at + 1316], ("127.0.0.1", port))
                    time.sleep(0.002)

    threading.Thread(target=send, daemon=True).start()
    arrivals = Camera(source(f"udp://127.0.0.1:{port}"), stop=stop).arrivals()
    with closing(arrivals):
        if taken:
            assert next(arrivals).frame.size == Size(160, 96)
        else:
            with pytest.raises(StreamLost, match="can't be told to be whole") as error:
                next(arrivals)
            assert "H.264" in error.value.hint
    stop.set()


def test_a_stream_without_whole_key_frames_says_why_all_is_covered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(camera, "PICTURELESS", 1.0)
    file, stop, whys = io.BytesIO(), threading.Event(), []
    with av.open(file, "w", "mpegts") as out:
        options = {"tune": "zerolatency", "x264-params": "intra-refresh=1:keyint=25:scenecut=0"}
        video = out.add_stream("libx264", rate=25, options=options)
        assert isinstance(video, av.VideoStream)
        video.width, video.height, video.pix_fmt = 160, 96, "yuv420p"
        street = np.random.default_rng(1).integers(0, 255, (96, 960, 3), np.uint8)
        for number in range(400):
            picture = np.ascontiguousarray(street[:, number : number + 160])
            for packet in video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")):
                if number != 60:  # lost on its way
                    out.mux(packet)
    with sender(file.getvalue(), pieces=320) as url:
        there = Camera(source(url), stop=stop)
        for arrival in there.arrivals():
            whys.append((arrival.clean, there.signal.why))
            if there.signal.why:
                stop.set()
            assert len(whys) < 300
    assert whys[0][1] == ""
    assert not whys[-1][0]
    assert "intra refresh" in whys[-1][1]
