"""Array frames through a real encoder and back, with PyAV alone: no room of ours in between."""

from __future__ import annotations

import io
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, cast

import av
import cv2
import numpy as np

from passerby.core.frame import Picture
from passerby.core.geometry import Box, Size
from passerby.core.time import Clock, Span, Ticks
from passerby.testing import ArrayFrame, Layout

CLOCK = Clock(Fraction(1, 12800))
STEP = 512
FILMS: dict[tuple[int, int, float], tuple[Picture, list[ArrayFrame]]] = {}  # made once each


def span(i: int) -> Span:
    return Span(Ticks(i * STEP), Ticks((i + 1) * STEP))


def film(portrait: Picture, count: int, scale: float = 1.0) -> list[ArrayFrame]:
    """A slow pan over a portrait; sides are even. What is painted on one changes no other."""
    key = id(portrait), count, scale
    if key not in FILMS or FILMS[key][0] is not portrait:
        shown: Any = cv2.resize(portrait, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        high, wide = ((side - count) // 2 * 2 for side in shown.shape[:2])
        made = [
            ArrayFrame.of(shown[i : i + high, i : i + wide], span=span(i)) for i in range(count)
        ]
        FILMS[key] = portrait, made
    return [frame.at(frame.span) for frame in FILMS[key][1]]


def face(i: int, scale: float = 1.0) -> Box:
    """Where the astronaut's face is in frame `i` of `film`."""
    return Box(160 * scale - i, 45 * scale - i, 285 * scale - i, 195 * scale - i)


def coded(frames: Sequence[ArrayFrame], crf: int, preset: str = "veryfast") -> list[ArrayFrame]:
    """The frames as they come back from H.264, with their spans."""
    size = frames[0].size
    file = io.BytesIO()
    with av.open(file, "w", "mp4") as container:
        stream = container.add_stream("libx264", options={"crf": str(crf), "preset": preset})
        stream.width, stream.height, stream.pix_fmt = size.width, size.height, "yuv420p"
        stream.codec_context.time_base = CLOCK.tick
        for frame in frames:
            packed = np.concatenate([plane.pixels.reshape(-1) for plane in frame.planes()])
            picture = av.VideoFrame.from_ndarray(
                packed.reshape(size.height * 3 // 2, size.width), format="yuv420p"
            )
            picture.pts, picture.time_base = frame.span.start, CLOCK.tick
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    file.seek(0)
    with av.open(file, "r") as film:
        decoded = [cast(Picture, picture.to_ndarray()) for picture in film.decode(video=0)]
    return [
        _unpacked(packed, size, frame.span) for packed, frame in zip(decoded, frames, strict=True)
    ]


def _unpacked(packed: Picture, size: Size, when: Span) -> ArrayFrame:
    luma, chroma = packed[: size.height], packed[size.height :].reshape(2, size.height // 2, -1)
    return ArrayFrame([luma, chroma[0], chroma[1]], Layout.YUV420, span=when)
