"""Cameras share the process that runs the networks; what happens to it is seen as curtains only."""

from __future__ import annotations

import os
import signal
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from PIL import Image
from tests.live.camera import Film, camera, judged, needs_rtsp, tapped

from passerby.apps.gateway import keeper, models

from .running import alive, gateway

LEFT = 0.5  # of a face's detail: see tests/live/test_camera.py


def test_what_hangs_is_ended_and_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "SILENT", 2.0)
    lines: list[str] = []
    kept = models.Models(lambda: keeper.surroundings(frozenset({"HOME"})), lines.append)
    pids: list[int] = []
    try:
        until = time.monotonic() + 60
        while len(pids) < 3 and time.monotonic() < until:
            kept.tick(time.monotonic())
            if kept.pid is not None and kept.beats and kept.pid not in pids:
                pids.append(kept.pid)
                os.kill(kept.pid, signal.SIGSTOP if len(pids) == 1 else signal.SIGKILL)
            time.sleep(0.05)
        assert len(pids) == 3
        assert "no sign of life" in lines[0]
        assert "signal 9" in lines[1]
        told = Path(f"/proc/{pids[2]}/environ").read_bytes() if alive(pids[2]) else b""
        assert b"HOME=" not in told
    finally:
        kept.end()
    assert not any(map(alive, pids))


@pytest.mark.slow
def test_nobody_is_shown_and_no_camera_starts_anew_when_it_is_killed(
    tmp_path: Path, astronaut: Path
) -> None:
    needs_rtsp()
    with Image.open(astronaut) as image:
        film = Film.of(image.convert("RGB").crop((120, 20, 320, 220)))
    names = ("one", "other")
    with ExitStack() as stack:
        server = stack.enter_context(camera(tmp_path, film))
        for name in names:
            (tmp_path / name).mkdir()
        taps = {name: stack.enter_context(tapped(tmp_path / name)) for name in names}
        config = tmp_path / "gateway.toml"
        config.write_text(
            "".join(
                f'[camera.{name}]\nsource = "{server.url}"\nto = ["{tap.url}"]\npreset = "fast"\n'
                for name, tap in taps.items()
            )
        )
        running = stack.enter_context(gateway(config))
        running.until("all(c.get('shown', 0) >= 30 for c in cameras.values())", 60)
        children, pid = running.children(), running.models()
        assert set(children) == set(names)
        for _ in range(2):
            running.until("all(c['state'] == 'open' for c in cameras.values())")
            before = {name: dict(c) for name, c in running.cameras().items()}
            os.kill(pid, signal.SIGKILL)
            begun = time.monotonic()
            for name, its in before.items():
                failed = f"cameras['{name}']['failures'] > {its['failures']}"
                shows = f"cameras['{name}']['shown'] > {its['shown']} + 10"
                running.until(f"{failed} and {shows}", 60)
                print(f"{name}: ten more pictures after {time.monotonic() - begun:.1f} s")
            assert running.models() != pid
            pid = running.models()
        assert running.children() == children
        assert all(its["restarts"] == 0 for its in running.cameras().values())
        running.process.kill()  # the supervisor itself: they all end
        until = time.monotonic() + 10
        while any(map(alive, [pid, *children.values()])) and time.monotonic() < until:
            time.sleep(0.1)
        assert not any(map(alive, [pid, *children.values()]))
        print(running.cameras())
        for name, tap in taps.items():
            seen = judged(tap.pictures(), film)
            print(f"{name}: {len(seen.numbers)} shown, {seen.curtains} curtains, {seen.worst:.2f}")
            assert len(seen.numbers) > 50, name
            assert seen.curtains > 10, name
            assert seen.worst < LEFT, name
