"""What every detector promises that is entered under `passerby.detectors`, by the port's words."""

from __future__ import annotations

from importlib.metadata import entry_points

import cv2
import numpy as np
import pytest

from passerby.core.detection import KINDS
from passerby.core.frame import Picture
from passerby.core.geometry import Box
from passerby.core.ports import Detector, Look
from passerby.testing import detector_contract

from .portraits import Photo

NAMES = sorted(point.name for point in entry_points(group="passerby.detectors"))


@pytest.fixture(scope="module", params=NAMES)
def any_detector(request: pytest.FixtureRequest) -> Detector:
    (point,) = entry_points(group="passerby.detectors", name=request.param)
    opened: Detector = point.load()("auto")
    assert opened.info.name == request.param
    return opened


@pytest.fixture(scope="module")
def scene(portrait: Picture) -> Picture:
    """A woman with a plate: something for each kind."""
    picture = portrait.copy()
    cv2.rectangle(picture, (40, 400), (230, 460), (250, 250, 245), -1)
    font = cv2.FONT_HERSHEY_SIMPLEX
    cv2.putText(picture, "DR K 4711", (48, 440), font, 1.05, (15, 15, 15), 3)
    return picture


def test_every_kind_has_a_detector() -> None:
    kinds = {point.load()("auto").info.kind for point in entry_points(group="passerby.detectors")}
    assert kinds == set(KINDS)


def test_a_card_says_what_it_is(any_detector: Detector) -> None:
    info = any_detector.info
    assert info.kind in KINDS
    assert len(info.sha256) == 64
    assert info.family
    assert info.runtime
    assert info.licence


def test_it_finds_something_and_the_same_each_time(any_detector: Detector, scene: Picture) -> None:
    look = Look(0.8, 0.3)
    one, two = (any_detector.detect(Photo.of(scene), look) for _ in range(2))
    assert len(one) > 0
    np.testing.assert_array_equal(one.boxes, two.boxes)
    np.testing.assert_array_equal(one.scores, two.scores)


def test_no_score_is_below_the_threshold_and_a_higher_one_only_takes_away(
    any_detector: Detector, scene: Picture
) -> None:
    low, high = (any_detector.detect(Photo.of(scene), Look(0.8, t)) for t in (0.3, 0.6))
    assert low.scores.min() >= 0.3
    assert high.scores.min(initial=1) >= 0.6
    assert len(high) <= len(low)


def test_boxes_are_in_pixels_of_the_whole_frame_whatever_the_crop(
    any_detector: Detector, scene: Picture
) -> None:
    """What lies right of an empty wall lies there, too, when only it is looked at."""
    wall = np.concatenate([np.full((512, 320, 3), 128, np.uint8), scene], axis=1)
    crop = Box(320, 0, 832, 512)
    seen = any_detector.detect(Photo.of(wall), Look(0.8, 0.3, crop))
    plain = any_detector.detect(Photo.of(scene), Look(0.8, 0.3))
    shift = np.array([320, 0, 320, 0], np.float32)
    inner = plain.boxes[plain.boxes[:, 1] > 0]  # what the upper edge cuts is mirrored there
    np.testing.assert_allclose(seen.boxes, inner + shift, atol=0.1)


def test_an_empty_picture_is_no_error(any_detector: Detector) -> None:
    seen = any_detector.detect(Photo.of(np.full((40, 700, 3), 90, np.uint8)), Look(1.0, 0.6))
    assert seen.boxes.shape == (len(seen.scores), 4)


def test_ours_keep_the_contract_that_plug_ins_are_given(
    any_detector: Detector, scene: Picture
) -> None:
    detector_contract(lambda: any_detector, scene)
