"""Write and read a tiny film in each codec: what works is known by doing it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

from ..core.errors import PasserbyError
from ..media import Encoding, VideoSink, VideoSource, probe
from ..media.encoders import Codec, works
from ..media.encoders import hardware as encoders
from ..media.target import Container

CODECS: Final[dict[Codec, Container]] = {
    "h264": "mp4",
    "hevc": "mp4",
    "av1": "mp4",
    "vp9": "webm",
}
_FILM: Final = b"YUV4MPEG2 W64 H64 F25:1 C420\n" + (b"FRAME\n" + bytes(64 * 64 * 3 // 2)) * 2


def codecs() -> dict[str, str]:
    """Codec -> "works", or why it does not. Uses a temporary folder; shows a black square."""
    with tempfile.TemporaryDirectory() as folder:
        film = Path(folder) / "film.y4m"
        film.write_bytes(_FILM)
        return {codec: _tried(film, codec, container) for codec, container in CODECS.items()}


def hardware() -> dict[str, str]:
    """Hardware encoder that this FFmpeg knows -> "works", or "not here"."""
    return {name: "works" if works(name) else "not here" for name in encoders()}


def _tried(film: Path, codec: Codec, container: Container) -> str:
    made = film.with_suffix(f".{codec}.{container}")
    try:
        card = probe(film)
        sink = VideoSink(made, card, Encoding(container, preset="ultrafast", codec=codec))
        for frame in VideoSource(card).frames():
            sink.write(frame)
        sink.close()
        count = sum(1 for _ in VideoSource(probe(made)).frames())
    except PasserbyError as error:
        return error.what
    return "works" if count == 2 else f"gave {count} of 2 frames"
