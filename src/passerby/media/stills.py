"""Opens photos: format by content, orientation, and what hides in them."""

from __future__ import annotations

import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Final

from PIL import ExifTags, Image

from ..core.errors import Unsupported
from ..core.geometry import Size
from ..core.time import Clock
from .card import Card
from .faults import TOO_LARGE, reading
from .metadata import of_file, once
from .orient import from_exif

MOST_PIXELS: Final = 250_000_000
_FORMATS: Final = {
    "jpeg": ("JPEG", "MPO"),
    "png": ("PNG",),
    "webp": ("WEBP",),
    "bmp": ("BMP",),
    "tiff": ("TIFF",),
    "gif": ("GIF",),
}
_RAW_TAGS: Final = (50706, 50711, 33421)  # DNG version, CFA layout, CFA pattern size
_RAW_NAMES: Final = frozenset({".dng", ".nef", ".cr2", ".arw", ".pef", ".srw", ".nrw", ".3fr"})
_PLAIN_TIFF: Final = frozenset(
    {700, 33723, 34377, 34665, 34853,
     254, 256, 257, 258, 259, 262, 266, 273, 274, 277, 278, 279, 282, 283, 284, 296, 317, 320,
     322, 323, 324, 325, 330, 338, 339, 347, 530, 531, 532, 34675}
)  # fmt: skip
_LOCK: Final = threading.Lock()


@contextmanager
def photo(path: Path, kind: str, most_pixels: int) -> Iterator[Image.Image]:
    """The photo, opened and not yet decoded; larger ones than `most_pixels` are refused."""
    with reading(path):
        image = _opened(path, kind)
    with image:
        if image.width * image.height > most_pixels:
            raise Unsupported(
                f"would unpack to {image.width}x{image.height} pixels", path=path, hint=TOO_LARGE
            )
        yield image


def _opened(path: Path, kind: str) -> Image.Image:
    # Pillow's own limit is one number for the whole process; ours is an argument, checked above.
    with _LOCK:
        before = Image.MAX_IMAGE_PIXELS
        Image.MAX_IMAGE_PIXELS = None
        try:
            return Image.open(path, formats=_FORMATS[kind])
        finally:
            Image.MAX_IMAGE_PIXELS = before


def probe_photo(path: Path, kind: str, *, most_pixels: int) -> Card | None:
    """The card of a photo; None for a moving GIF, which is a video."""
    with photo(path, kind, most_pixels) as image, reading(path):
        pictures = getattr(image, "n_frames", 1)
        if pictures > 1 and kind == "gif":
            return None
        _refuse(image, path, kind, pictures)
        found = of_file(path, kind)
        # Asking a PNG for EXIF unpacks all of its pixels, so it is not asked for nothing.
        told = kind != "png" or bool({"EXIF", "text"} & set(found))
        turned = from_exif(image.getexif().get(ExifTags.Base.Orientation) if told else 1)
        return Card(
            path=path,
            kind="photo",
            container=kind,
            codec=kind,
            size=turned.stored(Size(image.width, image.height)),
            orientation=turned,
            clock=Clock(Fraction(1)),
            frames=1,
            length=None,
            pixel_format=image.mode,
            carries=once([*found, *(_of_exif(image) if told else []), *_of_rest(image, kind)]),
        )


def _refuse(image: Image.Image, path: Path, kind: str, pictures: int) -> None:
    """Files in which a person could hide outside the one picture that would be processed."""
    if kind == "tiff":
        tags = getattr(image, "tag_v2", {})
        raw = any(tag in tags for tag in _RAW_TAGS) or path.suffix.lower() in _RAW_NAMES
        if raw or (int(tags.get(254, 0)) & 1 and pictures == 1):
            hint = "develop it to JPEG or PNG first"
            raise Unsupported("is a camera raw file", path=path, hint=hint)
    if pictures > 1 and kind == "tiff":
        raise Unsupported("has several pages", path=path, hint="save each page by itself")
    if pictures > 1 and kind in ("png", "webp"):
        raise Unsupported("is an animation", path=path, hint="convert it to a video first")


def _of_exif(image: Image.Image) -> list[str]:
    """What an EXIF block holds that people would not expect."""
    exif = image.getexif()
    found = []
    if image.format != "TIFF" and len(exif):
        found.append("EXIF")
    try:
        if exif.get_ifd(ExifTags.IFD.GPSInfo):
            found.append("GPS")
        if ExifTags.Base.MakerNote in exif.get_ifd(ExifTags.IFD.Exif):
            found.append("maker notes")
        if exif.get_ifd(ExifTags.IFD.IFD1):
            found.append("EXIF thumbnail")
    except (ValueError, TypeError, LookupError, SyntaxError, OSError, struct.error):
        found.append("damaged EXIF")
    return found


def _of_rest(image: Image.Image, kind: str) -> list[str]:
    """What Pillow knows of and the walk through the file's structure does not tell."""
    found = []
    if kind == "tiff":
        tags = set(getattr(image, "tag_v2", {}))
        found += ["TIFF tags"] if tags - _PLAIN_TIFF else []
        found += ["XMP"] if 700 in tags else []
        found += ["IPTC"] if tags & {33723, 34377} else []
    if kind == "gif":
        found += ["comment"] if "comment" in image.info else []
    if kind in ("tiff", "bmp", "gif") and image.info.get("icc_profile"):
        found.append("ICC profile")
    return found
