"""From what a photo stores to planes in sRGB, a strip at a time so that memory stays bounded."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageCms

from ..core.errors import Unsupported
from .told_colours import ADOBE_RGB, Told, change_of

Planes = list[NDArray[Any]]
Change = Callable[[Image.Image], Image.Image]

_STRIP: Final = 1 << 20  # pixels
_CUBE: Final = 9  # steps along each side of the colours on which a profile is tried
# What `_plain` makes of a mode.
_SOON: Final = {
    "1": "L",
    "P": "RGB",
    "PA": "RGB",
    "RGBa": "RGB",
    "La": "L",
    "RGBX": "RGB",
    "YCbCr": "RGB",
    "HSV": "RGB",
}
_BANDS: Final = {"CMYK": "RGB", "LAB": "RGB"}
CONVERTED: Final = "colours are converted to sRGB"
FLATTENED: Final = "high dynamic range is brought down to sRGB"
FLATTER: Final = "colours of a rare kind are not converted: they look flatter"


def planes_of(
    image: Image.Image, path: Path, *, alpha: bool | None = None, told: Told | None = None
) -> tuple[Planes, int]:
    """Contiguous planes R, G, B[, A] or gray, and their depth in bits.

    `alpha`: whether there is to be an alpha plane; as the picture has it by default. With `alpha`
    given there are three colours even if the picture is gray. `told`: what the picture's colours
    are, where no profile says it.
    """
    plain = _plain(image, path)
    change = _change(plain, told)
    if alpha is not None:
        plain = plain.convert("RGBA" if alpha else "RGB") if change is None else plain
    wanted = None if alpha is None else 4 if alpha else 3
    width, height = plain.size
    rows = max(1, _STRIP // width)
    planes: Planes = []
    for top in range(0, height, rows):
        part = plain.crop((0, top, width, min(top + rows, height)))
        samples = np.asarray(_changed(part, change))
        strips = _split(samples, wanted)
        if not planes:
            planes = [np.empty((height, width), strip.dtype) for strip in strips]
        for plane, strip in zip(planes, strips, strict=True):
            plane[top : top + len(strip)] = strip
    return planes, 16 if planes[0].dtype == np.uint16 else 8


def converted(image: Image.Image, told: Told | None = None) -> list[str]:
    """What is to be said of a picture whose colours are others than sRGB; empty if they are it."""
    if _change(image, told) is None:
        return [FLATTER] if told is not None and not told.known else []
    return [FLATTENED if told is not None and told.bright else CONVERTED]


def told_of(image: Image.Image, numbers: tuple[int, int] | None, kind: str) -> Told | None:
    """What a photo says of its colours besides a profile, which comes first but in a PNG.

    `numbers`: primaries and transfer that the file of this `kind` names.
    """
    if kind == "heif" and (own := image.info.get("nclx_profile")):
        numbers = (own["color_primaries"], own["transfer_characteristics"])
    if image.info.get("icc_profile") and (kind != "png" or numbers is None):
        return None
    if numbers is not None:
        return Told(*numbers)
    if kind == "png":
        return None
    try:
        exif = image.getexif()
        space = exif.get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.ColorSpace)
        mark = exif.get_ifd(ExifTags.IFD.Interop).get(1)
    except (ValueError, TypeError, LookupError, SyntaxError, OSError, struct.error):
        return None
    return ADOBE_RGB if space == 2 or (space != 1 and str(mark).startswith("R03")) else None


def _change(image: Image.Image, told: Told | None) -> Change | None:
    mode = _SOON.get(image.mode, image.mode)
    if told is None:
        return _to_srgb(mode, image.info.get("icc_profile"))
    change = change_of(told)
    if change is None or mode in ("RGB", "RGBA"):
        return change
    return partial(_grey, change) if mode in ("L", "LA") else None


def _grey(change: Change, part: Image.Image) -> Image.Image:
    return change(part.convert("RGB")).getchannel("G")


def _split(samples: NDArray[Any], wanted: int | None) -> Planes:
    if samples.ndim == 2:
        one = [samples]
        return one if wanted is None else _padded([samples] * 3, wanted)
    if samples.shape[2] == 2:  # gray and alpha
        gray = samples[..., 0]
        return _padded([gray, gray, gray, samples[..., 1]], wanted or 4)
    return _padded(list(cv2.split(samples)), wanted or samples.shape[2])


def _padded(planes: Planes, wanted: int) -> Planes:
    """As many planes as are wanted: alpha is opaque where there is none."""
    if len(planes) < wanted:
        return [*planes, np.full_like(planes[0], 255)]
    return planes[:wanted]


def _plain(image: Image.Image, path: Path) -> Image.Image:
    """The picture in a mode with one plane a component: L, LA, I;16, RGB, RGBA, or CMYK, LAB."""
    match image.mode:
        case "L" | "LA" | "RGB" | "RGBA" | "CMYK" | "LAB" | "I;16":
            if "transparency" in image.info and image.mode in ("L", "RGB"):
                return _like(image.convert("RGBA" if image.mode == "RGB" else "LA"), image)
            return image
        case "1":
            return _like(image.convert("L"), image)
        case "P":
            return _like(image.convert("RGBA" if "transparency" in image.info else "RGB"), image)
        case "PA" | "RGBa" | "La":
            return _like(image.convert("LA" if image.mode == "La" else "RGBA"), image)
        case "RGBX" | "YCbCr" | "HSV":
            return _like(image.convert("RGB"), image)
        case "I" | "I;16B" | "I;16L" | "I;16N":
            wide = np.asarray(image)
            if wide.size and (wide.min() < 0 or wide.max() > 0xFFFF):
                raise Unsupported("has pixels of more than 16 bits", path=path)
            return Image.fromarray(np.ascontiguousarray(wide.astype(np.uint16)))
    raise Unsupported(f"has pixels of a rare kind ({image.mode})", path=path, hint="save as PNG")


def _like(made: Image.Image, image: Image.Image) -> Image.Image:
    """`made`, still knowing the profile of `image`, if its colours are those that it speaks of."""
    if profile := image.info.get("icc_profile"):
        made.info["icc_profile"] = profile
    return made


def _changed(part: Image.Image, change: Change | None) -> Image.Image:
    """A strip in sRGB: colours changed, alpha as it was."""
    if change is None:
        return part.convert(_BANDS[part.mode]) if part.mode in _BANDS else part
    if part.mode not in ("LA", "RGBA"):
        return change(part)
    made = change(part.convert(part.mode.rstrip("A")))
    made.putalpha(part.getchannel("A"))
    return made


@lru_cache(maxsize=8)
def _to_srgb(mode: str, profile: bytes | None) -> Change | None:
    """What turns colours of `profile` into sRGB; None where nothing has to be done.

    A profile that is broken, or of other pixels, is as good as none. One that changes no colour by
    more than a level (sRGB by whatever name) is not applied, so that such photos keep theirs.
    """
    colours = mode.rstrip("A") if mode in ("LA", "RGBA") else mode
    if not profile or colours.startswith("I;16"):
        return None
    gray = colours == "L"
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if source.profile.xcolor_space.strip() != ("GRAY" if gray else colours):
            return None
        transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), colours, "RGB")
        tried = _tried(transform, colours)
    except (ImageCms.PyCMSError, ValueError, OSError, TypeError, AttributeError):
        return None
    if tried:
        return None

    def change(image: Image.Image) -> Image.Image:
        made = ImageCms.applyTransform(image, transform)
        assert made is not None
        return made.convert("L") if gray else made

    return change


def _tried(transform: ImageCms.ImageCmsTransform, colours: str) -> bool:
    """Does the transform leave colours as they are?"""
    if colours not in ("L", "RGB"):
        return False
    levels = np.linspace(0, 255, _CUBE).astype(np.uint8)
    if colours == "L":
        samples: NDArray[np.uint8] = np.arange(256, dtype=np.uint8)[None]
    else:
        samples = np.stack(np.meshgrid(levels, levels, levels), -1).reshape(1, -1, 3)
    made = ImageCms.applyTransform(Image.fromarray(np.ascontiguousarray(samples)), transform)
    assert made is not None
    now, was = np.asarray(made).astype(int), samples.astype(int)
    return bool(np.abs(now - (was[..., None] if colours == "L" else was)).max() <= 1)
