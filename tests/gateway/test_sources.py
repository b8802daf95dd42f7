"""Cameras of every kind through the gateway: nobody is shown, whatever they speak."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest
from PIL import Image
from tests.live.camera import Film, camera, decoded, judged, live, needs_rtsp

from .running import gateway, surroundings
from .senders import ffmpeg, mjpeg

SECRET = "Sesame77Sesame"


@pytest.mark.slow
def test_cameras_of_every_kind_are_published_and_no_picture_shows_the_face(
    tmp_path: Path, astronaut: Path
) -> None:
    needs_rtsp()
    with Image.open(astronaut) as image:
        film = Film.of(image.convert("RGB").crop((120, 20, 320, 220)))
    film.write(tmp_path / "film.mp4")
    with ExitStack() as stack:
        login = f"viewer:{SECRET}"
        sources = {
            "rtsp-udp": stack.enter_context(camera(tmp_path, film, login=login)).url,
            "mjpeg": stack.enter_context(mjpeg(film, login)),
            "ts": stack.enter_context(ffmpeg(tmp_path / "film.mp4", "udp")),
            "rtmp": stack.enter_context(ffmpeg(tmp_path / "film.mp4", "rtmp")),
            "srt": stack.enter_context(
                ffmpeg(tmp_path / "film.mp4", "srt", f"&passphrase={SECRET}")
            ),
        }
        config = tmp_path / "gateway.toml"
        config.write_text(
            '[defaults]\npreset = "fast"\n'
            + "".join(
                f'[camera.{name}]\nsource = "{url}"\nto = ["{tmp_path}/{name}/"]\n'
                + ('transport = "udp"\n' if name == "rtsp-udp" else "")
                + ("" if name in ("ts", "rtmp") else 'login = { environment = "LOGIN" }\n')
                for name, url in sources.items()
            )
        )
        running = stack.enter_context(gateway(config, LOGIN=login))
        running.until("all(c.get('shown', 0) >= 25 for c in cameras.values())", 90)
        told = "".join(surroundings(pid) for pid in running.family())
        code, said = running.end()
        assert code == 0, said
        assert SECRET not in told + said + "".join(running.lines)
    for name in sources:
        pictures = [p for path in sorted((tmp_path / name).iterdir()) for p in decoded(path)]
        seen = judged(pictures, film)
        assert len(seen.numbers) >= 20, name
        assert seen.worst < 0.5, name


@pytest.mark.parametrize(
    ("source", "surroundings", "told"),
    [
        ("camera:199", {}, "/dev/video199: is not there; ls -l /dev/video*"),
        ("srt://127.0.0.1:9?passphrase=Secret55Secret", {"PATH": "/nowhere"}, "SRT needs the prog"),
        ("srt://127.0.0.1", {}, "a srt address needs a port"),
    ],
)
def test_what_can_not_be_opened_is_told_at_once(
    tmp_path: Path, source: str, surroundings: dict[str, str], told: str
) -> None:
    running = live(source, "--to", f"{tmp_path}/out/", **surroundings)
    _, said = running.communicate(timeout=60)
    assert running.returncode in (1, 2)
    assert told in said
    assert "Secret55" not in said
