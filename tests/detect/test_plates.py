"""Plates are lines of text of a plate's shape; codes are seen beside text and never decoded."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from passerby.core.detection import Detections
from passerby.core.frame import Frame, Picture
from passerby.core.geometry import Box
from passerby.core.ports import Detector, DetectorInfo, Look
from passerby.detect import codes, plates, text
from passerby.detect.plates import Plates, shaped

from .portraits import Photo
from .test_text import covered


class Told:
    """Sees the boxes that it was told."""

    info = DetectorInfo("told.v1", "told", "text", "0" * 64, "none", "none")

    def __init__(self, *boxes: tuple[float, float, float, float]) -> None:
        self._boxes = boxes

    def detect(self, frame: Frame, look: Look) -> Detections:
        n = len(self._boxes)
        return Detections(
            np.array(self._boxes, np.float32).reshape(n, 4), np.full(n, 0.9, np.float32)
        )


def photo(width: int = 640, height: int = 480) -> Photo:
    return Photo.of(np.zeros((height, width, 3), np.uint8))


@pytest.mark.parametrize(
    ("width", "height", "plate"),
    [
        (520, 110, True),  # one long row
        (305, 152, True),  # two rows
        (200, 170, True),  # a motorcycle's
        (110, 60, True),  # one row of it
        (30, 40, True),  # one symbol, the rest behind something
        (400, 30, False),  # a caption
        (20, 90, False),  # a word on its side
        (110, 220, True),  # two rows on their side, near
        (200, 280, False),  # a face that fills the picture
    ],
)
def test_what_has_the_shape_of_a_plate_or_of_a_part_of_it_is_one(
    width: int, height: int, plate: bool
) -> None:
    assert shaped(np.array([[10, 10, 10 + width, 10 + height]], np.float32))[0] == plate


def test_what_the_edge_of_the_picture_cuts_may_be_a_plate_whatever_its_shape() -> None:
    inside, cut, beyond = (10, 10, 410, 40), (-2, 10, 398, 40), (600, 100, 640, 300)
    seen = Plates(Told(inside, cut, beyond)).detect(photo(), Look(1.0, 0.4))
    np.testing.assert_array_equal(seen.boxes, [cut, beyond])


def test_a_card_of_plates_names_the_network_and_the_kind() -> None:
    info = plates.open_detector("auto").info
    assert (info.kind, info.family) == ("plate", "ppocr")


@pytest.fixture(scope="module")
def finder() -> Detector:
    return codes.WithCodes(text.open_detector("auto"))


def with_code(portrait: Picture, code: Picture, side: int) -> tuple[Picture, Box]:
    """The portrait with a code on a white card, and where the code is."""
    height = round(side * code.shape[0] / code.shape[1])
    scaled = cv2.resize(code, (side, height), interpolation=cv2.INTER_NEAREST)
    picture, (x, y), edge = portrait.copy(), (300, 330), 12
    picture[y - edge : y + height + edge, x - edge : x + side + edge] = 255
    picture[y : y + height, x : x + side] = scaled[..., None]
    return picture, Box(x, y, x + side, y + height)


@pytest.mark.parametrize("side", [74, 99, 150])
@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_a_qr_code_is_covered_whole(
    finder: Detector, portrait: Picture, side: int, scale: float
) -> None:
    code = cv2.QRCodeEncoder.create().encode("https://example.org/4711")
    picture, place = with_code(portrait, np.asarray(code, np.uint8), side)
    seen = finder.detect(Photo.of(picture), Look(scale, 0.4))
    assert covered(place, seen) == 1
    plain = finder.detect(Photo.of(portrait), Look(scale, 0.4))
    assert covered(place, plain) < 0.2


def test_a_bar_code_is_covered_whole(finder: Detector, portrait: Picture) -> None:
    # EAN-13 4006381333931: guards, six digits of the left half, six of the right.
    bits = (
        "101" "0001101" "0100111" "0101111" "0111101" "0001001" "0110011"
        "01010" "1000010" "1000010" "1000010" "1110100" "1000010" "1100110" "101"
    )  # fmt: skip
    bars = np.array([[0 if b == "1" else 255 for b in bits]], np.uint8).repeat(40, axis=0)
    picture, place = with_code(portrait, bars, 2 * len(bits))
    seen = finder.detect(Photo.of(picture), Look(1.0, 0.4))
    assert covered(place, seen) > 0.97


def test_codes_and_text_are_seen_together(finder: Detector, portrait: Picture) -> None:
    code = cv2.QRCodeEncoder.create().encode("https://example.org/4711")
    picture, place = with_code(portrait, np.asarray(code, np.uint8), 99)
    image = Image.fromarray(picture)
    font = ImageFont.load_default(size=24)
    ImageDraw.Draw(image).text((20, 450), "Harbour 24", font=font, fill=(255, 255, 255))
    seen = finder.detect(Photo.of(np.asarray(image, np.uint8)), Look(1.0, 0.4))
    assert covered(place, seen) == 1
    assert covered(Box(24, 456, 140, 470), seen) == 1
    assert finder.info.kind == "text"
