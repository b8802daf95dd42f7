"""Footage as people bring it, and the program as they start it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

Run = Callable[..., subprocess.CompletedProcess[str]]
CANARY = "Canary-7QX"  # a name, planted in tags, that must not come along


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "passerby", *map(str, arguments)]


def surroundings(folder: Path) -> dict[str, str]:
    """An environment whose home and temporary folder are our own, to see what is put there."""
    for name in ("home", "temporary"):
        (folder / name).mkdir(exist_ok=True)
    own = {"HOME": str(folder / "home"), "TMPDIR": str(folder / "temporary"), "TERM": "dumb"}
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "ORT_"))}
    return inherited | own


@pytest.fixture
def passerby(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Run `passerby` in `tmp_path`; nothing may appear in the home or the temporary folder."""
    around = tmp_path_factory.mktemp("around")

    def run(*arguments: str | Path, **more: object) -> subprocess.CompletedProcess[str]:
        done: subprocess.CompletedProcess[str] = subprocess.run(  # type: ignore[call-overload]  # options are handed on as they are
            command(*arguments),
            cwd=tmp_path,
            env=surroundings(around),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            **more,
        )
        assert not list((around / "home").iterdir()), "something was put into the home folder"
        assert not list((around / "temporary").iterdir()), "something was left behind"
        assert "Traceback" not in done.stderr
        return done

    return run


@pytest.fixture(scope="module")
def models() -> Iterator[None]:
    """What runs in this process loads each model once, as a batch does."""
    from passerby.jobs.tasks import models_kept

    with models_kept():
        yield


@pytest.fixture
def inside(
    models: None,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Run:
    """Like `passerby`, in this process, where no interpreter has to start: for many questions."""
    from passerby.apps.cli.app import run as answered

    around = tmp_path_factory.mktemp("around")
    for name, value in surroundings(around).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(tempfile, "tempdir", None)  # where it was is remembered

    def run(*arguments: str | Path, within: Path = tmp_path) -> subprocess.CompletedProcess[str]:
        monkeypatch.chdir(within)
        capfd.readouterr()
        code = answered([*map(str, arguments)])
        said, complained = capfd.readouterr()
        assert not list((around / "home").iterdir()), "something was put into the home folder"
        assert not list((around / "temporary").iterdir()), "something was left behind"
        assert "Traceback" not in complained
        return subprocess.CompletedProcess(arguments, code, said, complained)

    return run


@pytest.fixture(scope="session")
def portrait(astronaut: Path) -> Image.Image:
    """Her head and shoulders, 200x200; the face fills about (60, 30)-(140, 150)."""
    with Image.open(astronaut) as image:
        return image.convert("RGB").crop((120, 20, 320, 220))


def write_clip(
    path: Path, pictures: Sequence[np.ndarray], *, sound: bool = True, gop: int = 250
) -> None:
    """`pictures` (RGB, uint8) as H.264 at 25 fps, with a tone, and a canary in the tags."""
    height, width = pictures[0].shape[:2]
    with av.open(str(path), "w") as out:
        out.metadata["title"] = CANARY
        out.metadata["comment"] = CANARY
        quick = {"preset": "ultrafast", "crf": "18", "g": str(gop)}
        video = out.add_stream("libx264", rate=25, options=quick)
        assert isinstance(video, av.VideoStream)
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        tone = out.add_stream("aac", rate=48000) if sound else None
        for picture in pictures:
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            out.mux(video.encode(frame))
        out.mux(video.encode())
        if isinstance(tone, av.AudioStream):
            seconds = len(pictures) / 25
            wave = np.sin(np.arange(int(48000 * seconds)) / 20).astype(np.float32)
            for at in range(0, len(wave) - 1023, 1024):
                block = av.AudioFrame.from_ndarray(wave[None, at : at + 1024], "fltp", "mono")
                block.sample_rate, block.pts = 48000, at
                out.mux(tone.encode(block))
            out.mux(tone.encode())


def drifting(portrait: Image.Image, frames: int) -> list[np.ndarray]:
    """The portrait drifting over a grey street, 320x240."""
    street = np.full((240, 320, 3), 128, np.uint8)
    street[::16] = 90
    face = np.asarray(portrait)
    pictures = []
    for number in range(frames):
        picture = street.copy()
        x = 20 + number * 60 // max(frames, 1)
        picture[20:220, x : x + 200] = face
        pictures.append(picture)
    return pictures


@pytest.fixture(scope="session")
def made_clip(tmp_path_factory: pytest.TempPathFactory, portrait: Image.Image) -> Path:
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    write_clip(path, drifting(portrait, 25))
    return path


@pytest.fixture
def clip(tmp_path: Path, made_clip: Path) -> Path:
    """One second of a drifting face, 320x240, with sound and tags: `clip.mp4`."""
    path = tmp_path / "clip.mp4"
    path.write_bytes(made_clip.read_bytes())
    return path


@pytest.fixture
def photo(tmp_path: Path, portrait: Image.Image) -> Path:
    """A JPEG with EXIF and a comment: `photo.jpg`."""
    path = tmp_path / "photo.jpg"
    exif = Image.Exif()
    exif[0x010F] = CANARY  # the camera's maker
    portrait.save(path, exif=exif, comment=CANARY.encode(), quality=90)
    return path
