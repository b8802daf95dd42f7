"""From a path to a `Card`, or to an error that says what is wrong with the file and what to do."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from ..core.errors import Truncated, Unreadable, Unsupported
from ..core.geometry import Size
from ..core.time import Clock
from . import whole
from .boxes import ALONE
from .card import Card, StreamCard, sha256
from .faults import RECOPY, TOO_LARGE, reading
from .metadata import of_container, of_file, of_frame, once
from .opening import UNTIMED, family, opened, picture_of, tick_of, zero_of
from .orient import of_frame as orientation_of
from .signatures import HEAD, photo_kind
from .sound_card import is_sound, sound_card
from .stills import MOST_PIXELS, probe_photo
from .volume import volume_of

__all__ = ["Card", "StreamCard", "probe", "sha256"]

_LOCKED: Final = (b"-----BEGIN PGP", b"age-encryption.org", b"Salted__", b"LUKS\xba\xbe")
_PATIENCE: Final = 600  # packets looked at for the first picture


def probe(
    path: Path,
    *,
    most_pixels: int = MOST_PIXELS,
    stream: int | None = None,
    accept_damaged: bool = False,
) -> Card:
    """Look at `path` and describe it. Decodes at most one picture.

    `most_pixels`: larger photos are refused; of a film, which is several pictures at once, a
    quarter. `stream`: the video stream to take where there are several. `accept_damaged`: look
    for the first picture beyond damage, and open photos that break off.

    Raises `Unreadable` (missing, empty, a folder, no permission, encrypted, no media),
    `Unsupported` or `Truncated`.
    """
    with reading(path):
        if path.is_dir():
            raise IsADirectoryError(path)
        if path.exists() and not path.is_file():
            # A pipe would be waited for, and can't be read twice.
            what = "is a device or a pipe, not a file"
            raise Unreadable(what, path=path, hint="save what comes out of it to a file first")
        with path.open("rb") as file:
            head = file.read(HEAD)
    if not head:
        raise Unreadable("is empty", path=path, hint="copy it again from where it came")
    if head.startswith(_LOCKED):
        raise Unreadable("is encrypted", path=path, hint="decrypt it first")
    kind = photo_kind(head, path)
    if kind is not None:
        return probe_photo(path, kind, most_pixels=most_pixels, accept_damaged=accept_damaged)
    return _probe_video(path, head, most_pixels // 4, stream, lenient=accept_damaged)


def _probe_video(
    path: Path, head: bytes, most_pixels: int, chosen: int | None, *, lenient: bool
) -> Card:
    with opened(path) as container, reading(path):
        if chosen is None and is_sound(container):
            return sound_card(container, path, head)
        name = _container(container, head)
        found = of_file(path, name)
        if "encrypted" in found:
            raise Unreadable("is encrypted", path=path, hint="decrypt it first, then try again")
        if ALONE in found:
            hint = "export it as HDR10, HLG or SDR first"
            raise Unsupported("is Dolby Vision that nothing else shows", path=path, hint=hint)
        if (films := whole.films(path, family(container))) > 1:
            hint = "cut it into its films first; players show the first one only"
            raise Unsupported(f"is {films} films one behind the other", path=path, hint=hint)
        stream = picture_of(container, path, chosen)
        tick = tick_of(stream, path)
        size = stream.codec_context.width * stream.codec_context.height
        if size > most_pixels:
            raise Unsupported("has an enormous picture", path=path, hint=TOO_LARGE)
        frames, rate = _promised(container, stream), stream.average_rate
        length = _length(container, stream, tick)
        streams = tuple(_streams(container))
        tags = [*of_container(container, stream.index), *found]
        sound = tuple(s.index for s in container.streams.audio)
        first = _first(container, stream, path, lenient=lenient)
        turned = orientation_of(first)
        stored = Size(first.width, first.height)
        return Card(
            path=path,
            kind="video",
            container=name,
            codec=stream.codec_context.codec.canonical_name,
            size=turned.stored(stored),
            orientation=turned,
            clock=Clock(tick),
            frames=frames,
            length=length,
            pixel_format=first.format.name,
            streams=streams,
            carries=once([*tags, *of_frame(first)]),
            pixel_aspect=stream.sample_aspect_ratio or Fraction(1),
            stream=stream.index,
            rate=rate or None,
            audio=sound,
            volume=volume_of(first),
        )


def _first(
    container: InputContainer, stream: VideoStream, path: Path, *, lenient: bool
) -> av.VideoFrame:
    """The first picture that decodes."""
    for count, packet in enumerate(container.demux(stream)):
        with suppress(*([av.InvalidDataError] if lenient else [])):
            for frame in packet.decode():
                return frame
        if count > _PATIENCE:
            break
    raise Truncated("not one picture of it can be decoded", path=path, hint=RECOPY)


def _container(container: InputContainer, head: bytes) -> str:
    match family(container):
        case "mov":
            brand = head[8:12] if head[4:8] == b"ftyp" else b"qt  "
            return "mov" if brand == b"qt  " else "mp4"
        case "matroska":
            return "webm" if b"webm" in head else "mkv"
        case other:
            return other


def _streams(container: InputContainer) -> list[StreamCard]:
    cards = []
    for stream in container.streams:
        context = stream.codec_context
        codec = context.codec.canonical_name if context is not None else "unknown"
        cards.append(StreamCard(stream.index, stream.type, codec))
    return cards


def _promised(container: InputContainer, stream: VideoStream) -> int | None:
    """How many frames the header says there are; an estimate where it only gives a duration."""
    if family(container) in ("mov", "avi"):
        entries = stream.index_entries
        shown = sum(not e.is_discard and e.size > 0 for e in entries) if len(entries) < 10**6 else 0
        if shown:
            return shown
    if stream.frames:
        return stream.frames
    length = _length(container, stream, stream.time_base or Fraction(1))
    if length is None or not stream.average_rate or family(container) in UNTIMED - {"avi"}:
        return None
    return max(1, round(length * stream.average_rate))


def _length(container: InputContainer, stream: VideoStream, tick: Fraction) -> Fraction | None:
    if stream.duration:
        return stream.duration * tick
    if container.duration:
        start = max(0, container.start_time or 0) if zero_of(container, tick) == 0 else 0
        return Fraction(max(1, container.duration - start), av.time_base)
    return None
