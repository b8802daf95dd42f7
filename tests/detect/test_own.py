"""Networks of one's own: both heads, any size, and no nonsense taken for nobody."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from passerby.core.errors import DetectorError
from passerby.core.ports import Detector, Look
from passerby.detect.heads import decode_scrfd, decode_yolo
from passerby.detect.own import Head, onnx_detector
from passerby.detect.runtime import Preparation
from passerby.testing import ArrayFrame, Layout, detector_contract

from .networks import SIDE, scene, scrfd, yolo

PLACES = ((96, 80), (16, 56))


def opened(
    path: Path, head: Head, device: str = "auto", prepared: Preparation | None = None
) -> Detector:
    return onnx_detector(
        path,
        name="own.v1",
        kind="face",
        family="own",
        licence="none",
        head=head,
        device=device,
        prepared=prepared,
    )


def seen(detector: Detector, picture: NDArray[np.uint8], look: Look) -> list[tuple[float, ...]]:
    planes = [np.ascontiguousarray(picture[..., channel]) for channel in range(3)]
    found = detector.detect(ArrayFrame(planes, Layout.RGB), look)
    return sorted(tuple(box) for box in found.boxes.tolist())


@pytest.mark.parametrize("device", ["cpu", "onnxruntime"])
@pytest.mark.parametrize("head", ["scrfd", "yolo"])
def test_each_head_keeps_the_contract_and_finds_what_is_there(
    tmp_path: Path, head: Head, device: str
) -> None:
    path = (scrfd if head == "scrfd" else yolo)(tmp_path / "own.onnx")
    picture = scene(*PLACES)
    detector_contract(lambda: opened(path, head, device), picture)
    boxes = seen(opened(path, head, device), picture, Look(1.0, 0.6))
    assert boxes == sorted((x, y, x + SIDE, y + SIDE) for x, y in PLACES)


def test_a_network_of_one_size_sees_every_place_of_a_larger_picture_and_who_fills_it(
    tmp_path: Path,
) -> None:
    detector = opened(yolo(tmp_path / "own.onnx", side=256), "yolo")
    places = [(x, y) for x in range(8, 560, 88) for y in range(8, 400, 88)]
    boxes = seen(detector, scene(*places, size=(432, 600)), Look(1.0, 0.5))
    middles = {(int((x0 + x1) // 2), int((y0 + y1) // 2)) for x0, y0, x1, y1 in boxes}
    for x, y in places:
        near = [m for m in middles if abs(m[0] - x - 24) < 8 and abs(m[1] - y - 24) < 8]
        assert near, f"nobody was seen at {x}, {y}"
    large = np.kron(scene((24, 16), size=(96, 96)), np.ones((5, 5, 1), np.uint8))
    small = opened(yolo(tmp_path / "small.onnx"), "yolo")
    boxes = seen(small, large, Look(1.0, 0.5))
    assert any(x1 - x0 > 150 and abs(x0 - 120) < 40 for x0, _, x1, _ in boxes)


def test_blue_first_is_not_red(tmp_path: Path) -> None:
    path = scrfd(tmp_path / "own.onnx")
    for device in ("cpu", "onnxruntime"):
        prepared = Preparation(127.5, 128, bgr=True)
        detector = opened(path, "scrfd", device, prepared)
        assert seen(detector, scene(*PLACES), Look(1.0, 0.3)) == []
        mirrored = np.ascontiguousarray(scene(*PLACES)[..., ::-1])
        assert len(seen(detector, mirrored, Look(1.0, 0.3))) == 2


@pytest.mark.parametrize(
    ("spoilt", "said"), [(float("nan"), "failed on a frame"), (5.0, "between 0 and 1")]
)
def test_a_network_that_talks_nonsense_fails(tmp_path: Path, spoilt: float, said: str) -> None:
    detector = opened(scrfd(tmp_path / "own.onnx", spoilt=spoilt), "scrfd", "onnxruntime")
    with pytest.raises(DetectorError, match=said):
        seen(detector, scene(*PLACES), Look(1.0, 0.3))


@pytest.mark.parametrize("head", ["scrfd", "yolo-objectness", "yolo-ended"])
def test_another_head_than_it_has_is_an_error_that_names_the_shapes(
    tmp_path: Path, head: Head
) -> None:
    detector = opened(yolo(tmp_path / "own.onnx"), head)
    with pytest.raises(DetectorError, match=r"\(1, 5, 256\)"):
        seen(detector, scene(*PLACES), Look(1.0, 0.3))


def test_a_file_that_is_not_there_is_an_error_that_says_how_to_name_one(tmp_path: Path) -> None:
    with pytest.raises(DetectorError, match="can't be read") as failed:
        opened(tmp_path / "none.onnx", "yolo")
    assert "NAME:FILE" in failed.value.hint


def test_scrfd_of_several_anchors_against_a_slow_twin() -> None:
    rng = np.random.default_rng(3)
    high, wide, anchors = 64, 96, 2
    outputs, wanted = [], []
    for stride in (8, 16, 32):
        rows, cols = high // stride, wide // stride
        scores = rng.random((1, rows * cols * anchors, 1)).astype(np.float32)
        reach = rng.random((1, rows * cols * anchors, 4)).astype(np.float32)
        outputs += [scores, reach, np.zeros((1, rows * cols * anchors, 10), np.float32)]
        for row in range(rows):
            for col in range(cols):
                for anchor in range(anchors):
                    at = (row * cols + col) * anchors + anchor
                    if scores[0, at, 0] >= 0.5:
                        left, up, right, down = reach[0, at] * stride
                        x, y = col * stride, row * stride
                        wanted.append((x - left, y - up, x + right, y + down))
    boxes, scores = decode_scrfd(outputs, 0.5, (high, wide))
    np.testing.assert_allclose(boxes, wanted, rtol=1e-5)
    assert len(scores) == len(wanted) > 50


def test_the_other_yolos_against_their_words() -> None:
    v5 = np.zeros((1, 300, 7), np.float32)
    v5[0, 7] = (50, 40, 20, 10, 0.5, 0.9, 0.2)
    v5[0, 8] = (50, 40, 20, 10, 0.5, 0.2, 0.9)
    boxes, scores = decode_yolo(v5, 0.3, "yolo-objectness", (0,))
    np.testing.assert_allclose(boxes, [(40, 35, 60, 45)])
    np.testing.assert_allclose(scores, [0.45])
    assert len(decode_yolo(v5, 0.3, "yolo-objectness", (0, 1))[0]) == 2
    ended = np.zeros((1, 300, 6), np.float32)
    ended[0, :2] = (1, 2, 3, 4, 0.8, 0), (1, 2, 3, 4, 0.9, 5)
    boxes, scores = decode_yolo(ended, 0.3, "yolo-ended", (0,))
    np.testing.assert_allclose(boxes, [(1, 2, 3, 4)])
    np.testing.assert_allclose(scores, [0.8])
