"""A style, a disguise and a source: each does one small thing, to be copied and changed."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def hatch(width: int, height: int, kind: str) -> NDArray[np.uint8]:
    """Slanting white lines: how bright, and how opaque, each pixel of the drawing is."""
    rows, cols = np.mgrid[:height, :width]
    opaque = np.where((rows + cols) % 48 < 4, 255, 0)
    return np.stack([np.full_like(opaque, 255), opaque], axis=2).astype(np.uint8)


class Hush:
    """Soft noise instead of all sound. What is said is lost with who said it."""

    def __init__(self, rate: int, channels: int) -> None:
        self._channels, self._noise = channels, np.random.default_rng()

    def take(self, sound: NDArray[np.float32], heard: NDArray[np.float32]) -> NDArray[np.float32]:
        soft = self._noise.normal(0, 0.02, (1, sound.shape[1]))
        return np.repeat(soft, self._channels, axis=0).astype(np.float32)

    def end(self) -> NDArray[np.float32]:
        return np.zeros((self._channels, 0), np.float32)

    def notes(self) -> list[str]:
        return ["noise instead of sound"]


def pictures(address: str) -> Iterator[tuple[float, NDArray[np.uint8]]]:
    """The pictures of a folder, by name, ten a second."""
    for number, path in enumerate(sorted(Path(address).glob("*.png"))):
        with Image.open(path) as image:
            yield number / 10, np.asarray(image.convert("RGB"))
