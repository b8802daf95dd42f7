"""A frame as a small JPEG in memory, for somebody who looks; and how sharp a part of it is."""

from __future__ import annotations

import copy
from typing import Final

import cv2
import numpy as np

from ..core.frame import Frame
from ..core.geometry import Box, Size
from .photo import PhotoFrame

QUALITY: Final = 82
_SIDE: Final = 96  # pixels of a part that is judged


def jpeg(frame: Frame, wide: int, crop: Box | None = None) -> bytes:
    """At most `wide` pixels on the longer side, never enlarged; without any metadata.

    `crop`: the part to show, cut at the frame's edges.
    """
    part = None if crop is None else inside(crop, frame.size)
    width, height = (part.width, part.height) if part else (frame.size.width, frame.size.height)
    share = min(1.0, wide / max(width, height))
    size = Size(max(1, round(width * share)), max(1, round(height * share)))
    picture = cv2.cvtColor(np.ascontiguousarray(frame.picture(size, part)), cv2.COLOR_RGB2BGR)
    done, coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    if not done:
        raise ValueError("the picture can't be coded as JPEG")
    return coded.tobytes()


def sharpness(frame: Frame, box: Box) -> float:
    """How much detail is in `box`: the variance of the Laplacian (Pech-Pacheco 2000), so that a
    still moment is told from a blurred one. 0 where nothing of it shows."""
    part = inside(box, frame.size)
    if part is None:
        return 0.0
    share = min(1.0, _SIDE / max(part.width, part.height))
    size = Size(max(1, round(part.width * share)), max(1, round(part.height * share)))
    grey = cv2.cvtColor(frame.picture(size, part), cv2.COLOR_RGB2GRAY)
    return float(cv2.Laplacian(grey, cv2.CV_32F).var())


def inside(box: Box, size: Size) -> Box | None:
    """What of `box` lies in the picture, in whole pixels; None when nothing does."""
    cells = box.cells(size)
    if cells is None:
        return None
    rows, cols = cells
    return Box(cols.start, rows.start, cols.stop, rows.stop)


def copied(frame: Frame) -> Frame:
    """The same picture, to be painted while `frame` stays as it is.

    A decoder's frame copies its planes when it is painted; a photo's are its own.
    """
    return copy.deepcopy(frame) if isinstance(frame, PhotoFrame) else copy.copy(frame)
