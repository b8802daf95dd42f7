"""A running gateway reads its file again: only what changed is started anew; errors are refused."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.live.camera import (
    FRAMES,
    Film,
    Picture,
    camera,
    decoded,
    free_port,
    judged,
    needs_rtsp,
    number_of,
    tapped,
)

from passerby.apps.cli.gateway import supervise
from passerby.apps.gateway.config import Gateway, parse
from passerby.apps.gateway.supervisor import Supervisor

from .running import Player, alive, gateway

NOWHERE = '[camera.one]\nsource = "rtsp://127.0.0.1:1/x"\nto = ["udp://127.0.0.1:9"]\n'


@pytest.mark.slow
def test_only_what_changed_is_started_anew_and_a_wrong_file_is_refused(
    tmp_path: Path, astronaut: Path
) -> None:
    needs_rtsp()
    with Image.open(astronaut) as image:
        film = Film.of(image.convert("RGB").crop((120, 20, 320, 220)))
    config, records = tmp_path / "gateway.toml", tmp_path / "records"
    with ExitStack() as stack:
        server = stack.enter_context(camera(tmp_path, film))
        tap = stack.enter_context(tapped(tmp_path))
        port = free_port()
        served = f"[serve]\nrtsp_port = {port}\nweb_port = 0\n"
        steady = served + f'[camera.steady]\nsource = "{server.url}"\nto = ["{tap.url}"]\n'
        other = (
            f'[camera.other]\nsource = "{server.url}"\nrecordings = {{ folder = "{records}" }}\n'
        )
        config.write_text(steady + other)
        running = stack.enter_context(gateway(config, "--watch-config"))
        running.until("all(c.get('shown', 0) >= 5 for c in cameras.values())", 60)
        player = Player(f"rtsp://127.0.0.1:{port}/steady")
        before = running.children()
        config.write_text(steady + other + 'delay = "long"\n')
        running.process.send_signal(signal.SIGHUP)
        time.sleep(3)
        assert running.children() == before
        config.write_text(steady + other + 'zones = ["0,0,100%,80%"]\n')  # seen by itself
        _wait(lambda: running.children().get("other", before["other"]) != before["other"])
        assert not alive(before["other"])
        after = running.children()
        its = f"cameras['other'].get('pid') == {after['other']}"
        running.until(f"{its} and cameras['other']['shown'] >= 5", 60)
        assert after["steady"] == before["steady"]
        third = tmp_path / "third.mp4"
        film.write(third)
        config.write_text(steady + f'[camera.film]\nsource = "{third}"\nto = ["{tmp_path}/f/"]\n')
        os.kill(running.process.pid, signal.SIGHUP)
        running.until("'other' not in cameras and cameras['film'].get('state') == 'ended'", 60)
        begun = time.monotonic()
        code, said = running.end()
        assert time.monotonic() - begun < 20
        assert code == 0, said
        assert "gateway.toml:10: camera.other.delay: Input should be a valid number" in said
        assert said.count("what was read before goes on") == 1
        assert not any(map(alive, [*before.values(), *after.values()]))
        assert judged(tap.pictures(), film).worst < 0.5
        played = judged(player.pictures(), film)
        assert played.worst < 0.5
        assert len(played.numbers) + played.curtains > 20
    assert _zone_came(records)
    (whole,) = (tmp_path / "f").iterdir()
    assert judged(decoded(whole), film).worst < 0.5
    assert len(decoded(whole)) >= FRAMES / 2


@pytest.mark.slow
def test_a_wrong_broker_in_the_file_ends_no_camera(tmp_path: Path) -> None:
    config = tmp_path / "gateway.toml"
    config.write_text(NOWHERE)
    with gateway(config) as running:
        running.until("cameras['one'].get('pid')", 60)
        before = running.children()
        for port in ("99999", "Sesame77"):
            config.write_text(f'{NOWHERE}[mqtt]\nserver = "mqtt://localhost:{port}"\n')
            running.process.send_signal(signal.SIGHUP)
            time.sleep(2)
        assert running.process.poll() is None
        assert running.children() == before
        code, said = running.end()
    assert code == 0, said
    assert said.count("gateway.toml:5: mqtt.server: is no broker") == 2
    assert said.count("what was read before goes on") == 2
    assert "Sesame77" not in said


@pytest.mark.parametrize("where", ["fresh", "server", "broker"])
def test_no_mistake_at_reading_again_ends_a_camera(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], where: str
) -> None:
    asked, told = parse(NOWHERE, "gateway.toml", {}), list[Gateway | None]()
    bad = threading.Event()

    def fail(*_: object) -> None:
        if bad.is_set():
            raise ValueError("Sesame77")

    def run(self: Supervisor, stop: threading.Event, again: Callable[[], Gateway | None]) -> None:
        told.append(again())
        bad.set()
        told.append(again())

    def fresh() -> Gateway:
        if where == "fresh":
            fail()
        return asked

    monkeypatch.setattr(Supervisor, "run", run)
    if where == "server":
        monkeypatch.setattr("passerby.apps.gateway.serving.Serving.check", fail)
    if where == "broker":
        monkeypatch.setattr("passerby.apps.gateway.mqtt.Telling.ask", fail)
    assert supervise(asked, how=None, quiet=False, fresh=fresh) == 0
    assert told == [asked, None]
    said = capsys.readouterr().err
    assert "a mistake in Passerby itself (ValueError in " in said
    assert "what was read before goes on" in said
    assert "Sesame77" not in said


def _zone_came(records: Path) -> bool:
    """Whether the last recording hides what the first one shows of the street."""
    first, *_, last = sorted(records.iterdir())
    shown = [p for p in decoded(last) if number_of(p) is not None]
    return max(map(_rough, shown)) < max(map(_rough, decoded(first))) / 4


def _wait(told: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not told():
        assert time.monotonic() < until
        time.sleep(0.1)


def _rough(picture: Picture) -> float:
    """How much its upper part differs from one pixel to the next."""
    return float(np.abs(np.diff(picture[:200].astype(int), axis=1)).mean())
