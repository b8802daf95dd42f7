"""WebRTC out of the built-in server, to a receiver in another process."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from aioice import ice
from aiortc.exceptions import InvalidStateError
from tests.gateway.feeding import feeding, rising, serving
from tests.gateway.test_web import ask, by_hand

from passerby.apps.gateway import Channel, whip
from passerby.apps.gateway.whip import check
from passerby.core.errors import UsageError

ROOT = Path(__file__).parents[2]
SDP = {"Content_Type": "application/sdp"}


def test_a_receiver_elsewhere_sees_every_picture_as_it_was_encoded() -> None:
    with feeding("garden") as channels, serving(channels) as server:
        done = subprocess.run(
            [sys.executable, "-m", "tests.gateway.whep_client",
             f"{server.web}cameras/garden/whep", "50"],
            cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)
        assert rising(told["numbers"]), told["numbers"]
        assert told["first"] < 6
        candidates = re.findall(r"a=candidate:(.*)", told["answer"])
        assert candidates, told["answer"]
        assert all(" 127.0.0.1 " in one and " typ host" in one for one in candidates), candidates
        assert "VP8" not in told["answer"]
        until = time.monotonic() + 5
        while channels["garden"].receivers and time.monotonic() < until:
            time.sleep(0.05)
        assert channels["garden"].receivers == 0


@pytest.mark.parametrize(
    "offer",
    [
        "nonsense",
        "v=0\r\n",
        "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n"
        "a=rtpmap:96 VP8/90000\r\na=mid:0\r\n",
        "v=0\r\nm=video x\r\na=rtpmap:96 H264/90000\r\n",
        "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n"
        "a=rtpmap:96 H264/90000\r\na=mid:0\r\n",
        "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 =;=\r\n" * 40,
    ],
)
def test_what_is_no_offer_is_refused_and_leaves_nothing(offer: str) -> None:
    with feeding("garden") as channels, serving(channels) as server:
        where = "/cameras/garden/whep"
        assert ask(server, where, "POST", offer.encode(), **SDP).status == 406
        assert ask(server, where, "POST", b"x" * 70_000, **SDP).status == 413
        assert ask(server, where, "POST", offer.encode()).status == 415
        assert ask(server, "/cameras/nobody/whep", "POST", offer.encode(), **SDP).status == 404
        assert ask(server, f"{where}/nothing", "DELETE").status == 404
        assert channels["garden"].receivers == 0


def test_who_sends_the_offer_slowly_finds_it_full_too(monkeypatch: pytest.MonkeyPatch) -> None:
    with feeding("garden") as channels, serving(channels) as server, by_hand(server) as line:
        head = "POST /cameras/garden/whep HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 4\r\n"
        line.sendall(f"{head}Content-Type: application/sdp\r\n\r\nv=".encode())
        time.sleep(0.5)
        monkeypatch.setattr("passerby.apps.gateway.webrtc.MOST_SESSIONS", 0)
        line.sendall(b"0\n")
        assert line.recv(100).startswith(b"HTTP/1.1 503 ")


def test_without_the_extra_the_server_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "passerby.apps.gateway.webrtc", None)
    with feeding("garden") as channels, serving(channels) as server:
        told = ask(server, "/cameras/garden/whep", "POST", b"v=0", **SDP)
        assert told.status == 501
        assert "passerby[webrtc]" in told.text
        assert json.loads(ask(server, "/api/cameras").body)["ways"] == ["stream", "hls"]


def test_a_server_that_takes_streams_gets_it_and_is_told_the_end(tmp_path: Path) -> None:
    taking = subprocess.Popen(
        [sys.executable, "-m", "tests.gateway.whip_server", "40", "Token5555"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert taking.stdout is not None
        place = f"http://127.0.0.1:{int(taking.stdout.readline())}/whip"
        token = tmp_path / "token"
        token.write_text("Token5555\n")
        whip = {"whip": {"garden": place}, "whip_token_file": token}
        with feeding("garden") as channels, serving(channels, **whip) as server:
            assert rising(json.loads(taking.stdout.readline()))
            assert 'passerby_whip_open{camera="garden"} 1' in ask(server, "/metrics").text
        assert json.loads(taking.stdout.readline()) == "ended"
    finally:
        taking.kill()
        taking.communicate()


def test_whatever_a_server_answers_it_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """No HTTP, less than was announced, no address, and no answer to the offer."""
    monkeypatch.setattr(whip, "_WAITS", (0.05,))
    sdp = f"HTTP/1.1 201 Created\r\nContent-Length: {len(OFFER)}\r\n\r\n{OFFER}"
    answers = [
        "Sesame77\r\n\r\n",
        "HTTP/1.1 201 Created\r\nContent-Length: 99\r\n\r\nv=0",
        sdp.replace("\r\n\r\n", "\r\nLocation: http://[::1\r\n\r\n", 1),
        sdp,
    ]
    with socket.create_server(("127.0.0.1", 0)) as server, feeding("garden") as channels:
        server.settimeout(20)
        place = f"http://127.0.0.1:{server.getsockname()[1]}/whip"
        with serving(channels, whip={"garden": place}):
            for told in (*answers, *answers):
                line, _ = server.accept()
                with line:
                    line.recv(2**16)
                    line.sendall(told.encode())


def test_no_mistake_ends_a_publication(monkeypatch: pytest.MonkeyPatch) -> None:
    tries = list[str]()

    async def fail(self: whip.Whips, name: str, channel: Channel, place: str) -> None:
        tries.append(name)
        raise InvalidStateError

    async def keep() -> None:
        whips = whip.Whips({"a": Channel("a")}, {"a": "https://a/"}, None, "127.0.0.1")
        whips.start()
        while len(tries) < 3:
            await asyncio.sleep(0.01)
        await whips.close()

    monkeypatch.setattr(whip, "_WAITS", (0.01,))
    monkeypatch.setattr(whip.Whips, "_publish", fail)
    asyncio.run(asyncio.wait_for(keep(), 10))


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("rtsp://127.0.0.1/x", "begins with https://"),
        ("https://", "begins with https://"),
        ("https://a:Secret66@127.0.0.1/x", "holds a password"),
        ("http://192.168.1.9/x", "in the clear"),
    ],
)
def test_a_place_that_would_not_do_is_refused(place: str, told: str) -> None:
    with pytest.raises(UsageError, match=told) as refused:
        check(place, "Token5555")
    assert "5555" not in str(refused.value)
    assert "Secret66" not in str(refused.value)


OFFER = (
    "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n"
    "m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=recvonly\r\na=rtcp-mux\r\n"
    "a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\n"
    f"a=fingerprint:sha-256 {':'.join(['AA'] * 32)}\r\na=setup:actpass\r\n"
    "a=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1;profile-level-id=42e01f\r\n"
)


def test_nobody_can_have_us_send_elsewhere_and_no_server_is_asked_for_addresses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun: list[dict[str, Any]] = []
    first = ice.Connection.__init__

    def spied(self: ice.Connection, *given: Any, **named: Any) -> None:
        begun.append(named)
        first(self, *given, **named)

    monkeypatch.setattr(ice.Connection, "__init__", spied)
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as victim,
        feeding("garden") as channels,
        serving(channels) as server,
    ):
        victim.bind(("127.0.0.1", 0))
        victim.settimeout(1.5)
        port = victim.getsockname()[1]
        offer = f"{OFFER}a=candidate:1 1 udp 2130706431 127.0.0.1 {port} typ host\r\n"
        offer += "a=end-of-candidates\r\n"
        told = ask(server, "/cameras/garden/whep", "POST", offer.encode(), **SDP)
        assert told.status == 201
        with pytest.raises(TimeoutError):
            victim.recv(2048)
        assert begun
        assert not any(named.get("stun_server") or named.get("turn_server") for named in begun)
        assert ask(server, told.headers["location"], "DELETE").status == 200
