"""What PyAV's type hints do not say: its planes are buffers, its side data a sequence."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

import av
import numpy as np
from av.sidedata.sidedata import SideData
from av.video.plane import VideoPlane
from numpy.typing import NDArray


def side_data(frame: av.VideoFrame) -> Iterable[SideData]:
    """Whatever travels with a decoded frame besides its pixels."""
    return cast(Iterable[SideData], iter(cast(Any, frame.side_data)))


def rows_of(plane: VideoPlane) -> NDArray[np.uint8]:
    """All bytes of a native plane, padding included, top row first; a view."""
    rows = np.frombuffer(cast(Any, plane), np.uint8).reshape(plane.height, -1)
    return rows[::-1] if plane.line_size < 0 else rows


def samples_of(plane: VideoPlane, depth: int) -> NDArray[Any]:
    """The visible samples of a native plane, without a copy."""
    dtype = np.dtype(np.uint8 if depth <= 8 else np.uint16)
    visible: NDArray[Any] = rows_of(plane)[:, : plane.width * dtype.itemsize].view(dtype)
    return visible


def bytes_of(item: SideData) -> bytes:
    return bytes(cast(Any, item))
