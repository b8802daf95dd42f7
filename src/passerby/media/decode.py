"""Frames out of a video file, one at a time, in the order and at the moments of showing."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from fractions import Fraction
from typing import Any, Final

import av
import numpy as np
from av.container import InputContainer
from av.stream import Stream
from av.video.stream import VideoStream
from numpy.typing import NDArray

from ..core.errors import Truncated, Unsupported
from ..core.frame import Plane
from ..core.geometry import Orientation, Size
from ..core.time import Clock, Span, Ticks
from .card import Card
from .faults import RECOPY, read_fault, reading
from .formats import Layout, layout, planar
from .frames import Colour, PlanarFrame
from .native import rows_of
from .opening import UNTIMED, family, opened, tick_of, zero_of
from .orient import of_frame
from .timing import ShowTimes, spans

# One packet, one frame, always. Others have packets that show nothing (VP8's alternate
# references, the empty ones of packed MPEG-4), so their packets can't be counted on.
_ONE_TO_ONE: Final = frozenset({"h264", "hevc", "mjpeg", "prores", "dnxhd", "ffv1"})
_TS_PACKETS: Final = (188, 192, 204)
_SLACK: Final = Fraction(1, 2)  # seconds by which a header's duration may be off


class DecodedFrame(PlanarFrame):
    """A decoder's frame. Keeps a reference to it and copies nothing until somebody paints.

    Arrays from `planes` stay valid, and keep showing the frame as decoded, after `writable`.
    """

    def __init__(
        self, native: av.VideoFrame, stored: Layout, span: Span, size: Size, turned: Orientation
    ) -> None:
        super().__init__(span, size, turned, _colour(native, stored))
        self._native, self._layout, self._own = native, stored, False

    @property
    def native(self) -> av.VideoFrame:
        return self._native

    def planes(self) -> tuple[Plane, ...]:
        return self._views(writeable=False)

    def writable(self) -> tuple[Plane, ...]:
        if not self._own:
            self._native = _copied(self._native)
            self._own = True
        self._forget()
        return self._views(writeable=True)

    def _views(self, *, writeable: bool) -> tuple[Plane, ...]:
        kind, native = self._layout, self._native
        views = []
        for position, index in enumerate(kind.order):
            chroma = kind.model == "yuv" and position in (1, 2)
            samples = _view(native.planes[index], kind.depth)
            samples.flags.writeable = writeable
            views.append(
                Plane(
                    samples,
                    kind.grid if chroma else (1, 1),
                    _black(kind, position, full=self.colour.full_range),
                    kind.depth,
                )
            )
        return tuple(views)


def _view(plane: av.video.plane.VideoPlane, depth: int) -> NDArray[Any]:
    """The visible samples of a native plane, without a copy."""
    dtype = np.dtype(np.uint8 if depth <= 8 else np.uint16)
    visible: NDArray[Any] = rows_of(plane)[:, : plane.width * dtype.itemsize].view(dtype)
    return visible


def _black(kind: Layout, position: int, *, full: bool) -> int:
    top = (1 << kind.depth) - 1
    if position == 3:
        return top
    if kind.model == "yuv" and position:
        return 1 << (kind.depth - 1)
    return 0 if full or kind.model == "rgb" else 16 << (kind.depth - 8)


def _colour(native: av.VideoFrame, kind: Layout) -> Colour:
    full = kind.full_range or native.color_range == 2
    matrix = native.colorspace
    if matrix == 2:  # not said: the habit is BT.709 from HD on, BT.601 below
        matrix = 1 if max(native.width, native.height) >= 1280 else 6
    return Colour(kind.model, matrix, full)


def _copied(native: av.VideoFrame) -> av.VideoFrame:
    """A frame of its own memory. The decoder predicts later frames from the buffer of the first."""
    if native.interlaced_frame:
        # Which field comes first can't be written onto a new frame, so this one changes buffers.
        native.make_writable()
        return native
    copy = av.VideoFrame(native.width, native.height, native.format.name)
    for to, source in zip(copy.planes, native.planes, strict=True):
        rows, fresh = rows_of(source), rows_of(to)
        width = min(rows.shape[1], fresh.shape[1])
        fresh[:, :width] = rows[:, :width]
    copy.pts, copy.time_base, copy.duration = native.pts, native.time_base, native.duration
    copy.colorspace, copy.color_range = native.colorspace, native.color_range
    copy.color_trc, copy.color_primaries = native.color_trc, native.color_primaries
    return copy


class VideoSource:
    """The frames of `card`'s video; each `frames()` opens the file anew.

    Raises `Truncated` when the file breaks off or gives fewer frames than its header promises,
    after the last frame that is there; with `accept_damaged` it goes on and says so in `damage`.
    `notes` tells what was repaired.
    """

    def __init__(
        self, card: Card, *, threads: int | None = None, accept_damaged: bool = False
    ) -> None:
        self.card, self._threads, self._accept = card, threads, accept_damaged
        self.damage: list[str] = []
        self.notes: list[str] = []

    @property
    def clock(self) -> Clock:
        return self.card.clock

    @property
    def size(self) -> Size:
        return self.card.size

    def frames(self) -> Generator[DecodedFrame]:
        """In order of showing, lazily. Closing the iterator closes the file."""
        self.damage, self.notes = [], []
        with opened(self.card.path) as container:
            stream = self._stream(container)
            kind = layout(planar(self.card.pixel_format))
            if kind is None:
                raise Unsupported(
                    f"has pixels of a kind that is not processed ({self.card.pixel_format})",
                    path=self.card.path,
                )
            with closing(self._decoded(container, stream)) as shown:
                for span, native in spans(shown, _end_of(container, stream)):
                    native.pts, native.duration = span.start, span.end - span.start
                    yield DecodedFrame(native, kind, span, self.size, self.card.orientation)

    def _stream(self, container: InputContainer) -> VideoStream:
        stream = container.streams[self.card.stream]
        if not isinstance(stream, VideoStream) or tick_of(stream, self.card.path) != (
            self.clock.tick
        ):
            raise Unsupported("changed since it was looked at", path=self.card.path)
        stream.codec_context.thread_type = "AUTO"
        stream.codec_context.thread_count = self._threads or 0
        return stream

    def _decoded(
        self, container: InputContainer, stream: VideoStream
    ) -> Generator[tuple[Ticks, int, av.VideoFrame]]:
        """(start, how long it says it lasts, frame); at the end compares with what was promised."""
        timed = family(container) not in UNTIMED
        tick, rate = self.clock.tick, self.card.rate
        step = max(1, round(1 / (rate * tick))) if rate else 1
        times = ShowTimes(timed=timed, zero=zero_of(container, tick), step=step)
        count = _Count(container, stream)
        at: Ticks | None = None
        broken = ""
        packets = container.demux()
        while True:
            try:
                packet = next(packets, None)
                if packet is None:
                    break
                count.packet(packet)
                if packet.stream is not stream:
                    continue
                if packet.size and not packet.is_discard:
                    times.packet(packet.dts)
                natives = packet.decode()
            except av.FFmpegError as error:
                if not self._accept:
                    raise read_fault(error, self.card.path, at) from error
                broken = broken or f"breaks at tick {at}: {type(error).__name__}"
                if not isinstance(error, av.InvalidDataError):
                    break
                continue
            for native in natives:
                assert isinstance(native, av.VideoFrame)
                lasts = native.duration
                at = times.frame(native.pts, lasts)
                count.frame(native)
                yield at, lasts, self._fitting(native, at)
        if times.repaired:
            self.notes.append(f"{times.repaired} moments of showing were missing or out of order")
        self._settle(at, [broken, *count.missing(self.card)])

    def _settle(self, at: Ticks | None, faults: list[str]) -> None:
        self.damage = [fault for fault in faults if fault]
        if self.damage and not self._accept:
            raise Truncated(self.damage[0], path=self.card.path, at=at, hint=RECOPY)

    def _fitting(self, native: av.VideoFrame, at: Ticks) -> av.VideoFrame:
        """The frame in the stream's one format, or an error if it is of another size."""
        stored = self.card.stored
        if (native.width, native.height) != (stored.width, stored.height):
            hint = f"stream {self.card.stream} changes size midway; cut it into pieces there"
            raise Unsupported(
                f"becomes {native.width}x{native.height}", path=self.card.path, at=at, hint=hint
            )
        if of_frame(native) != self.card.orientation:
            hint = f"stream {self.card.stream} is turned midway; cut it into pieces there"
            raise Unsupported("changes its orientation", path=self.card.path, at=at, hint=hint)
        wanted = planar(self.card.pixel_format)
        native.time_base = self.clock.tick
        if native.format.name == wanted:
            return native
        with reading(self.card.path, at):
            return _converted(native, wanted)


def _end_of(container: InputContainer, stream: VideoStream) -> int | None:
    """The tick at which an MP4 or MOV says that its picture ends.

    Its last frame itself only knows how long it is in decoding order. Where an edit list cuts
    frames away the two no longer agree, and nothing is said.
    """
    if family(container) != "mov" or stream.duration is None or stream.start_time is None:
        return None
    entries = stream.index_entries
    if any(entries[i].is_discard for i in range(max(0, len(entries) - 64), len(entries))):
        return None
    return stream.start_time + stream.duration


def _converted(native: av.VideoFrame, wanted: str) -> av.VideoFrame:
    """The same picture in another pixel format; range and matrix stay what they were."""
    full = native.color_range == 2 or native.format.name.startswith("yuvj")
    made = native.reformat(
        format=wanted,
        src_color_range=2 if full else native.color_range,
        dst_color_range=2 if full else native.color_range,
    )
    made.time_base = native.time_base
    return made


class _Count:
    """What came out of a file, to be held against what its header promises."""

    def __init__(self, container: InputContainer, stream: VideoStream) -> None:
        self._container, self._stream = container, stream
        self._codec = stream.codec_context.codec.canonical_name
        self._packets = self._shown = self._frames = 0
        self._first_key: int | None = None
        self._seconds = Fraction(0)
        self._corrupt = ""

    def packet(self, packet: av.Packet[Stream]) -> None:
        if packet.pts is not None and packet.time_base:
            end = (packet.pts + (packet.duration or 0)) * packet.time_base
            self._seconds = max(self._seconds, end)
        if packet.stream is not self._stream or not packet.size:
            return
        if packet.is_corrupt:
            self._corrupt = "holds damaged data"
        self._packets += not packet.is_discard
        if self._first_key is None and packet.is_keyframe:
            self._first_key = packet.pts if packet.pts is not None else packet.dts
        # Pictures before the first key frame can't be decoded by anybody; players skip them.
        at = packet.pts if packet.pts is not None else packet.dts
        if self._first_key is not None and not packet.is_discard:
            self._shown += at is None or at >= self._first_key

    def frame(self, native: av.VideoFrame) -> None:
        self._frames += 1
        if native.is_corrupt:
            self._corrupt = self._corrupt or "holds pictures that can't be decoded whole"

    def missing(self, card: Card) -> Iterator[str]:
        """Every way in which less came than was promised, in words."""
        yield self._corrupt
        name = family(self._container)
        if name in ("mov", "avi") and card.frames and self._packets < card.frames:
            yield f"breaks off: {self._packets} of {card.frames} frames are there"
        if self._codec in _ONE_TO_ONE and self._frames < self._shown:
            yield f"{self._shown - self._frames} of {self._shown} frames can't be decoded"
        if name in ("matroska", "flv") and self._container.duration:
            promised = Fraction(self._container.duration, av.time_base)
            if self._seconds + _SLACK < promised:
                yield f"breaks off after {float(self._seconds):.1f} of {float(promised):.1f} s"
        if name == "mpegts" and all(self._container.size % size for size in _TS_PACKETS):
            yield "breaks off in the middle of a packet"
