"""Colours that a photo tells by number (ITU-T H.273), or by a camera's mark, turned into sRGB.

Light is decoded, mixed from the file's red, green and blue to those of sRGB, and coded again. HDR
is brought down to what sRGB can show: up to three quarters of the light of white paper nothing
changes but the code; above, brightness bends smoothly towards the brightest there is, and the hue
stays. Paper is at 203 cd/m2 (ITU-R BT.2408), for HLG on a screen of 1000 cd/m2 (ITU-R BT.2100).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Light = NDArray[np.float64]

_D65: Final = (0.3127, 0.3290)
_C: Final = (0.310, 0.316)
_DCI: Final = (0.314, 0.351)
ADOBE: Final = 1998  # no number of H.273: Adobe RGB (1998), which cameras mark in EXIF
# Chromaticities of red, green, blue and white.
_PRIMARIES: Final = {
    1: ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060), _D65),
    4: ((0.67, 0.33), (0.21, 0.71), (0.14, 0.08), _C),
    5: ((0.64, 0.33), (0.29, 0.60), (0.15, 0.06), _D65),
    6: ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), _D65),
    7: ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), _D65),
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), _D65),
    11: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _DCI),
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _D65),
    22: ((0.630, 0.340), (0.295, 0.605), (0.155, 0.077), _D65),
    ADOBE: ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06), _D65),
}
_LIKE_SRGB: Final = frozenset({1, 2, 6, 7, 11, 13, 14, 15})  # shown alike by what shows photos
_GAMMA: Final = {4: 2.2, 5: 2.8, 8: 1.0, 17: 2.6, ADOBE: 563 / 256}
PQ, HLG = 16, 18
_PAPER: Final = 203.0
_PEAK: Final = 1000.0
_KNEE: Final = 0.75
_FINE: Final = 1 << 14  # steps of light that are told apart when it is coded again


@dataclass(frozen=True, slots=True)
class Told:
    """`primaries` and `transfer` as numbered by H.273; 2 is unknown."""

    primaries: int
    transfer: int

    @property
    def plain(self) -> bool:
        """Is it sRGB, as far as anybody can see?"""
        return self.primaries in (1, 2) and self.transfer in _LIKE_SRGB

    @property
    def bright(self) -> bool:
        """Is it HDR?"""
        return self.transfer in (PQ, HLG)

    @property
    def known(self) -> bool:
        transfer = self.transfer in _LIKE_SRGB or self.transfer in (PQ, HLG, *_GAMMA)
        return transfer and (self.primaries == 2 or self.primaries in _PRIMARIES)


ADOBE_RGB: Final = Told(ADOBE, ADOBE)


@lru_cache(maxsize=8)
def change_of(told: Told) -> Callable[[Image.Image], Image.Image] | None:
    """What turns RGB of 8 bits of these colours into sRGB; None where nothing is to be done, or
    nobody knows what."""
    if told.plain or not told.known:
        return None
    light = _light(told.transfer).astype(np.float32)
    mix = to_srgb(told.primaries).astype(np.float32)
    luma = _to_xyz(_PRIMARIES[9])[1].astype(np.float32)
    codes = _coded(np.linspace(0, 1, _FINE + 1)).astype(np.uint8)

    def change(image: Image.Image) -> Image.Image:
        samples: Any = light[np.asarray(image)]
        if told.transfer == HLG:
            samples *= np.maximum(samples @ luma, 1e-9)[..., None] ** np.float32(0.2)
            samples *= np.float32(_PEAK / _PAPER)
        samples = np.maximum(cv2.transform(samples, mix), 0)
        if told.bright:
            samples = _bent(samples)
        return Image.fromarray(codes[np.rint(np.minimum(samples, 1) * _FINE).astype(np.int32)])

    return change


def to_srgb(primaries: int) -> Light:
    """The matrix (3, 3) from light in these primaries to light in sRGB's, white to white."""
    if primaries in (1, 2):
        return np.eye(3)
    made: Light = np.linalg.inv(_to_xyz(_PRIMARIES[1])) @ _to_xyz(_PRIMARIES[primaries])
    return made


def _to_xyz(points: tuple[tuple[float, float], ...]) -> Light:
    """Each primary's XYZ, in columns, so that together they make white. Another white than D65 is
    adapted to it by its cones' answers (Bradford)."""
    *colours, white = (np.array([x / y, 1.0, (1 - x - y) / y]) for x, y in points)
    made: Light = np.stack(colours, axis=1)
    made = made * np.linalg.solve(made, white)
    x, y = _D65
    wanted = np.array([x / y, 1.0, (1 - x - y) / y])
    scale = (_CONES @ wanted) / (_CONES @ white)
    adapted: Light = np.linalg.inv(_CONES) @ np.diag(scale) @ _CONES @ made
    return adapted


_CONES: Final = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)


def _light(transfer: int) -> Light:
    """The light of each of 256 codes: 1 is white paper; for HLG, the scene's, 1 the brightest."""
    code: Light = np.arange(256) / 255
    if transfer == PQ:
        root = code ** (1 / 78.84375)
        part = np.maximum(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root)
        return np.asarray(10_000 / _PAPER * part ** (1 / 0.1593017578125))
    if transfer == HLG:
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        return np.where(code <= 0.5, code**2 / 3, (np.exp((code - c) / a) + b) / 12)
    if transfer in _GAMMA:
        return np.asarray(code ** _GAMMA[transfer] * (52.37 / 48 if transfer == 17 else 1))
    return np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)


def _coded(light: Light) -> Light:
    """sRGB's code, 0 to 255, of light from 0 to 1."""
    code = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(code * 255))


def _bent(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Light above the knee, squeezed into what is left up to 1; all three colours by one factor."""
    most = np.maximum(samples.max(axis=2, keepdims=True), np.float32(1e-9))
    room = np.float32(1 - _KNEE)
    bent = np.where(
        most > _KNEE, np.float32(1) - room * np.exp(-(most - np.float32(_KNEE)) / room), most
    )
    return np.asarray(samples * (bent / most), np.float32)
