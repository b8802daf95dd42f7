"""Pictures that are clear in parts, the whole way: people and words in the alpha plane are hidden,
and such a picture goes into a format that knows no transparency."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from passerby.jobs import Settings, redact
from passerby.jobs.report import Report

WORDS = ("DR K 4711", "JANE EXAMPLE")


def inked(shape: NDArray[np.uint8], ink: int) -> Image.Image:
    """RGBA of one ink; `shape` says where it is, 0 to 255."""
    made = np.full((*shape.shape, 4), ink, np.uint8)
    made[..., 3] = shape
    return Image.fromarray(made)


def letters() -> NDArray[np.uint8]:
    made = np.zeros((320, 640), np.uint8)
    for row, words in enumerate(WORDS):
        place = (60, 110 + 120 * row)
        cv2.putText(made, words, place, cv2.FONT_HERSHEY_SIMPLEX, 1.6, 255, 4, cv2.LINE_AA)
    return made


def flat(image: Image.Image, ground: str) -> Image.Image:
    made = Image.new("RGBA", image.size, ground)
    made.alpha_composite(image)
    return made.convert("RGB")


def hidden(path: Path, out: str, *kinds: str) -> tuple[Report, Image.Image]:
    made = path.with_name(out)
    report = redact(path, made, Settings(hide=kinds or ("faces",)), force=True)
    assert report.passed
    with Image.open(made) as image:
        return report, image.convert("RGBA")


@pytest.mark.parametrize(("ink", "ground"), [(0, "white"), (255, "black")])
def test_words_on_clear_are_hidden(tmp_path: Path, ink: int, ground: str) -> None:
    image = inked(letters(), ink)
    image.save(tmp_path / "a.png")
    flat(image, ground).save(tmp_path / "flat.png")
    _, made = hidden(tmp_path / "a.png", "out.png", "text")
    _, twin = hidden(tmp_path / "flat.png", "twin.png", "text")
    # Where the twin was painted, this one is opaque: nothing of the words is left in its alpha.
    painted = np.asarray(twin.convert("L")) != np.asarray(flat(image, ground).convert("L"))
    assert painted.any()
    assert (np.asarray(made)[..., 3][painted] == 255).all()
    left = np.asarray(flat(made, ground).convert("L")).astype(int)
    words = letters() > 128
    assert left[words].std() < 3


@pytest.mark.parametrize("ink", [0, 255])
def test_a_face_in_the_alpha_plane_is_hidden(tmp_path: Path, astronaut: Path, ink: int) -> None:
    with Image.open(astronaut) as image:
        grey = np.asarray(image.convert("L"))
    shape = grey if ink else 255 - grey
    inked(shape, ink).save(tmp_path / "a.png")
    report, made = hidden(tmp_path / "a.png", "out.png")
    assert report.counts.tracks
    face = (slice(80, 150), slice(195, 250))
    was, now = (cv2.Laplacian(s[face], cv2.CV_32F).std() for s in (shape, np.asarray(made)[..., 3]))
    assert now < was / 8


def test_a_clear_photo_becomes_a_jpeg(tmp_path: Path) -> None:
    inked(letters(), 0).save(tmp_path / "a.png")
    report, made = hidden(tmp_path / "a.png", "out.jpg", "text")
    assert any("what was clear is white" in note for note in report.notes)
    assert np.asarray(made)[:20].min() > 250


def test_a_sticker_becomes_a_film(tmp_path: Path) -> None:
    drawn = []
    for number in range(6):
        shape = np.zeros((120, 160), np.uint8)
        cv2.circle(shape, (60 + 5 * number, 60), 36, 255, -1)
        drawn.append(inked(shape, 90))
    drawn[0].save(
        tmp_path / "a.gif", save_all=True, append_images=drawn[1:], duration=100, disposal=2
    )
    report = redact(tmp_path / "a.gif", tmp_path / "out.mp4", Settings())
    assert report.passed
    assert any("what was clear is white" in note for note in report.notes)
