"""What is clear in a picture: put on a ground to be looked at, and without colours nobody sees."""

from __future__ import annotations

from typing import Any, Final, cast

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.frame import Picture
from .formats import Layout
from .native import samples_of

BLACK, WHITE = 0, 255
ON_WHITE: Final = "transparency is dropped: what was clear is white"
UNREAD: Final = "transparency is not read: what was clear in the film shows as if it were not"


def composed(plane: Picture, alpha: Picture, ground: int = WHITE) -> Picture:
    """R, G or B as it shows on `ground`; all uint8 (h, w)."""
    if ground == BLACK:
        return cast(Picture, cv2.multiply(plane, alpha, scale=1 / 255))
    missing = cv2.multiply(cv2.bitwise_not(plane), alpha, scale=1 / 255)
    return cast(Picture, cv2.bitwise_not(missing))


def without_unseen(samples: list[NDArray[Any]]) -> list[NDArray[Any]]:
    """Planes in which what is all clear is black; the same list where nothing is.

    Note [clear is not gone]: editors erase by making clear, and leave the colours below as they
    were. Whoever takes the alpha plane away has them back.
    """
    if len(samples) != 4 or samples[3].all():
        return samples
    seen = samples[3] != 0
    return [*(plane * seen for plane in samples[:3]), samples[3]]


def put_on_white(native: av.VideoFrame, kind: Layout) -> bool:
    """In place: a decoder's frame as it shows on white, all opaque. False: it was so already.

    The decoder may still need its buffer, so the frame changes buffers first.
    """
    if not kind.alpha:
        return False
    top = (1 << kind.depth) - 1
    # Converted between depths, what is opaque may come out a few levels of many thousands lower.
    if samples_of(native.planes[kind.order[3]], kind.depth).min() >= top - (top >> 9):
        return False
    native.make_writable()
    *colours, alpha = (samples_of(native.planes[index], kind.depth) for index in kind.order)
    share = alpha / np.float32(top)
    limited = kind.model == "yuv" and not kind.full_range and native.color_range != 2
    white = 235 << (kind.depth - 8) if limited else top
    for number, plane in enumerate(colours):
        chroma = kind.model == "yuv" and number > 0
        ground = np.float32(1 << (kind.depth - 1) if chroma else white)
        rows, cols = plane.shape
        part = cv2.resize(share, (cols, rows), interpolation=cv2.INTER_AREA) if chroma else share
        plane[:] = np.rint((plane - ground) * part + ground)
    alpha[:] = top
    return True
