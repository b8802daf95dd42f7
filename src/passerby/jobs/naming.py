"""What the output is called when nobody said."""

from __future__ import annotations

from pathlib import Path
from typing import Final

PHOTOS: Final = {  # suffix of the input -> of the output
    ".jpg": ".jpg",
    ".jpeg": ".jpeg",
    ".png": ".png",
    ".webp": ".webp",
    ".bmp": ".bmp",
    ".tif": ".tif",
    ".tiff": ".tiff",
    ".gif": ".gif",
    ".apng": ".apng",
    ".heic": ".jpg",
    ".heif": ".jpg",
    ".hif": ".jpg",
    ".avif": ".jpg",
}
VIDEOS = {".mp4": ".mp4", ".m4v": ".m4v", ".mov": ".mov", ".mkv": ".mkv", ".webm": ".webm"}
VIDEOS |= dict.fromkeys(
    (".3gp", ".3g2", ".avi", ".ts", ".mts", ".m2ts", ".mpg", ".mpeg", ".vob", ".m2v"), ".mp4"
)
VIDEOS |= dict.fromkeys((".flv", ".wmv", ".asf", ".ogv", ".mxf", ".y4m"), ".mp4")
MARK: Final = ".redacted"


def is_media(path: Path) -> bool:
    """True when the name is that of a video or photo, and not of something we made."""
    suffix = path.suffix.lower()
    return (suffix in PHOTOS or suffix in VIDEOS) and not path.stem.lower().endswith(MARK)


def default_output(input: Path, to: Path | None = None) -> Path:
    """``clip.mp4`` -> ``clip.redacted.mp4`` beside it, or in the folder `to`."""
    suffix = (PHOTOS | VIDEOS).get(input.suffix.lower(), input.suffix)
    if suffix.lower() == input.suffix.lower():
        suffix = input.suffix  # CLIP.MP4 stays upper case
    return (to or input.parent) / f"{input.stem}{MARK}{suffix}"
