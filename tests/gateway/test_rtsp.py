"""RTSP as recorders and players ask for it: FFmpeg's client, GStreamer's, and ill-mannered ones."""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

import av
import pytest
from tests.gateway.feeding import descriptors, feeding, gone, numbers, rising, serving
from tests.live.camera import PYTHON, needs_rtsp

from passerby.apps.gateway import Channel, Listening

SECRET = "correct horse"


@pytest.fixture(scope="module")
def channels() -> Iterator[dict[str, Channel]]:
    with feeding("garden", "door") as fed:
        yield fed


@pytest.fixture(scope="module")
def server(channels: dict[str, Channel]) -> Iterator[Listening]:
    with serving(channels) as listening:
        yield listening


def watched(url: str, count: int, transport: str = "tcp") -> list[av.VideoFrame]:
    frames = []
    with av.open(url, options={"rtsp_transport": transport}, timeout=(8, 8)) as stream:
        for frame in stream.decode(video=0):
            frames.append(frame)
            if len(frames) == count:
                break
    return frames


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_ffmpeg_sees_every_picture(server: Listening, transport: str) -> None:
    frames = watched(f"{server.rtsp}garden", 60, transport)
    found = numbers(frames)
    assert len(found) == 60
    assert rising(found), found
    moments = [frame.pts for frame in frames[1:]]  # FFmpeg has none for the first of any camera
    steps = {b - a for a, b in pairwise(moments) if a is not None and b is not None}
    assert steps == {3600}, "the moments are the camera's"


def test_a_viewer_is_shown_the_present(server: Listening, channels: dict[str, Channel]) -> None:
    begun = time.monotonic()
    watched(f"{server.rtsp}door", 1)
    assert time.monotonic() - begun < 4
    until = time.monotonic() + 5
    while channels["door"].receivers and time.monotonic() < until:
        time.sleep(0.02)
    assert channels["door"].receivers == 0, "who left is not counted"


@pytest.mark.parametrize("protocols", ["tcp", "udp"])
def test_gstreamer_sees_pictures(server: Listening, protocols: str) -> None:
    needs_rtsp()
    script = Path(__file__).with_name("gst_client.py")
    done = subprocess.run(
        [PYTHON, str(script), f"{server.rtsp}garden", protocols, "40"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[-1]) >= 40


def test_a_password_is_asked_for_and_the_wrong_one_opens_nothing(
    channels: dict[str, Channel],
) -> None:
    needs_rtsp()
    with serving(channels, password=SECRET) as server:
        assert server.rtsp is not None
        host = server.rtsp.removeprefix("rtsp://")
        good = f"rtsp://passerby:{SECRET.replace(' ', '%20')}@{host}garden"
        assert len(watched(good, 3)) == 3
        for wrong in (f"{server.rtsp}garden", f"rtsp://passerby:wrong@{host}garden"):
            with pytest.raises(av.FFmpegError):
                watched(wrong, 1)
        with pytest.raises(av.FFmpegError):
            watched(f"{server.rtsp}nobody", 1)
        script = Path(__file__).with_name("gst_client.py")
        done = subprocess.run(
            [PYTHON, str(script), good, "tcp", "5"],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr


class Line:
    """Speaks RTSP by hand."""

    def __init__(self, server: Listening) -> None:
        found = re.match(r"rtsp://([\d.]+):(\d+)/", server.rtsp or "")
        assert found
        self.url = f"{server.rtsp}garden"
        self.socket = socket.create_connection((found[1], int(found[2])), 8)
        self.number = 0

    def ask(self, method: str, url: str = "", **headers: str) -> tuple[int, str]:
        self.send(method, url, **headers)
        return self.answer()

    def send(self, method: str, url: str = "", **headers: str) -> None:
        self.number += 1
        lines = [f"{method} {url or self.url} RTSP/1.0", f"CSeq: {self.number}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())

    def answer(self) -> tuple[int, str]:
        got = b""
        while b"\r\n\r\n" not in got:
            more = self.socket.recv(1)
            if more == b"$" and not got:
                size = self.exactly(3)
                self.exactly(size[1] << 8 | size[2])
                continue
            if not more:
                return 0, ""
            got += more
        found = re.search(rb"Content-Length: (\d+)", got)
        body = self.exactly(int(found[1])) if found else b""
        return int(got.split()[1]), (got + body).decode()

    def exactly(self, count: int) -> bytes:
        got = b""
        while len(got) < count:
            got += self.socket.recv(count - len(got))
        return got

    def gone(self) -> bool:
        return gone(self.socket, 15)


@pytest.fixture
def hand(server: Listening) -> Iterator[Callable[[], Line]]:
    """Opens connections, and closes them at the end."""
    with ExitStack() as stack:

        def opened() -> Line:
            line = Line(server)
            stack.callback(line.socket.close)
            return line

        yield opened


Hand = Callable[[], Line]


def test_a_conversation_by_hand(hand: Hand) -> None:
    line = hand()
    assert line.ask("OPTIONS")[0] == 200
    status, told = line.ask("DESCRIBE", Accept="application/sdp")
    assert status == 200
    assert "packetization-mode=1" in told
    assert line.ask("PLAY")[0] == 454
    assert line.ask("SETUP", Transport="RTP/AVP;multicast")[0] == 461
    assert line.ask("SETUP", Transport="RTP/AVP;unicast;client_port=53-54")[0] == 461
    status, told = line.ask(
        "SETUP", f"{line.url}/video", Transport="RTP/AVP/TCP;unicast;interleaved=4-5"
    )
    assert status == 200
    assert "interleaved=4-5" in told
    found = re.search(r"Session: (\w+);timeout=60", told)
    assert found
    assert line.ask("PLAY", Session="0" * 32)[0] == 454, "somebody else's session"
    status, told = line.ask("PLAY", Session=found[1])
    assert status == 200
    number = int(re.search(r"seq=(\d+)", told)[1])  # type: ignore[index]  # fails where it is not there
    kinds: list[tuple[int, int]] = []
    while len(kinds) < 12:
        mark, channel, high, low = line.exactly(4)
        assert mark == 0x24
        packet = line.exactly(high << 8 | low)
        kinds.append((channel, packet[1] & 127))
        if channel == 4:
            assert packet[2] << 8 | packet[3] == number, "as PLAY said, and one after the other"
            number = (number + 1) & 0xFFFF
    assert (5, 200 & 127) in kinds, "a sender report"
    assert {kind for channel, kind in kinds if channel == 4} == {96}
    assert line.ask("PAUSE", Session=found[1])[0] == 200
    line.socket.settimeout(0.4)
    with pytest.raises(TimeoutError):
        line.socket.recv(1)
    line.socket.settimeout(8)
    assert line.ask("GET_PARAMETER", Session=found[1])[0] == 200
    assert line.ask("PLAY", Session=found[1])[0] == 200
    assert line.ask("TEARDOWN", Session=found[1])[0] == 200
    assert line.gone()


@pytest.mark.parametrize(
    "nonsense",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\xff\xfe\r\n\r\n",
        b"OPTIONS * RTSP/1.0\r\n" + b"X: " + b"y" * 20_000 + b"\r\n\r\n",
        b"OPTIONS * RTSP/1.0\r\nContent-Length: 99999999\r\n\r\n",
        b"OPTIONS * RTSP/1.0\r\nContent-Length: -1\r\n\r\n",
        b"z" * 100_000,
    ],
)
def test_nonsense_ends_the_connection_and_nothing_else(hand: Hand, nonsense: bytes) -> None:
    line = hand()
    with contextlib.suppress(ConnectionError):
        line.socket.sendall(nonsense)
    assert line.gone()
    assert hand().ask("OPTIONS")[0] == 200


@pytest.mark.parametrize("method", ["OPTIONS", "DESCRIBE", "SETUP"])
def test_an_address_that_is_none_is_told_so(hand: Hand, method: str) -> None:
    line = hand()
    assert line.ask(method, "rtsp://[")[0] == 400
    assert line.ask("OPTIONS")[0] == 200, "and the connection goes on"


def test_a_login_for_an_address_that_is_none_is_wrong(
    channels: dict[str, Channel], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("passerby.apps.gateway.guesses.WRONG", 0)
    with serving(channels, password=SECRET) as server:
        line = Line(server)
        with line.socket:
            given = 'Digest username="passerby", uri="rtsp://[", response="0"'
            assert line.ask("DESCRIBE", Authorization=given)[0] == 401


def test_who_asks_for_nothing_is_sent_away(hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("passerby.apps.gateway.rtsp.PATIENCE", 1)
    silent = hand()
    assert silent.gone()


def test_who_plays_and_does_not_read_holds_up_nobody(
    server: Listening,
    hand: Hand,
    channels: dict[str, Channel],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("passerby.apps.gateway.rtsp_ways.PATIENCE", 1)
    line = hand()
    line.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    session = re.search(r"Session: (\w+)", line.ask("SETUP", Transport="RTP/AVP/TCP")[1])
    assert session
    line.ask("PLAY", Session=session[1])
    assert rising(numbers(watched(f"{server.rtsp}garden", 30)))
    until = time.monotonic() + 20
    while channels["garden"].receivers and time.monotonic() < until:
        time.sleep(0.1)
    assert channels["garden"].receivers == 0, "and is sent away"


def test_who_is_sent_datagrams_and_is_not_heard_of_is_sent_no_more(
    hand: Hand, channels: dict[str, Channel], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("passerby.apps.gateway.rtsp.TIMEOUT", 1)
    line = hand()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(5)
        port = receiver.getsockname()[1]
        wanted = f"RTP/AVP;unicast;client_port={port}-{port + 1}"
        session = re.search(r"Session: (\w+)", line.ask("SETUP", Transport=wanted)[1])
        assert session
        assert line.ask("PLAY", Session=session[1])[0] == 200
        assert receiver.recv(2048)[1] & 127 == 96
        assert line.gone()
        until = time.monotonic() + 5
        while channels["garden"].receivers and time.monotonic() < until:
            time.sleep(0.05)
        assert channels["garden"].receivers == 0


def test_the_number_of_connections_is_bounded(hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("passerby.apps.gateway.rtsp.MOST_CONNECTIONS", 2)
    time.sleep(0.3)
    lines = [hand() for _ in range(2)]
    assert all(line.ask("SETUP", Transport="RTP/AVP/TCP")[0] == 200 for line in lines)
    begun = time.monotonic()
    assert hand().gone()
    assert time.monotonic() - begun < 5, "at once, and not for its silence"
    assert all(line.ask("OPTIONS")[0] == 200 for line in lines), "who has a session stays"


def test_who_has_no_session_makes_room(hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("passerby.apps.gateway.rtsp.MOST_CONNECTIONS", 3)
    time.sleep(0.3)
    stays, talks, *_silent = (hand() for _ in range(3))
    assert stays.ask("SETUP", Transport="RTP/AVP/TCP")[0] == 200
    assert talks.ask("OPTIONS")[0] == 200
    assert hand().ask("SETUP", Transport="RTP/AVP/TCP")[0] == 200
    assert talks.gone()
    assert stays.ask("OPTIONS")[0] == 200


def test_who_asks_and_does_not_read_is_let_go(hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("passerby.apps.gateway.rtsp.PATIENCE", 1)
    time.sleep(0.5)
    before = descriptors()
    lines = [hand() for _ in range(3)]
    for line in lines:
        line.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.socket.settimeout(0.5)
        with contextlib.suppress(OSError):
            while True:
                line.socket.sendall(b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n" * 1000)
    until = time.monotonic() + 8
    while descriptors() > before + len(lines) and time.monotonic() < until:
        time.sleep(0.1)
    assert descriptors() <= before + len(lines), "the server has none of them any more"
