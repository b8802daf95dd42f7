"""Which encoder, pixel format and options hold a given picture best."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal

from ..core.errors import UsageError
from ..core.geometry import Size
from . import encoders
from .encoders import CONTAINERS, QUALITY, SOFTWARE, SPEEDS, Codec, Volume
from .formats import Layout

Container = Literal["mp4", "mov", "mkv", "webm"]
Voice = Literal["mute", "keep", "treat"]


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a video is written.

    `crf`: quality in the codec's own scale, lower is better, its middle if not given; `preset`:
    x264's names. `codec`: by default the one that plays in most places (`default_codec`).
    `encoder`: FFmpeg's name of the one to use, such as a hardware encoder's. `voice`: no sound, all
    of it, or what a treatment leaves.
    """

    container: Container = "mp4"
    crf: int | None = None
    preset: str = "veryfast"
    voice: Voice = "mute"
    threads: int | None = None
    accept_damaged: bool = False
    limit: int = 1
    codec: Codec | None = None
    encoder: str | None = None

    def __post_init__(self) -> None:
        if self.container not in MUXERS:
            raise ValueError(f"want one of {sorted(MUXERS)}, got {self.container!r}")
        if self.preset not in SPEEDS:
            raise ValueError(f"want a preset of {list(SPEEDS)}, got {self.preset!r}")
        if self.voice not in ("mute", "keep", "treat"):
            raise ValueError(f"want voice mute, keep or treat, got {self.voice!r}")
        if self.crf is not None and not 0 <= self.crf <= 63:
            raise ValueError(f"crf goes from 0 to 63, got {self.crf}")

    def check(self, depth: int) -> None:
        """`UsageError` where codec, encoder, container and quality contradict each other;
        `OutputError` where the encoder that was asked for does not work here."""
        codec = self.codec_for(depth)
        if self.container not in CONTAINERS[codec]:
            fits = ", ".join(f"*.{name}" for name in sorted(CONTAINERS[codec]))
            what = f"{codec} can't be written into {self.container}"
            raise UsageError(what, hint=f"name the output {fits}, or choose another --codec")
        least, most, _ = QUALITY[codec]
        if self.crf is not None and not least <= self.crf <= most:
            raise UsageError(f"crf goes from {least} to {most} for {codec}, got {self.crf}")
        if self.encoder is not None:
            encoders.check(self.encoder)

    def codec_for(self, depth: int, *, interlaced: bool = False) -> Codec:
        """The codec for samples of `depth` bits. `UsageError` where encoder and codec differ."""
        if self.encoder is None:
            return self.codec or default_codec(self.container, depth, interlaced=interlaced)
        codec = encoders.codec_of(self.encoder)
        if self.codec not in (None, codec):
            raise UsageError(f"the encoder {self.encoder} writes {codec}, not {self.codec}")
        return codec


MUXERS: Final = {"mp4": "mp4", "mov": "mov", "mkv": "matroska", "webm": "webm"}


def default_codec(container: str, depth: int, *, interlaced: bool = False) -> Codec:
    """H.264 plays everywhere, but hardly anything plays H.264 of ten bits; what shows HDR plays
    HEVC. Only H.264 is written interlaced, and WebM holds neither."""
    if container == "webm":
        return "vp9"
    return "hevc" if depth > 8 and not interlaced else "h264"


def sound_codec_of(encoding: Encoding) -> str:
    return "libopus" if encoding.container == "webm" else "aac"


@dataclass(frozen=True, slots=True)
class Chosen:
    """The encoder for one film: its FFmpeg name, pixel format and options, and what it changes.

    `strip`: the filter that takes side information out of its packets; "" where none is needed.
    """

    codec: Codec
    encoder: str
    pixels: str
    options: dict[str, str]
    strip: str
    notes: tuple[str, ...]


def chosen(
    encoding: Encoding, kind: Layout, size: Size, *, interlaced: bool, volume: Volume | None
) -> Chosen:
    """What fits samples of `kind` best. `volume`: the film's HDR mastering data, if it has any."""
    codec = encoding.codec_for(kind.depth, interlaced=interlaced)
    encoder = encoding.encoder or SOFTWARE[codec]
    pixels, notes = encoded_format(kind, size, codec, encoder)
    tells = encoder in ("libx265", "libsvtav1")
    if volume is not None and not tells:
        notes.append(f"HDR mastering data is dropped: {encoder} is not told of it")
    if interlaced and codec != "h264":
        notes.append(f"pictures stay woven of two fields, and {codec} does not say so")
    flags = "+bitexact+frame_duration" + ("+ildct" if interlaced and codec == "h264" else "")
    if encoder.endswith("videotoolbox"):
        flags += "+qscale"
    crf = QUALITY[codec][2] if encoding.crf is None else encoding.crf
    told = encoders.options(codec, encoder, encoding.preset, crf, volume if tells else None)
    # x265 was told to write no more than the mastering data, which a filter would take out, too.
    units = "" if volume is not None and encoder == "libx265" else encoders.UNITS.get(codec, "")
    strip = f"filter_units=remove_types={units}" if units else ""
    return Chosen(codec, encoder, pixels, told | {"flags": flags}, strip, tuple(notes))


def muxer_options(container: Container, tick: Fraction) -> dict[str, str]:
    """Options of the container: no version, no dates; a clock in which every tick is whole."""
    options = {"fflags": "+bitexact"}
    if container in ("mp4", "mov"):
        rate = track_rate(tick)
        whole = rate * -(-1000 // rate)
        options |= {"video_track_timescale": str(rate), "movie_timescale": str(whole)}
    return options


_MOST: Final = 2**31 - 1


def track_rate(tick: Fraction) -> int:
    """Units a second in which every tick of an MP4 or MOV track is a whole number."""
    if tick.denominator > _MOST:
        return 90_000
    return tick.denominator


def unit_of(container: Container, tick: Fraction) -> Fraction:
    """The smallest step of time, in seconds, that the container can tell apart."""
    if container in ("mp4", "mov"):
        return Fraction(1, track_rate(tick))
    return Fraction(1, 1000)


def encoded_format(kind: Layout, size: Size, codec: Codec, encoder: str) -> tuple[str, list[str]]:
    """The pixel format to encode in, and what it changes, in words."""
    taken = encoders.formats(encoder)
    notes = []
    sub = {(2, 2): "420", (2, 1): "422", (4, 1): "422", (4, 4): "420"}.get(kind.grid, "444")
    if kind.model == "gray":
        sub = "420"
    if kind.model == "rgb":
        notes.append("RGB is written as YUV 4:4:4")
    odd = (size.width % 2 and sub in ("420", "422")) or (size.height % 2 and sub == "420")
    if codec in ("h264", "hevc") and odd:
        sub = "444"
        notes.append(f"an odd size needs 4:4:4 chroma in {codec}; some players refuse it")
    full = "j" if kind.full_range and kind.model == "yuv" else ""
    wanted = [(d, s) for d in (8, 10)[kind.depth > 8 :: -1] for s in dict.fromkeys((sub, "420"))]
    for depth, chroma in wanted:
        deep = "" if depth == 8 else "10le"
        names = [f"yuv{full if depth == 8 else ''}{chroma}p{deep}", f"yuv{chroma}p{deep}"]
        names += {("420", ""): ["nv12"], ("420", "10le"): ["p010le"]}.get((chroma, deep), [])
        for name in names:
            if name in taken:
                if kind.depth > depth:
                    notes.append(f"{kind.depth} bits a sample become {depth}")
                if chroma != sub:
                    notes.append(f"chroma becomes {':'.join(chroma)}, which is all {encoder} takes")
                return name, notes
    raise UsageError(f"the encoder {encoder} takes no pictures of this kind")
