"""Where nobody could tell, the whole picture is covered, if asked: real films, made on the fly."""

from __future__ import annotations

import json
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from passerby.plan import load

from .conftest import Run, write_clip

WIDTH, HEIGHT, FRAMES = 480, 270, 45
PAN = range(18, 31)  # frames in the middle of a whip pan


def luma(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as film:
        return [frame.to_ndarray(format="gray") for frame in film.decode(video=0)]


@pytest.fixture(scope="module")
def street(astronaut: Path) -> np.ndarray:
    """The portrait, mirrored and again, side by side: 2560 pixels of street."""
    with Image.open(astronaut) as image:
        one = np.asarray(image.convert("RGB"))[:HEIGHT]
    return np.hstack([one, one[:, ::-1]] * 3)


@pytest.fixture(scope="module")
def whip(street: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The camera rests, is flung to the right by 80 pixels a frame, blurred by half of that."""
    shown, x = [], 0
    for number in range(FRAMES):
        fast = 80 if PAN.start - 1 <= number < PAN.stop else 0
        parts = [street[:, x + n : x + n + WIDTH].astype(float) for n in range(0, 1 + fast // 2, 5)]
        shown.append(np.mean(parts, axis=0).astype(np.uint8))
        x += fast
    path = tmp_path_factory.mktemp("whip") / "whip.mp4"
    write_clip(path, shown, sound=False)
    return path


def test_a_whip_pan_is_covered_whole_and_a_saved_plan_hides_the_same(
    inside: Run, whip: Path, tmp_path: Path
) -> None:
    same = ["--encoder-preset", "ultrafast", "--no-verify"]
    done = inside("redact", whip, "-o", "out.mp4", "--cover-frame-when", "unsure",
                    "--save-plan", "p.json", "--report", "r.json", *same)  # fmt: skip
    assert done.returncode == 0, done.stderr
    flat = {n for n, picture in enumerate(luma(tmp_path / "out.mp4")) if picture.std() < 1}
    assert set(PAN) <= flat
    assert flat <= set(range(PAN.start - 2, PAN.stop + 2)), "nothing else is covered whole"
    notes = json.loads((tmp_path / "r.json").read_text())["notes"]
    assert f"{len(flat)} frames are covered whole: moving too fast in {len(flat)}" in notes
    again = inside("redact", whip, "-o", "again.mp4", "--plan", "p.json", *same)
    assert again.returncode == 0, again.stderr
    assert (tmp_path / "again.mp4").read_bytes() == (tmp_path / "out.mp4").read_bytes()
    assert {t.kind for t in load(tmp_path / "p.json").tracks} == {"face", "frame-fast"}


def test_nobody_who_did_not_ask_loses_a_frame(inside: Run, whip: Path, tmp_path: Path) -> None:
    done = inside("redact", whip, "-o", "out.mp4", "--save-plan", "p.json", "--no-verify")
    assert done.returncode == 0, done.stderr
    assert all(picture.std() > 20 for picture in luma(tmp_path / "out.mp4"))
    assert {t.kind for t in load(tmp_path / "p.json").tracks} == {"face"}
    late = inside("redact", whip, "-o", "late.mp4", "--plan", "p.json",
                    "--cover-frame-when", "unsure")  # fmt: skip
    assert late.returncode == 2
    assert "passerby scan --cover-frame-when unsure" in late.stderr


def test_a_film_that_goes_dark_is_covered_while_it_is_and_verified(
    inside: Run, street: np.ndarray, tmp_path: Path
) -> None:
    shown = [
        (street[:, n : n + WIDTH] * (0.05 if 12 <= n < 26 else 1)).astype(np.uint8)
        for n in range(38)
    ]
    write_clip(tmp_path / "dim.mp4", shown, sound=False)
    done = inside("redact", "dim.mp4", "--cover-frame-when", "unsure", "--report", "about")
    assert done.returncode == 0, done.stderr
    flat = {n for n, p in enumerate(luma(tmp_path / "dim.redacted.mp4")) if p.std() < 0.5}
    assert set(range(12, 26)) <= flat <= set(range(11, 28))
    assert "too dark in 14" in done.stderr
    assert "frame-dark" in (tmp_path / "about" / "report.html").read_text()


def test_a_photo_in_which_nothing_can_be_told_is_covered_whole(
    inside: Run, photo: Path, tmp_path: Path
) -> None:
    with Image.open(photo) as image:
        image.point(lambda level: level // 12).save(tmp_path / "night.png")
    asked = ("--cover-frame-when", "unsure")
    for name in ("night.png", "photo.jpg"):
        done = inside("redact", name, *asked)
        assert done.returncode == 0, done.stderr
        assert ("too dark" in done.stderr) == (name == "night.png")
    with Image.open(tmp_path / "night.redacted.png") as image:
        assert np.asarray(image.convert("L")).std() < 0.5
    with Image.open(tmp_path / "photo.redacted.jpg") as image:
        assert np.asarray(image.convert("L")).std() > 20
