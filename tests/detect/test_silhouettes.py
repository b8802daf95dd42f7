"""The network of silhouettes on a real photo, as it is, cut off and turned about its box."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from passerby.core.errors import DetectorError
from passerby.core.geometry import Box, Size
from passerby.core.ports import Silhouettes
from passerby.core.time import Span, Ticks
from passerby.detect.runtime import Arrays
from passerby.detect.silhouettes import SelfieSilhouettes, open_silhouettes
from passerby.testing import ArrayFrame

WHOLE = Box(0, 0, 512, 512)


@pytest.fixture(scope="module", params=["openvino:CPU:f32", "onnxruntime"])
def silhouettes(request: pytest.FixtureRequest) -> Silhouettes:
    return open_silhouettes(request.param)


@pytest.fixture(scope="module")
def frame(astronaut: Path) -> ArrayFrame:
    with Image.open(astronaut) as image:
        picture = np.asarray(image.convert("RGB"))
    assert picture.shape == (512, 512, 3)
    return ArrayFrame.of(picture)


def test_it_tells_her_from_the_room_behind_her(silhouettes: Silhouettes, frame: ArrayFrame) -> None:
    (likely,) = silhouettes.likely(frame, [WHOLE])
    assert likely.dtype == np.float32
    assert 0 <= likely.min() <= likely.max() <= 1
    rows, cols = likely.shape
    assert likely[rows // 4, int(0.44 * cols)] > 0.9, "her face"
    assert likely[int(0.8 * rows), int(0.4 * cols)] > 0.9, "her suit"
    assert likely[: rows // 10, int(0.85 * cols) :].mean() < 0.1, "the wall"


def test_a_map_covers_its_box_whatever_the_boxs_shape(
    silhouettes: Silhouettes, frame: ArrayFrame
) -> None:
    upright, wide = Box(150, 10, 300, 500), Box(20, 300, 480, 420)
    maps = silhouettes.likely(frame, [upright, wide, WHOLE])
    for box, likely in zip((upright, wide), maps, strict=False):
        rows, cols = likely.shape
        assert abs(cols / rows - box.width / box.height) < 0.05 * cols / rows
    assert maps[0][int(0.3 * maps[0].shape[0]), int(0.5 * maps[0].shape[1])] > 0.9


def test_one_box_does_not_depend_on_the_others(silhouettes: Silhouettes, frame: ArrayFrame) -> None:
    boxes = [Box(150 + n, 10, 300 + n, 500) for n in range(11)]
    together = silhouettes.likely(frame, boxes)
    for box, likely in zip(boxes, together, strict=True):
        (alone,) = silhouettes.likely(frame, [box])
        np.testing.assert_allclose(likely, alone, atol=1e-3)


def test_boxes_at_the_edge_and_of_a_pixel_are_answered(
    silhouettes: Silhouettes, frame: ArrayFrame
) -> None:
    boxes = [Box(0, 0, 1, 200), Box(511, 0, 512, 512), Box(511.25, 511.25, 512, 512)]
    for likely in silhouettes.likely(frame, boxes):
        assert likely.size
        assert np.isfinite(likely).all()
    assert list(silhouettes.likely(frame, [])) == []


def test_a_network_that_fails_says_when_and_is_no_veil_in_silence() -> None:
    class Broken:
        name = "broken"

        def run(self, pictures: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> Arrays:
            raise RuntimeError("out of memory")

    span = Span(Ticks(7), Ticks(8))
    with pytest.raises(DetectorError, match="tick 7"):
        SelfieSilhouettes(Broken()).likely(ArrayFrame.flat(Size(64, 64)).at(span), [WHOLE])
