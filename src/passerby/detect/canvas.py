"""A look at a frame as the picture that a network gets, and boxes from there back to the frame."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.detection import Boxes
from ..core.frame import Frame, Picture
from ..core.geometry import Box, Size
from ..core.ports import Look
from .kernels import turned_back

STEP: Final = 32  # networks here halve five times: sides are multiples of this
SMALL: Final = (96, 192, 288, 384)  # sides that smaller ones are rounded up to


@dataclass(frozen=True, slots=True)
class Canvas:
    """`pixels` uint8 (1, rows, cols, 3) RGB, black beyond the look's picture, which has `size`
    before it was turned and shows `crop` of the frame."""

    pixels: NDArray[np.uint8]
    look: Look
    size: Size
    crop: Box

    @classmethod
    def of(cls, frame: Frame, look: Look) -> Canvas:
        crop = look.crop or Box(0, 0, frame.size.width, frame.size.height)
        size = Size(max(1, round(crop.width * look.scale)), max(1, round(crop.height * look.scale)))
        shown = np.rot90(lit(frame.picture(size, look.crop), look.gain), -look.turn)
        height, width = shown.shape[:2]
        pixels = np.zeros((1, *extent(height, width), 3), np.uint8)
        pixels[0, :height, :width] = shown
        return cls(pixels, look, size, crop)

    @property
    def shown(self) -> Size:
        """Of the picture as it lies on the canvas."""
        return self.size.turned if self.look.turn % 2 else self.size

    def inside(self, boxes: Boxes) -> NDArray[np.bool_]:
        """Which boxes, in pixels of the canvas, have their middle in the picture."""
        middle = (boxes[:, :2] + boxes[:, 2:]) / 2
        return np.asarray((middle < (self.shown.width, self.shown.height)).all(axis=1))

    def back(self, boxes: Boxes) -> Boxes:
        """Pixels of the canvas -> display pixels of the whole frame; nothing is clipped."""
        boxes = turned_back(boxes, self.look.turn, self.size.width, self.size.height)
        scale = (self.crop.width / self.size.width, self.crop.height / self.size.height)
        moved = boxes * np.array(scale * 2, np.float32)
        return moved + np.array([self.crop.x0, self.crop.y0] * 2, np.float32)


def extent(height: int, width: int) -> tuple[int, int]:
    """Rows and columns of a network's input: few different ones, for each is compiled once."""
    if max(height, width) <= SMALL[-1]:
        high, wide = (min(side for side in SMALL if side >= least) for least in (height, width))
        return high, wide
    return math.ceil(height / STEP) * STEP, math.ceil(width / STEP) * STEP


def lit(picture: Picture, gain: float) -> Picture:
    """The picture `gain` times as bright, as seen through a curve that keeps highlights apart."""
    if gain == 1:
        return picture
    levels = np.arange(256, dtype=np.float32) / 255
    table = np.clip(255 * (1 - (1 - levels) ** gain), 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(picture, table), np.uint8)
