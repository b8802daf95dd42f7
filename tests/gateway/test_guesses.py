"""Whoever guesses at the password is slowed down, and nobody elsewhere is."""

from __future__ import annotations

import asyncio
import hashlib
import http.client
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from urllib.parse import urlsplit

import pytest
from tests.gateway.feeding import serving
from tests.gateway.test_rtsp import Line
from tests.gateway.test_web import basic

from passerby.apps.gateway import Channel, Listening
from passerby.apps.gateway.guesses import Guesses, place

SECRET = "correct horse"
GOOD, WRONG = basic(f"passerby:{SECRET}"), basic("passerby:incorrect horse")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Listening]:
    monkeypatch.setattr("passerby.apps.gateway.guesses.MOST_WRONG", 2)
    monkeypatch.setattr("passerby.apps.gateway.guesses.WRONG", 2)
    with serving({"garden": Channel("garden")}, password=SECRET) as listening:
        yield listening


def asked(server: Listening, login: str, source: str = "127.0.0.1") -> http.client.HTTPConnection:
    found = urlsplit(server.web or "")
    assert found.hostname
    line = http.client.HTTPConnection(
        found.hostname, found.port, timeout=20, source_address=(source, 0)
    )
    line.request("GET", "/metrics", headers={"Authorization": login} if login else {})
    return line


def status(server: Listening, login: str, source: str = "127.0.0.1") -> int:
    with closing(asked(server, login, source)) as line:
        return line.getresponse().status


def digest(line: Line, password: str) -> str:
    """What a player answers to the challenge of this connection."""
    told = line.ask("DESCRIBE")[1]
    realm, nonce = (re.search(rf'{name}="(\w|-)+"', told) for name in ("realm", "nonce"))
    assert realm
    assert nonce
    parts = [realm[0].split('"')[1], nonce[0].split('"')[1]]

    def md5(text: str) -> str:
        return hashlib.md5(text.encode()).hexdigest()

    response = md5(
        f"{md5(f'passerby:{parts[0]}:{password}')}:{parts[1]}:{md5(f'SETUP:{line.url}')}"
    )
    return f'Digest username="passerby", {realm[0]}, {nonce[0]}, uri="{line.url}", ' + (
        f'response="{response}"'
    )


@contextmanager
def waiting(server: Listening, way: str) -> Iterator[None]:
    """Two wrong passwords wait, from 127.0.0.1."""
    with ExitStack() as stack:
        for _ in range(2):
            if way == "web":
                stack.enter_context(closing(asked(server, WRONG)))
            else:
                line = Line(server)
                stack.callback(line.socket.close)
                login = digest(line, "incorrect horse")
                line.send("SETUP", Authorization=login, Transport="RTP/AVP/TCP")
        time.sleep(0.3)
        yield


@pytest.mark.parametrize("way", ["web", "rtsp"])
def test_while_wrong_passwords_wait_right_and_wrong_are_answered_alike(
    server: Listening, way: str
) -> None:
    begun = time.monotonic()
    known, unknown = Line(server), Line(server)
    with known.socket, unknown.socket:
        login = digest(known, SECRET)
        assert known.ask("SETUP", Authorization=login, Transport="RTP/AVP/TCP")[0] == 200
        right = digest(unknown, SECRET)
        with waiting(server, way):
            assert [status(server, login) for login in (WRONG, GOOD)] == [429, 429]
            assert status(server, GOOD, "127.0.0.2") == 200, "elsewhere nobody is kept waiting"
            assert status(server, "") == 401
            assert unknown.ask("SETUP", Authorization=right, Transport="RTP/AVP/TCP")[0] == 503
            assert unknown.gone()
            again = known.ask("SETUP", Authorization=login, Transport="RTP/AVP/TCP")
            assert again[0] == 200, "who was let in stays"
            assert time.monotonic() - begun < 2.2
    time.sleep(2)
    assert status(server, GOOD) == 200


def test_a_place_is_forgotten_once_none_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("passerby.apps.gateway.guesses.WRONG", 0.01)

    async def guess() -> Guesses:
        guesses = Guesses()
        assert not guesses.full("192.0.2.1")
        waits = [guesses.wait(f"192.0.2.{number % 4}") for number in range(32)]
        await asyncio.gather(*waits)
        return guesses

    assert not asyncio.run(guess())._waiting


def test_a_place_is_an_address_or_what_one_of_them_has_of_ipv6() -> None:
    assert place("192.0.2.1") == place("::ffff:192.0.2.1") != place("::ffff:192.0.2.2")
    assert place("2001:db8::1") == place("2001:db8::ffff:1") != place("2001:db8:0:1::1")
    assert place("") == ""
