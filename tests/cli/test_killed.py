"""Whatever happens half way: no partial file under the final name, no changed input, and nothing
of the original in any file that is left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image
from tests.cli.conftest import Run, command, drifting, surroundings, write_clip
from tests.cli.test_end_to_end import face_change, left_in, pictures

FRAMES = 600


@pytest.fixture(scope="session")
def made_long(tmp_path_factory: pytest.TempPathFactory, portrait: Image.Image) -> Path:
    path = tmp_path_factory.mktemp("long") / "long.mp4"
    write_clip(path, drifting(portrait, FRAMES), sound=False)
    return path


@pytest.fixture
def long(tmp_path: Path, made_long: Path) -> Path:
    """A film that takes a few seconds: `long.mp4`."""
    path = tmp_path / "long.mp4"
    path.write_bytes(made_long.read_bytes())
    return path


def started(folder: Path, around: Path, *words: str) -> subprocess.Popen[str]:
    """The program at work: its partial file has begun to grow."""
    process = subprocess.Popen(
        command("redact", "long.mp4", "--quiet", "--no-verify", "--preset", "fast", *words),
        cwd=folder,
        env=surroundings(around),
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        if any(p.stat().st_size > 20_000 for p in folder.glob("*.partial")):
            return process
        time.sleep(0.01)
    raise AssertionError(f"it never began to write: {process.communicate()[1]}")


def test_killed_outright_it_leaves_only_hidden_frames_and_the_next_run_replaces_them(
    passerby: Run, long: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    around, before = tmp_path_factory.mktemp("killed"), long.read_bytes()
    process = started(tmp_path, around, "-o", "out.mkv")
    process.kill()
    process.communicate()
    assert left_in(tmp_path) == {"long.mp4", "out.mkv.partial"}
    assert long.read_bytes() == before
    assert not left_in(around / "temporary")
    assert not left_in(around / "home")
    given, seen = pictures(long), decodable(tmp_path / "out.mkv.partial")
    assert seen
    for number, picture in enumerate(seen):
        x = 20 + number * 60 // FRAMES
        assert face_change(given[number], picture, x, 20) > 15, f"frame {number} is bare"
    done = passerby("redact", "long.mp4", "-o", "out.mkv", "--no-verify", "--preset", "fast")
    assert done.returncode == 0, done.stderr
    assert left_in(tmp_path) == {"long.mp4", "out.mkv"}
    assert len(pictures(tmp_path / "out.mkv")) == FRAMES


def decodable(path: Path) -> list[np.ndarray]:
    """As much of a film as can be seen of it."""
    seen: list[np.ndarray] = []
    with av.open(str(path), format="matroska") as container, suppress(av.FFmpegError):
        seen.extend(f.to_ndarray(format="rgb24") for f in container.decode(video=0))
    return seen


def emptied(path: Path) -> None:
    os.truncate(path, 1000)


def overwritten(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 3)
        file.write(bytes(path.stat().st_size // 3))


@pytest.mark.parametrize("harm", [emptied, overwritten])
def test_an_input_that_is_taken_away_half_way_is_an_error_and_leaves_nothing(
    long: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory,
    harm: Callable[[Path], None],
) -> None:  # fmt: skip
    process = started(tmp_path, tmp_path_factory.mktemp("around"), "-o", "out.mp4")
    process.send_signal(signal.SIGSTOP)
    harm(long)
    process.send_signal(signal.SIGCONT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert said.startswith("passerby: long.mp4")
    assert said.count("\n") == 1
    assert left_in(tmp_path) == {"long.mp4"}


@pytest.mark.skipif(not Path("/proc/version").exists(), reason="there is no folder that refuses")
def test_a_folder_that_can_not_be_written_to_is_an_error_before_the_work_begins(
    passerby: Run, clip: Path, tmp_path: Path
) -> None:
    begun = time.monotonic()
    done = passerby("redact", "clip.mp4", "-o", "/proc/out.mp4", "--quiet")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert time.monotonic() - begun < 10
    assert left_in(tmp_path) == {"clip.mp4"}


def test_the_output_is_of_today_unless_its_original_s_time_is_asked_for(
    inside: Run, photo: Path, tmp_path: Path
) -> None:
    os.utime(photo, (1_000_000_000, 1_000_000_000))
    assert inside("redact", "photo.jpg", "--quiet").returncode == 0
    out = tmp_path / "photo.redacted.jpg"
    assert abs(out.stat().st_mtime - time.time()) < 600
    assert inside("redact", "photo.jpg", "--quiet", "--force", "--keep-mtime").returncode == 0
    assert out.stat().st_mtime == 1_000_000_000


def test_damage_is_an_error_and_with_a_word_the_report_says_where(
    inside: Run, tmp_path: Path, portrait: Image.Image
) -> None:
    write_clip(tmp_path / "clip.mkv", drifting(portrait, 50), sound=False)
    clip = tmp_path / "clip.mkv"
    os.truncate(clip, clip.stat().st_size * 7 // 10)
    done = inside("redact", "clip.mkv", "--quiet")
    assert done.returncode == 1
    assert "--accept-damaged" in done.stderr
    assert left_in(tmp_path) == {"clip.mkv"}
    done = inside("redact", "clip.mkv", "--accept-damaged", "--report", "report.json")
    assert done.returncode == 0, done.stderr
    assert "the input is damaged: breaks off" in done.stderr
    assert '"damaged": [' in (tmp_path / "report.json").read_text()
    assert 20 < len(pictures(tmp_path / "clip.redacted.mkv")) < 50


def test_a_photo_that_breaks_off_is_refused_or_shown_as_far_as_it_goes(
    inside: Run, tmp_path: Path, portrait: Image.Image
) -> None:
    tall = Image.new("RGB", (portrait.width, portrait.height * 2), "white")
    tall.paste(portrait)
    names = ("photo.jpg", "photo.png", "photo.webp")
    for name in names:
        tall.save(tmp_path / name)
        os.truncate(tmp_path / name, (tmp_path / name).stat().st_size * 19 // 20)
    done = inside("redact", *names, "--to", "out", "--quiet")
    assert done.returncode == 1
    assert done.stderr.count("--accept-damaged") == 3
    assert left_in(tmp_path) - {"out"} == set(names)
    assert list((tmp_path / "out").iterdir()) == []
    done = inside("redact", *names, "--to", "out", "--accept-damaged", "--report", "report.json")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("the input is damaged: breaks off") == 3
    for file in json.loads((tmp_path / "report.json").read_text())["files"]:
        assert file["report"]["verification"]["verdict"] == "passed"
        assert file["report"]["counts"]["regions"] > 0
        with Image.open(tmp_path / file["output"]) as made:
            assert made.size == tall.size
            assert made.convert("RGB").getpixel((5, tall.height - 1)) == (128, 128, 128)
