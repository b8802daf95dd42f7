"""The second network on the portrait: where, in which coordinates, and of which family."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from passerby.core.errors import DetectorError
from passerby.core.frame import Picture
from passerby.core.geometry import Box
from passerby.core.ports import Detector, Look
from passerby.detect.runtime import Arrays
from passerby.detect.weights import find
from passerby.detect.yunet import YuNet, open_detector

from .portraits import FACE, Photo, darkened
from .test_faces import PLAIN, on_face


@pytest.fixture(scope="module")
def second() -> Detector:
    return open_detector("auto")


@pytest.mark.parametrize(
    "look",
    [
        Look(0.25, 0.3),
        Look(2.0, 0.3),
        Look(1.0, 0.3, Box(100, 0, 400, 250)),
        Look(2.0, 0.3, Box(120, 17, 340, 251)),
        Look(0.75, 0.3, Box(30, 5, 512, 512), gain=1.5),
    ],
    ids=["quarter", "double", "crop", "crop doubled", "crop and gain"],
)
def test_every_look_gives_the_face_in_pixels_of_the_whole_frame(
    second: Detector, portrait: Picture, look: Look
) -> None:
    plain, _ = on_face(second.detect(Photo.of(portrait), PLAIN))
    box, score = on_face(second.detect(Photo.of(portrait), look))
    assert np.abs(np.subtract(box.corners, plain.corners)).max() < 15
    assert score > 0.5


@pytest.mark.parametrize("turn", [0, 1, 2, 3])
def test_a_turned_look_finds_the_turned_face_where_it_is(
    second: Detector, portrait: Picture, turn: int
) -> None:
    mark = np.zeros(portrait.shape[:2], np.uint8)
    mark[55:180, 175:270] = 1
    rows, cols = np.nonzero(np.rot90(mark, turn))
    face = Box(int(cols.min()), int(rows.min()), int(cols.max()) + 1, int(rows.max()) + 1)
    lying = Photo.of(np.ascontiguousarray(np.rot90(portrait, turn)))
    on_face(second.detect(lying, Look(1.0, 0.3, turn=turn)), face)


def test_faces_of_every_level_lie_where_the_network_says_and_beyond_the_frame(
    portrait: Picture,
) -> None:
    class Told:
        """A network that sees one face at each of its levels."""

        name = "told"

        def run(self, pictures: NDArray[np.uint8]) -> Arrays:
            _, height, width, _ = pictures.shape
            outputs = []
            for level, stride in enumerate((8, 16, 32)):
                shape = height // stride, width // stride
                score = np.zeros((1, 1, *shape), np.float32)
                box = np.zeros((1, 4, *shape), np.float32)
                score[0, 0, 0, 2 + level] = 0.9
                box[0, :, 0, 2 + level] = 0.5, 0.25, np.log(2), np.log(3)
                outputs += [score, box]
            return outputs

    photo = Photo.of(np.zeros((160, 320, 3), np.uint8))
    seen = YuNet(Told(), "0" * 64).detect(photo, Look(1.0, 0.5))
    wanted = []
    for level, stride in enumerate((8, 16, 32)):
        x, y = (2.5 + level) * stride, 0.25 * stride
        wanted.append((x - stride, y - 1.5 * stride, x + stride, y + 1.5 * stride))
    np.testing.assert_allclose(sorted(seen.boxes.tolist()), wanted, atol=0.01)


def test_what_lies_beyond_the_picture_on_the_canvas_is_no_sighting(portrait: Picture) -> None:
    class Beyond:
        name = "beyond"

        def run(self, pictures: NDArray[np.uint8]) -> Arrays:
            _, height, width, _ = pictures.shape
            shapes = [(height // s, width // s) for s in (8, 16, 32)]
            outputs = [
                np.full((1, n, *s), value, np.float32)
                for s in shapes
                for n, value in ((1, 0.0), (4, 0.5))
            ]
            outputs[0][0, 0, -1, -1] = outputs[0][0, 0, 1, 1] = 0.9
            return outputs

    photo = Photo.of(np.zeros((130, 200, 3), np.uint8))  # on a canvas of 160 rows and 224 columns
    seen = YuNet(Beyond(), "0" * 64).detect(photo, Look(1.0, 0.5))
    np.testing.assert_allclose((seen.boxes[:, :2] + seen.boxes[:, 2:]) / 2, [[12, 12]])


def test_both_runtimes_see_the_same(second: Detector, portrait: Picture) -> None:
    other = open_detector("onnxruntime")
    for scale in (0.25, 1.0):
        one, score = on_face(second.detect(Photo.of(portrait), Look(scale, 0.3)))
        two, too = on_face(other.detect(Photo.of(portrait), Look(scale, 0.3)))
        assert np.abs(np.subtract(one.corners, two.corners)).max() < 2 + 0.5 / scale
        assert score == pytest.approx(too, abs=0.03)


def test_a_face_in_the_dark_is_found_and_nothing_in_nothing(
    second: Detector, portrait: Picture
) -> None:
    dark = darkened(portrait, 0.15, 2.0, 3)
    on_face(second.detect(Photo.of(dark), Look(1.0, 0.3, gain=4.0)), FACE)
    black = Photo.of(np.zeros((200, 300, 3), np.uint8))
    assert len(second.detect(black, PLAIN)) == 0


def test_it_is_of_another_family_than_the_first(second: Detector, detector: Detector) -> None:
    assert second.info.family != detector.info.family
    assert (second.info.name, second.info.kind) == ("yunet.v1", "face")
    assert (second.info.sha256, second.info.licence) == (find("yunet").sha256, "BSD-3-Clause")


def test_a_runtime_that_fails_is_an_error_and_no_empty_look(portrait: Picture) -> None:
    class Broken:
        name = "broken"

        def run(self, pictures: NDArray[np.uint8]) -> Arrays:
            raise RuntimeError("no")

    with pytest.raises(DetectorError, match="second face detector"):
        YuNet(Broken(), "0" * 64).detect(Photo.of(portrait), PLAIN)
