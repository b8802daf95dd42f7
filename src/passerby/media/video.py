"""Videos: `VideoSource` reads one, `VideoSink` writes one as `Encoding` says."""

from __future__ import annotations

from .decode import DecodedFrame, VideoSource
from .encode import VideoSink
from .target import Encoding

__all__ = ["DecodedFrame", "Encoding", "VideoSink", "VideoSource"]
