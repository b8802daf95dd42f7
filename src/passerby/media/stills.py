"""Opens photos and moving pictures: format by content, orientation, and what hides in them."""

from __future__ import annotations

import io
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from math import lcm
from pathlib import Path
from typing import Final

import pillow_heif
from PIL import ExifTags, Image, JpegImagePlugin
from pillow_heif.as_plugin import HeifImageFile

from ..core.errors import Truncated, Unsupported
from ..core.geometry import Orientation, Size
from ..core.time import Clock
from .anatomy import Anatomy, anatomy
from .card import MOST_PIXELS, Card
from .faults import RECOPY, TOO_LARGE, reading
from .mending import WHOLE, mended
from .metadata import once
from .orient import from_exif
from .signatures import raw

__all__ = ["MOST_PIXELS", "most_pictures", "photo", "probe_photo"]

# A moving picture, or a document of pages, may unpack to so many times what a photo may.
MANY: Final = 20
_LEAST: Final = 1 << 18  # pixels; a picture costs no less than one of these to handle
_MOST_SCANS: Final = 500
_FORMATS: Final = {
    "png": ("PNG",),
    "webp": ("WEBP",),
    "bmp": ("BMP",),
    "tiff": ("TIFF",),
    "gif": ("GIF",),
    "avif": ("AVIF",),
}
# Their decoders open no file that is not whole.
_ALL_OR_NOTHING: Final = frozenset({"webp", "heif", "avif"})
_LOCK: Final = threading.Lock()


def most_pictures(most_pixels: int, area: int = 0) -> int:
    """How many pictures of `area` pixels one file may hold."""
    return MANY * most_pixels // max(area, _LEAST)


@contextmanager
def photo(
    path: Path, kind: str, most_pixels: int, data: bytes | None = None
) -> Iterator[Image.Image]:
    """The photo, opened and not yet decoded; larger ones than `most_pixels` are refused.

    `data`: to be read instead of the file's own, which is damaged.
    """
    with reading(path):
        image = _opened(path if data is None else io.BytesIO(data), kind)
    with image:
        within(image, path, most_pixels)
        yield image


def within(image: Image.Image, path: Path, most_pixels: int) -> None:
    """Raises `Unsupported` for a picture of more than `most_pixels`."""
    if image.width * image.height > most_pixels:
        raise Unsupported(
            f"would unpack to {image.width}x{image.height} pixels", path=path, hint=TOO_LARGE
        )


def _opened(path: Path | io.BytesIO, kind: str) -> Image.Image:
    # Pillow's own limit is one number for the whole process; ours is an argument, checked above.
    with _LOCK:
        if kind == "heif":
            # Depth maps and the like are neither looked at nor decoded.
            pillow_heif.options.DEPTH_IMAGES = pillow_heif.options.AUX_IMAGES = False
            pillow_heif.options.THUMBNAILS = False
            # Used directly, so that Pillow's list of formats is left alone.
            made: Image.Image = HeifImageFile(path)  # type: ignore[no-untyped-call]  # no hints
            return made
        if kind == "jpeg":
            # Not by way of Pillow's list either, which takes second pictures for pages.
            return JpegImagePlugin.JpegImageFile(path)
        before = Image.MAX_IMAGE_PIXELS
        Image.MAX_IMAGE_PIXELS = None
        try:
            return Image.open(path, formats=_FORMATS[kind])
        finally:
            Image.MAX_IMAGE_PIXELS = before


def probe_photo(path: Path, kind: str, *, most_pixels: int, accept_damaged: bool = False) -> Card:
    """The card of a photo; of kind "video" for a moving picture."""
    try:
        return _probed(path, kind, most_pixels, lenient=accept_damaged)
    except Truncated as error:
        error.hint = WHOLE if accept_damaged else error.hint
        raise


def _probed(path: Path, kind: str, most_pixels: int, *, lenient: bool) -> Card:
    built = anatomy(path, kind, most_pictures(most_pixels))
    if built.raw:
        raise raw(path)
    if built.broken and not lenient:
        raise Truncated(built.broken, path=path, hint=RECOPY)
    data = mended(path, kind).data if built.broken and kind in _ALL_OR_NOTHING else None
    if built.scans > _MOST_SCANS:
        hint = "save it again with another program"
        raise Unsupported(f"comes in {built.scans} scans", path=path, hint=hint)
    with photo(path, kind, most_pixels, data) as image, reading(path):
        area = image.width * image.height
        lasts = built.lasts if data is None else built.lasts[: getattr(image, "n_frames", 1)]
        if kind == "avif" and getattr(image, "n_frames", 1) > 1:
            lasts = (Fraction(1, 10),) * int(getattr(image, "n_frames", 1))  # the decoder knows
        pictures = max(1, len(lasts), len(built.pages))
        if pictures > most_pictures(most_pixels, area):
            raise Unsupported(
                f"would unpack to {pictures} pictures of {image.width}x{image.height}",
                path=path,
                hint=TOO_LARGE,
            )
        # Asking a PNG for EXIF unpacks all of its pixels, so it is not asked for nothing.
        told = kind != "png" or bool({"EXIF", "text"} & set(built.carries))
        turned = _turned(image, kind) if told else Orientation.UP
        moving = bool(lasts)
        clock = _clock(lasts, kind)
        return Card(
            path=path,
            kind="video" if moving else "photo",
            container=kind,
            codec=kind,
            size=turned.stored(Size(image.width, image.height)),
            orientation=turned,
            clock=clock,
            frames=pictures,
            length=sum(map(shown_for, lasts), Fraction(0)) if moving and kind != "avif" else None,
            pixel_format=_pixels(image, kind, moving=moving),
            carries=once([*built.carries, *(_of_exif(image, kind) if told else [])]),
            most_pixels=most_pixels,
            lossy=built.lossy,
        )


def shown_for(lasts: Fraction) -> Fraction:
    """How long players show a picture that is to be shown for `lasts` seconds."""
    return lasts or Fraction(1, 10)


def _clock(lasts: tuple[Fraction, ...], kind: str) -> Clock:
    """A clock in which every moment is whole, or milliseconds if that would be absurdly fine."""
    if not lasts:
        return Clock(Fraction(1))
    if kind == "gif":
        return Clock(Fraction(1, 100))
    fine = lcm(*{shown_for(last).denominator for last in lasts}) if kind == "png" else 1000
    return Clock(Fraction(1, fine if fine <= 1_000_000 else 1000))


def _pixels(image: Image.Image, kind: str, *, moving: bool) -> str:
    """The picture's mode; of a moving one its planes. Any of a GIF's pictures may have holes."""
    if not moving:
        return image.mode
    clear = kind == "gif" or image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
    return "gbrap" if clear else "gbrp"


def _turned(image: Image.Image, kind: str) -> Orientation:
    """What EXIF says; where the format has a say of its own, the decoder has followed it.

    Note [who turns]: HEIF's decoder and Pillow's for TIFF hand over an upright picture. AVIF's
    turn comes as an EXIF tag. An XMP orientation counts for none of the programs that show photos,
    unless there is no other, as in Pillow; the thumbnail's own is nobody's.
    """
    if kind in ("heif", "tiff"):
        return Orientation.UP
    try:
        return from_exif(image.getexif().get(ExifTags.Base.Orientation))
    except (ValueError, TypeError, LookupError, SyntaxError, OSError, struct.error):
        return Orientation.UP


def _of_exif(image: Image.Image, kind: str) -> list[str]:
    """What an EXIF block holds that people would not expect."""
    found = []
    try:
        exif = image.getexif()
        if kind != "tiff" and len(exif):
            found.append("EXIF")
        if exif.get_ifd(ExifTags.IFD.GPSInfo):
            found.append("GPS")
        if ExifTags.Base.MakerNote in exif.get_ifd(ExifTags.IFD.Exif):
            found.append("maker notes")
        if kind != "tiff" and exif.get_ifd(ExifTags.IFD.IFD1):
            found.append("EXIF thumbnail")
    except (ValueError, TypeError, LookupError, SyntaxError, OSError, struct.error):
        found.append("damaged EXIF")
    return found


def built(card: Card) -> Anatomy:
    """The build of a card's photo, anew."""
    return anatomy(card.path, card.container, most_pictures(card.most_pixels))
