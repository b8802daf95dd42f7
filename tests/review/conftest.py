"""A film with two people, and its review."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from tests.cli.conftest import write_clip

from .serving import Served, served

FRAMES, WIDE, HIGH = 50, 480, 270


def two_people(portrait: Image.Image) -> list[np.ndarray]:
    """She drifts on the left; smaller and mirrored, another one is on the right for a second."""
    face = np.asarray(portrait)
    other = np.asarray(portrait.resize((120, 120)))[:, ::-1]
    rows, cols = np.mgrid[:HIGH, :WIDE]
    wall = np.stack([120 + 20 * np.sin(rows / 31), 110 + 20 * np.cos(cols / 37), 0 * rows + 100], 2)
    shown = []
    for number in range(FRAMES):
        picture = wall.clip(0, 255).astype(np.uint8)
        x = 10 + number
        picture[40:240, x : x + 200] = face
        if 12 <= number < 40:
            picture[20:140, 340 - number : 460 - number] = other
        shown.append(picture)
    return shown


@pytest.fixture(scope="session")
def portrait(astronaut: Path) -> Image.Image:
    """Her head and shoulders, 200x200; the face fills about (60, 30)-(140, 150)."""
    with Image.open(astronaut) as image:
        return image.convert("RGB").crop((120, 20, 320, 220))


@pytest.fixture(scope="session")
def made_film(tmp_path_factory: pytest.TempPathFactory, portrait: Image.Image) -> Path:
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    write_clip(path, two_people(portrait))
    return path


@pytest.fixture(scope="session")
def scanned(made_film: Path) -> Path:
    """The plan of `made_film`, beside it."""
    from passerby import jobs

    plan = made_film.with_name("film.plan.json")
    jobs.scan(made_film, jobs.Settings(preset="fast"), output=plan)
    return plan


@pytest.fixture
def film(tmp_path: Path, made_film: Path, scanned: Path) -> Path:
    """Two seconds, 480x270, with its plan: `film.mp4` and `film.plan.json`."""
    for path in (made_film, scanned):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path / "film.mp4"


@pytest.fixture
def review(film: Path) -> Iterator[Served]:
    with served(film.parent, film.name) as here:
        yield here


@pytest.fixture(scope="module")
def unchanged(
    made_film: Path, scanned: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """A review for all tests of a file that decide nothing: its plan stays, and nothing comes."""
    folder = tmp_path_factory.mktemp("unchanged")
    for path in (made_film, scanned):
        (folder / path.name).write_bytes(path.read_bytes())
    with served(folder, made_film.name) as here:
        yield here
    assert (folder / scanned.name).read_bytes() == scanned.read_bytes()
    assert sorted(p.name for p in folder.iterdir()) == ["film.mp4", "film.plan.json"]


def grey(picture: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)


def jpeg(coded: bytes) -> np.ndarray:
    """BGR."""
    made = cv2.imdecode(np.frombuffer(coded, np.uint8), cv2.IMREAD_COLOR)
    assert made is not None
    return made
