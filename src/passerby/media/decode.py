"""Frames out of a video file, one at a time, in the order and at the moments of showing."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from contextlib import closing
from fractions import Fraction
from typing import Final, cast

import av
from av.container import InputContainer
from av.stream import Stream
from av.video.stream import VideoStream

from ..core.errors import Truncated, Unsupported
from ..core.frame import Plane
from ..core.geometry import Orientation, Size
from ..core.time import Clock, Span, Ticks
from .bulk import Bulk
from .card import Card
from .clear import ON_WHITE, UNREAD, put_on_white
from .faults import RECOPY, read_fault, reading
from .formats import Layout, layout, planar
from .frames import Colour, PlanarFrame
from .joins import JUMP, Joins
from .native import rows_of, samples_of
from .opening import UNTIMED, family, opened, tick_of, zero_of
from .orient import of_frame
from .timing import ShowTimes, spans
from .whole import breaks_off

# One packet, one frame, always. Others have packets that show nothing (VP8's alternate
# references, the empty ones of packed MPEG-4), so their packets can't be counted on.
_ONE_TO_ONE: Final = frozenset({"h264", "hevc", "mjpeg", "prores", "dnxhd", "ffv1"})
_TS_PACKETS: Final = (188, 192, 204)
_DOUBT: Final = 3  # packets that a demuxer may still have in hand when it doubts one
_CLOCK_TIME: Final = re.compile(r"(\d+):(\d+):(\d+(?:\.\d+)?)")
_FASTEST: Final = 480  # frames a second; what tells of more tells nonsense
_USUAL: Final = 25
_SLACK: Final = Fraction(1, 10)  # seconds by which a header's duration may be off


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

    @property
    def interlaced(self) -> bool:
        """Odd and even rows show different moments."""
        return bool(self._native.interlaced_frame)

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
            samples = samples_of(native.planes[index], kind.depth)
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

    Raises `Truncated` when the file breaks off or gives fewer frames than its header promises:
    before the first frame where the file's own structure tells, else after the last one that is
    there; with `accept_damaged` it goes on and says in `damage` what is wrong and where.
    `limit` multiplies what a file may unpack to. `notes` tells what was repaired, and whether
    anything was clear: it is put on white, for no video that is written knows transparency.
    """

    def __init__(
        self,
        card: Card,
        *,
        threads: int | None = None,
        accept_damaged: bool = False,
        limit: int = 1,
    ) -> None:
        # What decoders make up for lost data depends on how their threads take turns, and frames
        # have to be the same each time that they are looked at.
        self.card, self._threads = card, 1 if accept_damaged else threads
        self._rotation: int | None = None
        self._accept, self._limit = accept_damaged, limit
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
            with reading(self.card.path):
                short = breaks_off(self.card.path, family(container))
            self._settle(None, [short])
            stream = self._stream(container)
            if stream.metadata.get("alpha_mode") == "1":  # VP8's and VP9's, a film of its own
                self.notes.append(UNREAD)
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
        # A damaged header in the middle must not ask for all the memory there is.
        stream.codec_context.options = {"max_pixels": str(4 * self.card.size.area + (1 << 20))}
        return stream

    def _decoded(
        self, container: InputContainer, stream: VideoStream
    ) -> Generator[tuple[Ticks, int, av.VideoFrame]]:
        """(start, how long it says it lasts, frame); at the end compares with what was promised."""
        timed = family(container) not in UNTIMED
        tick, rate = self.clock.tick, self.card.rate
        known = rate is not None and rate <= _FASTEST
        step = max(1, round(1 / ((rate if known and rate else _USUAL) * tick)))
        joins = Joins(self.card.path)
        times = ShowTimes(
            timed=timed,
            zero=zero_of(container, tick),
            step=step,
            jump=round(JUMP / tick),
            behind=lambda jumps: None if (by := joins.behind(jumps)) is None else round(by / tick),
        )
        count = _Count(container, stream)
        bulk = Bulk(self.card, container.size, self._limit)
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
                broken = broken or "holds data that can't be decoded"
                self._note(at, broken)
                if not isinstance(error, av.InvalidDataError):
                    break
                continue
            for native in natives:
                assert isinstance(native, av.VideoFrame)
                lasts = native.duration
                at = times.frame(native.pts, lasts)
                if why := count.frame(native):
                    self._note(at, why)
                bulk.frame(at)
                yield at, lasts, self._fitting(native, at)
        if timed and times.repaired:
            self.notes.append(f"{times.repaired} moments of showing were missing or out of order")
        if times.jumps:
            pieces = "the clock jumped back: its pieces are shown one behind the other"
            self.notes.append(f"{times.jumps + 1} films in one stream; {pieces}")
        self._settle(at, [*count.missing(self.card)])

    def _settle(self, at: Ticks | None, faults: list[str]) -> None:
        for fault in faults:
            if fault:
                self._note(at, fault)
        if self.damage and not self._accept:
            what = next(fault for fault in faults if fault)
            raise Truncated(what, path=self.card.path, at=at, hint=RECOPY)

    def _note(self, at: Ticks | None, what: str) -> None:
        """Remember the first place of each kind of damage."""
        if any(said.endswith(what) for said in self.damage):
            return
        where = "" if at is None else f"at {float(at * self.clock.tick):.3f} s (tick {at}) "
        self.damage.append(f"{where}{what}")

    def _turned(self, native: av.VideoFrame) -> bool:
        """Whether a frame is shown otherwise than the first one.

        Note [side data is looked at seldom]: a PyAV frame whose side data was read sits in a
        reference cycle and stays in memory until the garbage collector comes by (measured: 78 to
        430 MB within 200 frames). Its plain rotation says enough, but for key frames.
        """
        if native.rotation == self._rotation and not native.key_frame:
            return False
        if of_frame(native) != self.card.orientation:
            return True
        self._rotation = native.rotation
        return False

    def _fitting(self, native: av.VideoFrame, at: Ticks) -> av.VideoFrame:
        """The frame in the stream's one format, or an error if it is of another size."""
        stored = self.card.stored
        if (native.width, native.height) != (stored.width, stored.height):
            hint = f"stream {self.card.stream} changes size midway; cut it into pieces there"
            raise Unsupported(
                f"becomes {native.width}x{native.height}", path=self.card.path, at=at, hint=hint
            )
        if self._turned(native):
            hint = f"stream {self.card.stream} is turned midway; cut it into pieces there"
            raise Unsupported("changes its orientation", path=self.card.path, at=at, hint=hint)
        wanted = planar(self.card.pixel_format)
        native.time_base = self.clock.tick
        if native.format.name != wanted:
            with reading(self.card.path, at):
                native = _converted(native, wanted)
        kind = layout(wanted)
        if kind is not None and put_on_white(native, kind) and ON_WHITE not in self.notes:
            self.notes.append(ON_WHITE)
        return native


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


def _own_length(stream: VideoStream) -> Fraction | None:
    """Seconds that a tag of the stream itself promises, as Matroska's muxers write it."""
    for name, value in stream.metadata.items():
        if name.upper() == "DURATION" and (said := _CLOCK_TIME.fullmatch(value.strip("\0 "))):
            hours, minutes, seconds = said.groups()
            return int(hours) * 3600 + int(minutes) * 60 + Fraction(seconds)
    return None


class _Count:
    """What came out of a file, to be held against what its header promises."""

    def __init__(self, container: InputContainer, stream: VideoStream) -> None:
        self._container, self._stream = container, stream
        self._codec = stream.codec_context.codec.canonical_name
        self._packets = self._shown = self._frames = 0
        self._first_key: int | None = None
        self._seconds = Fraction(0)
        self._shown_until: int | None = None
        self._newest: int | None = None
        self._longest = 0
        self._corrupt = ""
        self._tick = stream.time_base or Fraction(1)
        self._doubtful, self._decoded = 0, cast("int | None", None)

    def packet(self, packet: av.Packet[Stream]) -> None:
        if packet.pts is not None and packet.time_base:
            end = (packet.pts + (packet.duration or 0)) * packet.time_base
            self._seconds = max(self._seconds, end)
        if packet.stream is not self._stream or not packet.size:
            return
        if packet.pts is not None:
            until = packet.pts + (packet.duration or 0)
            self._shown_until = max(until, self._shown_until or until)
        self._judge(packet.dts)
        if packet.is_corrupt and not self._doubtful:
            self._doubtful = _DOUBT
        self._packets += not packet.is_discard
        if self._first_key is None and packet.is_keyframe:
            self._first_key = packet.pts if packet.pts is not None else packet.dts
        # Pictures before the first key frame can't be decoded by anybody; players skip them.
        at = packet.pts if packet.pts is not None else packet.dts
        if self._first_key is not None and not packet.is_discard:
            self._shown += at is None or at >= self._first_key

    def _judge(self, decoded: int | None) -> None:
        """A packet that a demuxer doubts is damaged, unless another film begins right behind it:
        where two were joined, their packets' running numbers don't fit, and nothing is missing."""
        joined = None not in (decoded, self._decoded) and (
            cast(int, decoded) * self._tick < cast(int, self._decoded) * self._tick - JUMP
        )
        if joined:
            self._doubtful = 0
        elif self._doubtful:
            self._doubtful = 0 if decoded is None else self._doubtful - 1
            if not self._doubtful:
                self._corrupt = "holds damaged data"
        self._decoded = decoded

    def frame(self, native: av.VideoFrame) -> str:
        """What is wrong with the frame; "" where nothing is."""
        self._frames += 1
        if native.pts is not None:
            if self._newest is not None:
                self._longest = max(self._longest, native.pts - self._newest)
            self._newest = native.pts
        if not native.is_corrupt:
            return ""
        self._corrupt = self._corrupt or "holds pictures that can't be decoded whole"
        return self._corrupt

    def missing(self, card: Card) -> Iterator[str]:
        """Every way in which less came than was promised, in words."""
        self._judge(None)
        yield self._corrupt
        name = family(self._container)
        if name in ("mov", "avi") and card.frames and self._packets < card.frames:
            yield f"breaks off: {self._packets} of {card.frames} frames are there"
        if self._codec in _ONE_TO_ONE and self._frames < self._shown:
            yield f"{self._shown - self._frames} of {self._shown} frames can't be decoded"
        if name in ("matroska", "flv") and self._container.duration:
            # How long its last picture is shown a file may say nowhere else.
            slack = max(_SLACK, 2 * self._longest * card.clock.tick)
            promised = Fraction(self._container.duration, av.time_base)
            if self._seconds + slack < promised:
                yield f"breaks off after {float(self._seconds):.2f} of {float(promised):.2f} s"
            own, until = _own_length(self._stream), self._shown_until
            if own is not None and until is not None and until * card.clock.tick + slack < own:
                until_s = float(until * card.clock.tick)
                yield f"its picture breaks off after {until_s:.2f} of {float(own):.2f} s"
        if name == "mpegts" and all(self._container.size % size for size in _TS_PACKETS):
            yield "breaks off in the middle of a packet"
