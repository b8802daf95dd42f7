"""Pushing to a server: what it is sent arrives; one that hangs is given up; nothing is shown."""

from __future__ import annotations

import socket
import threading
import time
from itertools import pairwise
from pathlib import Path

import av
import pytest
from tests.media.conftest import SHAPE

from passerby.media.addresses import target
from passerby.media.live_encoder import Coded
from passerby.media.push import Push


def url_of(listener: socket.socket, kind: str) -> str:
    return f"{kind}://127.0.0.1:{listener.getsockname()[1]}"


def test_what_is_pushed_arrives_whole_and_at_its_moments(
    tmp_path: Path, coded: list[Coded]
) -> None:
    there = tmp_path / "there.ts"

    def take() -> None:
        connection, _ = listener.accept()
        with connection, there.open("wb") as file:
            while data := connection.recv(1 << 16):
                file.write(data)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        taker = threading.Thread(target=take, daemon=True)
        taker.start()
        push = Push(target(url_of(listener, "tcp")), SHAPE)
        for packet in coded:
            push.put(packet)
        push.close()
        taker.join(10)
    with av.open(str(there)) as container:
        moments = [frame.pts or 0 for frame in container.decode(video=0)]
    assert [at - moments[0] for at in moments] == [one.at for one in coded]


@pytest.mark.parametrize("kind", ["rtsp", "rtmp"])
def test_a_server_that_says_nothing_is_given_up_and_holds_up_no_other_thread(
    coded: list[Coded], kind: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        push = Push(target(f"{url_of(silent, kind)}/live/there"), SHAPE, patience=1.0)
        begun, beats = time.monotonic(), []
        over = threading.Event()

        def beat() -> None:
            while not over.wait(0.05):
                beats.append(time.monotonic() - begun)

        beater = threading.Thread(target=beat, daemon=True)
        beater.start()
        with pytest.raises(ConnectionError):
            push.put(coded[0])
        over.set()
        beater.join()
        assert 0.5 < time.monotonic() - begun < 10
        assert max(b - a for a, b in pairwise(beats)) < 1
        push.close()


def test_nobody_there_is_told_and_the_process_is_gone(coded: list[Coded]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = url_of(listener, "rtsp")
    push = Push(target(f"{url}/there"), SHAPE)
    process = push._process
    with pytest.raises(ConnectionError):
        push.put(coded[0])
    push.close()
    assert process.returncode == 1


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="Linux only")
def test_no_list_of_processes_shows_a_password(
    monkeypatch: pytest.MonkeyPatch, coded: list[Coded]
) -> None:
    monkeypatch.setenv("PASSERBY_TO_LOGIN", "user:open-sesame")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place = url_of(silent, "rtsp").replace("//", "//user:open-sesame@")
        push = Push(target(f"{place}/there"), SHAPE)
        proc = Path(f"/proc/{push._process.pid}")
        told = (proc / "cmdline").read_bytes() + (proc / "environ").read_bytes()
        assert b"pusher.py" in told
        assert b"sesame" not in told
        push.close()
    assert not proc.exists()
