"""Walks the finished file byte by byte against an allow-list: nothing travels along.

The parsers here are our own and know only what an output may hold; whatever else is met is a
finding, and so is what they can't make sense of. No library that wrote the file is asked.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from ..core.errors import Unreadable
from .boxes import walk_boxes
from .bytes import Data, finding
from .elements import walk_elements
from .findings import Finding, NotMade, Tally, Verdict
from .gifs import walk_gif
from .pages import walk_bmp, walk_tiff
from .sounds import sound_walker
from .stills import walk_jpeg, walk_png, walk_webp

Walker = Callable[[Data], Iterator[Finding]]

MADE: Final = ("container",)


def walk(path: Path | str) -> list[Finding]:
    """Everything in the file at `path` that an output must not hold; raises `Unreadable`."""
    path = Path(path)
    tally = Tally()
    try:
        with path.open("rb") as file:
            if not path.stat().st_size:
                return [finding("broken", "the file is empty", 0)]
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                for found in _walked(data):
                    tally.add(found)
    except OSError as error:
        raise Unreadable("can't be read for verification", path=path) from error
    return tally.findings()


def inspect(path: Path | str) -> Verdict:
    """What `walk` finds, as a verdict."""
    return Verdict(
        tuple(walk(path)),
        MADE,
        (NotMade("container.coded", "user data inside coded sound and pictures, except SEI"),),
    )


def _walked(data: Data) -> Iterator[Finding]:
    walker = _walker(data[:12])
    if walker is None:
        yield finding("unknown", "a kind of file that this check does not know", 0)
        return
    try:
        yield from walker(data)
    except (struct.error, LookupError, ValueError, OverflowError, RecursionError):
        yield finding("broken", "the file's structure makes no sense", None)


def _walker(head: bytes) -> Walker | None:
    if head[:3] == b"\xff\xd8\xff":
        return walk_jpeg
    if head[:8] == b"\x89PNG\r\n\x1a\n":
        return walk_png
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return walk_webp
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return walk_gif
    if head[:4] in (b"II*\0", b"MM\0*"):
        return walk_tiff
    if head[:2] == b"BM":
        return walk_bmp
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return walk_elements
    if head[4:8] in (b"ftyp", b"wide", b"moov", b"mdat", b"free", b"skip"):
        return walk_boxes
    return sound_walker(head)
