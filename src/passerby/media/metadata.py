"""What may stay, in one place, and what a file carries besides it, by kind and never by content.

The rule is an allow-list. An output is written from decoded samples and from the values named in
`KEPT`; nothing else is ever handed to a writer, so whatever is not listed is gone by construction.
`carried` looks at the input only to tell people what that was.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import av
from av.container import InputContainer

from .boxes import iso_kinds
from .elements import mkv_kinds
from .native import side_data
from .packets import ts_kinds

# Needed to show the picture rightly and at the right moment; says nothing about who, where, when.
KEPT: Final = (
    "size",
    "orientation",
    "pixel aspect",
    "pixel format",
    "colour primaries, transfer, matrix and range",
    "HDR mastering data, where the encoder takes it",
    "timestamps",
    "sound samples, where asked",
)

# Tags that describe the bytes, not the footage; they are dropped without a word.
_PLAIN: Final = frozenset(
    {"major_brand", "minor_version", "compatible_brands", "language", "vendor_id", "duration"}
)
_NEUTRAL: Final = frozenset({"VideoHandler", "SoundHandler", "SubtitleHandler", "DataHandler", ""})
_SIDE: Final = {
    "A53_CC": "closed captions",
    "SEI_UNREGISTERED": "encoder settings",
    "GOP_TIMECODE": "timecode",
    "S12M_TIMECODE": "timecode",
    "DOVI_RPU_BUFFER": "Dolby Vision",
    "DOVI_METADATA": "Dolby Vision",
    "DYNAMIC_HDR_PLUS": "HDR10+ metadata",
    "DYNAMIC_HDR_VIVID": "HDR metadata",
    "AMBIENT_VIEWING_ENVIRONMENT": "HDR metadata",
    "ICC_PROFILE": "ICC profile",
    "SPHERICAL": "360 degree marking",
    "STEREO3D": "3D marking",
    "FILM_GRAIN_PARAMS": "film grain parameters",
}
_PLACE: Final = ("location", "gps", "iso6709", "xyz")
_STREAM_KINDS: Final = {
    "subtitle": "subtitle stream",
    "data": "data stream",
    "attachment": "attachment",
}


def once(kinds: Iterable[str]) -> tuple[str, ...]:
    """Each kind once, in the order in which it was found."""
    return tuple(dict.fromkeys(kinds))


def of_tags(tags: Iterable[tuple[str, str]]) -> Iterator[str]:
    """The kinds behind a container's or stream's tags."""
    for key, value in tags:
        name = key.lower()
        if name == "handler_name":
            if value.strip("\0 ") not in _NEUTRAL:
                yield "handler name"
        elif name == "creation_time":
            yield "creation time"
        elif name in ("encoder", "software", "writing_app"):
            yield "encoder settings"
        elif name == "timecode":
            yield "timecode"
        elif any(place in name for place in _PLACE):
            yield "GPS"
        elif name not in _PLAIN and name != "rotate":
            yield "container tags"


def of_container(container: InputContainer, chosen: int) -> Iterator[str]:
    """What an open video carries besides the picture of stream `chosen` and its sound."""
    yield from of_tags(container.metadata.items())
    for stream in container.streams:
        yield from of_tags(stream.metadata.items())
        attached = bool(stream.disposition & av.stream.Disposition.attached_pic)
        if attached:
            yield "cover picture"
        elif stream.type == "video" and stream.index != chosen:
            yield "second video stream"
        elif stream.type in _STREAM_KINDS:
            yield _STREAM_KINDS[stream.type]
    if container.chapters():
        yield "chapters"


def of_frame(frame: av.VideoFrame) -> Iterator[str]:
    """What travels inside a decoded frame."""
    for item in side_data(frame):
        if kind := _SIDE.get(item.type.name):
            yield kind


def of_file(path: Path, container: str) -> list[str]:
    """What the bytes of the file itself show, container by container."""
    match container:
        case "mp4" | "mov":
            return iso_kinds(path)
        case "mkv" | "webm":
            return mkv_kinds(path)
        case "mpegts":
            return ts_kinds(path)
    return []
