"""What a walk through a photo's file brings home."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from ...core.errors import Unsupported
from ..faults import TOO_LARGE


@dataclass(frozen=True, slots=True)
class Anatomy:
    """The build of one photo's file.

    `carries`: kinds of what travels along. `broken`: in what way the file is not whole, or "".
    `lasts`: seconds of each picture of a moving one, as written. `loop`: how often it plays, 0 for
    ever. `first`: how many pictures come before the first that is shown (Pillow counts them).
    `pages`: which of a TIFF's directories are pages. `scans`: passes over a JPEG's picture.
    `deep`: more than 8 bits a sample. `lossy`: coded in blocks. `raw`: a camera's raw file.
    `told`: primaries and transfer of its colours, by their numbers in H.273.
    """

    carries: tuple[str, ...] = ()
    broken: str = ""
    lasts: tuple[Fraction, ...] = ()
    loop: int = 1
    first: int = 0
    pages: tuple[int, ...] = ()
    scans: int = 0
    deep: bool = False
    lossy: bool = False
    raw: bool = False
    told: tuple[int, int] | None = None


class TooMany(Unsupported):
    """More pictures than would ever be unpacked: counting stops, so that it ends."""

    def __init__(self) -> None:
        super().__init__(
            "holds an enormous number of pictures",
            hint=TOO_LARGE,
        )


def of_xmp(body: bytes) -> list[str]:
    """What an XMP packet speaks of, besides being one."""
    found = ["XMP"]
    if b"MotionPhoto" in body or b"MicroVideo" in body:
        found.append("motion video")
    if b"hdr-gain-map" in body or b"hdrgm:" in body or b"HDRGainMap" in body:
        found.append("gain map")
    if b"GDepth" in body or b"ns.google.com/photos/dd/" in body or b'"Depth"' in body:
        found.append("depth map")
    if b"exif:GPSLatitude" in body or b"GPSLongitude" in body:
        found.append("GPS")
    if b"photoshop:City" in body or b"Iptc4xmpCore" in body:
        found.append("IPTC")
    return found
