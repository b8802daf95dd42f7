"""The least that any redactor must do: decode, encode with libx264, mux. Video only.

    transcode.py INPUT OUTPUT.mp4 PRESET CRF

A process of its own, which loads nothing but PyAV. Decoder and encoder choose their number of
threads as they do inside Passerby (0: their own choice), and frames go over as they come.
"""

from __future__ import annotations

import sys

import av
from av.video.stream import VideoStream


def transcode(source: str, target: str, preset: str, crf: str) -> None:
    with av.open(source) as given, av.open(target, "w", format="mp4") as made:
        old = given.streams.video[0]
        old.codec_context.thread_type, old.codec_context.thread_count = "AUTO", 0
        options = {"preset": preset, "crf": crf, "rc-lookahead": "10"}  # as Passerby does
        new: VideoStream = made.add_stream("libx264", rate=old.average_rate, options=options)
        new.width, new.height, new.pix_fmt = old.width, old.height, old.pix_fmt
        new.codec_context.thread_count = 0
        assert old.time_base is not None
        new.codec_context.time_base = new.time_base = old.time_base
        for frame in given.decode(old):
            frame.pict_type = av.video.frame.PictureType.NONE
            made.mux(new.encode(frame))
        made.mux(new.encode(None))


if __name__ == "__main__":
    transcode(*sys.argv[1:5])
