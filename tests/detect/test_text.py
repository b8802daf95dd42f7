"""The real text network on text drawn on the portrait: where, in which coordinates, how surely."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from passerby.core.detection import Detections, contained
from passerby.core.errors import DetectorError
from passerby.core.frame import Picture
from passerby.core.geometry import Box
from passerby.core.ports import Detector, Look
from passerby.detect.kernels import decode_text
from passerby.detect.runtime import OpenVinoRuntime
from passerby.detect.text import PPText, open_detector
from passerby.detect.weights import find

from .portraits import Photo, darkened

LINES = {"Harbour Street 24": (40, 300), "DR K 4711": (300, 420), "exit": (420, 60)}


def lettered(picture: Picture, height: int = 22) -> tuple[Picture, dict[str, Box]]:
    """The picture with `LINES` on it, on signs, and where the letters are."""
    image = Image.fromarray(picture)
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(size=height)
    places: dict[str, Box] = {}
    for words, at in LINES.items():
        x0, y0, x1, y1 = draw.textbbox(at, words, font=font)
        draw.rectangle((x0 - 6, y0 - 6, x1 + 6, y1 + 6), fill=(235, 225, 60))
        draw.text(at, words, font=font, fill=(10, 10, 40))
        places[words] = Box(x0, y0, x1, y1)
    return np.asarray(image, np.uint8), places


def covered(place: Box, seen: Detections) -> float:
    """The share of `place` under the box that covers most of it."""
    if not len(seen):
        return 0.0
    x0, y0, x1, y1 = seen.boxes.T
    wide = np.clip(np.minimum(x1, place.x1) - np.maximum(x0, place.x0), 0, None)
    high = np.clip(np.minimum(y1, place.y1) - np.maximum(y0, place.y0), 0, None)
    return float((wide * high).max() / place.area)


@pytest.fixture(scope="module")
def finder() -> Detector:
    return open_detector("auto")


@pytest.mark.parametrize(
    "look",
    [
        Look(1.0, 0.4),
        Look(2.0, 0.4),
        Look(1.0, 0.4, Box(20, 20, 500, 470)),
        Look(1.5, 0.4, Box(11, 37, 509, 463)),
    ],
    ids=["whole", "double", "crop", "crop enlarged"],
)
def test_every_line_is_covered_whole_in_pixels_of_the_whole_frame(
    finder: Detector, portrait: Picture, look: Look
) -> None:
    picture, places = lettered(portrait)
    seen = finder.detect(Photo.of(picture), look)
    for words, place in places.items():
        assert covered(place, seen) == 1, words


@pytest.mark.parametrize("turn", [1, 2, 3])
def test_a_turned_look_finds_turned_text_where_it_is(
    finder: Detector, portrait: Picture, turn: int
) -> None:
    picture, places = lettered(portrait)
    lying = Photo.of(np.ascontiguousarray(np.rot90(picture, turn)))
    seen = finder.detect(lying, Look(1.0, 0.4, turn=turn))
    place = places["Harbour Street 24"]
    size = 512
    x0, y0, x1, y1 = place.corners
    where = {
        1: Box(y0, size - x1, y1, size - x0),
        2: Box(size - x1, size - y1, size - x0, size - y0),
        3: Box(size - y1, x0, size - y0, x1),
    }[turn]
    assert covered(where, seen) == 1


@pytest.mark.parametrize("height", [10, 12, 16, 40, 90])
def test_small_and_large_letters_are_found(
    finder: Detector, portrait: Picture, height: int
) -> None:
    image = Image.fromarray(portrait)
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(size=height)
    box = draw.textbbox((30, 380), "AB 1234", font=font)
    draw.rectangle((box[0] - 4, box[1] - 4, box[2] + 4, box[3] + 4), fill=(250, 250, 250))
    draw.text((30, 380), "AB 1234", font=font, fill=(0, 0, 0))
    seen = finder.detect(Photo.of(np.asarray(image, np.uint8)), Look(1.0, 0.4))
    assert covered(Box(*box), seen) > 0.95


@pytest.mark.parametrize("size", [(240, 320), (540, 960)], ids=str)
@pytest.mark.parametrize("light", [16, 90, 200])
@pytest.mark.parametrize("noise", [0.0, 2.0, 8.0])
def test_an_empty_picture_is_not_taken_for_text(
    finder: Detector, size: tuple[int, int], light: int, noise: float
) -> None:
    grain = np.random.default_rng(0).normal(0, noise, (*size, 1)).repeat(3, axis=2)
    plain = Photo.of(np.clip(np.rint(light + grain), 0, 255).astype(np.uint8))
    sides = [box[2:] - box[:2] for box in finder.detect(plain, Look(1.0, 0.4)).boxes]
    assert sum(float(wide * high) for wide, high in sides) < 0.03 * size[0] * size[1]
    assert noise > 4 or not sides


def test_letters_as_high_as_the_picture_are_found_in_the_dark(finder: Detector) -> None:
    image = Image.new("RGB", (512, 256), (8, 8, 8))
    font = ImageFont.load_default(size=170)
    ImageDraw.Draw(image).text((60, 10), "AB12", font=font, fill=(20, 20, 20))
    seen = finder.detect(Photo.of(np.asarray(image, np.uint8)), Look(1.0, 0.4))
    assert covered(Box(70, 60, 440, 180), seen) == 1


def test_a_card_says_what_found_it(finder: Detector) -> None:
    info = finder.info
    assert (info.kind, info.family, info.licence) == ("text", "ppocr", "Apache-2.0")
    assert info.sha256 == find("pptext").sha256


def test_a_network_that_fails_fails_the_look(portrait: Picture) -> None:
    class Broken:
        name = "broken"

        def run(self, pictures: object) -> list[np.ndarray]:
            raise RuntimeError("no")

    with pytest.raises(DetectorError, match="text detector failed"):
        PPText(Broken(), "0" * 64).detect(Photo.of(portrait), Look(1.0, 0.4))


def test_bf16_is_as_good_as_f32_on_dark_and_noisy_footage(portrait: Picture) -> None:
    weights = find("pptext")
    short = OpenVinoRuntime(weights.path, "CPU", "bf16")
    if "BF16" not in short._core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        pytest.skip("this processor computes in f32 whatever is asked")
    finders = open_detector("openvino:CPU:f32"), PPText(short, weights.sha256)
    picture, places = lettered(portrait, 18)
    found = np.array(
        [
            [
                sum(covered(p, finder.detect(dim, Look(1.0, 0.4))) > 0.9 for p in places.values())
                for finder in finders
            ]
            for light, noise in ((0.3, 4), (0.15, 4), (0.1, 5), (0.06, 4), (0.04, 2))
            for dim in [Photo.of(darkened(picture, light, noise, 3))]
        ]
    )
    at_full, at_short = found.sum(axis=0)
    assert at_full >= 9  # or this would be no test
    assert at_short >= at_full - 1


@given(
    x=st.integers(4, 60),
    y=st.integers(4, 30),
    width=st.integers(2, 40),
    height=st.integers(2, 20),
    sure=st.floats(0.25, 1.0),
)
def test_a_core_of_text_gives_one_box_that_holds_it_and_more(
    x: int, y: int, width: int, height: int, sure: float
) -> None:
    likely = np.zeros((64, 128), np.float32)
    likely[y : y + height, x : x + width] = sure
    (box,), (score,), (doubtful,) = decode_text(likely, 0.2)
    assert not doubtful
    assert score == pytest.approx(sure, abs=1e-4)
    reach = 1.7 * width * height / (2 * (width + height))
    wanted = [x - reach, y - reach, x + width + reach, y + height + reach]
    np.testing.assert_allclose(box, wanted, atol=1e-3)
    assert len(decode_text(likely, sure + 0.01)[0]) == 0


def test_two_lines_that_do_not_touch_are_two_boxes_and_a_speck_is_none() -> None:
    likely = np.zeros((64, 128), np.float32)
    likely[10:16, 10:60] = likely[30:36, 10:60] = 0.9
    likely[50, 90] = 1.0
    boxes, _, _ = decode_text(likely, 0.3)
    assert len(boxes) == 2
    assert contained(boxes[:1], boxes[1:]).max() < 0.5


def test_a_core_higher_than_a_line_may_be_is_one_doubtful_box() -> None:
    likely = np.zeros((256, 256), np.float32)
    likely[40:200, 40:220] = 0.8
    likely[100:116, 100:160] = 0.99
    likely[220:236, 100:160] = 0.9
    boxes, _, doubtful = decode_text(likely, 0.3)
    high = boxes[:, 3] - boxes[:, 1]
    assert len(boxes) == 2
    assert doubtful.tolist() == (high > 64).tolist()
    assert doubtful.sum() == 1
