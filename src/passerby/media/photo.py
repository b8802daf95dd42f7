"""Photos: `PhotoSource` decodes one into planes, `PhotoSink` writes fresh pixels, upright."""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, JpegImagePlugin

from ..core.errors import OutputError, Truncated, Unsupported
from ..core.frame import Frame, Plane
from ..core.geometry import Size
from ..core.time import Clock, Span, Ticks
from .card import Card
from .encode import created
from .faults import RECOPY, reading, writing
from .frames import Colour, PlanarFrame, read_only
from .pixels import shown
from .stills import MOST_PIXELS, photo

_WHEN: Final = Span(Ticks(0), Ticks(1))
_SUBSAMPLING: Final = {0: "4:4:4", 1: "4:2:2", 2: "4:2:0"}


@dataclass(frozen=True, slots=True)
class Grain:
    """What the sink needs to know of how a photo was stored: its JPEG chroma, lossless or not."""

    subsampling: str = "4:2:0"
    lossless: bool = False


class PhotoFrame(PlanarFrame):
    """A decoded photo: R, G, B and perhaps A, or one gray plane, each contiguous.

    The planes are this frame's own, so painting needs no copy.
    """

    def __init__(self, card: Card, planes: list[NDArray[Any]], depth: int, grain: Grain) -> None:
        model = "gray" if len(planes) == 1 else "rgb"
        super().__init__(_WHEN, card.size, card.orientation, Colour(model, 0, True))
        self._samples, self._depth, self._grain = planes, depth, grain

    @property
    def native(self) -> Grain:
        return self._grain

    def planes(self) -> tuple[Plane, ...]:
        return self._views(read_only)

    def writable(self) -> tuple[Plane, ...]:
        self._forget()
        return self._views(np.asarray)

    def _views(self, view: Any) -> tuple[Plane, ...]:
        top = (1 << self._depth) - 1
        return tuple(
            Plane(view(samples), (1, 1), top if index == 3 else 0, self._depth)
            for index, samples in enumerate(self._samples)
        )


class PhotoSource:
    """The one frame of a photo, in sRGB where the file says which colours it means."""

    def __init__(self, card: Card, *, most_pixels: int = MOST_PIXELS) -> None:
        self.card, self._most = card, most_pixels

    @property
    def clock(self) -> Clock:
        return self.card.clock

    @property
    def size(self) -> Size:
        return self.card.size

    def frames(self) -> Iterator[PhotoFrame]:
        """Decodes anew each time. Raises `Truncated` when a part of the picture is missing."""
        yield self._decoded()

    def _decoded(self) -> PhotoFrame:
        card = self.card
        with photo(card.path, card.container, self._most) as image:
            if image.size != (card.stored.width, card.stored.height):
                raise Unsupported("changed since it was looked at", path=card.path)
            with reading(card.path):
                grain = _grain(image, card)
                try:
                    image.load()
                except (OSError, SyntaxError, ValueError, EOFError, struct.error) as error:
                    raise Truncated(
                        "breaks off, or is damaged", path=card.path, hint=RECOPY
                    ) from error
                planes, depth = _planes(_in_srgb(_plain(image, card.path)))
        return PhotoFrame(card, planes, depth, grain)


def _grain(image: Image.Image, card: Card) -> Grain:
    if card.container == "jpeg":
        if isinstance(image, JpegImagePlugin.JpegImageFile):
            return Grain(_SUBSAMPLING.get(JpegImagePlugin.get_sampling(image), "4:4:4"))
        return Grain()
    if card.container == "webp":
        with card.path.open("rb") as file:
            return Grain(lossless=b"VP8L" in file.read(64))
    return Grain("4:4:4", lossless=True)


def _plain(image: Image.Image, path: Path) -> Image.Image:
    """The picture in a mode with one plane a component: L, LA, I;16, RGB, RGBA, or CMYK, LAB."""
    match image.mode:
        case "L" | "LA" | "RGB" | "RGBA" | "CMYK" | "LAB" | "I;16":
            if "transparency" in image.info and image.mode in ("L", "RGB"):
                return image.convert("RGBA" if image.mode == "RGB" else "LA")
            return image
        case "1":
            return image.convert("L")
        case "P":
            return image.convert("RGBA" if "transparency" in image.info else "RGB")
        case "PA" | "RGBa" | "La":
            return image.convert("LA" if image.mode == "La" else "RGBA")
        case "RGBX" | "YCbCr" | "HSV":
            return image.convert("RGB")
        case "I" | "I;16B" | "I;16L" | "I;16N":
            wide = np.asarray(image)
            if wide.size and (wide.min() < 0 or wide.max() > 0xFFFF):
                raise Unsupported("has pixels of more than 16 bits", path=path)
            made = Image.fromarray(np.ascontiguousarray(wide.astype(np.uint16)))
            made.info.update(image.info)
            return made
    raise Unsupported(f"has pixels of a rare kind ({image.mode})", path=path, hint="save as PNG")


def _in_srgb(image: Image.Image) -> Image.Image:
    """The picture in sRGB. Its profile goes: a profile's description may name a device."""
    profile = image.info.get("icc_profile")
    bands = {"CMYK": "RGB", "LAB": "RGB"}.get(image.mode)
    if not profile or image.mode.startswith("I;16"):
        return image.convert(bands) if bands else image
    alpha = image.getchannel("A") if image.mode in ("LA", "RGBA") else None
    colour = image.convert(image.mode.rstrip("A")) if alpha is not None else image
    gray = colour.mode == "L"
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if (source.profile.xcolor_space.strip() or "") != ("GRAY" if gray else colour.mode):
            raise ValueError("a profile for other pixels")
        to = ImageCms.createProfile("sRGB")
        made = ImageCms.profileToProfile(colour, source, to, outputMode="RGB")
    except (ImageCms.PyCMSError, ValueError, OSError, TypeError):  # broken profiles are common
        made = colour.convert("L" if gray else "RGB")
    assert made is not None
    made = made.convert("L") if gray else made
    if alpha is not None:
        made.putalpha(alpha)
    return made


def _planes(image: Image.Image) -> tuple[list[NDArray[Any]], int]:
    """Contiguous planes R, G, B[, A] or gray, and their depth in bits."""
    samples = np.asarray(image)
    if image.mode == "LA":
        gray = np.ascontiguousarray(samples[..., 0])
        return [gray, gray.copy(), gray.copy(), np.ascontiguousarray(samples[..., 1])], 8
    if samples.ndim == 2:
        return [samples.copy()], 16 if samples.dtype == np.uint16 else 8
    return [np.ascontiguousarray(plane) for plane in cv2.split(samples)], 8


class PhotoSink:
    """Writes one frame to `partial`: fresh pixels, upright, in sRGB, and nothing besides.

    `output_format`: "jpeg", "png" or "webp". JPEG and lossy WebP use `quality` (1 to 100).
    """

    def __init__(
        self, partial: Path, card: Card, *, quality: int = 92, output_format: str = "jpeg"
    ) -> None:
        if output_format not in ("jpeg", "png", "webp"):
            raise ValueError(f"want jpeg, png or webp, got {output_format!r}")
        if not 1 <= quality <= 100:
            raise ValueError(f"quality goes from 1 to 100, got {quality}")
        self._path, self._card, self._quality, self._format = partial, card, quality, output_format
        self.clock_note: str | None = None
        self.notes: list[str] = []
        self._written = False
        self._file = created(partial)

    def write(self, frame: Frame) -> None:
        if self._written:
            raise ValueError("a photo has one frame")
        self._written = True
        with writing(self._path):
            image = _upright(frame, self._format)
            grain = frame.native if isinstance(frame.native, Grain) else Grain()
            image.save(self._file, **self._options(grain))

    def close(self) -> None:
        """Finish the file, still under its `.partial` name, and see that it is on the disk."""
        if not self._written:
            raise OutputError("has no picture to write", path=self._path)
        with writing(self._path):
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()

    def discard(self) -> None:
        """Remove whatever was written. Safe at any time, also twice."""
        with suppress(OSError):  # the disk is full, which may be why we are here
            self._file.close()
        self._path.unlink(missing_ok=True)

    def _options(self, grain: Grain) -> dict[str, Any]:
        match self._format:
            case "jpeg":
                # A picture on its side has its chroma halved the other way, which JPEG readers
                # seldom expect.
                turned = self._card.orientation.turns and grain.subsampling == "4:2:2"
                chroma = "4:4:4" if turned else grain.subsampling
                return {"format": "JPEG", "quality": self._quality, "subsampling": chroma}
            case "webp":
                if grain.lossless:
                    return {"format": "WEBP", "lossless": True, "quality": 50}
                return {"format": "WEBP", "quality": self._quality, "method": 4}
        return {"format": "PNG", "compress_level": 4}


def _upright(frame: Frame, output_format: str) -> Image.Image:
    """The frame's planes as one picture that needs no orientation tag."""
    planes = frame.planes()
    samples = [shown(plane.pixels, frame.orientation) for plane in planes]
    deep = planes[0].depth > 8
    if deep and output_format != "png":
        samples = [cv2.convertScaleAbs(s, alpha=1 / 256) for s in samples]
        deep = False
    if len(samples) == 1:
        return Image.fromarray(np.ascontiguousarray(samples[0]))
    if len(samples) == 4 and output_format == "jpeg":
        return _on_white(cv2.merge(samples[:3]), samples[3])
    return Image.fromarray(cv2.merge(samples))


def _on_white(colour: NDArray[Any], alpha: NDArray[Any]) -> Image.Image:
    """A transparent picture on white, for formats that know no transparency."""
    made = Image.new("RGB", (alpha.shape[1], alpha.shape[0]), "white")
    made.paste(Image.fromarray(colour), mask=Image.fromarray(alpha))
    return made
