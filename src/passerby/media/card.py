"""What a file is, before a single frame is processed: the card that everybody else works from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Final, Literal

from ..core.geometry import Orientation, Size
from ..core.time import Clock
from .encoders import Volume
from .faults import reading
from .formats import layout, planar
from .sound_forms import sound_form

_BLOCK: Final = 1 << 20
MOST_PIXELS: Final = 250_000_000  # of one picture; more is refused unless somebody asks for it


@dataclass(frozen=True, slots=True)
class StreamCard:
    """One stream: `type` is video, audio, subtitle, data or attachment."""

    index: int
    type: str
    codec: str

    def __str__(self) -> str:
        return f"{self.type} {self.codec}"


@dataclass(frozen=True, slots=True)
class Card:
    """A file's description. Holds no tag values: `carries` names kinds of hidden data, no content.

    `size` is display-oriented. `frames` is what the header promises, None when it does not say.
    `length` in seconds. `pixel_aspect`: a sample's width over its height, as stored.
    `stream`: the index of the one that is processed (videos). `volume`: HDR mastering data.
    `most_pixels`: the limit under which the file was let in. `lossy`: a photo coded in blocks.
    A photo's `frames` are its pages. A moving picture (GIF, APNG, WebP, AVIF) is a video.
    A file that is only sound has no picture: of its fields those about pictures say nothing.
    """

    path: Path
    kind: Literal["video", "photo", "sound"]
    container: str
    codec: str
    size: Size
    orientation: Orientation
    clock: Clock
    frames: int | None
    length: Fraction | None
    pixel_format: str
    streams: tuple[StreamCard, ...] = ()
    carries: tuple[str, ...] = ()
    pixel_aspect: Fraction = Fraction(1)
    stream: int = 0
    rate: Fraction | None = None
    audio: tuple[int, ...] = field(default=())
    volume: Volume | None = None
    most_pixels: int = MOST_PIXELS
    lossy: bool = False

    @property
    def stored(self) -> Size:
        return self.orientation.stored(self.size)


_VIDEO_OUT: Final = {
    "mp4": (".mp4", "mp4"),
    "mov": (".mov", "mov"),
    "mkv": (".mkv", "mkv"),
    "webm": (".webm", "webm"),
    "gif": (".gif", "gif"),
    "png": (".png", "png"),
    "webp": (".webp", "webp"),
    "avif": (".webp", "webp"),
}
MOVING: Final = frozenset({"gif", "png", "webp", "avif"})  # containers of moving pictures
_PHOTO_OUT: Final = {
    "jpeg": (".jpg", "jpeg"),
    "png": (".png", "png"),
    "webp": (".webp", "webp"),
    "tiff": (".tiff", "tiff"),
    "bmp": (".bmp", "bmp"),
    "gif": (".gif", "gif"),
    "heif": (".jpg", "jpeg"),
    "avif": (".jpg", "jpeg"),
}


def output_container(card: Card) -> tuple[str, str]:
    """The suffix and the container (or photo format) in which `card`'s file is written again.

    What can be kept is kept. A WebM of oblong or deep pixels becomes MKV: VP9 is written without.
    """
    if card.kind == "photo":
        return _PHOTO_OUT.get(card.container, (".png", "png"))
    if card.kind == "sound":
        form = sound_form(card.container, card.codec)
        return form.suffix, form.name
    if card.container in MOVING:
        return _VIDEO_OUT[card.container]
    if card.container == "webm" and (depth_of(card) > 8 or card.pixel_aspect != 1):
        return _VIDEO_OUT["mkv"]
    return _VIDEO_OUT.get(card.container, _VIDEO_OUT["mp4"])


def depth_of(card: Card) -> int:
    """Bits a sample; 8 where the format is of no known kind."""
    kind = layout(planar(card.pixel_format))
    return 8 if kind is None else kind.depth


def sha256(path: Path) -> str:
    """Of the file's bytes, in hexadecimal."""
    digest = hashlib.sha256()
    with reading(path), path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
