"""Cameras' processes that die, hang or grow: they come back, no other notices, nobody is shown."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from PIL import Image
from tests.live.camera import Film, Server, Tap, camera, judged, needs_rtsp, tapped

from .running import alive, gateway, surroundings

pytestmark = pytest.mark.slow
LEFT = 0.5  # of a face's detail: see tests/live/test_camera.py
SECRET = "Sesame77"

# One camera's process takes more and more memory once it is told to.
GROWS = """
import pathlib, sys, threading, time
here = pathlib.Path(__file__).parent
def grow():
    while not (here / "grow").exists():
        time.sleep(0.1)
    (here / "grow").unlink()
    held = []
    while True:
        held.append(bytearray(b"x" * 50_000_000))
        time.sleep(0.02)
if sys.orig_argv[-1] == "dies":
    threading.Thread(target=grow, daemon=True).start()
"""


@pytest.fixture(scope="module")
def film(astronaut: Path) -> Film:
    with Image.open(astronaut) as image:
        return Film.of(image.convert("RGB").crop((120, 20, 320, 220)))


@pytest.fixture
def filming(tmp_path: Path, film: Film) -> Iterator[Server]:
    needs_rtsp()
    with camera(tmp_path, film, login=f"viewer:{SECRET}") as server:
        yield server


def written(url: str, taps: dict[str, Tap], login: Path) -> str:
    own = url.replace("://", f"://viewer:{SECRET}@")
    source = {"dies": url, "hangs": url, "stays": own}
    how = {
        "dies": 'login = { environment = "DIES_LOGIN" }',
        "hangs": f'login = {{ file = "{login}" }}',
    }
    return '[defaults]\nmegabytes = 1500\npreset = "fast"\n' + "".join(
        f'[camera.{name}]\nsource = "{source[name]}"\nto = ["{tap.url}"]\n{how.get(name, "")}\n'
        for name, tap in taps.items()
    )


def test_who_dies_hangs_or_grows_comes_back_and_no_other_notices(
    tmp_path: Path, film: Film, filming: Server
) -> None:
    code = tmp_path / "code"
    code.mkdir()
    (code / "sitecustomize.py").write_text(GROWS)
    login = tmp_path / "login"
    login.write_text(f"viewer:{SECRET}\n")
    names = ("dies", "hangs", "stays")
    with ExitStack() as stack:
        taps = {name: stack.enter_context(tapped(_folder(tmp_path / name))) for name in names}
        config = tmp_path / "gateway.toml"
        config.write_text(written(filming.url, taps, login))
        running = stack.enter_context(
            gateway(config, PYTHONPATH=str(code), DIES_LOGIN=f"viewer:{SECRET}")
        )
        running.until("all(c.get('shown', 0) >= 20 for c in cameras.values())", 60)
        first = running.children()
        assert set(first) == set(names)
        told = "".join(surroundings(pid) for pid in first.values())
        begun = time.monotonic()
        os.kill(first["dies"], signal.SIGKILL)
        os.kill(first["hangs"], signal.SIGSTOP)
        for name, restarts in (("dies", 1), ("dies", 2), ("hangs", 1)):
            if restarts == 2:
                (code / "grow").touch()
            its = f"cameras['{name}']"
            running.until(f"{its}['restarts'] == {restarts} and {its}.get('shown', 0) > 20", 60)
            print(f"{name}: back after {time.monotonic() - begun:.1f} s")
        second = running.children()
        assert second["stays"] == first["stays"]
        assert not {second["dies"], second["hangs"]} & set(first.values())
        running.until("cameras['stays']['restarts'] == cameras['stays']['reconnects'] == 0")
        lines = "".join(running.lines)
        running.process.kill()  # the supervisor itself: its children end by themselves
        until = time.monotonic() + 10
        while any(map(alive, second.values())) and time.monotonic() < until:
            time.sleep(0.1)
        assert not any(map(alive, second.values()))
        assert running.process.stderr is not None
        said = running.process.stderr.read()
        for word in ("signal 9", "no sign of life", "1500 MB"):
            assert word in said
        assert said.count("a password") == 1  # that is written in the file
        assert SECRET not in said + lines + told
        for name, tap in taps.items():
            seen = judged(tap.pictures(), film)
            assert len(seen.numbers) > 40, name
            assert seen.worst < LEFT, name


def _folder(path: Path) -> Path:
    path.mkdir()
    return path
