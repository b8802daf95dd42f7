"""A real camera through `passerby live gateway.toml` to whoever asks: nobody is shown the face."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import av
import numpy as np
import pytest
from PIL import Image
from tests.live.camera import Film, Picture, camera, free_port, judged, needs_rtsp

from .running import gateway

pytestmark = pytest.mark.slow
LEFT = 0.5  # of a face's detail: see tests/live/test_camera.py
COUNT = 60  # pictures: longer than the portrait needs to walk by
SECRET = "Sesame77"


def watched(url: str) -> list[Picture]:
    found = []
    with av.open(url, options={"rtsp_transport": "tcp"} if url[0] == "r" else {}, timeout=10) as c:
        for frame in c.decode(video=0):
            found.append(np.asarray(frame.to_ndarray(format="rgb24"), np.uint8))
            if len(found) == COUNT:
                break
    return found


def asked(url: str) -> tuple[int, str]:
    try:
        with urlopen(url, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


def test_no_way_out_shows_the_face_and_no_answer_the_camera_s_password(
    tmp_path: Path, astronaut: Path
) -> None:
    needs_rtsp()
    with Image.open(astronaut) as image:
        film = Film.of(image.convert("RGB").crop((120, 20, 320, 220)))
    rtsp, web = free_port(), free_port()
    with camera(tmp_path, film, login=f"viewer:{SECRET}") as filming:
        source = filming.url.replace("://", f"://viewer:{SECRET}@")
        config = tmp_path / "gateway.toml"
        config.write_text(
            f'[camera.garden]\nsource = "{source}"\npreset = "fast"\ndelay = 1\n'
            f"[serve]\nrtsp_port = {rtsp}\nweb_port = {web}\n"
        )
        with gateway(config) as running:
            running.until("cameras['garden'].get('shown', 0) >= 20", 60)
            page = f"http://127.0.0.1:{web}"
            ways = [
                f"rtsp://127.0.0.1:{rtsp}/garden",
                f"{page}/cameras/garden/hls/index.m3u8",
                f"{page}/cameras/garden/stream.mp4",
            ]
            with ThreadPoolExecutor() as pool:
                came = list(pool.map(watched, ways))
            for way, pictures in zip(ways, came, strict=True):
                seen = judged(pictures, film)
                assert len(seen.numbers) > COUNT / 4, (
                    way
                )  # the rest are curtains where the machine is busy
                assert seen.worst < LEFT, way
            status, health = asked(f"{page}/health")
            assert (status, '"ok":true' in health) == (200, True), health
            told = health + "".join(asked(page + path)[1] for path in ("/metrics", "/api/cameras"))
            filming.kill()
            running.until("cameras['garden']['state'] != 'open'")
            status, health = asked(f"{page}/health")
            assert (status, "camera-lost" in health) == (503, True), health
            assert SECRET not in told + health + asked(f"{page}/api/cameras")[1]
            assert "viewer" not in told
            code, said = running.end()
            assert code == 0, said
