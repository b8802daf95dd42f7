"""Foreign errors become ours, once, here: PyAV's, Pillow's and the operating system's.

Two doors: `reading` for whatever fails while an input is looked at, `writing` for whatever
fails while an output is made. A foreign message is never passed on: it may quote tags.
"""

from __future__ import annotations

import errno
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import av
from PIL import Image, UnidentifiedImageError

from ..core.errors import MediaError, OutputError, PasserbyError, Truncated, Unreadable, Unsupported
from ..core.time import Ticks

NOT_MEDIA = "check that it is a video or a photo and that it was copied whole"
TOO_LARGE = "make it smaller first, or raise the limits with --limit if you trust its source"
RECOPY = "copy it again from where it came, or process what is there with --accept-damaged"

_READ: dict[type[BaseException], tuple[type[MediaError], str, str]] = {
    FileNotFoundError: (Unreadable, "there is no such file", "check the name"),
    IsADirectoryError: (Unreadable, "is a folder, not a file", "name the files in it"),
    NotADirectoryError: (Unreadable, "there is no such file", "check the name"),
    PermissionError: (Unreadable, "no permission to read it", "ask its owner, or copy it"),
    EOFError: (Truncated, "ends too early", RECOPY),
    TimeoutError: (Unreadable, "could not be read in time", "copy it to this computer first"),
    av.InvalidDataError: (Unreadable, "is damaged, or no media at all", NOT_MEDIA),
    av.DecoderNotFoundError: (Unsupported, "uses a codec that is not known here", NOT_MEDIA),
    av.DemuxerNotFoundError: (Unreadable, "is of no known format", NOT_MEDIA),
    av.PatchWelcomeError: (Unsupported, "uses a rare feature of its format", "convert it first"),
    av.ExperimentalError: (Unsupported, "uses an unfinished codec", "convert it first"),
    UnidentifiedImageError: (Unreadable, "is no photo that can be read", NOT_MEDIA),
    Image.DecompressionBombError: (Unsupported, "unpacks to an enormous picture", TOO_LARGE),
    Image.DecompressionBombWarning: (Unsupported, "unpacks to an enormous picture", TOO_LARGE),
    MemoryError: (
        Unsupported,
        "needs more memory than there is",
        "close programs or make it smaller",
    ),
}

_WRITE: dict[int, tuple[str, str]] = {
    errno.ENOSPC: ("the disk is full", "free some space, or {elsewhere}"),
    errno.EDQUOT: ("your share of the disk is used up", "free some space, or {elsewhere}"),
    errno.EFBIG: ("the file grows beyond what is allowed here", "{elsewhere}"),
    errno.EACCES: ("no permission to write there", "{elsewhere}"),
    errno.EPERM: ("no permission to write there", "{elsewhere}"),
    errno.EROFS: ("that disk can't be written to", "{elsewhere}"),
    errno.ENOENT: ("there is no such folder", "create it first"),
    errno.ENOTDIR: ("there is no such folder", "create it first"),
    errno.ELOOP: ("that name is a link", "remove it, or {elsewhere}"),
    errno.EIO: ("the disk reports an error", "check the disk, or {elsewhere}"),
}


def read_fault(error: BaseException, path: Path, at: Ticks | None = None) -> MediaError:
    """Our error for something that went wrong while reading `path`, near tick `at`."""
    if isinstance(error, _BROKEN) or (type(error) is OSError and error.errno is None):
        return Truncated("breaks off, or is damaged", path=path, at=at, hint=RECOPY)
    for kind in type(error).__mro__:
        if kind in _READ:
            ours, what, hint = _READ[kind]
            if at is not None and ours is Unreadable and kind is av.InvalidDataError:
                return Truncated("breaks off or is damaged", path=path, at=at, hint=RECOPY)
            return ours(what, path=path, at=at, hint=hint)
    return Unreadable("can't be read", path=path, at=at, hint=NOT_MEDIA)


def write_fault(
    error: BaseException, path: Path, at: Ticks | None = None, *, option: str = "-o"
) -> OutputError:
    """Our error for something that went wrong while writing `path`, which `option` has named."""
    what, hint = _WRITE.get(getattr(error, "errno", None) or 0, ("can't be written", ""))
    return OutputError(
        what, path=path, at=at, hint=hint.format(elsewhere=f"write elsewhere with {option}")
    )


# What Pillow lets through when a file's structure makes no sense.
_BROKEN: Final = (SyntaxError, struct.error, zlib.error, IndexError)

# Whatever PyAV and Pillow raise for bad data or a bad system is one of these.
FOREIGN = (
    av.FFmpegError,
    OSError,
    ValueError,
    EOFError,
    MemoryError,
    SyntaxError,
    struct.error,
    zlib.error,
    LookupError,
    ArithmeticError,
    RuntimeError,
    NotImplementedError,
    TypeError,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
    UnicodeError,
)


@contextmanager
def reading(path: Path, at: Ticks | None = None) -> Iterator[None]:
    """Inside, every foreign error becomes a `MediaError` about `path`."""
    try:
        yield
    except PasserbyError:
        raise
    except FOREIGN as error:
        raise read_fault(error, path, at) from error


@contextmanager
def writing(path: Path, at: Ticks | None = None) -> Iterator[None]:
    """Inside, every foreign error becomes an `OutputError` about `path`."""
    try:
        yield
    except PasserbyError:
        raise
    except FOREIGN as error:
        raise write_fault(error, path, at) from error
