"""The least that anything between a camera and its viewers must do: decode, encode, hand on.

    relay.py rtsp://CAMERA tcp://RECEIVER SPEED CRF

A process of its own, which loads nothing but PyAV, with decoder and encoder set as Passerby sets
them. What comes out is bare: `live.py` also uses it to see that its judge finds bare faces.
"""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from fractions import Fraction
from typing import Any

import av
from av.video.frame import PictureType
from av.video.stream import VideoStream


def relay(source: str, target: str, speed: str, crf: str) -> None:
    options = {"rtsp_transport": "tcp", "fflags": "nobuffer", "analyzeduration": "1000000"}
    with (
        _opened(source, "r", options=options, timeout=10) as given,
        _opened(target, "w", format="mpegts", options={"fflags": "+flush_packets"}) as made,
    ):
        old = given.streams.video[0]
        old.codec_context.thread_count = 1
        zero = {"preset": speed, "tune": "zerolatency", "crf": crf, "g": "600", "forced-idr": "1"}
        new: VideoStream = made.add_stream("libx264", rate=30, options=zero)
        new.width, new.height, new.pix_fmt = old.width, old.height, "yuv420p"
        new.codec_context.time_base = new.time_base = Fraction(1, 90_000)
        key, last = float("-inf"), -1
        for frame in given.decode(old):
            if last < 0 and not frame.key_frame:
                continue
            # FFmpeg's RTSP sometimes gives the first key frame in two parts with one moment.
            last = frame.pts = max(last + 1, frame.pts or 0)
            keyed = last / 90_000 - key >= 2
            key = last / 90_000 if keyed else key
            frame.pict_type = PictureType.I if keyed else PictureType.NONE
            made.mux(new.encode(frame))


def _opened(address: str, mode: str, **how: Any) -> Any:
    """Once somebody listens there."""
    for _ in range(40):
        with suppress(OSError):
            return av.open(address, mode, **how)
        time.sleep(0.25)
    raise SystemExit(f"nobody listens at {address}")


if __name__ == "__main__":
    relay(*sys.argv[1:5])
