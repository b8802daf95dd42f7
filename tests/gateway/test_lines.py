"""Whoever connects to the web server and does not ask, or does not read, keeps nobody out."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from tests.gateway.feeding import descriptors, gone, serving
from tests.gateway.test_web import ask, by_hand

from passerby.apps.gateway import Channel, Listening

HEAD = b"POST /cameras/garden/whep HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/sdp\r\n"


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture(params=["http", "https"])
def server(request: pytest.FixtureRequest, stack: ExitStack, tmp_path: Path) -> Listening:
    given: dict[str, Any] = {}
    if request.param == "https":
        certificates = pytest.importorskip("tests.media.certificates")
        made = certificates.papers(tmp_path / "papers")
        given.update(certificate=made.certificate, key=made.key)
    return stack.enter_context(serving({"garden": Channel("garden")}, **given))


def opened(server: Listening, stack: ExitStack, *sent: bytes) -> list[socket.socket]:
    lines = [stack.enter_context(by_hand(server)) for _ in sent]
    for line, first in zip(lines, sent, strict=True):
        line.sendall(first)
    return lines


def test_silent_connections_are_bounded_and_keep_nobody_out(
    server: Listening, stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("passerby.apps.gateway.server.MOST_LINES", 6)
    before = descriptors()
    opened(server, stack, *[b"", b"GET /health HTTP/1.1\r\nHo"] * 20)
    begun = time.monotonic()
    assert ask(server, "/health").status == 503, "of its cameras, none of which publishes"
    assert b"reasons" in ask(server, "/health").body
    assert time.monotonic() - begun < 3
    assert descriptors() <= before + 40 + 8


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET /health HTTP/1.1\r\nHos",
        HEAD + b"Content-Length: 9\r\n\r\nv=",
        HEAD + b"Content-Length: 9\r\nAuthorization: Basic eA==\r\n\r\nv=",
        b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET /health",
    ],
)
@pytest.mark.parametrize("server", ["http"], indirect=True)
def test_who_does_not_ask_to_the_end_is_let_go(
    server: Listening,
    stack: ExitStack,
    sent: bytes,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("passerby.apps.gateway.web_line.ASK", 1)
    silent, slow = opened(server, stack, sent, sent)
    begun = time.monotonic()
    with suppress(OSError):
        while time.monotonic() < begun + 3:
            slow.sendall(b"v")
            time.sleep(0.2)
    assert time.monotonic() - begun < 2.5, "though it says something all the time"
    assert gone(silent, 4)
    assert not caplog.records


@pytest.mark.parametrize("server", ["http"], indirect=True)
def test_who_asks_and_does_not_read_is_let_go(
    server: Listening, stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("passerby.apps.gateway.web_line.READ", 1)
    before = descriptors()
    (line,) = opened(server, stack, b"")
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.settimeout(1)
    with suppress(OSError):
        while True:
            line.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 100)
    until = time.monotonic() + 8
    while descriptors() > before + 1 and time.monotonic() < until:
        time.sleep(0.1)
    assert descriptors() == before + 1


@pytest.mark.parametrize("server", ["http"], indirect=True)
def test_who_asks_again_and_again_stays(
    server: Listening, stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("passerby.apps.gateway.web_line.ASK", 1)
    line = stack.enter_context(closing(HTTPConnection((server.web or "")[7:-1], timeout=8)))
    for _ in range(5):
        time.sleep(0.5)
        line.request("GET", "/api/cameras")
        answer = line.getresponse()
        assert (answer.status, answer.read()[:1]) == (200, b"{")
        assert line.sock is not None, "the same connection"
