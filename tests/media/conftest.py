"""A short stream as live publishes it."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest

from passerby.core.geometry import Size
from passerby.media.live_encoder import UNIT, Coded, Shape

SHAPE = Shape(Size(64, 48), Fraction(1))
RATE = 10


@pytest.fixture(scope="module")
def coded() -> list[Coded]:
    """Five seconds with a key frame in each."""
    coder = av.CodecContext.create("libx264", "w")
    assert isinstance(coder, av.VideoCodecContext)
    coder.width, coder.height, coder.pix_fmt = *(64, 48), "yuv420p"
    coder.time_base = Fraction(1, RATE)
    coder.options = {"preset": "ultrafast", "tune": "zerolatency", "g": str(RATE)}
    made = []
    for number in range(5 * RATE):
        picture = np.full((48, 64, 3), 40 + 4 * number, np.uint8)
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts = number
        at = round(Fraction(number, RATE) / UNIT)
        made += [Coded(bytes(packet), at, packet.is_keyframe) for packet in coder.encode(frame)]
    return made
