"""`PhotoSink`: frames into a photo file, as fresh pixels and nothing besides."""

from __future__ import annotations

import os
from contextlib import suppress
from io import BufferedRandom
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, TiffImagePlugin

from ..core.errors import OutputError
from ..core.frame import Frame
from .card import Card
from .clear import ON_WHITE, without_unseen
from .faults import write_fault, writing
from .grain import Grain
from .moving_files import GifFile
from .pixels import shown

FORMATS: Final = ("jpeg", "png", "webp", "tiff", "bmp", "gif")
_STRIP: Final = 1 << 20  # pixels
_CLEAR: Final = frozenset({"png", "webp", "tiff", "gif"})  # those that know transparency
_RENAMED: Final = {"heif": "HEIC", "avif": "AVIF"}
HALVED: Final = "more than 8 bits a sample become 8"
PALETTE: Final = "a GIF has 256 colours a picture at most"


class PhotoSink:
    """Writes one frame to `partial`: fresh pixels, upright, in sRGB, and nothing besides.

    `output_format`: one of `FORMATS`; only a TIFF takes several frames, its pages. JPEG and lossy
    WebP use `quality` (1 to 100). `notes`: how the picture differs from the input's.
    """

    def __init__(
        self, partial: Path, card: Card, *, quality: int = 92, output_format: str = "jpeg"
    ) -> None:
        if output_format not in FORMATS:
            raise ValueError(f"want one of {', '.join(FORMATS)}, got {output_format!r}")
        if not 1 <= quality <= 100:
            raise ValueError(f"quality goes from 1 to 100, got {quality}")
        self._path, self._card, self._quality, self._format = partial, card, quality, output_format
        self.clock_note: str | None = None
        self.notes: list[str] = []
        self._written = 0
        self._file = created(partial)
        self._pages = TiffImagePlugin.AppendingTiffWriter(self._file) if self._tiff else None

    @property
    def _tiff(self) -> bool:
        return self._format == "tiff"

    def write(self, frame: Frame) -> None:
        if self._written and not self._tiff:
            raise ValueError("a photo has one frame")
        self._written += 1
        grain = frame.native if isinstance(frame.native, Grain) else Grain()
        for note in grain.notes:
            self._note(note)
        if self._format == "jpeg" and self._card.container in _RENAMED:
            self._note(f"{_RENAMED[self._card.container]} becomes JPEG")
        with writing(self._path):
            samples = self._samples(frame)
            if samples[0].dtype == np.uint16 and len(samples) >= 3:
                self._file.write(_deep_png(samples))
                return
            image = self._picture(samples)
            if self._pages is not None:
                image.save(self._pages, format="TIFF", compression="tiff_lzw")
                self._pages.newFrame()
            elif self._format == "gif":
                self._gif(image)
            else:
                image.save(self._file, **self._options(grain))

    def close(self) -> None:
        """Finish the file, still under its `.partial` name, and see that it is on the disk."""
        if not self._written:
            raise OutputError("has no picture to write", path=self._path)
        with writing(self._path):
            if self._pages is not None:
                self._pages.finalize()
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()

    def discard(self) -> None:
        """Remove whatever was written. Safe at any time, also twice."""
        with suppress(OSError):  # the disk is full, which may be why we are here
            self._file.close()
        self._path.unlink(missing_ok=True)

    def _note(self, note: str) -> None:
        if note not in self.notes:
            self.notes.append(note)

    def _options(self, grain: Grain) -> dict[str, Any]:
        chroma = grain.subsampling
        match self._format:
            case "jpeg":
                # A picture on its side has its chroma halved the other way, which JPEG readers
                # seldom expect.
                turned = self._card.orientation.turns and chroma == "4:2:2"
                chroma = "4:4:4" if turned else chroma
                return {"format": "JPEG", "quality": self._quality, "subsampling": chroma}
            case "webp":
                if grain.lossless:
                    return {"format": "WEBP", "lossless": True, "quality": 50}
                return {"format": "WEBP", "quality": self._quality, "method": 4}
            case "bmp":
                return {"format": "BMP"}
        return {"format": "PNG", "compress_level": 4}

    def _gif(self, image: Image.Image) -> None:
        gif = GifFile(self._file, image.size, loop=1)
        gif.add(np.asarray(image.convert("RGBA")), 0)
        gif.end()
        if gif.reduced:
            self._note(PALETTE)

    def _samples(self, frame: Frame) -> list[NDArray[Any]]:
        """The frame's planes, upright, of no more bits than the format holds."""
        planes = frame.planes()
        samples = [shown(plane.pixels, frame.orientation) for plane in planes]
        colour = len(samples) >= 3
        if planes[0].depth > 8 and self._format != "png" and (colour or not self._tiff):
            self._note(HALVED)
            samples = [cv2.convertScaleAbs(s, alpha=1 / 256) for s in samples]
        return without_unseen(samples)

    def _picture(self, samples: list[NDArray[Any]]) -> Image.Image:
        if len(samples) == 1:
            return Image.fromarray(np.ascontiguousarray(samples[0]))
        if len(samples) == 4 and self._format not in _CLEAR:
            if samples[3].min() < 255:
                self._note(ON_WHITE)
            return _on_white(samples)
        return _merged(samples)


def _deep_png(samples: list[NDArray[Any]]) -> bytes:
    """Three or four planes of 16 bits, which only OpenCV writes, as a PNG of nothing but pixels."""
    order = [samples[i] for i in (2, 1, 0, 3)[: len(samples)]]
    done, data = cv2.imencode(".png", cv2.merge(order), [cv2.IMWRITE_PNG_COMPRESSION, 4])
    if not done:
        raise OSError("the picture can't be encoded")
    return data.tobytes()


def _merged(samples: list[NDArray[Any]]) -> Image.Image:
    """Planes as one picture, put together a strip at a time."""
    height, width = samples[0].shape
    made = Image.new("RGBA" if len(samples) == 4 else "RGB", (width, height))
    rows = max(1, _STRIP // width)
    for top in range(0, height, rows):
        strip = cv2.merge([plane[top : top + rows] for plane in samples])
        made.paste(Image.fromarray(strip), (0, top))
    return made


def _on_white(samples: list[NDArray[Any]]) -> Image.Image:
    """A transparent picture on white, for formats that know no transparency."""
    height, width = samples[0].shape
    made = Image.new("RGB", (width, height), "white")
    made.paste(_merged(samples[:3]), mask=Image.fromarray(np.ascontiguousarray(samples[3])))
    return made


def created(path: Path) -> BufferedRandom:
    """Opened for writing and emptied, and readable: some formats go back to fill in a number.

    Never through a link that somebody put there.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0)
    try:
        return os.fdopen(os.open(path, flags | getattr(os, "O_BINARY", 0), 0o666), "w+b")
    except OSError as error:
        raise write_fault(error, path) from error
