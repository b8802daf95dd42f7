"""One camera with `--serve`: a player on this machine gets what is hidden."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image
from tests.live.camera import Film, camera, free_port, judged, live, needs_rtsp

from .running import Gateway, Player


@pytest.mark.slow
def test_one_camera_is_served_to_a_player(tmp_path: Path, astronaut: Path) -> None:
    needs_rtsp()
    with Image.open(astronaut) as image:
        film = Film.of(image.convert("RGB").crop((120, 20, 320, 220)))
    port = free_port()
    with camera(tmp_path, film) as server:
        ports = ("--serve", "--rtsp-port", str(port), "--web-port", "0")
        running = Gateway(live(server.url, *ports, "--status", "json", "--for", "14"))
        running.until("cameras['camera'].get('shown', 0) > 0", 60)
        player = Player(f"rtsp://127.0.0.1:{port}/camera")
        assert running.process.wait(60) == 0
        pictures = player.pictures()
        _, said = running.end()
    assert json.loads(running.lines[-1])["cameras"]["camera"]["state"] == "ended"
    assert f"rtsp://127.0.0.1:{port}/camera" in said
    seen = judged(pictures, film)
    assert len(seen.numbers) >= 10
    assert seen.worst < 0.5
