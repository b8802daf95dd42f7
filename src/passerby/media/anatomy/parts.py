"""One door to the walks through every format."""

from __future__ import annotations

from pathlib import Path

from ..faults import reading
from . import bmp, gif, heif, jpeg, png, tiff, webp
from .facts import Anatomy, TooMany

__all__ = ["Anatomy", "TooMany", "anatomy"]


def anatomy(path: Path, kind: str, most: int) -> Anatomy:
    """The build of the photo at `path`, of format `kind`; counts at most `most` pictures.

    Raises `Unsupported` beyond that, and what `reading` makes of a file that can't be walked.
    """
    with reading(path):
        try:
            match kind:
                case "jpeg":
                    return jpeg.look(path)
                case "png":
                    return png.look(path, most)
                case "webp":
                    return webp.look(path, most)
                case "gif":
                    return gif.look(path, most)
                case "tiff":
                    return tiff.look(path, most)
                case "bmp":
                    return bmp.look(path)
                case "heif" | "avif":
                    return heif.look(path)
        except TooMany as error:
            error.path = path
            raise
    return Anatomy()
