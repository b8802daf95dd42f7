"""The real network on the portrait: where, in which coordinates, and on which runtime."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.track.films import share

from passerby.core.detection import Detections, overlaps
from passerby.core.frame import Picture
from passerby.core.geometry import Box
from passerby.core.ports import Detector, Look
from passerby.detect.centerface import CenterFace, open_detector
from passerby.detect.runtime import Arrays, OpenVinoRuntime
from passerby.detect.weights import find

from .portraits import FACE, Photo, darkened

PLAIN = Look(1.0, 0.3)
HALVED = np.array([[v / 2 for v in FACE.corners]], np.float32)


def on_face(seen: Detections, face: Box = FACE) -> tuple[Box, float]:
    """The best sighting, which has to be one of the face."""
    assert len(seen) >= 1
    best = int(seen.scores.argmax())
    fits = overlaps(np.array([face.corners], np.float32), seen.boxes)[0]
    assert fits[best] > 0.5, f"{seen.boxes[best]} is not {face.corners}"
    return Box(*(float(v) for v in seen.boxes[best])), float(seen.scores[best])


@pytest.mark.parametrize(
    "look",
    [
        PLAIN,
        Look(0.5, 0.3),
        Look(2.0, 0.3),
        Look(1.0, 0.3, Box(100, 0, 400, 250)),
        Look(2.0, 0.3, Box(120, 17, 340, 251)),
        Look(0.75, 0.3, Box(30, 5, 512, 512), gain=1.5),
        Look(0.225, 0.3, Box(0, 0, 497, 497)),
    ],
    ids=["whole", "half", "double", "crop", "crop doubled", "crop and gain", "as small as live"],
)
def test_every_look_gives_the_face_in_pixels_of_the_whole_frame(
    detector: Detector, portrait: Picture, look: Look
) -> None:
    plain, _ = on_face(detector.detect(Photo.of(portrait), PLAIN))
    box, score = on_face(detector.detect(Photo.of(portrait), look))
    assert np.abs(np.subtract(box.corners, plain.corners)).max() < 15
    assert score > 0.5


@pytest.mark.parametrize("turn", [0, 1, 2, 3])
@pytest.mark.parametrize("crop", [None, Box(20, 10, 500, 330)], ids=["whole", "crop"])
def test_a_turned_look_finds_the_turned_face_where_it_is(
    detector: Detector, portrait: Picture, turn: int, crop: Box | None
) -> None:
    # The picture lies on its side, and the look sets it upright.
    mark = np.zeros(portrait.shape[:2], np.uint8)
    mark[55:180, 175:270] = 1
    rows, cols = np.nonzero(np.rot90(mark, turn))
    face = Box(int(cols.min()), int(rows.min()), int(cols.max()) + 1, int(rows.max()) + 1)
    lying = Photo.of(np.ascontiguousarray(np.rot90(portrait, turn)))
    inside = crop if crop is not None and crop.contains(face) else None
    on_face(detector.detect(lying, Look(1.0, 0.3, inside, turn)), face)


def test_a_face_cut_by_the_edge_is_found_and_covered_to_the_edge(
    detector: Detector, portrait: Picture
) -> None:
    cut = Photo.of(np.ascontiguousarray(portrait[:, 200:]))
    box, _ = on_face(detector.detect(cut, PLAIN), Box(0, 55, 70, 180))
    assert box.x0 < 5
    assert box.x1 > 50


@pytest.mark.parametrize("turn", [0, 1, 2, 3])
@pytest.mark.parametrize("high", [24, 32, 48])
def test_half_a_face_is_found_however_small_it_is(
    detector: Detector, portrait: Picture, turn: int, high: int
) -> None:
    """At an edge of the frame it is mirrored; a network alone finds one in three of 16 pixels."""
    scale = high / 125  # of the portrait, whose face is 125 high
    half = np.ascontiguousarray(np.rot90(portrait[:, 222:], turn))
    wide, tall = portrait.shape[1] - 222, portrait.shape[0]
    x0, y0, x1, y1 = [
        (0, 55, 48, 180),
        (55, wide - 48, 180, wide),
        (wide - 48, tall - 180, wide, tall - 55),
        (tall - 180, 0, tall - 55, 48),
    ][turn]
    seen = detector.detect(Photo.of(half), Look(scale, 0.3, None, turn))
    covered = [Box(*(float(v) for v in row)) for row in seen.boxes]
    face = Box(x0, y0, x1, y1)
    assert max((share(face, box) for box in covered), default=0) > 0.5
    assert all(box.area < 5 * face.area for box in covered)


@pytest.mark.parametrize("turn", [0, 1, 2, 3])
def test_a_box_that_reaches_beyond_the_frame_is_not_clipped(turn: int) -> None:
    class Cornered:
        """A network that sees one face of 96 x 80 about the picture's first cell."""

        name = "cornered"

        def run(self, pictures: NDArray[np.uint8]) -> Arrays:
            _, height, width, _ = pictures.shape
            heat = np.zeros((1, 1, height // 4, width // 4), np.float32)
            heat[0, 0, 2, 2] = 0.9  # the picture lies 8 pixels from the corner
            sizes = np.zeros((1, 2, height // 4, width // 4), np.float32)
            sizes[0, :, 2, 2] = np.log(80 / 4), np.log(96 / 4)
            return [heat, sizes, np.zeros_like(sizes)]

    photo = Photo.of(np.zeros((160, 320, 3), np.uint8))
    crop = Box(20, 40, 220, 140)
    seen = CenterFace(Cornered(), "0" * 64).detect(photo, Look(2.0, 0.5, crop, turn))
    # About (2, 2) of the network's picture, which is 1 display pixel from both edges of the crop.
    x, y = [(21, 41), (21, 139), (219, 139), (219, 41)][turn]
    wide, high = (40, 48) if turn % 2 else (48, 40)
    expected = [x - wide / 2, y - high / 2, x + wide / 2, y + high / 2]
    np.testing.assert_allclose(seen.boxes, [expected], atol=0.01)


def test_only_sightings_of_the_asked_score_are_reported_and_none_in_nothing(
    detector: Detector, portrait: Picture
) -> None:
    few, many = (detector.detect(Photo.of(portrait), Look(1.0, t)) for t in (0.5, 0.02))
    assert len(few) < len(many)
    assert few.scores.min() >= 0.5
    black = Photo.of(np.zeros((200, 300, 3), np.uint8))
    assert len(detector.detect(black, PLAIN)) == 0


def test_the_same_look_gives_the_same_boxes(detector: Detector, portrait: Picture) -> None:
    first, again = (detector.detect(Photo.of(portrait), PLAIN) for _ in range(2))
    np.testing.assert_array_equal(first.boxes, again.boxes)
    np.testing.assert_array_equal(first.scores, again.scores)


@pytest.mark.parametrize("scale", [0.25, 0.5, 1.0])
def test_both_runtimes_see_the_same(
    detector: Detector, onnx_detector: Detector, portrait: Picture, scale: float
) -> None:
    assert detector.info.runtime.startswith("openvino")
    assert onnx_detector.info.runtime.startswith("onnxruntime")
    one, score = on_face(detector.detect(Photo.of(portrait), Look(scale, 0.3)))
    other, too = on_face(onnx_detector.detect(Photo.of(portrait), Look(scale, 0.3)))
    assert np.abs(np.subtract(one.corners, other.corners)).max() < 1 + 0.5 / scale
    assert score == pytest.approx(too, abs=0.03)


def test_a_card_says_what_found_it(detector: Detector) -> None:
    info = detector.info
    assert (info.name, info.family, info.kind) == ("centerface.v1", "centerface", "face")
    assert (info.sha256, info.licence) == (find("centerface").sha256, "MIT")


def test_bf16_is_as_good_as_f32_on_dark_and_noisy_footage(portrait: Picture) -> None:
    weights = find("centerface")
    short = OpenVinoRuntime(weights.path, "CPU", "bf16")
    if "BF16" not in short._core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        pytest.skip("this processor computes in f32 whatever is asked")
    full = open_detector("openvino:CPU:f32")
    dim = portrait[::2, ::2].astype(np.uint8)
    scores = np.array(
        [
            [
                _score(finder, Photo.of(darkened(dim, light, noise, seed)))
                for finder in (full, CenterFace(short, weights.sha256))
            ]
            for light, noise in ((0.2, 4), (0.1, 4), (0.1, 7), (0.06, 4), (0.04, 2))
            for seed in range(5)
        ]
    )
    at_full, at_short = scores.T
    for threshold in (0.2, 0.5):
        sure = np.abs(at_full - threshold) > 0.06  # others may fall either way
        assert ((at_full > threshold) == (at_short > threshold))[sure].all()
    assert (at_full >= 0.2).sum() >= 20  # or this would be no test
    assert (at_short >= 0.2).sum() >= (at_full >= 0.2).sum()
    assert abs(float((at_full - at_short).mean())) < 0.015


def _score(finder: Detector, photo: Photo) -> float:
    """The best score near the face, 0 where it isn't found."""
    seen = finder.detect(photo, Look(1.0, 0.05))
    near = overlaps(HALVED, seen.boxes)[0] > 0.3
    return float(seen.scores[near].max(initial=0))
