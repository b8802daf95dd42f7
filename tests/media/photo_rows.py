"""What becomes of each kind of photo, for the page of formats: asked of the program, not told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import ExifTags, Image

from passerby.jobs import Settings, default_output, redact
from passerby.media import probe

from .photos import (
    deep_heic,
    deep_png,
    exif,
    in_jpeg,
    laden,
    moving,
    noise,
    pages,
    profile,
    save,
    segment,
    smooth,
    xmp,
)  # fmt: skip

HEAD = ("photo", "in", "out", "pictures", "the report's `dropped`", "said")
Make = Callable[[Path], Path]


def _turned(path: Path) -> Path:
    made = Image.Exif()
    made[ExifTags.Base.Orientation] = 6
    return save(path, exif=made)


def _mode(mode: str) -> Make:
    return lambda path: save(path, Image.fromarray(smooth()).convert(mode))


def _as(**options: Any) -> Make:
    return lambda path: save(path, **options)


def _numbered(primaries: int, transfer: int) -> Make:
    return _as(
        matrix_coefficients=0,
        full_range_flag=1,
        color_primaries=primaries,
        transfer_characteristics=transfer,
    )


def _adobe(path: Path) -> Path:
    made = exif()
    made.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.ColorSpace] = 0xFFFF
    made.get_ifd(ExifTags.IFD.Exif)[0xA005] = {1: "R03"}
    return save(path, exif=made)


def _of_a_phone(path: Path) -> Path:
    """With a gain map's mark, a second picture, and a film behind its end."""
    save(path, exif=exif(), xmp=xmp('hdrgm:Version="1.0" GCamera:MotionPhoto="1"'))
    in_jpeg(path, segment(0xE2, b"MPF\0MM\0*\0\0\0\x08"))
    second = path.with_name("second.jpg")
    data = save(second).read_bytes()
    second.unlink()
    path.write_bytes(path.read_bytes() + data + b"\0\0\0\x18ftypmp42" + bytes(64))
    return path


def _cut(make: Make) -> Make:
    def broken(path: Path) -> Path:
        data = make(path).read_bytes()
        path.write_bytes(data[: len(data) * 7 // 10])
        return path

    return broken


def _grainy(path: Path) -> Path:
    return save(path, Image.fromarray(noise(3, 320, 640) // 3))


KINDS: tuple[tuple[str, str, Make], ...] = (
    ("JPEG with everything", ".jpg", laden),
    ("JPEG of a phone", ".jpg", _of_a_phone),
    ("JPEG, progressive", ".jpg", _as(progressive=True)),
    ("JPEG, 4:2:0", ".jpg", _as(subsampling="4:2:0")),
    ("JPEG, CMYK", ".jpg", _mode("CMYK")),
    ("JPEG, grey", ".jpg", _mode("L")),
    ("JPEG, turned by EXIF", ".jpg", _turned),
    ("JPEG in Display P3, by its profile", ".jpg", _as(icc_profile=profile())),
    ("JPEG in Adobe RGB, by EXIF", ".jpg", _adobe),
    ("JPEG that breaks off", ".jpg", _cut(_grainy)),
    ("PNG with everything", ".png", laden),
    ("PNG, 16 bits", ".png", lambda p: deep_png(p, smooth().astype(np.uint16) * 257)),
    ("PNG, transparent", ".png", _mode("RGBA")),
    ("PNG, palette", ".png", _mode("P")),
    ("PNG that breaks off", ".png", _cut(_grainy)),
    ("APNG", ".png", moving),
    ("WebP with everything", ".webp", laden),
    ("WebP that breaks off", ".webp", _cut(_grainy)),
    ("WebP, moving", ".webp", moving),
    ("GIF with everything", ".gif", laden),
    ("GIF, moving", ".gif", moving),
    ("GIF, moving, that breaks off", ".gif", _cut(moving)),
    ("TIFF with everything", ".tiff", laden),
    ("TIFF of three pages", ".tiff", lambda p: pages(p, [(64, 48), (30, 90), (64, 48)])),
    ("BMP", ".bmp", save),
    ("HEIC with everything", ".heic", laden),
    ("HEIC, 10 bits", ".heic", deep_heic),
    ("HEIC in Display P3, by number", ".heic", _numbered(12, 13)),
    ("HEIC, HDR (PQ)", ".heic", _numbered(9, 16)),
    ("HEIC, HDR (HLG)", ".heic", _numbered(9, 18)),
    ("HEIC that breaks off", ".heic", _cut(_grainy)),
    ("AVIF with everything", ".avif", laden),
    ("AVIF, moving", ".avif", lambda p: moving(p, quality=90)),
)


def rows(folder: Path) -> Iterator[tuple[str, ...]]:
    """A row of `HEAD`'s columns for each kind; every one is redacted and verified on the way.

    Looks for people with whatever finder the jobs have; a test puts a fake one there.
    """
    for number, (name, suffix, make) in enumerate(KINDS):
        path = make(folder / f"{number}{suffix}")
        out = default_output(path)
        asked = Settings(accept_damaged="breaks off" in name)
        report = redact(path, out, asked, force=True)
        assert report.passed, report.findings
        was, now = probe(path, accept_damaged=asked.accept_damaged), probe(out)
        yield (
            name,
            f"{was.size.width}x{was.size.height}, {was.pixel_format}",
            f"{now.container}, {now.size.width}x{now.size.height}, {now.pixel_format}",
            str(now.frames),
            ", ".join(report.dropped) or "-",
            "; ".join(report.notes) or "-",
        )
