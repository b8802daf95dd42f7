"""Bytes to frames and back. The only room that knows PyAV and Pillow."""

from .card import MOST_PIXELS, MOVING, Card, StreamCard, output_container, sha256
from .moving import MovingSink, MovingSource
from .photo import PhotoSink, PhotoSource
from .probe import probe
from .video import Encoding, VideoSink, VideoSource

__all__ = [
    "MOST_PIXELS",
    "MOVING",
    "Card",
    "Encoding",
    "MovingSink",
    "MovingSource",
    "PhotoSink",
    "PhotoSource",
    "StreamCard",
    "VideoSink",
    "VideoSource",
    "output_container",
    "probe",
    "sha256",
]
