"""Bytes to frames and back. The only room that knows PyAV and Pillow."""

from .card import Card, StreamCard, output_container, sha256
from .photo import PhotoSink, PhotoSource
from .probe import probe
from .video import Encoding, VideoSink, VideoSource

__all__ = [
    "Card",
    "Encoding",
    "PhotoSink",
    "PhotoSource",
    "StreamCard",
    "VideoSink",
    "VideoSource",
    "output_container",
    "probe",
    "sha256",
]
