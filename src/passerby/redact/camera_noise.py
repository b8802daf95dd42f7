"""Makes the pattern that a camera leaves in its pictures harder to find.

Note [the pattern]: every pixel of a sensor is a little more or less sensitive than its neighbours,
always in the same way, so a picture is ``scene * (1 + K) + noise`` with one `K` a camera (PRNU).
What is done against it: weak detail is taken away, at three scales, up to a share of the
brightness that such a pattern has; and the picture is bent by up to two pixels, smoothly and at
random, so that what is left no longer lies where the sensor had it. Detail stronger than the
pattern carries it along, so it is reduced and not removed. What each step achieves, and what did
not work: docs/decisions/camera-noise.md.

Note [after the paint]: this works on frames that are painted already. What it writes depends on
nothing but the painted frame, so nothing that a region hides can return through it; and the
filter, which mixes neighbours, never sees what was hidden.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.frame import Frame, Pixels, Plane

Reals = NDArray[np.float32]
Values = NDArray[np.int16]

# Of 128 parts of the brightness, those below which detail is taken away, from the finest scale on.
SHARES: Final = (3, 2, 1)
LEAST: Final = 4  # what is taken away where it is dark, in sixteenths of a level of 255
CHROMA: Final = (16, 8)  # the same for chroma, at two scales
BITS: Final = 12  # detail is weighed in samples of so many bits: sixteenths of a level of 255
BEND: Final = 2.0  # pixels; less in pictures whose shorter side is less than
FULL: Final = 720  # pixels: small pictures show more in each, and hold less of a pattern
CELL: Final = 80  # pixels between two places that are bent independently
REACH: Final = 32  # rows beyond a strip that its outcome depends on; a multiple of all scales
STRIP: Final = 1 << 20  # samples
KEPT: Final = 9 << 20  # samples; maps of larger planes are made anew for each


class CameraNoise:
    """Reduces the camera's pattern in frames, in place. One object for one film or photo.

    `seed`: chooses how the picture is bent. Secret and new each time by default, so that two
    outputs of one camera aren't bent alike and nobody can bend them back.
    """

    def __init__(self, seed: int | None = None) -> None:
        self._seed = secrets.randbits(128) if seed is None else seed
        self._maps: dict[tuple[int, int, tuple[int, int]], list[_Strip]] = {}

    def reduce(self, frame: Frame, *, interlaced: bool = False) -> None:
        """All planes of `frame`, which is copied first if anybody else still needs it.

        `interlaced`: odd and even rows show different moments, so they are not mixed.
        """
        for plane in frame.writable():
            if interlaced and plane.pixels.shape[0] > 1:
                for first in (0, 1):
                    self._reduce(plane, plane.pixels[first::2], 2)
            else:
                self._reduce(plane, plane.pixels, 1)

    def _reduce(self, plane: Plane, samples: NDArray[Any], every: int) -> None:
        """`samples`: rows of the plane, all or every second; painted over."""
        source = samples.copy()
        grid = (plane.grid[0], plane.grid[1] * every)
        for strip in self._strips(source.shape, grid):
            patch = calm(source[strip.inner], plane.black, plane.depth)
            samples[strip.outer] = cv2.remap(
                patch, strip.x, strip.y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
            )

    def _strips(self, shape: tuple[int, ...], grid: tuple[int, int]) -> Iterator[_Strip]:
        rows, cols = shape[0], shape[1]
        key = (rows, cols, grid)
        if key in self._maps:
            yield from self._maps[key]
            return
        made = (self._strip(rows, cols, grid, *edge) for edge in _edges(rows, cols))
        if rows * cols <= KEPT:
            yield from self._maps.setdefault(key, list(made))
        else:
            yield from made

    def _strip(self, rows: int, cols: int, grid: tuple[int, int], top: int, end: int) -> _Strip:
        """How rows `top` to `end` of a plane of rows x cols samples are bent."""
        above, below = max(0, top - REACH), min(rows, end + REACH)
        gx, gy = grid
        high, wide = rows * gy // CELL + 4, cols * gx // CELL + 4
        bend = BEND * min(1.0, min(rows * gy, cols * gx) / FULL)
        turned = np.random.default_rng(self._seed).uniform(0, 2 * np.pi, (high, wide))
        down = _spline((np.arange(top, end) + 0.5) * gy / CELL, high)
        along = _spline((np.arange(cols) + 0.5) * gx / CELL, wide)
        x = down @ (bend * np.cos(turned)).astype(np.float32) @ along.T
        y = down @ (bend * np.sin(turned)).astype(np.float32) @ along.T
        x = x / np.float32(gx) + np.arange(cols, dtype=np.float32)
        y = y / np.float32(gy) + np.arange(top - above, end - above, dtype=np.float32)[:, None]
        return _Strip(
            slice(above, below), slice(top, end), x.astype(np.float32), y.astype(np.float32)
        )


@dataclass(frozen=True, slots=True)
class _Strip:
    """Rows `outer` of a plane are made from rows `inner`; `x`, `y` say from where in those."""

    inner: slice
    outer: slice
    x: Reals
    y: Reals


def calm(patch: Pixels, black: int, depth: int) -> Pixels:
    """`patch` without its weak detail. uint8 (rows, cols), or uint16 when `depth` > 8.

    `black` says what it is: the middle for chroma, the maximum for transparency, which stays as
    it is. `patch` itself is left alone.
    """
    top = (1 << depth) - 1
    if black == top:
        return patch
    finer, coarser = max(0, BITS - depth), max(0, depth - BITS)
    values = (patch >> coarser).astype(np.int16)
    values <<= finer
    if black == (top + 1) // 2:
        weak = _weak(values, CHROMA)
    else:
        weak = _weak(values, SHARES, black=black << finer >> coarser)
    if depth > BITS:
        deep = patch - (weak.astype(np.int32) << coarser)
        return np.clip(deep, 0, top).astype(np.uint16)
    values -= weak
    if depth == 8:  # nothing falls below zero by more than a level, so its size will do
        return cast(Pixels, cv2.convertScaleAbs(values, alpha=1 / (1 << finer)))
    values += 1 << finer >> 1
    values >>= finer
    np.clip(values, 0, top, out=values)
    return values.astype(np.uint16)


def _weak(values: Values, limits: tuple[int, ...], *, black: int | None = None) -> Values:
    """The detail of `values` below limits, one a scale: sixteenths of a level, or, where `black`
    is given, parts of the brightness above it. int16 (rows, cols).

    Scales are those of a pyramid of soft means (after Burt and Adelson, 1983): what a scale shows
    that the next, enlarged, does not.
    """
    rows, cols = values.shape
    if rows % 2 or cols % 2:
        whole: Any = cv2.copyMakeBorder(
            values, 0, rows % 2, 0, cols % 2, borderType=cv2.BORDER_REPLICATE
        )
        return _weak(whole, limits, black=black)[:rows, :cols]
    coarse: Any = cv2.resize(values, (cols // 2, rows // 2), interpolation=cv2.INTER_AREA)
    coarse = cv2.blur(coarse, (3, 3))  # twice as hard to link as without
    bound: Any = cv2.resize(coarse, (cols, rows), interpolation=cv2.INTER_LINEAR)
    detail: Values = values - bound
    if black is None:
        np.clip(detail, -limits[0], limits[0], out=detail)
    else:
        bound -= black
        bound >>= 7
        bound *= limits[0]
        np.maximum(bound, LEAST, out=bound)
        np.minimum(detail, bound, out=detail)
        np.negative(bound, out=bound)
        np.maximum(detail, bound, out=detail)
    if len(limits) > 1:
        weak: Any = _weak(coarse, limits[1:], black=black)
        detail += cv2.resize(weak, (cols, rows), interpolation=cv2.INTER_LINEAR)
    return detail


def _edges(rows: int, cols: int) -> Iterator[tuple[int, int]]:
    """First and last row of strips, which begin where every scale has a row."""
    step = max(REACH, STRIP // cols // REACH * REACH)
    for top in range(0, rows, step):
        yield top, min(rows, top + step)


def _spline(at: NDArray[np.float64], nodes: int) -> Reals:
    """Weights of a uniform cubic B-spline, float32 (len(at), nodes); `at` >= 0, in nodes."""
    first = np.minimum(at.astype(int), nodes - 4)
    t = at - first
    weights = np.zeros((len(at), nodes), np.float32)
    line = np.arange(len(at))
    for index, part in enumerate(
        (
            (1 - t) ** 3,
            3 * t**3 - 6 * t**2 + 4,
            -3 * t**3 + 3 * t**2 + 3 * t + 1,
            t**3,
        )
    ):
        weights[line, first + index] = part / 6
    return weights
