"""Opens a video file for reading, always in the same careful way, and picks its picture."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from ..core.errors import Unreadable, Unsupported
from .faults import NOT_MEDIA, reading
from .signatures import HEAD
from .sound_kinds import sound_formats

# Formats that describe other files (playlists, patterns) are not among these.
FORMATS: Final = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,gif,flv,asf,ogg,mxf,"
    "h264,hevc,obu,ivf,m4v,dv,nut,yuv4mpegpipe,mjpeg"
)
# Their clocks start anywhere (a broadcast's time of day), so zero is where the file starts.
_FREE_CLOCKS: Final = frozenset({"mpegts", "mpeg", "mpegvideo", "asf", "flv", "mxf"})
# They store no moment of showing, only the order of decoding.
UNTIMED: Final = frozenset({"avi", "h264", "hevc", "m4v", "mpegvideo", "mjpeg", "obu"})


@contextmanager
def opened(path: Path) -> Iterator[InputContainer]:
    """The container, closed at the end. Foreign errors become ours."""
    with reading(path):
        if path.is_dir():
            raise IsADirectoryError(path)
        if path.stat().st_size == 0:
            raise Unreadable("is empty", path=path, hint="copy it again from where it came")
        with path.open("rb") as file:
            formats = sound_formats(file.read(HEAD)) or FORMATS
        try:
            container = av.open(
                f"file:{path}",
                "r",
                metadata_errors="replace",
                container_options={"format_whitelist": formats, "protocol_whitelist": "file"},
            )
        except av.ArgumentError as error:
            raise Unsupported("is of a kind that is not processed", path=path) from error
    try:
        yield container
    finally:
        container.close()


def family(container: InputContainer) -> str:
    """The demuxer's first name: mov, matroska, avi, mpegts, ..."""
    return container.format.name.split(",")[0]


def moving_pictures(container: InputContainer) -> list[VideoStream]:
    """The video streams that are no cover art."""
    aside = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image
    return [s for s in container.streams.video if not s.disposition & aside]


def picture_of(container: InputContainer, path: Path, chosen: int | None = None) -> VideoStream:
    """The one video stream that is no cover art, or the `chosen` one of several.

    Players show one of several and hide the rest; dropping them without a word would lose the
    rear window of a dashcam, so they are an error until somebody chooses.
    """
    moving = moving_pictures(container)
    if not moving:
        raise Unsupported("holds no moving picture", path=path, hint=NOT_MEDIA)
    if chosen is not None:
        moving = [s for s in moving if s.index == chosen]
        if not moving:
            hint = "the error without --video-stream names those that are there"
            raise Unsupported(f"has no video stream {chosen}", path=path, hint=hint)
    if len(moving) > 1:
        names = ", ".join(str(s.index) for s in moving)
        hint = "process one at a time with --video-stream"
        raise Unsupported(f"holds {len(moving)} films (streams {names})", path=path, hint=hint)
    for stream in moving:
        if stream.codec_context is None:
            hint = f"stream {stream.index} is of an unknown codec; convert it first"
            raise Unsupported("has a picture that can't be decoded", path=path, hint=hint)
    return moving[0]


def tick_of(stream: VideoStream, path: Path) -> Fraction:
    """Seconds a tick of the stream's clock."""
    if not stream.time_base:
        raise Unsupported("has a picture without a clock", path=path, hint=NOT_MEDIA)
    return stream.time_base


def zero_of(container: InputContainer, tick: Fraction) -> int:
    """The tick at which the file's own time starts: 0 for clocks that start there by themselves."""
    if family(container) not in _FREE_CLOCKS or container.start_time is None:
        return 0
    return round(Fraction(container.start_time, av.time_base) / tick)
