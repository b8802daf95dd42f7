"""Pictures of cameras as they are shown: turned where the stream says so, ready to be coded."""

from __future__ import annotations

import av

from ..core.geometry import Orientation, Size
from .native import rows_of
from .pixels import shown


def limited(native: av.VideoFrame, size: Size) -> av.VideoFrame:
    """In `size`, as 4:2:0 of 8 bits and limited range."""
    full = native.color_range == 2 or native.format.name.startswith(("yuvj", "gray"))
    rgb = native.format.is_rgb
    return native.reformat(
        width=size.width,
        height=size.height,
        format="yuv420p",
        src_color_range=2 if full and not rgb else None,
        dst_color_range=1,
        dst_colorspace=1 if rgb else None,
    )


def upright(native: av.VideoFrame, turned: Orientation) -> av.VideoFrame:
    """A copy as it is shown; like `limited`. `turned`: what has to be done to show it."""
    flat = limited(native, Size(native.width, native.height))
    width, height = native.width, native.height
    made = av.VideoFrame(*((height, width) if turned.turns else (width, height)), "yuv420p")
    for plane, to in zip(flat.planes, made.planes, strict=True):
        rows_of(to)[:, : to.width] = shown(rows_of(plane)[:, : plane.width], turned)
    made.pts, made.time_base = native.pts, native.time_base
    made.colorspace, made.color_range = flat.colorspace, 1
    return made
