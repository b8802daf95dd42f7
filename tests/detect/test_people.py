"""The real network on the portrait, a woman from the waist up: where, and of which kind."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from passerby.core.detection import Detections, overlaps
from passerby.core.errors import DetectorError
from passerby.core.frame import Picture
from passerby.core.geometry import Box
from passerby.core.ports import Detector, Look
from passerby.detect.kernels import decode_reaches
from passerby.detect.people import People, open_detector
from passerby.detect.runtime import Arrays
from passerby.detect.weights import find

from .portraits import Photo, darkened

WOMAN = Box(10, 10, 470, 512)  # of the portrait
PLAIN = Look(0.8, 0.3)


@pytest.fixture(scope="module")
def people() -> Detector:
    return open_detector("auto")


def on_woman(seen: Detections, woman: Box = WOMAN) -> tuple[Box, float]:
    """The best sighting, which has to be one of her."""
    assert len(seen) >= 1
    best = int(seen.scores.argmax())
    fits = overlaps(np.array([woman.corners], np.float32), seen.boxes)[0]
    assert fits[best] > 0.7, f"{seen.boxes[best]} is not {woman.corners}"
    return Box(*(float(v) for v in seen.boxes[best])), float(seen.scores[best])


@pytest.mark.parametrize(
    "look",
    [
        PLAIN,
        Look(0.25, 0.3),
        Look(0.6, 0.3),
        Look(0.8, 0.3, gain=1.5),
        Look(0.8, 0.3, Box(0, 5, 500, 512)),
    ],
    ids=["plain", "quarter", "smaller", "gain", "crop"],
)
def test_every_look_gives_the_person_in_pixels_of_the_whole_frame(
    people: Detector, portrait: Picture, look: Look
) -> None:
    plain, _ = on_woman(people.detect(Photo.of(portrait), PLAIN))
    box, score = on_woman(people.detect(Photo.of(portrait), look))
    assert np.abs(np.subtract(box.corners, plain.corners)).max() < 45
    assert score > 0.5


@pytest.mark.parametrize("turn", [1, 2, 3])
def test_a_turned_look_finds_the_turned_person_where_she_is(
    people: Detector, portrait: Picture, turn: int
) -> None:
    mark = np.zeros(portrait.shape[:2], np.uint8)
    mark[10:512, 10:470] = 1
    rows, cols = np.nonzero(np.rot90(mark, turn))
    woman = Box(int(cols.min()), int(rows.min()), int(cols.max()) + 1, int(rows.max()) + 1)
    lying = Photo.of(np.ascontiguousarray(np.rot90(portrait, turn)))
    on_woman(people.detect(lying, Look(0.8, 0.3, turn=turn)), woman)


@pytest.mark.parametrize("height", [32, 40, 64, 128])
def test_people_of_every_height_are_found_at_their_places(
    people: Detector, portrait: Picture, height: int
) -> None:
    small = cv2.resize(portrait, (height, height), interpolation=cv2.INTER_AREA)
    wall = np.full((256, 384, 3), 120, np.uint8)
    wall[100 : 100 + height, 150 : 150 + height] = small
    seen = people.detect(Photo.of(wall), Look(1.0, 0.25))
    place = np.array([[150, 100, 150 + height, 100 + height]], np.float32)
    assert overlaps(place, seen.boxes).max(initial=0) > 0.6


def told(reaches: dict[int, tuple[float, float, float, float]], cell: tuple[int, int]) -> People:
    """People by a network that sees one person in `cell` (row, column) at each level it is told."""

    class Told:
        name = "told"

        def run(self, pictures: NDArray[np.uint8]) -> Arrays:
            _, height, width, _ = pictures.shape
            outputs: Arrays = []
            for level, stride in enumerate((8, 16, 32)):
                rows, cols = height // stride, width // stride
                score = np.zeros((1, 1, rows, cols), np.float32)
                reach = np.zeros((1, 4, rows * cols), np.float32)
                if level in reaches:
                    score[(0, 0, *cell)] = 0.9
                    reach[0, :, cell[0] * cols + cell[1]] = reaches[level]
                outputs += [score, reach]
            return outputs

    return People(Told(), "0" * 64)


@pytest.mark.parametrize(("level", "stride"), [(0, 8), (1, 16), (2, 32)])
def test_people_of_every_level_lie_where_the_network_says_and_beyond_the_frame(
    level: int, stride: int
) -> None:
    photo = Photo.of(np.zeros((160, 320, 3), np.uint8))
    seen = told({level: (4, 1, 2, 3)}, (0, 2)).detect(photo, Look(1.0, 0.5))
    wanted = np.array([[-1.5, -0.5, 4.5, 3.5]]) * stride
    np.testing.assert_allclose(seen.boxes, wanted, atol=0.01)


def test_whoever_is_seen_at_two_levels_is_one_person_and_a_neighbour_another() -> None:
    photo = Photo.of(np.zeros((160, 320, 3), np.uint8))
    one = told({0: (4, 2, 4, 6), 1: (2.25, 1.25, 1.75, 2.75)}, (1, 1)).detect(photo, Look(1, 0.5))
    assert len(one) == 1
    two = told({0: (1, 1, 1, 1), 1: (1, 1, 1, 1)}, (3, 3)).detect(photo, Look(1, 0.5))
    assert len(two) == 2


def test_what_lies_beyond_the_picture_on_the_canvas_is_no_sighting() -> None:
    photo = Photo.of(np.zeros((150, 320, 3), np.uint8))  # on a canvas of 160 rows
    assert len(told({0: (0.4, 0.4, 0.4, 0.4)}, (19, 3)).detect(photo, Look(1.0, 0.5))) == 0
    assert len(told({0: (0.4, 0.4, 0.4, 0.4)}, (17, 3)).detect(photo, Look(1.0, 0.5))) == 1


@given(
    rows=st.integers(1, 6), cols=st.integers(1, 6), seed=st.integers(0, 99), least=st.floats(0, 1)
)
def test_reaches_are_decoded_cell_by_cell(rows: int, cols: int, seed: int, least: float) -> None:
    chance = np.random.default_rng(seed)
    scores = chance.uniform(0, 1, (rows, cols)).astype(np.float32)
    reaches = chance.uniform(0, 10, (4, rows * cols)).astype(np.float32)
    boxes, sure = decode_reaches(scores, reaches, least, 16)
    wanted = []
    for r in range(rows):
        for c in range(cols):
            if scores[r, c] >= least:
                left, up, right, down = (float(v) for v in reaches[:, r * cols + c])
                wanted.append(
                    (c + 0.5 - left, r + 0.5 - up, c + 0.5 + right, r + 0.5 + down, scores[r, c])
                )
    assert len(boxes) == len(sure) == len(wanted)
    for box, score, want in zip(boxes, sure, wanted, strict=True):
        np.testing.assert_allclose(box, np.array(want[:4]) * 16, atol=1e-3)
        assert score == want[4]


def test_both_runtimes_see_the_same(people: Detector, portrait: Picture) -> None:
    other = open_detector("onnxruntime")
    for scale in (0.25, 0.8):
        one, score = on_woman(people.detect(Photo.of(portrait), Look(scale, 0.3)))
        two, too = on_woman(other.detect(Photo.of(portrait), Look(scale, 0.3)))
        assert np.abs(np.subtract(one.corners, two.corners)).max() < 2 + 2 / scale
        assert score == pytest.approx(too, abs=0.03)


def test_a_person_in_the_dark_is_found_and_nobody_in_nothing(
    people: Detector, portrait: Picture
) -> None:
    dark = darkened(portrait, 0.15, 2.0, 3)
    on_woman(people.detect(Photo.of(dark), Look(0.8, 0.3, gain=4.0)))
    black = Photo.of(np.zeros((200, 300, 3), np.uint8))
    assert len(people.detect(black, PLAIN)) == 0


def test_its_card_names_the_network_and_the_kind(people: Detector) -> None:
    info = people.info
    assert (info.name, info.kind, info.family) == ("nanodet-people.v1", "person", "nanodet")
    assert (info.sha256, info.licence) == (find("nanodet").sha256, "Apache-2.0")


def test_a_runtime_that_fails_is_an_error_and_no_empty_look(portrait: Picture) -> None:
    class Broken:
        name = "broken"

        def run(self, pictures: NDArray[np.uint8]) -> Arrays:
            raise RuntimeError("no")

    with pytest.raises(DetectorError, match="people"):
        People(Broken(), "0" * 64).detect(Photo.of(portrait), PLAIN)
