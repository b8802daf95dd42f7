"""The attacker's embedder: what it promises, and that it is a real one."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import cv2
import numpy as np
import pytest

from passerby.core.errors import DetectorError, UsageError
from passerby.core.frame import Picture
from passerby.core.geometry import Box
from passerby.core.ports import Embedder
from passerby.detect import embedder as room
from passerby.verify.portrait import bent, portrait

FACE = Box(158, 27, 287, 199)  # of the astronaut, with a policy's margins


@pytest.fixture(scope="module")
def photo(astronaut: Path) -> Picture:
    read = cv2.imread(str(astronaut))
    assert read is not None
    return np.ascontiguousarray(read[..., ::-1]).astype(np.uint8)


def far(a: Picture, b: Picture, embedder: Embedder) -> float:
    points = embedder.embed([a, b])
    return float(np.linalg.norm(points[0] - points[1]))


def test_the_same_picture_gives_the_same_point_alone_and_among_others(
    embedder: Embedder, photo: Picture
) -> None:
    face = portrait(photo, FACE, embedder.info.side)
    noise = np.random.default_rng(0).integers(0, 256, face.shape).astype(np.uint8)
    among = embedder.embed([noise] * 9 + [face])
    np.testing.assert_allclose(among[9], embedder.embed([face])[0], atol=1e-5)


def test_a_shifted_mirrored_or_darker_face_stays_the_same_person(
    embedder: Embedder, photo: Picture
) -> None:
    face = portrait(photo, FACE, embedder.info.side)
    shifted = portrait(photo, FACE, embedder.info.side, shift=(0.04, -0.03))
    darker = (face * 0.7).astype(np.uint8)
    for other in (shifted, np.ascontiguousarray(face[:, ::-1]), darker):
        assert far(face, other, embedder) < 0.6 * embedder.info.same


def test_a_face_bent_into_another_is_farther_than_one_person(
    embedder: Embedder, photo: Picture
) -> None:
    rng = np.random.default_rng(3)
    face = portrait(photo, FACE, embedder.info.side)
    away = [far(face, bent(face, rng), embedder) for _ in range(6)]
    assert np.median(away) > embedder.info.same


def test_no_faces_give_no_points(embedder: Embedder) -> None:
    assert embedder.embed([]).shape == (0, 128)


def test_pictures_of_another_size_are_refused(embedder: Embedder) -> None:
    with pytest.raises(ValueError, match="150"):
        embedder.embed([np.zeros((96, 96, 3), np.uint8)])


def test_without_the_extra_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "PACKAGE", "no-such-package-anywhere")
    with pytest.raises(UsageError, match=r"passerby\[attack\]"):
        room.open_embedder()


def test_weights_that_are_not_the_pinned_ones_are_refused() -> None:
    with pytest.raises(DetectorError, match="pinned"):
        room.DlibResNet(b"something else")


def test_the_extra_pins_the_package_that_the_embedder_reads() -> None:
    wanted = metadata.requires("passerby") or []
    assert any(
        line.replace("-", "_").startswith(f"{room.PACKAGE}==") and "attack" in line
        for line in wanted
    )
