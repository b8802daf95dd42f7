"""The web server as players, browsers and monitors ask it."""

from __future__ import annotations

import http.client
import io
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import av
import pytest
from tests.gateway.feeding import feeding, numbers, rising, serving

import passerby
from passerby.apps.gateway import Channel, Listening
from passerby.jobs.live import Status

SECRET = "correct horse"


@pytest.fixture(scope="module")
def channels() -> Iterator[dict[str, Channel]]:
    with feeding("garden", "door") as fed:
        for channel in fed.values():
            channel.status = Status("open", shown=3, covered=1).as_dict()
        yield fed


@pytest.fixture(scope="module")
def server(channels: dict[str, Channel]) -> Iterator[Listening]:
    with serving(channels) as listening:
        yield listening


class Answer:
    def __init__(self, given: http.client.HTTPResponse) -> None:
        self.status, self.body, self.headers = given.status, given.read(), given.headers

    @property
    def text(self) -> str:
        return self.body.decode()


def ask(
    server: Listening, path: str, method: str = "GET", body: bytes = b"", **headers: str
) -> Answer:
    found = urlsplit(server.web or "")
    assert found.hostname
    if found.scheme == "https":
        trusting = ssl._create_unverified_context()
        line: http.client.HTTPConnection = http.client.HTTPSConnection(
            found.hostname, found.port, timeout=20, context=trusting
        )
    else:
        line = http.client.HTTPConnection(found.hostname, found.port, timeout=20)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        line.request(method, path, body=body or None, headers=named)
        return Answer(line.getresponse())
    finally:
        line.close()


def by_hand(server: Listening) -> socket.socket:
    found = urlsplit(server.web or "")
    return socket.create_connection((found.hostname, found.port), 8)


def basic(text: str) -> str:
    return "Basic " + b64encode(text.encode()).decode()


@pytest.mark.parametrize("list_", ["index.m3u8", "live.m3u8"])
def test_hls_shows_every_picture(server: Listening, list_: str) -> None:
    frames = []
    with av.open(f"{server.web}cameras/garden/hls/{list_}", timeout=(8, 8)) as stream:
        for frame in stream.decode(video=0):
            frames.append(frame)
            if len(frames) == 80:
                break
    assert rising(numbers(frames))


def test_low_latency_hls_gives_parts_before_the_segment_is_whole(server: Listening) -> None:
    where = "/cameras/door/hls"
    told = ask(server, f"{where}/live.m3u8")
    assert told.status == 200
    assert told.headers["cache-control"] == "no-store"
    assert "CAN-BLOCK-RELOAD=YES" in told.text
    hint = re.search(r'PRELOAD-HINT:TYPE=PART,URI="part-(\d+)-(\d+)\.mp4"', told.text)
    assert hint, told.text
    segment, part = int(hint[1]), int(hint[2])
    head = ask(server, f"{where}/head-0.mp4").body
    found: list[int | None] = []
    data = head
    for _ in range(7):
        begun = time.monotonic()
        told = ask(server, f"{where}/live.m3u8?_HLS_msn={segment}&_HLS_part={part}")
        waited = time.monotonic() - begun
        assert waited < 1.2, "not as long as a segment"
        name = f"part-{segment}-{part}.mp4"
        assert name in told.text, "what was asked for is there when it answers"
        data += ask(server, f"{where}/{name}").body
        following = re.search(r'PRELOAD-HINT:TYPE=PART,URI="part-(\d+)-(\d+)', told.text)
        assert following
        segment, part = int(following[1]), int(following[2])
    with av.open(io.BytesIO(data), "r") as stream:
        found = numbers(list(stream.decode(video=0)))
    assert len(found) >= 12
    assert rising(found)
    listed = [float(x) for x in re.findall(r"PART:DURATION=([\d.]+)", told.text)]
    target = float(re.search(r"PART-TARGET=([\d.]+)", told.text)[1])  # type: ignore[index]  # fails where it is not there
    assert listed
    assert max(listed) <= target
    assert ask(server, f"{where}/live.m3u8?_HLS_msn={segment + 50}").status == 400
    assert ask(server, f"{where}/live.m3u8?_HLS_part=1").status == 400
    assert ask(server, f"{where}/segment-99999.mp4").status == 404


def test_hls_ends_when_nobody_asks_and_begins_again(
    server: Listening, channels: dict[str, Channel], monkeypatch: pytest.MonkeyPatch
) -> None:
    where = "/cameras/door/hls"
    assert ask(server, f"{where}/live.m3u8").status == 200
    assert channels["door"].receivers == 1
    monkeypatch.setattr("passerby.apps.gateway.hls.IDLE", 0.1)
    until = time.monotonic() + 5
    while channels["door"].receivers and time.monotonic() < until:
        time.sleep(0.05)
    assert channels["door"].receivers == 0
    monkeypatch.undo()
    told = ask(server, f"{where}/live.m3u8").text
    head = re.search(r'MAP:URI="(.*?)"', told)
    assert head
    assert ask(server, f"{where}/{head[1]}").body[4:8] == b"ftyp"


def test_a_stream_without_end(server: Listening, channels: dict[str, Channel]) -> None:
    frames = []
    with av.open(f"{server.web}cameras/garden/stream.mp4", timeout=(8, 8)) as stream:
        for frame in stream.decode(video=0):
            frames.append(frame)
            if len(frames) == 30:
                break
    assert rising(numbers(frames))


def test_health_says_which_camera_does_not_publish_and_why() -> None:
    with feeding("garden") as channels, serving(channels) as server:
        channels["garden"].status = Status("open", shown=1).as_dict()
        until = time.monotonic() + 5
        while channels["garden"].quiet is None and time.monotonic() < until:
            time.sleep(0.02)
        told = ask(server, "/health")
        assert (told.status, json.loads(told.body)["ok"]) == (200, True)
        channels["garden"].status = Status("lost", "no answer").as_dict()
        told = ask(server, "/health")
        assert told.status == 503
        assert json.loads(told.body)["cameras"]["garden"]["reasons"] == ["camera-lost"]
        channels["door"] = Channel("door")
        reasons = json.loads(ask(server, "/health").body)["cameras"]["door"]["reasons"]
        assert reasons == ["nothing-published-yet"]
        channels.clear()
        assert ask(server, "/health").status == 503, "no camera publishes nothing"


def test_all_covered_is_not_well(monkeypatch: pytest.MonkeyPatch) -> None:
    from passerby.apps.gateway.telling import Watch

    monkeypatch.setattr("passerby.apps.gateway.telling.COVERED", 2.5)
    with feeding("garden") as channels:
        watch, garden = Watch(channels), channels["garden"]
        for number in range(8):
            garden.status = Status("open", came=number, shown=7, covered=number).as_dict()
            watch.look()
            time.sleep(0.2)
        assert watch.reasons(garden) == ["all-covered"]
        garden.status = Status("open", came=9, shown=8, covered=number).as_dict()
        watch.look()
        assert watch.reasons(garden) == []


def test_a_camera_that_is_there_and_sends_no_picture_is_not_well(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from passerby.apps.gateway.telling import Watch

    monkeypatch.setattr("passerby.apps.gateway.telling.COVERED", 2.5)
    with feeding("garden") as channels:
        watch, garden = Watch(channels), channels["garden"]
        for number in range(8):
            garden.status = Status("open", came=7, shown=7, idle=number).as_dict()
            watch.look()
            time.sleep(0.2)
        assert watch.reasons(garden) == ["no-picture"]
        garden.status = Status("open", came=8, shown=8, idle=number).as_dict()
        watch.look()
        assert watch.reasons(garden) == []


def test_metrics_are_numbers_that_prometheus_reads(
    server: Listening, channels: dict[str, Channel]
) -> None:
    target = {"rtsp://example.org/secret-place": {"state": "open", "sent": 1}}
    channels["door"].status = Status("open", "secret-why", shown=41, targets=target).as_dict()
    told = ask(server, "/metrics")
    assert told.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'passerby_frames_total{camera="door",what="shown"} 41' in told.text
    assert 'passerby_targets{camera="door",state="open"} 1' in told.text
    line = re.compile(
        r'[a-z_]+\{([a-z]+="[A-Za-z0-9._-]+",?)*\} -?[\d.e+-]+|# (HELP|TYPE) [a-z_]+ .*'
    )
    assert all(line.fullmatch(one) for one in told.text.splitlines()), told.text
    assert "secret" not in told.text
    assert "secret-place" not in ask(server, "/api/cameras").text


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 403),
        ({"Host": "127.0.0.1.evil.example"}, 403),
        ({"Host": ""}, 403),
        ({"Host": "localhost:9000"}, 200),
        ({"Host": "192.168.1.7"}, 200),
        ({"Host": "[::1]:80"}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Cookie": "x" * 60_000}, 431),
    ],
)
def test_only_its_own_pages_may_ask(
    server: Listening, headers: dict[str, str], status: int
) -> None:
    assert ask(server, "/api/cameras", "GET", b"", **headers).status == status


@pytest.mark.parametrize("method", ["POST", "DELETE", "GET"])
def test_a_body_without_a_length_is_refused(server: Listening, method: str) -> None:
    with by_hand(server) as line:
        head = f"{method} /cameras/garden/whep HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        head += "Content-Type: application/sdp\r\nContent-Length: 5\r\n"
        line.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        line.sendall(b"186a0\r\n" + b"x" * 100_000 + b"\r\n0\r\n\r\n")
        assert line.recv(100).startswith(b"HTTP/1.1 411 ")


def test_every_answer_is_kept_nowhere_and_runs_nothing_else(server: Listening) -> None:
    for path in ("/", "/api/cameras", "/nothing", "/cameras/nobody/hls/live.m3u8", "/health"):
        told = ask(server, path)
        assert told.headers["cache-control"] == "no-store"
        assert "default-src 'none'" in told.headers["content-security-policy"]
        assert told.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path", ["/../web.py", "/%2e%2e/web.py", "/static/../../web.py", "/x.js", "/page.py"]
)
def test_nothing_but_the_page_is_read_from_disk(server: Listening, path: str) -> None:
    assert ask(server, path).status == 404


@pytest.mark.parametrize(
    ("module", "page"),
    [
        ("passerby.apps.gateway.web", "web.Answers.page(None, asked)"),
        ("passerby.apps.review.answers", "web.static(asked)"),
    ],
)
def test_the_page_is_there_where_it_is_installed_behind_a_link(
    module: str, page: str, tmp_path: Path
) -> None:
    (tmp_path / "link").symlink_to(Path(passerby.__file__).parents[1])
    asks = (
        "import asyncio, types\n"
        f"import {module} as web\n"
        f"assert web.__file__.startswith({str(tmp_path)!r}), web.__file__\n"
        "asked = types.SimpleNamespace(path_params={'path': ''})\n"
        f"print(asyncio.run({page}).status_code)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", asks], env={**os.environ, "PYTHONPATH": str(tmp_path / "link")},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.stdout == "200\n", done.stderr


def test_the_web_asks_for_the_password_too(
    channels: dict[str, Channel], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("passerby.apps.gateway.guesses.WRONG", 0.1)
    certificates = pytest.importorskip("tests.media.certificates")
    made = certificates.papers(tmp_path / "papers")
    with serving(channels, password=SECRET, certificate=made.certificate, key=made.key) as server:
        assert (server.web or "").startswith("https://")
        assert (server.rtsps or "").startswith("rtsps://")
        good = basic(f"passerby:{SECRET}")
        for path in ("/", "/metrics", "/api/cameras", "/cameras/garden/hls/live.m3u8"):
            assert ask(server, path).status == 401, path
            assert ask(server, path, Authorization=basic("passerby:x")).status == 401
            assert ask(server, path, Authorization=good).status == 200
        bare = ask(server, "/health")
        assert set(json.loads(bare.body)) == {"ok"}, "to who gives no password, yes or no"
        assert "cameras" in json.loads(ask(server, "/health", Authorization=good).body)
        assert ask(server, "/health", Authorization=basic("a:b")).status == 401
        host = (server.rtsps or "").removeprefix("rtsps://")
        url = f"rtsps://passerby:{SECRET.replace(' ', '%20')}@{host}garden"
        options = {"rtsp_transport": "tcp", "tls_verify": "0"}
        with av.open(url, options=options, timeout=(8, 8)) as stream:
            assert next(stream.decode(video=0)).width == 320
