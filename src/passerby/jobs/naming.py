"""What the output is called when nobody said."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ..core.errors import PasserbyError
from ..media import output_container, probe

PHOTOS: Final = {  # suffix of the input -> of the output
    ".jpg": ".jpg",
    ".jpeg": ".jpeg",
    ".jfif": ".jpg",
    ".jpe": ".jpg",
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
VIDEOS |= dict.fromkeys((".h264", ".264", ".hevc", ".265", ".ivf", ".obu", ".nut", ".dv"), ".mp4")
VIDEOS |= dict.fromkeys((".flv", ".f4v", ".wmv", ".asf", ".ogv", ".mxf", ".y4m"), ".mp4")
VIDEOS |= dict.fromkeys(
    (".lrv", ".insv", ".mod", ".tod", ".m2p", ".trp", ".mjpg", ".mjpeg"), ".mp4"
)
SOUNDS = {".wav": ".wav", ".wave": ".wav", ".w64": ".wav", ".mp3": ".mp3", ".flac": ".flac"}
SOUNDS |= {".m4a": ".m4a", ".m4b": ".m4a", ".aac": ".m4a", ".amr": ".m4a", ".wma": ".m4a"}
SOUNDS |= {".ogg": ".ogg", ".oga": ".ogg", ".spx": ".ogg", ".opus": ".opus", ".weba": ".webm"}
SOUNDS |= {".aif": ".aiff", ".aiff": ".aiff", ".aifc": ".aiff", ".mka": ".mka", ".caf": ".wav"}
SOUNDS |= {".mp2": ".mp3", ".au": ".wav"}
MEDIA: Final = PHOTOS | VIDEOS | SOUNDS
MARK: Final = ".redacted"
_TOLD_BY_CONTENT: Final = frozenset({".webm", ".avif", ".ogg", ".caf"})


def is_media(path: Path) -> bool:
    """True when the name is that of a video, photo or sound, and not of something we made."""
    suffix = path.suffix.lower()
    return suffix in MEDIA and not path.stem.lower().endswith(MARK)


def is_seen(path: Path) -> bool:
    """True when the name is that of a video or photo, and not of sound or something we made."""
    return is_media(path) and path.suffix.lower() in PHOTOS | VIDEOS


def is_photo(path: Path) -> bool:
    """True when the name is that of a photo, which keeps one core busy and not all of them."""
    return path.suffix.lower() in PHOTOS


def same_name(input: Path, to: Path | None = None) -> Path:
    """``clip.mp4`` -> ``clip.mp4`` in the folder `to`; the suffix says what is in it."""
    marked = default_output(input, to)
    return marked.with_name(f"{input.stem}{marked.suffix}")


def unchanged(input: Path, output: Path) -> Path:
    """No second name: where names are kept, two inputs of one name are an error."""
    return output


def default_output(input: Path, to: Path | None = None) -> Path:
    """``clip.mp4`` -> ``clip.redacted.mp4`` beside it, or in the folder `to`.

    The output holds what its name says: a PNG by the name of photo.jpg becomes a JPEG. Only a WebM
    is opened to learn its name, for what VP9 can't hold is written as MKV, an AVIF, which may move,
    and what has no name that tells.
    """
    asked = input.suffix.lower()
    suffix = MEDIA.get(asked, input.suffix)
    if asked in _TOLD_BY_CONTENT or asked not in MEDIA:
        suffix = _by_content(input, asked) or suffix
    if suffix.lower() == input.suffix.lower():
        suffix = input.suffix  # CLIP.MP4 stays upper case
    return (to or input.parent) / f"{input.stem}{MARK}{suffix}"


def told_apart(input: Path, output: Path) -> Path:
    """A second name for `output`: ``clip.avi`` -> ``clip.avi.redacted.mp4``.

    For an input whose output, by its first name, would be that of another input too.
    """
    return output.with_name(f"{input.name}{MARK}{output.suffix}")


def _by_content(input: Path, asked: str) -> str | None:
    """As what it is written again, if it holds what its name says, or that says nothing."""
    try:
        card = probe(input)
    except PasserbyError:
        return None  # whoever opens it to process it says what is wrong
    lies = asked in _TOLD_BY_CONTENT and asked != f".{card.container}"
    return None if lies else output_container(card)[0]
