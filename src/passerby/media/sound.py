"""Sound of the original, decoded and encoded anew beside the picture, where it was asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from fractions import Fraction
from math import ceil, floor
from typing import Any, Final

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet

from ..core.errors import MediaError, Truncated, Unsupported
from ..core.sound import HEARD_RATE, Samples, Treatment, Treatments
from .card import Card
from .faults import reading
from .joins import JUMP, Joins
from .opening import family, opened, zero_of

# Further off than this, a sample is moved: silence fills a gap, what overlaps is cut.
_SLACK: Final = Fraction(1, 50)
_AHEAD: Final = Fraction(1, 2)  # seconds of sound that are written before the picture gets there
_RATES: Final = frozenset(
    {8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000}
)
_LAYOUTS: Final = frozenset({"mono", "stereo", "5.1", "7.1"})
_BITS: Final = 96_000  # a second and channel, at most; two channels share
_LONGEST: Final = Fraction(600)  # seconds of silence at a stretch; a damaged clock asks for days
_TOO_LONG: Final = "--voice mute leaves the sound away; --limit allows more silence"
_WITHOUT: Final = "--voice mute leaves the sound away; --accept-damaged keeps what can be decoded"
_ALONE: Final = "copy it again from where it came, or keep what can be decoded: --accept-damaged"
_CHUNK: Final = 1 << 14
# Sound alone begins where its encoder's delay ends, or wherever a broadcast was switched on.
_FROM_FIRST: Final = frozenset({"mp3", "ogg", "aac", "asf", "flv", "mpegts", "mpeg"})

Seconds = tuple[Fraction, Fraction]  # from, and to
Adder = Callable[[OutputContainer, AudioStream], AudioStream]


class Sound:
    """Every sound track of `card`'s file, into `output`. Each keeps its offset to the picture.

    `shift`: seconds by which the picture was moved. Sound before zero is cut. A track that can't
    be decoded is an error that names it; `lenient` drops it, or leaves silence, and says so.
    `treatments` change each track on its way; without them it is kept as it is heard.
    `silent`: seconds of the output, from and to, between which every track is digital silence.
    `codec`: FFmpeg's name of the encoder, or who adds a stream for a track.
    Reads `card.path` itself; `close` lets go of it.
    """

    def __init__(
        self,
        card: Card,
        output: OutputContainer,
        codec: str | Adder,
        shift: Fraction,
        *,
        lenient: bool = False,
        limit: int = 1,
        treatments: Treatments | None = None,
        silent: Sequence[Seconds] = (),
    ) -> None:
        self._lenient = lenient
        self._hint = _ALONE if card.kind == "sound" else _WITHOUT
        self._most = limit * _LONGEST
        self.notes: list[str] = []
        self._path, self._output, self._stack = card.path, output, ExitStack()
        self._tracks: dict[int, _Track] = {}
        container = self._stack.enter_context(opened(card.path))
        zero = zero_of(container, card.clock.tick) * card.clock.tick - shift
        if card.kind == "sound":
            zero = _first_of(container) - shift
        chosen, joins = [], Joins(card.path)
        for stream in container.streams:
            stream.discard = av.stream.Discard.all
        for stream in container.streams.audio:
            context = stream.codec_context
            if context is None or not context.sample_rate or not context.layout.nb_channels:
                what = f"sound stream {stream.index} can't be decoded"
                if not lenient:
                    raise Unsupported(what, path=card.path, hint=self._hint)
                self.notes.append(f"{what} and is dropped")
                continue
            stream.discard = av.stream.Discard.default
            chosen.append(stream)
            made = (
                _added(output, stream, codec) if isinstance(codec, str) else codec(output, stream)
            )
            treatment = None if treatments is None else treated(made, treatments)
            self._tracks[stream.index] = _Track(stream, made, zero, joins, treatment, silent)
        self._packets: Iterator[Packet[AudioStream]] = iter(
            container.demux(tuple(chosen)) if chosen else ()
        )
        self._zero, self._reached, self._lost = zero, Fraction(-1), 0
        self.ended = False  # everything was read

    def until(self, moment: Fraction) -> bool:
        """Write the sound up to `moment` (seconds of the output) and a little further; False where
        there is no more of it."""
        while self._reached < moment + _AHEAD:
            packet = self._next()
            if packet is None:
                return False
            self._take(packet)
            self._reached = max(self._reached, self._tracks[packet.stream.index].reached)
        return True

    def finish(self) -> None:
        """Write all that is left, and the last of every encoder."""
        while (packet := self._next()) is not None:
            self._take(packet)
        for number, track in enumerate(self._tracks.values(), 1):
            for made in track.ended():
                self._output.mux(made)
            self.notes += [f"sound track {number}: {note}" for note in track.notes]
        if self._lost:
            self.notes += self.lost
        self.close()

    def close(self) -> None:
        self._stack.close()

    @property
    def lost(self) -> Sequence[str]:
        """What could not be decoded."""
        if not self._lost:
            return ()
        return (f"{self._lost} pieces of sound can't be decoded and are silent",)

    @property
    def lasts(self) -> Sequence[Fraction | None]:
        """Seconds up to which each track has been read; None while it has not begun."""
        return [track.due for track in self._tracks.values()]

    @property
    def starts(self) -> Sequence[Fraction | None]:
        """Seconds of the output at which each track begins; None while it has not begun."""
        return [track.start for track in self._tracks.values()]

    def _next(self) -> Packet[AudioStream] | None:
        with reading(self._path):
            packet = next(self._packets, None)
        self.ended = packet is None
        return packet

    def _take(self, packet: Packet[AudioStream]) -> None:
        track = self._tracks[packet.stream.index]
        try:
            with reading(self._path):
                frames = packet.decode()
        except MediaError as error:
            # A recording often begins in the middle of a piece of sound, which nobody can play.
            if not self._lenient and track.begun:
                what = f"sound stream {packet.stream.index} is damaged"
                at = (
                    ""
                    if packet.pts is None
                    else f" at {float(packet.pts * packet.time_base):.1f} s"
                )
                raise Truncated(what + at, path=self._path, hint=self._hint) from error
            self._lost += 1
            return
        for frame in frames:
            if (gap := track.gap(frame)) > self._most:
                what = (
                    f"sound stream {packet.stream.index} pauses for {float(gap) / 3600:.1f} hours"
                )
                raise Unsupported(what, path=self._path, hint=_TOO_LONG)
            for made in track.taken(frame):
                self._output.mux(made)


def _first_of(container: InputContainer) -> Fraction:
    """Seconds on the clock of a file that is only sound that are its beginning."""
    if family(container) not in _FROM_FIRST or container.start_time is None:
        return Fraction(0)
    return Fraction(container.start_time, av.time_base)


def treated(made: AudioStream, treatments: Treatments) -> Treatment:
    """A treatment for what is going to be encoded as `made`."""
    return treatments(made.codec_context.sample_rate, made.codec_context.layout.nb_channels)


def _added(output: OutputContainer, source: AudioStream, codec: str) -> AudioStream:
    """An encoder for one track: the same rate and channels where it can hold them."""
    context = source.codec_context
    opus = codec == "libopus"
    rate = context.sample_rate if context.sample_rate in _RATES and not opus else 48000
    name = context.layout.name
    layout = name if name in _LAYOUTS else "mono" if context.layout.nb_channels == 1 else "stereo"
    options = {"flags": "+bitexact"}
    if opus and layout not in ("mono", "stereo"):
        options["mapping_family"] = "1"
    stream = output.add_stream(codec, rate=rate, options=options)
    assert isinstance(stream, AudioStream)
    stream.codec_context.layout = layout
    stream.codec_context.time_base = stream.time_base = Fraction(1, rate)
    channels = stream.codec_context.layout.nb_channels
    stream.codec_context.bit_rate = _BITS if channels == 1 else _BITS * channels * 5 // 6
    return stream


class _Track:
    """One track on its way: an unbroken row of samples, from the moment at which it starts."""

    def __init__(
        self,
        source: AudioStream,
        made: AudioStream,
        zero: Fraction,
        joins: Joins,
        treatment: Treatment | None = None,
        silent: Sequence[Seconds] = (),
    ) -> None:
        self._source, self._made, self._zero, self._joins = source, made, zero, joins
        self._newest: Fraction | None = None  # the latest moment as stored
        self._jumps, self._moved = 0, Fraction(0)
        self._next = Fraction(0)
        self.start: Fraction | None = None  # the moment of the first sample, in the output
        self._rate = made.codec_context.sample_rate
        self._silent = [(floor(a * self._rate), ceil(b * self._rate)) for a, b in silent]
        self._resampler: AudioResampler | None = None
        self._like: tuple[str, str, int] | None = None
        self._due: Fraction | None = None  # the moment of the next sample, in seconds
        self._at = 0  # the same for the encoder, in samples
        self._treatment, self._fed_in = treatment, 0
        self._listener = AudioResampler("fltp", made.codec_context.layout.name, HEARD_RATE)

    @property
    def notes(self) -> Sequence[str]:
        """What was done to it, once it has ended."""
        return () if self._treatment is None else self._treatment.notes()

    @property
    def due(self) -> Fraction | None:
        """Seconds up to which it has been read."""
        return self._due

    @property
    def begun(self) -> bool:
        return self._due is not None

    @property
    def reached(self) -> Fraction:
        """Seconds of the output up to which there is sound."""
        if self._treatment is not None and self._due is not None:
            return Fraction(self._at, self._rate)
        return self._due if self._due is not None else Fraction(-1)

    def gap(self, frame: AudioFrame) -> Fraction:
        """Seconds of silence that would go before the frame. To be asked once a frame."""
        self._next = self._start(frame)
        return Fraction(0) if self._due is None else self._next - self._due

    def taken(self, frame: AudioFrame) -> Iterator[Packet[AudioStream]]:
        """A decoded frame in, after `gap` was asked for it; encoded packets out."""
        samples = frame.to_ndarray()
        start = self._next
        if self._due is None:
            self._due = max(start, Fraction(0))
            self._at = round(self._due * self._rate)
            self.start = Fraction(self._at, self._rate)
        drift = start - self._due
        count, rate = frame.samples, frame.sample_rate
        if drift > _SLACK:
            yield from self._silence(frame, samples, round(drift * rate))
        elif drift < -_SLACK:
            cut = min(count, round(-drift * rate))
            samples = _cut(frame, samples, cut)
            count -= cut
        if count:
            yield from self._fed(frame, samples, count)

    def ended(self) -> Iterator[Packet[AudioStream]]:
        if self._resampler is not None:
            yield from self._encoded(self._resampler.resample(None))
            if self._treatment is not None:
                yield from self._written(self._take(None))
                yield from self._written(self._treatment.end())
        yield from self._made.encode(None)

    def _start(self, frame: AudioFrame) -> Fraction:
        """When the frame is heard, in seconds of the output."""
        if frame.pts is None or not frame.time_base:
            return self._due if self._due is not None else Fraction(0)
        stored = frame.pts * frame.time_base
        if self._newest is not None and stored < self._newest - JUMP:
            self._jumps += 1
            moved = self._joins.behind(self._jumps)
            if moved is None:
                assert self._due is not None
                moved = self._due + self._zero - stored
            self._moved = moved
        self._newest = stored
        return stored - self._zero + self._moved

    def _silence(
        self, like: AudioFrame, samples: np.ndarray[Any, Any], count: int
    ) -> Iterator[Packet[AudioStream]]:
        quiet = 128 if samples.dtype == np.uint8 else 0
        while count > 0:
            part = min(count, _CHUNK)
            width = part if like.format.is_planar else part * like.layout.nb_channels
            nothing = np.full((samples.shape[0], width), quiet, samples.dtype)
            yield from self._fed(like, nothing, part)
            count -= part

    def _fed(
        self, like: AudioFrame, samples: np.ndarray[Any, Any], count: int
    ) -> Iterator[Packet[AudioStream]]:
        assert self._due is not None
        shape = (like.format.name, like.layout.name, like.sample_rate)
        if shape != self._like:
            if self._resampler is not None:
                yield from self._encoded(self._resampler.resample(None))
            context = self._made.codec_context
            self._like = shape
            self._resampler = AudioResampler("fltp", context.layout.name, self._rate)
        assert self._resampler is not None
        part = AudioFrame.from_ndarray(np.ascontiguousarray(samples), shape[0], shape[1])
        part.sample_rate, part.time_base = shape[2], Fraction(1, shape[2])
        part.pts = round(self._due * shape[2])
        self._due += Fraction(count, shape[2])
        yield from self._encoded(self._resampler.resample(part))

    def _encoded(self, frames: list[AudioFrame]) -> Iterator[Packet[AudioStream]]:
        for frame in frames:
            if self._treatment is None:
                yield from self._timed(frame)
            else:
                yield from self._written(self._take(frame))

    def _take(self, frame: AudioFrame | None) -> Samples:
        """What the treatment gives for a piece, or for what the resampler still held."""
        assert self._treatment is not None
        channels = self._made.codec_context.layout.nb_channels
        nothing = np.zeros((channels, 0), np.float32)
        sound = nothing if frame is None else frame.to_ndarray().astype(np.float32, copy=False)
        if frame is not None:
            frame.pts, frame.time_base = self._fed_in, Fraction(1, self._rate)
            self._fed_in += frame.samples
        heard = [piece.to_ndarray().astype(np.float32) for piece in self._listener.resample(frame)]
        return self._treatment.take(sound, np.concatenate([nothing, *heard], axis=1))

    def _written(self, samples: Samples) -> Iterator[Packet[AudioStream]]:
        if samples.shape[1]:
            layout = self._made.codec_context.layout.name
            frame = AudioFrame.from_ndarray(np.ascontiguousarray(samples), "fltp", layout)
            frame.sample_rate = self._rate
            yield from self._timed(frame)

    def _timed(self, frame: AudioFrame) -> Iterator[Packet[AudioStream]]:
        frame = self._muted(frame)
        frame.time_base, frame.pts = Fraction(1, self._rate), self._at
        self._at += frame.samples
        yield from self._made.encode(frame)

    def _muted(self, frame: AudioFrame) -> AudioFrame:
        """The same, silent where it has to be. `frame` is in "fltp", and goes to `_at`."""
        parts = [
            slice(max(0, first - self._at), end - self._at)
            for first, end in self._silent
            if first < self._at + frame.samples and end > self._at
        ]
        if not parts:
            return frame
        samples = frame.to_ndarray()
        for part in parts:
            samples[:, part] = 0
        made = AudioFrame.from_ndarray(samples, "fltp", frame.layout.name)
        made.sample_rate = frame.sample_rate
        return made


def _cut(frame: AudioFrame, samples: np.ndarray[Any, Any], count: int) -> np.ndarray[Any, Any]:
    """Without the first `count` samples of each channel."""
    step = 1 if frame.format.is_planar else frame.layout.nb_channels
    return samples[:, count * step :]
