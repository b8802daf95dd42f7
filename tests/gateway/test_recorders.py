"""Recorders that people have, in place of the camera: what they keep shows nobody."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from tests.live.camera import Film, Picture, camera, decoded, free_port, judged, live, needs_rtsp

from .running import Gateway

pytestmark = pytest.mark.slow

MOTION = """\
daemon off
target_dir {folder}
netcam_url {url}
netcam_params rtsp_transport=tcp
width 640
height 360
framerate 12
emulate_motion on
picture_output off
snapshot_interval 1
movie_output on
movie_passthrough on
movie_max_time 4
webcontrol_port 0
stream_port 0
"""


@pytest.fixture(scope="module")
def film(astronaut: Path) -> Film:
    with Image.open(astronaut) as image:
        return Film.of(image.convert("RGB").crop((120, 20, 320, 220)))


def is_curtain(picture: Picture) -> bool:
    """But for the time that motion writes on it; a face is a twenty-fifth of the picture."""
    return bool((np.abs(picture - np.median(picture)) < 4).mean() > 0.97)


@contextmanager
def published(folder: Path, film: Film) -> Iterator[str]:
    """The RTSP address of a camera that the built-in server publishes."""
    needs_rtsp()
    port = free_port()
    with camera(folder, film) as server:
        ports = ("--serve", "--rtsp-port", str(port), "--web-port", "0")
        running = Gateway(live(server.url, *ports, "--preset", "fast", "--status", "json"))
        try:
            running.until("cameras['camera'].get('shown', 0) > 0", 60)
            yield f"rtsp://127.0.0.1:{port}/camera"
        finally:
            running.end()


def program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed (make programs, as root)")
    return found


def ran(command: list[str], seconds: float) -> None:
    """For so long, and then it is asked to end, as when its machine is switched off."""
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        code = process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.terminate()
        process.wait(20)
    else:
        raise AssertionError(f"{Path(command[0]).name} ended by itself with {code}")
    finally:
        process.kill()


def test_motion_records_and_sees_nobody(tmp_path: Path, film: Film) -> None:
    recorder, kept = program("motion"), tmp_path / "kept"
    kept.mkdir()
    config = tmp_path / "motion.conf"
    with published(tmp_path, film) as url:
        config.write_text(MOTION.format(folder=kept, url=url))
        ran([recorder, "-n", "-c", str(config)], 14)
    movies = sorted(kept.glob("*.mp4"))
    assert len(movies) >= 2
    seen = judged([picture for path in movies for picture in decoded(path)], film)
    assert len(seen.numbers) >= 60
    assert seen.worst < 0.5
    pictures = [np.asarray(Image.open(path).convert("RGB")) for path in kept.glob("*-snapshot.jpg")]
    seen = judged([picture for picture in pictures if not is_curtain(picture)], film)
    assert len(seen.numbers) >= 5
    assert seen.worst < 0.5


def test_frigate_s_commands_detect_and_record_and_see_nobody(tmp_path: Path, film: Film) -> None:
    """FFmpeg with what Frigate's presets give it, `preset-rtsp-generic`, `preset-record-generic`,
    and its raw pictures for detection."""
    kept, raw = tmp_path / "kept", tmp_path / "detect.yuv"
    kept.mkdir()
    wanted = {
        "-avoid_negative_ts": "make_zero",
        "-fflags": "+genpts+discardcorrupt",
        "-rtsp_transport": "tcp",
        "-timeout": "10000000",
        "-use_wallclock_as_timestamps": "1",
    }
    record = {
        "-f": "segment",
        "-segment_time": "10",
        "-segment_format": "mp4",
        "-reset_timestamps": "1",
        "-strftime": "1",
        "-c": "copy",
    }
    with published(tmp_path, film) as url:
        command = [program("ffmpeg"), "-hide_banner", "-loglevel", "warning", "-threads", "2"]
        command += [part for pair in wanted.items() for part in pair] + ["-i", url]
        command += [part for pair in record.items() for part in pair]
        command += ["-an", str(kept / "%Y%m%d%H%M%S.mp4")]
        command += ["-r", "5", "-vf", "fps=5,scale=640:360", "-threads", "2"]
        command += ["-f", "rawvideo", "-pix_fmt", "yuv420p", str(raw)]
        ran(command, 15)
    pieces = sorted(kept.iterdir())
    assert len(pieces) >= 2
    for pictures, least in (
        ([picture for path in pieces for picture in decoded(path)], 60),
        (list(raw_pictures(raw, 640, 360)), 30),
    ):
        seen = judged(pictures, film)
        assert len(seen.numbers) >= least
        assert seen.worst < 0.5


def raw_pictures(path: Path, width: int, height: int) -> Iterator[Picture]:
    size = width * height * 3 // 2
    for n in range(path.stat().st_size // size):
        data = np.fromfile(path, np.uint8, size, offset=n * size)
        yield np.asarray(
            cv2.cvtColor(data.reshape(height * 3 // 2, width), cv2.COLOR_YUV2RGB_I420), np.uint8
        )
