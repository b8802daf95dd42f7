"""How samples become what people see: turned, scaled, YUV to RGB. Plain functions on arrays."""

from __future__ import annotations

from functools import cache
from typing import Any, Final, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.frame import Picture, Pixels
from ..core.geometry import Orientation

# Numbers as in ITU-T H.273, which every codec quotes.
_BT709: Final = (0.2126, 0.0722)
_BT601: Final = (0.299, 0.114)
_BT2020: Final = (0.2627, 0.0593)
_STRIP: Final = 1 << 16  # pixels
_WEIGHTS: Final = {
    1: _BT709,
    4: _BT601,
    5: _BT601,
    6: _BT601,
    7: (0.212, 0.087),
    9: _BT2020,
    10: _BT2020,
}


def shown(image: NDArray[Any], orientation: Orientation) -> NDArray[Any]:
    """A stored picture (h, w) or (h, w, c) as displayed; the same array when it is upright."""
    match orientation:
        case Orientation.UP:
            return image
        case Orientation.MIRROR:
            turned = cv2.flip(image, 1)
        case Orientation.TURN_180:
            turned = cv2.rotate(image, cv2.ROTATE_180)
        case Orientation.FLIP:
            turned = cv2.flip(image, 0)
        case Orientation.TRANSPOSE:
            turned = cv2.transpose(image)
        case Orientation.TURN_90:
            turned = cv2.rotate(image, cv2.ROTATE_90_CLOCKWISE)
        case Orientation.TRANSVERSE:
            turned = cv2.flip(cv2.transpose(image), -1)
        case Orientation.TURN_270:
            turned = cv2.rotate(image, cv2.ROTATE_90_COUNTERCLOCKWISE)
    return cast(NDArray[Any], turned)


def mirrored(orientation: Orientation) -> tuple[bool, bool]:
    """Whether stored columns, and stored rows, run against the direction of showing."""
    o = Orientation
    columns = orientation in (o.MIRROR, o.TURN_180, o.TRANSVERSE, o.TURN_270)
    rows = orientation in (o.TURN_180, o.FLIP, o.TURN_90, o.TRANSVERSE)
    return columns, rows


def bytes_of(samples: Pixels, depth: int) -> Picture:
    """Samples of any depth as uint8; the same array when they are bytes already."""
    if samples.dtype == np.uint8:
        return cast(Picture, samples)
    return cast(Picture, cv2.convertScaleAbs(samples, alpha=2.0 ** (8 - depth)))


def halved(image: Picture, drop_first: tuple[bool, bool] = (False, False)) -> Picture:
    """Each 2x2 becomes its mean; a side of n becomes max(1, n // 2).

    The odd column or row out is the last one, or the first one where `drop_first` says so.
    """
    rows, cols = image.shape
    if rows > 1 and rows % 2:
        image = image[1:] if drop_first[1] else image[:-1]
    if cols > 1 and cols % 2:
        image = image[:, 1:] if drop_first[0] else image[:, :-1]
    to = (max(1, cols // 2), max(1, rows // 2))
    return cast(Picture, cv2.resize(image, to, interpolation=cv2.INTER_AREA))


def scaled(image: Picture, cols: int, rows: int) -> Picture:
    """`image` at another size: halved while that is exact (a fast, even mean), then the rest.

    May return `image` itself.
    """
    h, w = image.shape
    while h >= 2 * rows and w >= 2 * cols and not (h % 2 or w % 2):
        image = halved(image)
        h, w = image.shape
    if (h, w) == (rows, cols):
        return image
    far = h >= 2 * rows or w >= 2 * cols
    how = cv2.INTER_AREA if far else cv2.INTER_LINEAR
    return cast(Picture, cv2.resize(image, (cols, rows), interpolation=how))


@cache
def yuv_to_rgb(colorspace: int, full_range: bool) -> NDArray[np.float32]:
    """The affine map (3, 4) from 8-bit Y, U, V to 8-bit R, G, B."""
    kr, kb = _WEIGHTS.get(colorspace, _BT601)
    kg = 1 - kr - kb
    luma, chroma, floor = (1.0, 1.0, 0.0) if full_range else (255 / 219, 255 / 224, 16.0)
    red, blue = 2 * (1 - kr) * chroma, 2 * (1 - kb) * chroma
    green_u, green_v = -blue * kb / kg, -red * kr / kg
    rows = [[luma, 0.0, red], [luma, green_u, green_v], [luma, blue, 0.0]]
    return np.array([[*r, -r[0] * floor - (r[1] + r[2]) * 128] for r in rows], np.float32)


def rgb(y: Picture, u: Picture, v: Picture, matrix: NDArray[np.float32]) -> Picture:
    """Y, U and V planes of one size -> uint8 (h, w, 3).

    Strip by strip: what lies between the two steps then stays in the processor's cache, instead
    of being a second large picture that the system has to find memory for each time.
    """
    rows, cols = y.shape
    made = np.empty((rows, cols, 3), np.uint8)
    step = max(1, _STRIP // cols)
    for top in range(0, rows, step):
        part = slice(top, top + step)
        cv2.transform(cv2.merge((y[part], u[part], v[part])), matrix, dst=made[part])
    return made
