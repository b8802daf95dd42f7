"""Moving pictures (GIF, APNG, WebP, AVIF) as frames, and frames as moving pictures."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, cast

import av
import cv2
import numpy as np
from PIL import Image

from ..core.errors import OutputError, Truncated, Unsupported
from ..core.frame import Frame, Picture
from ..core.geometry import Size
from ..core.time import Clock, Span, Ticks
from .card import Card
from .clear import without_unseen
from .colours import converted, planes_of, told_of
from .faults import RECOPY, reading, writing
from .grain import Grain
from .mending import mended, unmendable
from .moving_files import ApngFile, GifFile, MovingFile, WebpFile
from .photo import PhotoFrame, loaded
from .photo_sink import PALETTE, created
from .pixels import shown
from .stills import built, photo, shown_for

FORMATS: Final = ("gif", "png", "webp")
_NAMES: Final = {"gif": "GIF", "png": "PNG", "webp": "WebP"}
# BT.709, with black at 16 and white at 235.
_LUMA: Final = np.array([[0.2126 * 219 / 255, 0.7152 * 219 / 255, 0.0722 * 219 / 255, 16]])
AT_ONCE: Final = "pictures that are to be shown for no time are shown for 0.1 s, as players do"


class MovingFrame(PhotoFrame):
    """A picture of a moving one: R, G, B and perhaps A. For a video's sink its `native` is a
    frame of RGB, on white where it is clear."""

    @property
    def native(self) -> Any:
        picture = cast(Picture, cv2.merge([self._composed(plane) for plane in self.planes()[:3]]))
        made = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
        made = made.reformat(format="gbrp")
        made.pts, made.duration = self.span.start, self.span.end - self.span.start
        return made

    def _brightness(self) -> Picture:
        """As a video of this picture has it, so that the two can be held side by side."""
        picture = cv2.merge([self._composed(plane) for plane in self.planes()[:3]])
        return cast(Picture, cv2.transform(picture, _LUMA))


class MovingSource:
    """The frames of a moving picture, as they are shown; each `frames()` decodes anew."""

    def __init__(self, card: Card, *, accept_damaged: bool = False) -> None:
        self.card, self._lenient = card, accept_damaged
        self.damage: list[str] = []

    @property
    def clock(self) -> Clock:
        return self.card.clock

    @property
    def size(self) -> Size:
        return self.card.size

    def frames(self) -> Generator[MovingFrame]:
        """Raises `Truncated` when a picture is missing, or a part of one.

        Where damage is accepted only the pictures before it are given, and `damage` says so.
        """
        self.damage.clear()
        given, promised = 0, max(self.card.frames or 0, len(built(self.card).lasts))
        try:
            for frame in self._pictures():
                given += 1
                yield frame
        except Truncated as error:
            if not self._lenient:
                raise
            if not given:
                raise unmendable(self.card.path) from error
        if given < promised:
            self.damage.append(f"breaks off: {given} of {promised} pictures can be read")

    def _pictures(self) -> Generator[MovingFrame]:
        card = self.card
        facts = built(card)
        data = mended(card.path, "webp").data if facts.broken and card.container == "webp" else None
        stored = (card.stored.width, card.stored.height)
        clear = card.pixel_format == "gbrap"
        spans = self._spans(facts.lasts)
        with photo(card.path, card.container, card.most_pixels, data) as image:
            for number in range(card.frames or 0):
                with reading(card.path):
                    try:
                        image.seek(facts.first + number)
                    except EOFError as error:
                        raise Truncated("breaks off", path=card.path, hint=RECOPY) from error
                    loaded(image, card)
                    if image.size != stored:
                        hint = "save it again with another program"
                        raise Unsupported("changes its size midway", path=card.path, hint=hint)
                    span = next(spans, None) or self._told(image)
                    told = told_of(image, facts.told, card.container)
                    planes, depth = planes_of(image, card.path, alpha=clear, told=told)
                    notes = converted(image, told)
                    notes += [AT_ONCE] if 0 in facts.lasts else []
                    grain = Grain("4:4:4", not facts.lossy, tuple(notes), facts.loop)
                yield MovingFrame(span, planes, depth, grain, card.orientation)

    def _spans(self, lasts: tuple[Fraction, ...]) -> Iterator[Span]:
        """Where each picture lies in time, if the file's structure says so."""
        at, end = Fraction(0), Ticks(0)
        tick = self.clock.tick
        for last in lasts:
            at += shown_for(last)
            start, end = end, Ticks(max(end + 1, round(at / tick)))
            yield Span(start, end)

    def _told(self, image: Image.Image) -> Span:
        """The same as the decoder tells it, in milliseconds."""
        start = round(image.info.get("timestamp", 0))
        return Span(Ticks(start), Ticks(start + max(1, round(image.info.get("duration", 100)))))


class MovingSink:
    """Writes frames to `partial` as a moving picture: fresh pixels, upright, and their times.

    `output_format`: one of `FORMATS`. Times are exact wherever the format's clock allows it;
    where not, `clock_note` says so.
    """

    def __init__(
        self, partial: Path, card: Card, *, quality: int = 90, output_format: str = "gif"
    ) -> None:
        if output_format not in FORMATS:
            raise ValueError(f"want one of {', '.join(FORMATS)}, got {output_format!r}")
        self._path, self._card, self._quality, self._format = partial, card, quality, output_format
        self.clock_note: str | None = None
        self.notes: list[str] = []
        self._made: MovingFile | None = None
        self._end = 0
        self._file = created(partial)

    def write(self, frame: Frame) -> None:
        """Add one frame. Raises `OutputError`, also where the format can't hold its time."""
        with writing(self._path, frame.span.start):
            planes = frame.planes()
            samples = [shown(plane.pixels, frame.orientation) for plane in planes]
            if planes[0].depth > 8:
                alpha = 2.0 ** (8 - planes[0].depth)
                samples = [cv2.convertScaleAbs(s, alpha=alpha) for s in samples]
            samples = without_unseen(samples)
            picture = cv2.merge(samples if len(samples) >= 3 else samples[:1] * 3)
            if self._made is None:
                self._made = self._begun(frame, clear=len(samples) == 4)
            end = self._moment(frame.span.end)
            self._made.add(picture.astype(np.uint8), max(1, end - self._end))
            self._end = max(end, self._end + 1)

    def close(self) -> None:
        """Finish the file, still under its `.partial` name, and see that it is on the disk."""
        if self._made is None:
            raise OutputError("has not one frame to write", path=self._path)
        with writing(self._path):
            self._made.end()
            if self._made.reduced:
                self.notes.append(PALETTE)
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()

    def discard(self) -> None:
        """Remove whatever was written. Safe at any time, also twice."""
        with suppress(OSError):  # the disk is full, which may be why we are here
            self._file.close()
        self._path.unlink(missing_ok=True)

    def _begun(self, frame: Frame, *, clear: bool) -> MovingFile:
        grain = frame.grain if isinstance(frame, MovingFrame) else Grain()
        self.notes += grain.notes
        if self._card.container == "avif":
            self.notes.append(f"AVIF becomes {_NAMES[self._format]}")
        size, tick = (frame.size.width, frame.size.height), self._card.clock.tick
        made: MovingFile
        match self._format:
            case "gif":
                made = GifFile(self._file, size, grain.loop)
            case "png":
                made = ApngFile(self._file, size, grain.loop, tick, clear=clear)
            case _:
                made = WebpFile(
                    self._file,
                    size,
                    grain.loop,
                    clear=clear,
                    lossless=grain.lossless,
                    quality=self._quality,
                )
        if (tick / made.unit).denominator != 1:
            self.clock_note = f"timestamps are rounded to the format's 1/{1 / made.unit} s"
        self._unit = made.unit
        return made

    def _moment(self, at: Ticks) -> int:
        return round(at * self._card.clock.tick / self._unit)
