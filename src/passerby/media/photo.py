"""Photos as frames: `PhotoSource` decodes each page into planes."""

from __future__ import annotations

import struct
from collections.abc import Generator
from contextlib import suppress
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, JpegImagePlugin

from ..core.errors import MediaError, Truncated, Unreadable, Unsupported
from ..core.frame import Plane
from ..core.geometry import Orientation, Size
from ..core.time import Clock, Span, Ticks
from .anatomy import Anatomy
from .card import Card
from .colours import FLATTER, converted, planes_of, told_of
from .faults import RECOPY, reading
from .frames import Colour, PlanarFrame, read_only
from .grain import Grain
from .mending import (
    COARSE,
    END_ONLY,
    PARTLY,
    Mended,
    blank,
    known_rows,
    mended,
    missing_rows,
    unmendable,
)
from .photo_sink import PhotoSink
from .stills import built, photo, within

__all__ = ["Grain", "PhotoFrame", "PhotoSink", "PhotoSource"]

_SUBSAMPLING: Final = {0: "4:4:4", 1: "4:2:2", 2: "4:2:0"}


class PhotoFrame(PlanarFrame):
    """A decoded photo: R, G, B and perhaps A, or one gray plane, each contiguous.

    The planes are this frame's own, so painting needs no copy.
    """

    def __init__(
        self,
        span: Span,
        planes: list[NDArray[Any]],
        depth: int,
        grain: Grain,
        orientation: Orientation = Orientation.UP,
    ) -> None:
        height, width = planes[0].shape
        model = "gray" if len(planes) == 1 else "rgb"
        size = orientation.stored(Size(width, height))
        super().__init__(span, size, orientation, Colour(model, 0, True))
        self._samples, self._depth, self._grain = planes, depth, grain
        self._clear: bool | None = None  # whether a part is, if that was asked

    @property
    def native(self) -> Any:
        return self._grain

    @property
    def grain(self) -> Grain:
        """How the picture was stored."""
        return self._grain

    def planes(self) -> tuple[Plane, ...]:
        return self._views(read_only)

    def clear(self) -> Plane | None:
        if len(self._samples) < 4 or self._clear is False:
            return None
        alpha = self.planes()[3]
        if self._clear is None:
            self._clear = bool(alpha.pixels.min() < alpha.black)
        return alpha if self._clear else None

    def writable(self) -> tuple[Plane, ...]:
        self._forget()
        self._clear = None
        return self._views(np.asarray)

    def _views(self, view: Any) -> tuple[Plane, ...]:
        top = (1 << self._depth) - 1
        return tuple(
            Plane(view(samples), (1, 1), top if index == 3 else 0, self._depth)
            for index, samples in enumerate(self._samples)
        )


class PhotoSource:
    """The pages of a photo, one for most, in sRGB where the file says which colours it means."""

    def __init__(
        self, card: Card, *, most_pixels: int | None = None, accept_damaged: bool = False
    ) -> None:
        self.card, self._most = card, most_pixels or card.most_pixels
        self._lenient = accept_damaged
        self.damage: list[str] = []

    @property
    def clock(self) -> Clock:
        return self.card.clock

    @property
    def size(self) -> Size:
        """Of the first page; the others may be of other sizes."""
        return self.card.size

    def frames(self) -> Generator[PhotoFrame]:
        """Decodes anew each time. Raises `Truncated` when a part of a picture is missing.

        Where damage is accepted, the missing part is plain grey, pages behind the damage are not
        given, and `damage` says so afterwards.
        """
        self.damage.clear()
        if self._lenient and self.card.container == "heif" and built(self.card).broken:
            # Its decoder leaves out tiles that are not there, and does not tell.
            yield self._mended()
            return
        given = 0
        try:
            for frame in self._pages(None):
                given += 1
                yield frame
            return
        except (Truncated, Unreadable):
            if not self._lenient:
                raise
        if given:
            self.damage.append(f"breaks off: {given} of {self.card.frames} pages can be read")
        else:
            yield self._mended()

    def _mended(self) -> PhotoFrame:
        """What is left of a picture of which a part is missing."""
        card = self.card
        fixed = mended(card.path, card.container, scans=built(card).scans)
        try:
            frame = next(self._pages(fixed.data))
        except MediaError as error:
            raise unmendable(card.path) from error
        if fixed.coarse:
            self.damage.append(COARSE)
            return frame
        rows = self._missing(frame, fixed)
        if rows.all():
            raise unmendable(card.path)
        blank(frame.writable(), rows, fixed.turn)
        share = -(-100 * int(rows.sum()) // len(rows))
        self.damage.append(PARTLY.format(share) if share else END_ONLY)
        return frame

    def _missing(self, frame: PhotoFrame, fixed: Mended) -> NDArray[np.bool_]:
        if fixed.rows is not None:
            return known_rows(frame.planes(), fixed)
        for other in fixed.others:
            with suppress(MediaError):
                twin = next(self._pages(other()))
                return missing_rows(frame.planes(), twin.planes(), fixed)
        raise unmendable(self.card.path)

    def _pages(self, data: bytes | None) -> Generator[PhotoFrame]:
        """The pages of the file, or of `data`."""
        card = self.card
        facts = built(card)
        pages = facts.pages or (facts.first,)
        with photo(card.path, card.container, self._most, data) as image:
            if len(pages) != card.frames or image.size != (card.stored.width, card.stored.height):
                raise Unsupported("changed since it was looked at", path=card.path)
            *others, last = enumerate(pages)
            for number, page in others:
                yield self._page(image, facts, number, page, data)
            frame = self._page(image, facts, *last, data)
        yield frame  # by now the decoder's own copy of the picture is gone

    def _page(
        self, image: Image.Image, facts: Anatomy, number: int, page: int, data: bytes | None
    ) -> PhotoFrame:
        card = self.card
        with reading(card.path):
            if page != image.tell() and card.container != "heif":
                image.seek(page)
                within(image, card.path, self._most)
            grain = _grain(image, card, facts)
            loaded(image, card)
            told = told_of(image, facts.told, card.container)
            notes = converted(image, told)
            deep = None
            if facts.deep and card.container == "png" and notes in ([], [FLATTER]):
                deep = _deep(image, card, data)
            planes, depth = planes_of(image, card.path, told=told) if deep is None else (deep, 16)
            if depth == 8 and (facts.deep or image.info.get("bit_depth", 8) > 8):
                notes.append("more than 8 bits a sample become 8")
            grain = Grain(grain.subsampling, grain.lossless, tuple(notes))
        span = Span(Ticks(number), Ticks(number + 1))
        return PhotoFrame(span, planes, depth, grain, card.orientation)


def loaded(image: Image.Image, card: Card) -> None:
    """Decodes the picture; raises `Truncated` unless all of it is there."""
    try:
        image.load()
    except (OSError, SyntaxError, ValueError, EOFError, struct.error, RuntimeError) as error:
        raise Truncated("breaks off, or is damaged", path=card.path, hint=RECOPY) from error


def _grain(image: Image.Image, card: Card, facts: Anatomy) -> Grain:
    match card.container:
        case "jpeg" if isinstance(image, JpegImagePlugin.JpegImageFile):
            return Grain(_SUBSAMPLING.get(JpegImagePlugin.get_sampling(image), "4:4:4"))
        case "jpeg" | "heif" | "avif":
            return Grain()
        case "webp":
            return Grain(lossless=not facts.lossy)
    return Grain("4:4:4", lossless=True)


def _deep(image: Image.Image, card: Card, data: bytes | None) -> list[NDArray[Any]] | None:
    """R, G, B[, A] of 16 bits, which Pillow halves; None where there is reason to leave them so.

    OpenCV reads them whole, after Pillow has made sure that the file is. Profiles are applied at
    8 bits, so a picture of other colours than sRGB keeps no more than that.
    """
    if image.mode not in ("RGB", "RGBA") or "transparency" in image.info:
        return None
    coded = np.fromfile(card.path, np.uint8) if data is None else np.frombuffer(data, np.uint8)
    samples = cv2.imdecode(coded, cv2.IMREAD_UNCHANGED)
    if samples is None or samples.dtype != np.uint16 or samples.ndim != 3:
        return None
    planes = [np.ascontiguousarray(plane) for plane in cv2.split(samples)]
    planes[0], planes[2] = planes[2], planes[0]
    return planes if planes[0].shape == (image.height, image.width) else None
