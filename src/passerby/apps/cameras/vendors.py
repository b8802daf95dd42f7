"""Where makers put their streams, for cameras without ONVIF. Facts, each with where it is told.

`{channel}` counts from 1, `{channel0}` from 0. Nothing is asked of a camera here, so an address may
not work: makers change these, and a maker's name is on many makers' cameras.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...core.errors import UsageError
from .onvif import Stream
from .places import bracketed


@dataclass(frozen=True, slots=True)
class Pattern:
    """Paths of the large and of the small picture."""

    main: str
    small: str
    source: str


_DAHUA = (
    "/cam/realmonitor?channel={channel}&subtype=0",
    "/cam/realmonitor?channel={channel}&subtype=1",
)

PATTERNS = {
    "amcrest": Pattern(*_DAHUA, "getrealtime.com, vendor reference 2026: built by Dahua"),
    "axis": Pattern(
        "/axis-media/media.amp",
        "/axis-media/media.amp?resolution=640x360",
        "developer.axis.com, RTSP endpoints",
    ),
    "dahua": Pattern(*_DAHUA, "getrealtime.com, vendor reference 2026"),
    "hanwha": Pattern(
        "/profile2/media.smp", "/profile3/media.smp", "support.hanwhavision.eu, RTSP URLs"
    ),
    "hikvision": Pattern(
        "/Streaming/Channels/{channel}01",
        "/Streaming/Channels/{channel}02",
        "zwplayer.com, IP camera RTSP guide",
    ),
    "hisilicon": Pattern(
        "/ch{channel0}_0.264", "/ch{channel0}_1.264", "kadymay.com, RTSP URL of CamHi"
    ),
    "huawei": Pattern(
        "/LiveMedia/ch{channel}/Media1",
        "/LiveMedia/ch{channel}/Media2",
        "cnblogs.com/cherishthepresent/p/16584425",
    ),
    "reolink": Pattern(
        "/h264Preview_0{channel}_main",
        "/h264Preview_0{channel}_sub",
        "support.reolink.com, What is RTSP",
    ),
    "tapo": Pattern("/stream1", "/stream2", "actutana.com, what is RTSP streaming"),
    "uniview": Pattern("/video1", "/video2", "router-switch.com, RTSP formats"),
}


def streams(vendor: str, host: str, port: int | None, *, channel: int = 1) -> tuple[Stream, ...]:
    """The addresses that a camera of `vendor` at `host` should have."""
    pattern = PATTERNS.get(vendor.lower().replace(" ", "").replace("-", ""))
    if pattern is None:
        raise UsageError("--vendor is not known", hint=f"known are {', '.join(PATTERNS)}")
    place = f"rtsp://{bracketed(host)}:{port or 554}"
    return tuple(
        Stream(name, "", 0, 0, "", place + path.format(channel=channel, channel0=channel - 1))
        for name, path in (("main", pattern.main), ("small", pattern.small))
    )
