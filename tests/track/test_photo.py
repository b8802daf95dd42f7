"""A photo is looked at so that the smallest face in its last corner is found."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from tests.detect.portraits import Photo

from passerby.core.detection import Detections
from passerby.core.frame import Frame, Picture
from passerby.core.geometry import Box, Size
from passerby.core.ports import Detector, DetectorInfo, Look
from passerby.testing import ArrayFrame, Layout
from passerby.track import PhotoSettings, find_all
from passerby.track.photo import smallest

from .films import share

PRESETS = ("fast", "balanced", "thorough")
FACE = (175, 55, 270, 180)  # of the portrait


class Known:
    """Sees each of `faces` (box, score) that a look shows whole with at least 12 pixels a side."""

    info = DetectorInfo("known.v1", "known", "face", "0" * 64, "none", "none")

    def __init__(self, *faces: tuple[Box, float], turn: int = 0) -> None:
        self._faces, self._turn = faces, turn
        self.looks: list[Look] = []

    def detect(self, frame: Frame, look: Look) -> Detections:
        self.looks.append(look)
        crop = look.crop or Box(0, 0, frame.size.width, frame.size.height)
        seen = [
            (box, score)
            for box, score in self._faces
            if score >= look.threshold
            and min(box.width, box.height) * look.scale >= 12
            and crop.contains(box)
            and look.turn == self._turn
        ]
        return Detections(
            np.array([b.corners for b, _ in seen], np.float32).reshape(-1, 4),
            np.array([s for _, s in seen], np.float32),
        )


def flat(width: int, height: int) -> ArrayFrame:
    return ArrayFrame.flat(Size(width, height), Layout.GRAY)


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize(("width", "height"), [(12000, 9000), (700, 500), (3000, 9000)])
def test_the_smallest_face_in_any_corner_or_place_is_found(
    preset: str, width: int, height: int
) -> None:
    side = int(smallest(Size(width, height), preset) * 1.35) + 1
    xs = [0, width // 3, width // 2, width - side - 777 % width // 2, width - side]
    ys = [0, height // 3, height // 2, height - side - 333 % height // 2, height - side]
    faces = [Box(x, y, x + side, y + side) for x in xs for y in ys]
    found = [b for b, _ in find_all(flat(width, height), Known(*((f, 0.9) for f in faces)), preset)]
    assert [f for f in faces if not any(b.contains(f) for b in found)] == []


@pytest.mark.parametrize("preset", ["balanced", "thorough"])
@pytest.mark.parametrize("turn", [1, 2, 3])
def test_a_face_that_only_a_turned_look_sees_is_found(preset: str, turn: int) -> None:
    face = Box(900, 500, 960, 560)
    found = find_all(flat(1200, 900), Known((face, 0.9), turn=turn), preset)
    assert [box for box, _ in found] == [face]


class Lying(Known):
    """`Known` people."""

    info = DetectorInfo("known.v1", "known", "person", "0" * 64, "none", "none")


@pytest.mark.parametrize("preset", ["balanced", "thorough"])
@pytest.mark.parametrize(("score", "hidden"), [(0.36, True), (0.34, False)])
def test_somebody_lying_needs_a_little_more_than_who_stands(
    preset: str, score: float, hidden: bool
) -> None:
    body = Box(300, 500, 900, 700)
    found = find_all(flat(1200, 900), Lying((body, score), turn=1), preset)
    assert [box for box, _ in found] == ([body] if hidden else [])


@pytest.mark.parametrize("preset", PRESETS)
def test_a_photo_of_200_megapixels_is_searched_for_faces_as_small_as_promised(preset: str) -> None:
    promised = PhotoSettings.preset(preset).smallest
    assert smallest(Size(16320, 12240), preset) <= promised * 1.2


@pytest.mark.parametrize("preset", PRESETS)
def test_a_weak_face_counts_where_two_surer_ones_of_its_size_stand_by(preset: str) -> None:
    weak, beside = Box(500, 500, 560, 560), [Box(600, 500, 660, 560), Box(400, 500, 460, 560)]
    far, large = Box(60, 60, 120, 120), Box(100, 100, 400, 400)
    score = {"fast": 0.22, "balanced": 0.15, "thorough": 0.1}[preset]

    def counts(*sure: tuple[Box, float]) -> bool:
        found = find_all(flat(1200, 900), Known((weak, score), *sure), preset)
        return weak in [b for b, _ in found]

    assert counts(*((b, 0.9) for b in beside))
    assert not counts()
    assert not counts((beside[0], 0.9))
    assert not counts((beside[0], 0.9), (far, 0.9))
    assert not counts((beside[0], 0.9), (large, 0.9))
    assert not counts((beside[0], 0.9), (beside[1], score))


def test_faces_come_best_first_and_none_without_a_pixel_in_the_photo() -> None:
    faces = [(Box(10, 10, 90, 90), 0.5), (Box(200, 200, 280, 280), 0.9)]
    found = find_all(flat(640, 480), Known(*faces), "balanced")
    assert [round(s, 3) for _, s in found] == [0.9, 0.5]

    class Astray(Known):
        def detect(self, frame: Frame, look: Look) -> Detections:
            outside = np.array([[-50, -50, 0, 0], [640, 10, 700, 90]], np.float32)
            return Detections(outside, np.array([0.9, 0.9], np.float32))

    assert find_all(flat(640, 480), Astray(), "balanced") == []


def turned(quarters: int) -> Callable[[Picture], tuple[Picture, Box]]:
    def turn(picture: Picture) -> tuple[Picture, Box]:
        mask = np.zeros(picture.shape[:2], np.uint8)
        mask[FACE[1] : FACE[3], FACE[0] : FACE[2]] = 1
        rows, cols = np.nonzero(np.rot90(mask, -quarters))
        box = Box(int(cols.min()), int(rows.min()), int(cols.max()) + 1, int(rows.max()) + 1)
        return np.ascontiguousarray(np.rot90(picture, -quarters)), box

    return turn


def mirrored(picture: Picture) -> tuple[Picture, Box]:
    wide = picture.shape[1]
    box = Box(wide - FACE[2], FACE[1], wide - FACE[0], FACE[3])
    return np.ascontiguousarray(picture[:, ::-1]), box


def tiny(picture: Picture) -> tuple[Picture, Box]:
    """The portrait in the last corner of a large black picture, its face 16 pixels high."""
    by = 16 / (FACE[3] - FACE[1])
    small = cv2.resize(picture, None, fx=by, fy=by, interpolation=cv2.INTER_AREA)
    height, width = small.shape[:2]
    large = np.zeros((1500, 2000, 3), np.uint8)
    x, y = 2000 - width, 1500 - height
    large[y:, x:] = small
    x0, y0, x1, y1 = (v * by for v in FACE)
    return large, Box(x + x0, y + y0, x + x1, y + y1)


@pytest.mark.parametrize(
    "change",
    [turned(0), turned(1), turned(2), turned(3), mirrored, tiny],
    ids=["upright", "turned 90", "turned 180", "turned 270", "mirrored", "16 pixels high"],
)
def test_the_face_of_the_portrait_is_found(
    detector: Detector, portrait: Picture, change: Callable[[Picture], tuple[Picture, Box]]
) -> None:
    picture, face = change(portrait)
    found = find_all(Photo.of(picture), detector, "balanced")
    assert max((share(face, box) for box, _ in found), default=0) > 0.7
    assert all(box.area < 5 * face.area for box, _ in found if share(face, box) > 0.3)
