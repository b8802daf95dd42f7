"""What becomes of each kind of photo, for the page of formats: asked of the program, not told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image

from passerby.jobs import Settings, default_output, redact
from passerby.media import probe

from .photos import deep_heic, deep_png, laden, moving, pages, profile, save, smooth

HEAD = ("photo", "becomes", "picture", "pages or frames", "dropped", "said")
Make = Callable[[Path], Path]


def _turned(path: Path) -> Path:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    return save(path, exif=exif)


def _mode(mode: str) -> Make:
    return lambda path: save(path, Image.fromarray(smooth()).convert(mode))


KINDS: tuple[tuple[str, str, Make], ...] = (
    ("JPEG with everything", ".jpg", laden),
    ("JPEG, progressive", ".jpg", lambda p: save(p, progressive=True)),
    ("JPEG, CMYK", ".jpg", _mode("CMYK")),
    ("JPEG, grey", ".jpg", _mode("L")),
    ("JPEG, turned by EXIF", ".jpg", _turned),
    ("JPEG in Display P3", ".jpg", lambda p: save(p, icc_profile=profile())),
    ("PNG with everything", ".png", laden),
    ("PNG, 16 bits", ".png", lambda p: deep_png(p, smooth().astype(np.uint16) * 257)),
    ("PNG, transparent", ".png", _mode("RGBA")),
    ("APNG", ".png", moving),
    ("WebP with everything", ".webp", laden),
    ("WebP, moving", ".webp", moving),
    ("GIF with everything", ".gif", laden),
    ("GIF, moving", ".gif", moving),
    ("TIFF with everything", ".tiff", laden),
    ("TIFF of three pages", ".tiff", lambda p: pages(p, [(64, 48), (30, 90), (64, 48)])),
    ("BMP", ".bmp", save),
    ("HEIC with everything", ".heic", laden),
    ("HEIC, 10 bits", ".heic", deep_heic),
    ("AVIF with everything", ".avif", laden),
)


def rows(folder: Path) -> Iterator[tuple[str, ...]]:
    """A row of `HEAD`'s columns for each kind; every one is redacted and verified on the way.

    Looks for people with whatever finder the jobs have; a test puts a fake one there.
    """
    for number, (name, suffix, make) in enumerate(KINDS):
        path = make(folder / f"{number}{suffix}")
        out = default_output(path)
        report = redact(path, out, Settings(), force=True)
        assert report.passed, report.findings
        made = probe(out)
        planes = "same size" if made.size == probe(path).size else "another size"
        yield (
            name,
            made.container,
            f"{planes}, {made.pixel_format}",
            f"{made.frames}",
            ", ".join(report.dropped) or "-",
            "; ".join(report.notes) or "-",
        )
