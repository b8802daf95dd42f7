"""Bytes to frames and back. The only room that knows PyAV and Pillow."""

from .card import MOST_PIXELS, MOVING, Card, StreamCard, output_container, sha256
from .moving import MovingSink, MovingSource
from .photo import PhotoSink, PhotoSource
from .probe import probe
from .sound_forms import FORMS, SoundForm
from .sound_forms import SUFFIXES as SOUND_SUFFIXES
from .sound_sink import Heard, Rewritten, listened, write_sound
from .video import Encoding, VideoSink, VideoSource

__all__ = [
    "FORMS",
    "MOST_PIXELS",
    "MOVING",
    "SOUND_SUFFIXES",
    "Card",
    "Encoding",
    "Heard",
    "MovingSink",
    "MovingSource",
    "PhotoSink",
    "PhotoSource",
    "Rewritten",
    "SoundForm",
    "StreamCard",
    "VideoSink",
    "VideoSource",
    "listened",
    "output_container",
    "probe",
    "sha256",
    "write_sound",
]
