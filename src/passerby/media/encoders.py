"""Encoders by name: what each codec, and each maker's hardware, wants to be told.

None may write captions, user data or its own version into the pictures.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Final, Literal

import av
from av.codec import Codec as Known
from av.video.codeccontext import VideoCodecContext

from ..core.errors import OutputError, UsageError
from .ordinary import ordinary

Codec = Literal["h264", "hevc", "av1", "vp9"]
CODECS: Final[tuple[Codec, ...]] = ("h264", "hevc", "av1", "vp9")
SOFTWARE: Final[dict[Codec, str]] = {
    "h264": "libx264",
    "hevc": "libx265",
    "av1": "libsvtav1",
    "vp9": "libvpx-vp9",
}
# The least and the greatest CRF, and the one that looks about like H.264's 20.
QUALITY: Final[dict[Codec, tuple[int, int, int]]] = {
    "h264": (0, 51, 20),
    "hevc": (0, 51, 22),
    "av1": (1, 63, 28),
    "vp9": (0, 63, 25),
}
# Units of side information that are taken out of what an encoder made.
UNITS: Final[dict[Codec, str]] = {"h264": "6", "hevc": "39-40"}
CONTAINERS: Final[dict[Codec, frozenset[str]]] = {
    "h264": frozenset({"mp4", "mov", "mkv"}),
    "hevc": frozenset({"mp4", "mov", "mkv"}),
    "av1": frozenset({"mp4", "mkv", "webm"}),
    "vp9": frozenset({"mp4", "mkv", "webm"}),
}
SPEEDS: Final = (
    "ultrafast",
    "superfast",
    "veryfast",
    "faster",
    "fast",
    "medium",
    "slow",
    "slower",
    "veryslow",
)
# libvpx's deadline and cpu-used, and SVT-AV1's preset, about as fast as x264's of that name.
_VP9: Final = (8, 7, 6, 5, 4, 3, 2, 1, 0)
_SVT: Final = (9, 9, 8, 8, 7, 6, 5, 4, 3)
_MAKERS: Final = ("nvenc", "qsv", "amf", "videotoolbox", "v4l2m2m", "mf", "vaapi")
_FAMILY: Final[dict[str, Codec]] = {"h264": "h264", "hevc": "hevc", "av1": "av1", "vp9": "vp9"}


@dataclass(frozen=True, slots=True)
class Volume:
    """How bright and colourful the screen was on which an HDR film was graded, and how bright the
    film is: `display` as (x, y) of red, green, blue and white, then most and least light in
    cd/m2; `light`: the brightest pixel and the brightest picture's mean, in cd/m2."""

    display: tuple[Fraction, ...] | None = None
    light: tuple[int, int] | None = None


def codec_of(encoder: str) -> Codec:
    """The codec that `encoder` writes. `UsageError` where this FFmpeg has no such encoder."""
    for codec, name in SOFTWARE.items():
        if encoder == name:
            return codec
    codec_name, _, maker = encoder.partition("_")
    if codec_name not in _FAMILY or maker not in _MAKERS or not _there(encoder):
        raise UsageError(
            f"there is no encoder {encoder} in this FFmpeg",
            hint=f"it has {', '.join([*SOFTWARE.values(), *hardware()])}",
        )
    return _FAMILY[codec_name]


@cache
def hardware() -> tuple[str, ...]:
    """The hardware encoders that this FFmpeg was built with; whether one is in the machine is
    another question, which `works` answers."""
    names = (f"{codec}_{maker}" for codec in CODECS for maker in _MAKERS)
    return tuple(name for name in names if _there(name))


def check(encoder: str) -> None:
    """`OutputError` where `encoder` can't encode a picture on this machine."""
    if not works(encoder):
        here = ", ".join(name for name in (*SOFTWARE.values(), *hardware()) if works(name))
        raise OutputError(
            f"the encoder {encoder} does not work on this machine",
            hint=f"leave --encoder away, or name one that works here: {here}",
        )


@cache
def works(encoder: str) -> bool:
    """Known by doing it: one grey picture."""
    try:
        context = VideoCodecContext.create(encoder, "w")
        assert isinstance(context, VideoCodecContext)
        context.width, context.height, context.time_base = 640, 360, Fraction(1, 25)
        context.pix_fmt = formats(encoder)[0]
        context.options = options(codec_of(encoder), encoder, "veryfast", 30)
        frame = av.VideoFrame(640, 360, context.pix_fmt)
        frame.pts, frame.time_base = 0, Fraction(1, 25)
        with ordinary():
            return bool([*context.encode(frame), *context.encode(None)])
    except (av.FFmpegError, ValueError, UsageError, NotImplementedError):
        return False


def formats(encoder: str) -> tuple[str, ...]:
    """The planar pixel formats that `encoder` takes, and the nearly planar ones of hardware."""
    found = Known(encoder, "w").video_formats or ()
    taken = (*_PLANAR, "nv12", "p010le")
    return tuple(f.name for f in found if f.name in taken) or ("yuv420p",)


_PLANAR: Final = frozenset(
    f"yuv{full}{sub}p{deep}"
    for full in ("", "j")
    for sub in ("420", "422", "444")
    for deep in ("", "10le")
)


def options(
    codec: Codec, encoder: str, speed: str, crf: int, volume: Volume | None = None
) -> dict[str, str]:
    """What `encoder` is told, besides flags."""
    step = SPEEDS.index(speed)
    quiet = {"a53cc": "0", "udu_sei": "0"}
    match encoder:
        case "libx264":
            # A shorter look-ahead than the presets' saves 70 MB at 1080p and costs no quality.
            return {"crf": str(crf), "preset": speed, "rc-lookahead": "10", **quiet}
        case "libx265":
            told = ["log-level=none", "info=0", *_x265(volume)]
            return {"crf": str(crf), "preset": speed, **quiet, "x265-params": ":".join(told)}
        case "libsvtav1":
            # The library prints a page on itself unless its own switch says that it must not.
            os.environ.setdefault("SVT_LOG", "1")
            made = {"crf": str(crf), "preset": str(_SVT[step])}
            told = list(_svt(volume))
            return made | ({"svtav1-params": ":".join(told)} if told else {})
        case "libvpx-vp9":
            deadline = "realtime" if _VP9[step] > 5 else "good"
            more = {"deadline": deadline, "cpu-used": str(_VP9[step]), "row-mt": "1"}
            return {"crf": str(crf), "b": "0", **more}
    share = crf / QUALITY[codec][1]
    match encoder.partition("_")[2]:
        case "nvenc":
            return {"rc": "constqp", "qp": str(crf), "preset": f"p{7 - step * 6 // 8}", **quiet}
        case "qsv":
            return {"global_quality": str(max(1, crf)), "preset": "medium", **quiet}
        case "amf":
            return {"rc": "cqp", "qp_i": str(crf), "qp_p": str(crf), "qp_b": str(crf)}
        case "videotoolbox":
            return {"global_quality": str(round(118 * 100 * (1 - share))), "a53cc": "0"}
        case "mf":
            return {"rate_control": "quality", "quality": str(round(100 * (1 - share)))}
    return {"b": str(round(2e7 * (1 - share)))}


def _x265(volume: Volume | None) -> list[str]:
    told = []
    if volume and volume.display:
        # Green, blue, red, white; chromaticities in 1/50000, light in 1/10000 cd/m2.
        r, g, b, w = (tuple(round(50000 * c) for c in volume.display[i : i + 2]) for i in _PAIRS)
        light = ",".join(str(round(10000 * c)) for c in volume.display[8:])
        points = "".join(f"{n}({p[0]},{p[1]})" for n, p in zip("GBR", (g, b, r), strict=True))
        told.append(f"master-display={points}WP({w[0]},{w[1]})L({light})")
    if volume and volume.light:
        told.append(f"max-cll={volume.light[0]},{volume.light[1]}")
    return told


def _svt(volume: Volume | None) -> list[str]:
    told = []
    if volume and volume.display:
        r, g, b, w = (tuple(float(c) for c in volume.display[i : i + 2]) for i in _PAIRS)
        points = "".join(
            f"{n}({p[0]:.5f},{p[1]:.5f})" for n, p in (("G", g), ("B", b), ("R", r), ("WP", w))
        )
        most, least = (float(c) for c in volume.display[8:])
        told.append(f"mastering-display={points}L({most:.4f},{least:.4f})")
    if volume and volume.light:
        told.append(f"content-light={volume.light[0]},{volume.light[1]}")
    return told


_PAIRS: Final = (0, 2, 4, 6)


def _there(encoder: str) -> bool:
    try:
        Known(encoder, "w")
    except (av.FFmpegError, ValueError):
        return False
    return True
