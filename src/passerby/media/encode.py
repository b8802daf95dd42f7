"""Frames into a video file: every timestamp, size, orientation and colour tag, and nothing else."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from fractions import Fraction
from io import BufferedWriter
from pathlib import Path
from typing import Any, Final

import av
from av.bitstream import BitStreamFilterContext
from av.container import OutputContainer
from av.packet import Packet
from av.video.frame import PictureType
from av.video.stream import VideoStream

from ..core.errors import OutputError
from ..core.frame import Frame, grounds
from ..core.geometry import Orientation
from ..core.sound import Treatments
from ..core.time import Span, Ticks
from .card import Card
from .clear import ON_WHITE
from .faults import write_fault, writing
from .formats import layout, planar
from .ordinary import ordinary
from .orient import to_matrix
from .sound import Sound
from .target import MUXERS, Chosen, Encoding, chosen, muxer_options, sound_codec_of, unit_of

_RATE: Final = Fraction(30)  # a guess for the encoder's bit budget; never a timestamp
_MOST: Final = {"libsvtav1": Fraction(240)}  # frames a second that an encoder takes as that guess
# In so short a film nothing is decoded out of order; x265 then gives moments out of thin air.
_FEW: Final = 2


class VideoSink:
    """Writes frames of `card`'s video to `partial`, which is created, or emptied, at once.

    `clock_note`: None when every timestamp is exact, else how they were changed.
    `notes`: what else differs from the input. `treatments`: of the sound, for the voice "treat".
    `silent`: spans on the card's clock in which nothing is heard, whatever sound is kept.
    Errors are `OutputError`.
    """

    def __init__(
        self,
        partial: Path,
        card: Card,
        encoding: Encoding,
        treatments: Treatments | None = None,
        silent: Sequence[Span] = (),
    ) -> None:
        if (encoding.voice == "treat") is (treatments is None):
            raise ValueError("treatments belong to the voice treat, and to no other")
        self._treatments, self._silent = treatments, silent
        self._path, self._card, self._encoding = partial, card, encoding
        self.clock_note: str | None = None
        self.notes: list[str] = []
        self._unit = unit_of(encoding.container, card.clock.tick)
        self._shift = 0
        self._last: int | None = None
        self._begin: int | None = None
        self._written = 0
        self._end = 0
        self._held: Packet[VideoStream] | None = None
        self._decoded_from: int | None = None
        self._container: OutputContainer | None = None
        self._stream: VideoStream | None = None
        self._strip: BitStreamFilterContext | None = None
        self._sound: Sound | None = None
        self._file = created(partial)

    def write(self, frame: Frame) -> None:
        """Encode one frame. The native frame's own marks (its type, its captions) are not kept."""
        native = frame.native
        if not isinstance(native, av.VideoFrame):
            raise TypeError(f"want a decoder's frame, got {type(native).__name__}")
        if len(grounds(frame)) > 1 and ON_WHITE not in self.notes:
            self.notes.append(ON_WHITE)
        opens = ordinary() if self._stream is None else nullcontext()
        with opens, writing(self._path, frame.span.start):
            if self._stream is None:
                self._start(native, frame.span.start)
            assert self._stream is not None
            fitting = self._fitting(native)
            start = self._at(frame.span.start)
            self._begin = start if self._begin is None else self._begin
            fitting.time_base = self._unit
            self._end = max(start + 1, self._units(frame.span.end))
            fitting.pts, fitting.duration = start, self._end - start
            fitting.pict_type = PictureType.NONE
            if self._sound is not None:
                self._sound.until(start * self._unit)
            self._written += 1
            self._mux(self._stream.encode(fitting))

    def close(self) -> None:
        """Finish the file, still under its `.partial` name, and see that it is on the disk."""
        with writing(self._path):
            if self._stream is None or self._container is None:
                raise OutputError("has not one frame to write", path=self._path)
            self._mux(self._stream.encode(None))
            if self._strip is not None:
                self._hold(self._strip.filter(None))
            self._let_go()
            if self._sound is not None:
                self._sound.finish()
                self.notes += self._sound.notes
            self._container.close()
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()

    def discard(self) -> None:
        """Remove whatever was written. Safe at any time, also twice."""
        # Closed first: a container whose file is gone no longer tries to finish it.
        with suppress(OSError):  # the disk is full, which may be why we are here
            self._file.close()
        if self._sound is not None:
            self._sound.close()
        self._container = self._stream = self._strip = self._sound = None
        self._path.unlink(missing_ok=True)

    def _start(self, native: av.VideoFrame, first: Ticks) -> None:
        """Now that the first frame is here, everything that the header needs is known."""
        card, encoding = self._card, self._encoding
        container = av.open(
            self._file,
            "w",
            format=MUXERS[encoding.container],
            container_options=muxer_options(encoding.container, card.clock.tick),
        )
        how = self._chosen(native)
        rate = card.rate or _RATE
        rate = min(rate, _MOST.get(how.encoder, rate))
        stream = container.add_stream(how.encoder, rate=rate, options=how.options)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = native.width, native.height
        stream.pix_fmt = how.pixels
        context = stream.codec_context
        context.time_base = stream.time_base = self._unit
        context.sample_aspect_ratio = card.pixel_aspect
        context.thread_count = encoding.threads or 0
        rgb = native.format.is_rgb
        context.color_primaries, context.color_trc = native.color_primaries, native.color_trc
        context.colorspace = 1 if rgb else native.colorspace
        context.color_range = 1 if rgb else 2 if self._full(native) else native.color_range
        if card.orientation != Orientation.UP:
            stream.set_display_matrix(to_matrix(card.orientation, card.stored))
        if how.codec == "hevc" and encoding.container in ("mp4", "mov"):
            context.codec_tag = "hvc1"  # Apple's players take no other
        if how.strip:
            # These units carry the encoder's name and settings, captions and user data.
            self._strip = BitStreamFilterContext(how.strip, stream)
        self._time_note(first)
        if encoding.voice != "mute":
            shift, seconds = self._shift * self._unit, card.clock.seconds
            self._sound = Sound(
                card,
                container,
                sound_codec_of(encoding),
                shift,
                lenient=encoding.accept_damaged,
                limit=encoding.limit,
                treatments=self._treatments,
                silent=[(seconds(s.start) + shift, seconds(s.end) + shift) for s in self._silent],
            )
        self._container, self._stream = container, stream

    def _chosen(self, native: av.VideoFrame) -> Chosen:
        kind = layout(planar(native.format.name))
        if kind is None:
            raise OutputError(f"can't encode {native.format.name}", path=self._path)
        card, interlaced = self._card, bool(native.interlaced_frame)
        # Not of the frame: one that was painted is a copy without what travels beside the pixels.
        how = chosen(self._encoding, kind, card.stored, interlaced=interlaced, volume=card.volume)
        self.notes += how.notes
        return how

    def _full(self, native: av.VideoFrame) -> bool:
        name = native.format.name
        return native.color_range == 2 or name.startswith(("yuvj", "gray"))

    def _fitting(self, native: av.VideoFrame) -> av.VideoFrame:
        """The frame in the encoder's format."""
        assert self._stream is not None
        wanted = self._stream.pix_fmt
        if native.format.name == wanted:
            return native
        if native.format.is_rgb:
            return native.reformat(format=wanted, dst_colorspace=1, dst_color_range=1)
        kept = 2 if self._full(native) else 1
        return native.reformat(format=wanted, src_color_range=kept, dst_color_range=kept)

    def _time_note(self, first: Ticks) -> None:
        start = first * self._card.clock.tick
        if start < 0:
            self._shift = -self._units(first)
            moved = float(self._shift * self._unit)
            self.clock_note = f"starts before zero: everything is shown {moved:.3f} s later"
        elif (self._card.clock.tick / self._unit).denominator != 1:
            self.clock_note = f"timestamps are rounded to the container's 1/{1 / self._unit} s"

    def _units(self, at: Ticks) -> int:
        return round(at * self._card.clock.tick / self._unit) + self._shift

    def _at(self, start: Ticks) -> int:
        """The moment in the container's units, later than the frame before."""
        at = self._units(start)
        if self._last is not None and at <= self._last:
            at = self._last + 1
        self._last = at
        return at

    def _mux(self, packets: list[Packet[VideoStream]]) -> None:
        assert self._container is not None
        for packet in packets:
            self._hold([packet] if self._strip is None else self._strip.filter(packet))

    def _hold(self, packets: list[Packet[Any]]) -> None:
        """Mux all but the newest: the last one of all is still to be told how long it lasts."""
        assert self._container is not None
        for packet in packets:
            if self._written <= _FEW:
                packet.dts = packet.pts
            if self._decoded_from is None:
                self._decoded_from = packet.dts
            if self._held is not None:
                self._container.mux(self._held)
            self._held = packet

    def _let_go(self) -> None:
        """Mux the last packet. MP4 and MOV add up how long packets last, in order of decoding,
        and that sum has to reach the end of the last picture shown."""
        last, begin = self._held, self._decoded_from
        assert self._container is not None
        if last is None:
            return
        if (
            self._encoding.container in ("mp4", "mov")
            and last.dts is not None
            and begin is not None
        ):
            assert self._begin is not None
            last.duration = max(1, self._end - self._begin - (last.dts - begin))
        self._container.mux(last)
        self._held = None


def created(path: Path) -> BufferedWriter:
    """Opened for writing and emptied; never through a link that somebody put there."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0)
    try:
        return os.fdopen(os.open(path, flags | getattr(os, "O_BINARY", 0), 0o666), "wb")
    except OSError as error:
        raise write_fault(error, path) from error
