"""Which photo format a file is of, by its first bytes and never by its name."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ..core.errors import Unsupported

HEAD: Final = 64  # bytes that are enough to tell

_PHOTOS: Final = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"BM", "bmp"),
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
    (b"II+\0", "tiff"),
    (b"MM\0+", "tiff"),
    (b"GIF8", "gif"),
)
_HEIC: Final = (b"heic", b"heix", b"heim", b"heis", b"mif1", b"mif2")
_HEIC_MOVING: Final = (b"hevc", b"hevx", b"hevm", b"hevs", b"msf1")
_AVIF: Final = (b"avif", b"avis")

_RAW: Final = (
    (0, b"II*\0\x10\0\0\0CR"),
    (0, b"IIRO"),
    (0, b"IIRS"),
    (0, b"MMOR"),
    (0, b"IIU\0"),
    (0, b"II\x1a\0\0\0HEAPCCDR"),
    (0, b"FUJIFILMCCD-RAW"),
    (0, b"FOVb"),
    (0, b"\0MRM"),
    (4, b"ftypcrx "),
)
_OTHERS: Final = (
    (0, b"8BPS", "a Photoshop document"),
    (0, b"8BPB", "a Photoshop document"),
    (0, b"\xff\x0a", "a JPEG XL photo"),
    (4, b"JXL ", "a JPEG XL photo"),
    (4, b"jP  ", "a JPEG 2000 photo"),
    (0, b"\xff\x4f\xff\x51", "a JPEG 2000 photo"),
    (0, b"\x76\x2f\x31\x01", "an OpenEXR picture"),
    (0, b"#?RADIANCE", "a Radiance picture"),
    (0, b"%PDF", "a PDF document"),
    (0, b"gimp xcf", "a GIMP document"),
    (0, b"<svg", "an SVG drawing"),
    (0, b"\0\0\1\0", "an icon"),
)


def photo_kind(head: bytes, path: Path) -> str | None:
    """The photo format that `head` begins; None where it is none (a video, or nothing).

    Raises `Unsupported` with advice for pictures of a kind that is not processed.
    """
    for at, magic in _RAW:
        if head[at:].startswith(magic):
            raise raw(path)
    for at, magic, name in _OTHERS:
        if head[at:].startswith(magic):
            hint = "export it as JPEG, PNG or TIFF first"
            raise Unsupported(f"is {name}: not processed", path=path, hint=hint)
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[4:8] == b"ftyp":
        return _of_brands(head, path)
    return next((kind for magic, kind in _PHOTOS if head.startswith(magic)), None)


def raw(path: Path) -> Unsupported:
    """The refusal of a camera's raw file."""
    hint = "develop it to JPEG, PNG or TIFF first, with the camera's own program or another"
    return Unsupported("is a camera raw file", path=path, hint=hint)


def _of_brands(head: bytes, path: Path) -> str | None:
    """HEIF names its kind in its brands: the major one, or among the compatible ones."""
    length = min(int.from_bytes(head[:4], "big"), len(head))
    brands = [head[8:12], *(head[i : i + 4] for i in range(16, length - 3, 4))]
    if brands[0] in _AVIF or (brands[0] in (b"mif1", b"miaf") and set(brands) & set(_AVIF)):
        return "avif"
    if brands[0] in _HEIC_MOVING:
        if set(brands) & set(_HEIC):
            return "heif"
        hint = "export it as a video first"
        raise Unsupported("is a moving HEIC picture: not processed", path=path, hint=hint)
    return "heif" if brands[0] in _HEIC else None
