"""The server gets other settings while cameras go on; where it can't, it stays what it was."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import av
import pytest
from tests.live.camera import free_port
from tests.media import certificates

from passerby.apps.gateway import Channel, ServeSettings
from passerby.apps.gateway.serving import Serving

from .feeding import feeding
from .running import gateway

SECRET = "correct horse"


class Run:
    """A server in this process. `errors` it went on after, and `ended` with."""

    def __init__(self, channels: dict[str, Channel] | None = None) -> None:
        self.said, self.errors, self.ended = list[str](), list[str](), list[str]()
        self.serving = Serving(
            channels or {"garden": Channel("garden")},
            tell=self.said.append,
            complain=lambda error: self.errors.append(str(error)),
            fail=lambda error: self.ended.append(str(error)),
        )

    def ask(self, web_port: int, **given: Any) -> None:
        given = {"rtsp_port": None, "web_port": web_port, **given}
        self.serving.ask(ServeSettings.of(**given))


@pytest.fixture
def run() -> Iterator[Run]:
    run = Run()
    yield run
    run.serving.close()


def status(port: int, password: str = "", tls: ssl.SSLContext | None = None) -> int | None:
    """What the server answers; None where nobody does."""
    headers = {}
    if password:
        headers["Authorization"] = f"Basic {b64encode(f'passerby:{password}'.encode()).decode()}"
    if tls is None:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    else:
        line = http.client.HTTPSConnection("127.0.0.1", port, timeout=5, context=tls)
    with closing(line):
        try:
            line.request("GET", "/api/cameras", headers=headers)
            return line.getresponse().status
        except (OSError, http.client.HTTPException):
            return None


def soon(told: Callable[[], bool], seconds: float = 10) -> None:
    until = time.monotonic() + seconds
    while not told():
        assert time.monotonic() < until
        time.sleep(0.05)


@contextmanager
def taken() -> Iterator[int]:
    """A port at which somebody else listens."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


def test_a_password_is_asked_for_from_the_next_moment_on(run: Run) -> None:
    port = free_port()
    run.ask(port)
    soon(lambda: status(port) == 200)
    run.ask(port, password=SECRET)
    soon(lambda: status(port) == 401)
    assert status(port, SECRET) == 200
    run.ask(port, password=SECRET + "s")
    soon(lambda: status(port, SECRET + "s") == 200)
    assert status(port, SECRET) == 401
    run.serving.ask(None)
    soon(lambda: status(port) is None)
    run.ask(port)
    soon(lambda: status(port) == 200)
    assert (run.errors, run.ended) == ([], [])


@pytest.mark.parametrize("way", ["rtsp", "http", "webrtc"])
def test_who_looked_without_the_password_is_let_go(way: str) -> None:
    if way == "webrtc":
        pytest.importorskip("aiortc")
    rtsp, web = free_port(), free_port()
    with feeding("garden") as channels:
        run = Run(channels)
        try:
            run.ask(web, rtsp_port=rtsp)
            soon(lambda: status(web) == 200)
            over = watching(way, rtsp, web)
            time.sleep(1)
            assert not over.is_set()
            run.ask(web, rtsp_port=rtsp, password=SECRET)
            assert over.wait(15)
            soon(lambda: status(web) == 401)
        finally:
            run.serving.close()


def watching(way: str, rtsp: int, web: int) -> threading.Event:
    """Begins to look; set once nothing comes any more."""
    over, begun = threading.Event(), threading.Event()

    def look() -> None:
        if way == "webrtc":
            url = f"http://127.0.0.1:{web}/cameras/garden/whep"
            client = [sys.executable, "-m", "tests.gateway.whep_client", url, "500"]
            with subprocess.Popen(client, stderr=subprocess.DEVNULL) as looks:
                time.sleep(4)  # it fails before, if it fails
                if looks.poll() is None:
                    begun.set()
                looks.wait(40)
        else:
            url = {
                "rtsp": f"rtsp://127.0.0.1:{rtsp}/garden",
                "http": f"http://127.0.0.1:{web}/cameras/garden/stream.mp4",
            }[way]
            options = {"rtsp_transport": "tcp"} if way == "rtsp" else {}
            with suppress(av.FFmpegError), av.open(url, options=options, timeout=5) as stream:
                for _ in stream.demux(video=0):
                    begun.set()
        over.set()

    threading.Thread(target=look, daemon=True).start()
    assert begun.wait(20)
    return over


def test_where_a_port_is_taken_what_was_served_before_is_served_again(run: Run) -> None:
    port = free_port()
    run.ask(port, password=SECRET)
    soon(lambda: status(port) == 401)
    with taken() as other:
        run.ask(other, password=SECRET)
        soon(lambda: len(run.errors) > 0)
        soon(lambda: status(port, SECRET) == 200)
        assert status(port) == 401
    assert f"port {other} can't be listened on" in run.errors[0]
    assert "what was served before is served again" in run.said
    assert (len(run.errors), run.ended) == (1, [])


def test_where_nothing_could_ever_be_served_it_fails(run: Run) -> None:
    with taken() as other:
        run.ask(other)
        soon(lambda: len(run.ended) > 0)
    assert f"port {other} can't be listened on" in run.ended[0]
    assert run.errors == []


def test_the_same_again_lets_nobody_go(run: Run) -> None:
    port = free_port()
    run.ask(port)
    soon(lambda: status(port) == 200)
    run.ask(port)
    time.sleep(0.5)
    assert run.said.count(f"served at http://127.0.0.1:{port}/") == 1


def test_a_certificate_that_was_renewed_is_served(run: Run, tmp_path: Path) -> None:
    port = free_port()
    first, second = (certificates.papers(tmp_path / name) for name in ("one", "two"))
    place, key = tmp_path / "c.pem", tmp_path / "k.pem"

    def put(papers: Any) -> None:
        place.write_bytes(papers.certificate.read_bytes())
        key.write_bytes(papers.key.read_bytes())

    def served() -> str | None:
        try:
            return ssl.get_server_certificate(("127.0.0.1", port), timeout=5)
        except OSError:
            return None

    put(first)
    run.ask(port, certificate=place, key=key)
    soon(lambda: served() is not None)
    before = served()
    put(second)
    run.ask(port, certificate=place, key=key)
    soon(lambda: served() not in (None, before))
    assert (run.errors, run.ended) == ([], [])


def test_to_look_at_settings_changes_nothing_for_whoever_looks_now(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The address in an answer is the one that is listened on, though it is read again."""
    pytest.importorskip("aiortc")
    from aioice import ice

    monkeypatch.setattr(ice, "get_host_addresses", ice.get_host_addresses)
    given = {"listen": "127.0.0.2", "rtsp_port": None, "web_port": free_port()}
    settings = ServeSettings.of(**given, whip={"door": "http://127.0.0.1:9/whip"})
    run.serving.ask(settings)
    soon(lambda: len(run.said) > 0)
    assert ice.get_host_addresses(True, False) == ["127.0.0.2"]
    run.serving.check(settings)
    run.serving.ask(settings)
    assert ice.get_host_addresses(True, False) == ["127.0.0.2"]


def test_a_gateway_that_reads_its_file_again_asks_for_the_new_password(tmp_path: Path) -> None:
    """Its camera is away all the time, and its process is not started anew."""
    config, port, words = tmp_path / "gateway.toml", free_port(), tmp_path / "words"
    camera = f'[camera.door]\nsource = "rtsp://127.0.0.1:{free_port()}/"\n'
    serve = f"[serve]\nweb_port = {port}\nrtsp_port = {free_port()}\n"
    config.write_text(camera + serve)
    with gateway(config) as running:
        running.until("'pid' in cameras['door']", 30)
        soon(lambda: status(port) == 200)
        before = running.children()

        def written(text: str) -> None:
            config.write_text(text)
            os.kill(running.process.pid, signal.SIGHUP)

        words.write_text(f"passerby:{SECRET}\n")
        words.chmod(0o600)
        closed = camera + serve + f'login = {{ file = "{words}" }}\n'
        written(closed)
        soon(lambda: status(port) == 401)
        assert status(port, SECRET) == 200
        written(closed + 'certificate = "none.pem"\n')
        time.sleep(1.5)
        assert status(port, SECRET) == 200
        assert running.children() == before
        with taken() as other:
            written(closed.replace(str(port), str(other)))
            time.sleep(1.5)
        soon(lambda: status(port, SECRET) == 200)
        assert running.children() == before
        code, said = running.end()
    assert code == 0
    assert "the certificate and its key can't be used" in said
    assert said.count("what was read before goes on") == 1
    assert f"port {other} can't be listened on" in said
    assert said.count("what was served before is served again") == 1
    assert SECRET not in said
