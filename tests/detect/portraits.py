"""Photos that scale as a decoder's frames do, and the real detectors: opened once a session."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from passerby.core.frame import Picture
from passerby.core.geometry import Box, Size
from passerby.core.ports import Detector
from passerby.detect.centerface import open_detector
from passerby.testing import ArrayFrame, Layout

FACE = Box(175, 55, 270, 180)  # of the portrait


class Photo(ArrayFrame):
    """An `ArrayFrame` whose `picture` is scaled smoothly, not by leaving out samples."""

    @classmethod
    def of(cls, picture: Picture) -> Photo:  # type: ignore[override]  # takes a picture alone
        """The upright RGB picture (h, w, 3)."""
        photo = cls([np.ascontiguousarray(picture[..., i]) for i in range(3)], Layout.RGB)
        photo._whole = picture
        return photo

    def picture(self, size: Size, crop: Box | None = None) -> Picture:
        box = crop or Box(0, 0, self.size.width, self.size.height)
        part = self._whole[int(box.y0) : int(box.y1), int(box.x0) : int(box.x1)]
        way = cv2.INTER_AREA if size.width < part.shape[1] else cv2.INTER_LINEAR
        scaled = cv2.resize(part, (size.width, size.height), interpolation=way)
        return np.asarray(scaled, np.uint8)

    _whole: Picture


def darkened(picture: Picture, light: float, noise: float, seed: int) -> Picture:
    """`light` times as bright, with Gaussian noise of `noise` levels."""
    grain: NDArray[np.float64] = np.random.default_rng(seed).normal(0, noise, picture.shape)
    return np.clip(np.rint(picture * light + grain), 0, 255).astype(np.uint8)


@pytest.fixture(scope="session")
def portrait(astronaut: Path) -> Picture:
    """RGB uint8 (512, 512, 3). Not to be written to."""
    stored = cv2.imread(str(astronaut), cv2.IMREAD_COLOR)
    assert stored is not None
    return np.ascontiguousarray(stored[..., ::-1], np.uint8)


@pytest.fixture(scope="session")
def detector() -> Detector:
    """The one that everybody gets: `auto`."""
    return open_detector("auto")


@pytest.fixture(scope="session")
def onnx_detector() -> Detector:
    return open_detector("onnxruntime")
