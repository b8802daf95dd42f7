"""Can a picture be linked to its camera? The estimator of sensor fingerprints, and two detectors.

A sensor's pixels differ a little in sensitivity, always in the same way (PRNU): a picture is
`scene * (1 + K) + noise`. `K` is estimated from residuals of many pictures by maximum likelihood
and compared by the peak of a correlation against its energy elsewhere. Methods: J. Lukas,
J. Fridrich, M. Goljan, "Digital camera identification from sensor pattern noise" (2006); M. Chen
et al., "Determining image origin and integrity using sensor noise" (2008); the denoiser is
M. K. Mihcak et al., "Spatially adaptive statistical modeling of wavelet image coefficients"
(1999), on 8-tap Daubechies wavelets and four levels. Written from the papers.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float32]

LINKED: Final = 60.0  # PCE above which the papers call it a match: one false alarm in 100,000
_LEVELS: Final = 4
_SIGMA: Final = 3.0  # levels of 255: the noise that the denoiser takes out
_SCALING: Final = """
    0.2303778133 0.7148465706 0.6308807679 -0.0279837694
    -0.1870348117 0.0308413818 0.0328830117 -0.0105974018
"""
_LOW: Final = np.array(_SCALING.split(), np.float32)
_HIGH: Final = (_LOW[::-1] * np.array([1, -1] * 4)).astype(np.float32)


def whole(picture: NDArray[np.uint8]) -> Reals:
    """`picture` (rows, cols) as float32, cut to sides that four halvings divide."""
    rows, cols = (side // 16 * 16 for side in picture.shape)
    return picture[:rows, :cols].astype(np.float32)


def residual(picture: Reals) -> Reals:
    """What the denoiser takes out of `picture`, float32 (rows, cols), both divisible by 16."""
    return _noise_of(picture, _LEVELS)


def fingerprint(pictures: Iterable[Reals]) -> Reals:
    """The maximum-likelihood estimate of `K` from pictures of one camera, freed of patterns that
    many cameras and codecs share: means of rows and columns, and what repeats."""
    above = below = None
    for picture in pictures:
        part, weight = residual(picture) * picture, picture * picture
        above = part if above is None else above + part
        below = weight if below is None else below + weight
    if above is None or below is None:
        raise ValueError("a fingerprint needs pictures")
    return _unshared(above / np.maximum(below, 1))


def pce(pattern: Reals, reference: Reals, reach: int = 8) -> float:
    """Peak to correlation energy: the largest correlation within `reach` pixels of no shift, its
    square against the mean square of all others; negative when the peak is."""
    surface = _correlation(pattern, reference)
    near = np.roll(surface, (reach, reach), (0, 1))
    window = near[: 2 * reach + 1, : 2 * reach + 1]
    y, x = np.unravel_index(int(np.abs(window).argmax()), window.shape)
    peak = float(window[y, x])
    around = np.roll(near, (5 - int(y), 5 - int(x)), (0, 1))
    energy = (float((around**2).sum()) - float((around[:11, :11] ** 2).sum())) / (around.size - 121)
    return peak * abs(peak) / energy


def warped(pattern: Reals, reference: Reals) -> float:
    """For who suspects a warp: how far the two agree when each tile may shift on its own.

    In standard deviations above what the same search finds where nothing can agree: with the
    reference far out of place.
    """
    rows, cols = reference.shape
    rng = np.random.default_rng(0)
    far = [(int(rng.integers(40, rows - 40)), int(rng.integers(40, cols - 40))) for _ in range(12)]
    chance = [_by_tiles(pattern, np.roll(reference, shift, (0, 1))) for shift in far]
    return (_by_tiles(pattern, reference) - float(np.mean(chance))) / float(np.std(chance))


def _by_tiles(pattern: Reals, reference: Reals, tile: int = 64, reach: int = 3) -> float:
    """The sum over tiles of the correlation at each tile's best shift of up to `reach` pixels.

    A warp is smooth, so it is the tile and its neighbours that choose the shift.
    """
    rows, cols = (side // tile for side in pattern.shape)
    a = pattern[: rows * tile, : cols * tile]
    shifts = range(-reach, reach + 1)
    sums = np.empty((len(shifts) ** 2, rows, cols), np.float32)
    for index, shift in enumerate((dy, dx) for dy in shifts for dx in shifts):
        b = np.roll(reference, shift, (0, 1))[: rows * tile, : cols * tile]
        sums[index] = cv2.resize(a * b, (cols, rows), interpolation=cv2.INTER_AREA)
    smooth = np.stack([cv2.GaussianBlur(each, (5, 5), 1.0) for each in sums])
    best = smooth.argmax(0)
    return float(np.take_along_axis(sums, best[None], 0).sum())


def _noise_of(picture: Reals, levels: int) -> Reals:
    """The wavelet transform of `picture`, attenuated to its noise, and back."""
    low, high = _split(picture, 1)
    corner, a = _split(low, 0)
    b, c = _split(high, 0)
    a, b, c = _noise(a), _noise(b), _noise(c)
    rest = _noise_of(corner, levels - 1) if levels > 1 else np.zeros_like(corner)
    return _joined(_joined(rest, a, 0), _joined(b, c, 0), 1)


def _noise(band: Reals) -> Reals:
    energy, floor = band * band, _SIGMA * _SIGMA
    variance = np.full_like(band, np.inf)
    for window in (3, 5, 7, 9):
        np.minimum(variance, cv2.blur(energy, (window, window)), out=variance)
    variance = np.maximum(variance - floor, 0)
    noise: Reals = band * (floor / (floor + variance))
    return noise


def _split(picture: Reals, axis: int) -> tuple[Reals, Reals]:
    """Low and high half of a periodic signal, along `axis`."""
    taps = len(_LOW) - 1
    wide = np.pad(picture, [(0, taps if a == axis else 0) for a in (0, 1)], mode="wrap")
    part = (slice(0, picture.shape[0]), slice(0, picture.shape[1]))
    step = (slice(None, None, 2), slice(None)) if axis == 0 else (slice(None), slice(None, None, 2))
    low, high = (
        cv2.filter2D(wide, -1, _along(taps_, axis), anchor=(0, 0))[part][step]
        for taps_ in (_LOW, _HIGH)
    )
    return np.ascontiguousarray(low), np.ascontiguousarray(high)


def _joined(low: Reals, high: Reals, axis: int) -> Reals:
    """The inverse of `_split`."""
    taps = len(_LOW) - 1
    shape = [side * (2 if a == axis else 1) for a, side in enumerate(low.shape)]
    step = (slice(None, None, 2), slice(None)) if axis == 0 else (slice(None), slice(None, None, 2))
    total = np.zeros(shape, np.float32)
    for band, kernel in ((low, _LOW), (high, _HIGH)):
        spaced = np.zeros(shape, np.float32)
        spaced[step] = band
        wide = np.pad(spaced, [(taps if a == axis else 0, 0) for a in (0, 1)], mode="wrap")
        part = (slice(0, shape[0]), slice(0, shape[1]))
        total += cv2.filter2D(wide, -1, _along(kernel[::-1], axis), anchor=(0, 0))[part]
    return total


def _along(kernel: Reals, axis: int) -> Reals:
    return np.ascontiguousarray(kernel.reshape((-1, 1) if axis == 0 else (1, -1)))


def _unshared(pattern: Reals) -> Reals:
    """Without means of rows and columns, and with peaks of the spectrum flattened."""
    pattern = pattern.copy()
    for y in (0, 1):
        for x in (0, 1):
            part = pattern[y::2, x::2]
            part -= part.mean(0, keepdims=True)
            part -= part.mean(1, keepdims=True)
    spectrum = np.fft.fft2(pattern)
    power = (np.abs(spectrum) ** 2).astype(np.float32)
    floor = float(pattern.var()) * pattern.size
    local = np.full_like(power, np.inf)
    for window in (3, 5, 7, 9):
        np.minimum(local, cv2.blur(power, (window, window)), out=local)
    gain = floor / np.maximum(local, floor)
    flat: Reals = np.fft.ifft2(spectrum * gain).real.astype(np.float32)
    return flat


def _correlation(a: Reals, b: Reals) -> Reals:
    """Circular, of all shifts; [0, 0] is none."""
    a, b = a - a.mean(), b - b.mean()
    surface: Reals = np.fft.irfft2(np.fft.rfft2(a) * np.conj(np.fft.rfft2(b)), a.shape)
    return surface
