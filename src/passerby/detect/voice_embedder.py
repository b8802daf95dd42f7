"""How alike two voices are, by Resemblyzer's network, for attacks on our own output.

Network: Wan, Wang, Papir, Lopez Moreno, "Generalized End-to-End Loss for Speaker Verification",
2018, three layers of long short-term memory; weights by Corentin Jemine, 2019, Apache-2.0, out of
the package Resemblyzer, of which nothing is imported. Why this one, and how it is installed:
docs/decisions/the-attacker-of-voices.md.

Note [no runtime]: as for faces (embedder.py), plain arithmetic on arrays does; and because the file
is known by its hash, its arrays are read from where they are known to lie. Nothing is unpickled.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import Final, cast

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ..core.errors import DetectorError, UsageError
from ..core.ports import VoiceEmbedderInfo
from ..core.sound import HEARD_RATE

PACKAGE: Final = "Resemblyzer"
VERSION: Final = "0.1.4"
MEMBER: Final = "resemblyzer/pretrained.pt"
SHA256: Final = "39373b86598fa3da9fcddee6142382efe09777e8d37dc9c0561f41f0070f134e"
LENGTH: Final = 256

_UNITS: Final = 256  # of each layer
_LAYERS: Final = 269_883  # where in the file the layers begin, and the last step's two arrays
_LAST_WEIGHTS: Final = 7_731
_LAST_BIASES: Final = 6_699
_FFT: Final = 400  # samples: 25 ms
_HOP: Final = 160  # 10 ms
_BANDS: Final = 40
_FRAMES: Final = 160  # that the network hears at a time: 1.6 s
_STEP: Final = 77  # frames from one such part to the next, so that they overlap by half
_COVERED: Final = 0.75  # of the last part that has to be sound, or it is left out
_LEVEL: Final = 10 ** (-30 / 20)  # to which speech is brought, root mean square of full scale
_AT_ONCE: Final = 64  # parts: more take memory and save no time

Reals = NDArray[np.float32]


class Resemblyzer:
    """A `core.ports.VoiceEmbedder`."""

    def __init__(self, data: bytes) -> None:
        """`data`: the published file. Raises DetectorError when it is another one."""
        found = hashlib.sha256(data).hexdigest()
        if found != SHA256:
            raise DetectorError(
                "the voice embedder's weights are not the ones that are pinned",
                hint=f"install {PACKAGE}=={VERSION} again",
            )
        self.info = VoiceEmbedderInfo("resemblyzer.v1", found, "Apache-2.0")
        self._layers = tuple(_layers(data))
        self._weights = _array(data, _LAST_WEIGHTS, LENGTH, _UNITS).T.copy()
        self._biases = _array(data, _LAST_BIASES, LENGTH)
        self._bands = bands().T.copy()

    def embed(self, pieces: Sequence[Reals]) -> Reals:
        parts = [self._parts(piece) for piece in pieces]
        if not parts:
            return np.zeros((0, LENGTH), np.float32)
        flat = np.concatenate(parts)
        said = np.concatenate(
            [self._points(flat[at : at + _AT_ONCE]) for at in range(0, len(flat), _AT_ONCE)]
        )
        ends = np.cumsum([len(part) for part in parts])[:-1]
        return np.stack([_unit(own.mean(axis=0)) for own in np.split(said, ends)])

    def _parts(self, piece: Reals) -> Reals:
        """What the network hears of one piece, float32 (parts, frames, bands)."""
        if piece.ndim != 1 or not len(piece):
            raise ValueError(f"want speech of one channel, got {piece.shape}")
        sound = np.nan_to_num(piece.astype(np.float32), posinf=1.0, neginf=-1.0)
        sound = sound * np.float32(_LEVEL / max(float(np.sqrt((sound**2).mean())), 1e-9))
        starts = list(_starts(len(sound)))
        missing = max(0, (starts[-1] + _FRAMES) * _HOP - len(sound))
        heard = spectrum(np.pad(sound, (0, missing))) @ self._bands
        return np.stack([heard[start : start + _FRAMES] for start in starts])

    def _points(self, heard: Reals) -> Reals:
        """(n, frames, bands) -> (n, LENGTH), each of length one."""
        for layer in self._layers:
            heard = layer(heard)
        raw = np.maximum(heard[:, -1] @ self._weights + self._biases, np.float32(0))
        return cast(Reals, raw / np.maximum(np.linalg.norm(raw, axis=1, keepdims=True), 1e-9))


class Layer:
    """One layer of long short-term memory: Hochreiter and Schmidhuber 1997, with forget gates."""

    def __init__(self, inputs: Reals, own: Reals, biases: Reals) -> None:
        """`inputs` (4 units, in), `own` (4 units, units), `biases` (4 units): input, forget, new
        and output gates, in this order."""
        self._inputs, self._own, self._biases = inputs.T.copy(), own.T.copy(), biases

    def __call__(self, x: Reals) -> Reals:
        """(n, steps, in) -> (n, steps, units)."""
        count, steps, width = x.shape
        units = self._own.shape[0]
        given = (x.reshape(-1, width) @ self._inputs + self._biases).reshape(count, steps, -1)
        said = np.zeros((count, steps, units), np.float32)
        cell = out = np.zeros((count, units), np.float32)
        for step in range(steps):
            gates = given[:, step] + out @ self._own
            opened = _sigmoid(gates)
            new = np.tanh(gates[:, 2 * units : 3 * units])
            cell = opened[:, units : 2 * units] * cell + opened[:, :units] * new
            out = opened[:, 3 * units :] * np.tanh(cell)
            said[:, step] = out
        return said


def spectrum(sound: Reals) -> Reals:
    """Power of each bin, float32 (frames, bins), a frame every `_HOP` samples, centred on them."""
    around = np.pad(sound, _FFT // 2)
    frames = sliding_window_view(around, _FFT)[::_HOP]
    turn = 2 * np.pi * np.arange(_FFT) / _FFT
    window = (0.5 - 0.5 * np.cos(turn)).astype(np.float32)
    power: Reals = (np.abs(np.fft.rfft(frames * window, axis=1)) ** 2).astype(np.float32)
    return power


def bands() -> Reals:
    """Triangles over the bins, float32 (bands, bins), on the mel scale, each of the same area.

    The scale is Slaney's (Auditory Toolbox, 1998): even below 1 kHz, by ratios above.
    """
    knee, below, above = 1000.0, 3 / 200, 27 / np.log(6.4)
    top = knee * below + above * np.log(HEARD_RATE / 2 / knee)
    mels = np.linspace(0, top, _BANDS + 2)
    edges = np.where(
        mels < knee * below, mels / below, knee * np.exp((mels - knee * below) / above)
    )
    bins = np.arange(_FFT // 2 + 1) * HEARD_RATE / _FFT
    low, middle, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rising, falling = (bins - low) / (middle - low), (high - bins) / (high - middle)
    area = 2 / (high - low)
    triangles: Reals = (np.maximum(0, np.minimum(rising, falling)) * area).astype(np.float32)
    return triangles


def _starts(samples: int) -> Iterator[int]:
    """The first frame of each part; what is left at the end counts if it is most of one."""
    yield 0
    start = _STEP
    while samples - start * _HOP >= _COVERED * _FRAMES * _HOP:
        yield start
        start += _STEP


def _layers(data: bytes) -> Iterator[Layer]:
    """The arrays lie one after the other: weights of every layer first, then their biases."""
    gates = 4 * _UNITS
    widths = (_BANDS, _UNITS, _UNITS)
    at, weights = _LAYERS, []
    for width in widths:
        inputs = _array(data, at, gates, width)
        own = _array(data, at + inputs.nbytes, gates, _UNITS)
        weights.append((inputs, own))
        at += inputs.nbytes + own.nbytes
    for inputs, own in weights:
        yield Layer(inputs, own, _array(data, at, 2, gates).sum(axis=0))
        at += 2 * 4 * gates


def _array(data: bytes, at: int, *shape: int) -> Reals:
    return np.frombuffer(data, "<f4", int(np.prod(shape)), at).reshape(shape).astype(np.float32)


def _sigmoid(x: Reals) -> Reals:
    return cast(Reals, np.float32(0.5) * (np.tanh(np.float32(0.5) * x) + np.float32(1)))


def _unit(point: Reals) -> Reals:
    return cast(Reals, point / max(float(np.linalg.norm(point)), 1e-9))


def open_voice_embedder() -> Resemblyzer:
    """The embedder of the extra. `UsageError` when it is not installed."""
    try:
        path = Path(str(metadata.distribution(PACKAGE).locate_file(MEMBER)))
        data = path.read_bytes()
    except (metadata.PackageNotFoundError, OSError):
        raise UsageError(
            "the attacker for voices is not installed",
            hint=f"python -m pip install --no-deps {PACKAGE}=={VERSION}",
        ) from None
    return Resemblyzer(data)
