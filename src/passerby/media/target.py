"""Which encoder, pixel format and options hold a given picture best."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal

from ..core.geometry import Size
from .formats import Layout

Container = Literal["mp4", "mov", "mkv", "webm"]
Voice = Literal["mute", "keep"]


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a video is written. `crf`: 0 (best) to 51; `preset`: x264's names."""

    container: Container = "mp4"
    crf: int = 20
    preset: str = "veryfast"
    voice: Voice = "mute"
    threads: int | None = None
    accept_damaged: bool = False

    def __post_init__(self) -> None:
        if self.container not in MUXERS:
            raise ValueError(f"want one of {sorted(MUXERS)}, got {self.container!r}")
        if not 0 <= self.crf <= 51:
            raise ValueError(f"crf goes from 0 to 51, got {self.crf}")
        if self.preset not in _VP9_SPEEDS:
            raise ValueError(f"want a preset of {list(_VP9_SPEEDS)}, got {self.preset!r}")
        if self.voice not in ("mute", "keep"):
            raise ValueError(f"want voice mute or keep, got {self.voice!r}")


MUXERS: Final = {"mp4": "mp4", "mov": "mov", "mkv": "matroska", "webm": "webm"}

# libvpx's deadline and cpu-used for each of x264's presets, about as fast.
_VP9_SPEEDS: Final = {
    "ultrafast": ("realtime", 8),
    "superfast": ("realtime", 7),
    "veryfast": ("realtime", 6),
    "faster": ("good", 5),
    "fast": ("good", 4),
    "medium": ("good", 3),
    "slow": ("good", 2),
    "slower": ("good", 1),
    "veryslow": ("good", 0),
}


def codec_of(encoding: Encoding) -> str:
    return "libvpx-vp9" if encoding.container == "webm" else "libx264"


def sound_codec_of(encoding: Encoding) -> str:
    return "libopus" if encoding.container == "webm" else "aac"


def codec_options(encoding: Encoding, *, interlaced: bool) -> dict[str, str]:
    """Options of the encoder. It writes no caption, no user data and no version of itself."""
    flags = "+bitexact+frame_duration" + ("+ildct" if interlaced else "")
    if encoding.container == "webm":
        deadline, speed = _VP9_SPEEDS[encoding.preset]
        return {
            "crf": str(round(encoding.crf * 63 / 51)),
            "b": "0",
            "deadline": deadline,
            "cpu-used": str(speed),
            "row-mt": "1",
            "flags": flags,
        }
    return {
        "crf": str(encoding.crf),
        "preset": encoding.preset,
        "a53cc": "0",
        "udu_sei": "0",
        "flags": flags,
    }


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


def encoded_format(kind: Layout, size: Size, encoding: Encoding) -> tuple[str, str]:
    """The pixel format to encode in, and what it changes, in words ("" when nothing)."""
    webm = encoding.container == "webm"
    notes = []
    sub = {(2, 2): "420", (2, 1): "422", (4, 1): "422", (4, 4): "420"}.get(kind.grid, "444")
    if kind.model == "gray":
        sub = "420"
    if kind.model == "rgb":
        notes.append("RGB is written as YUV 4:4:4")
    if kind.alpha:
        notes.append("transparency is dropped")
    if not webm and (
        (size.width % 2 and sub in ("420", "422")) or (size.height % 2 and sub == "420")
    ):
        sub = "444"
        notes.append("an odd size needs 4:4:4 chroma in H.264; some players refuse it")
    depth = 8 if kind.depth <= 8 or webm else 10
    if kind.depth > depth:
        notes.append(f"{kind.depth} bits a sample become {depth}")
    full = "j" if kind.full_range and kind.model == "yuv" and depth == 8 and not webm else ""
    deep = "" if depth == 8 else f"{depth}le"
    return f"yuv{full}{sub}p{deep}", "; ".join(notes)
