"""Pixel formats: which are planes that can be looked at and painted as they are, and what the
nearest such format is for the others."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Final

from av.video.format import VideoFormat

_YUV: Final = re.compile(
    r"yuv(?P<j>j?)(?P<a>a?)(?P<sub>410|411|420|422|440|444)p(?P<bits>\d*)(le)?$"
)
_GRAY: Final = re.compile(r"gray(?P<bits>\d*)(le)?$")
_GBR: Final = re.compile(r"gbr(?P<a>a?)p(?P<bits>\d*)(le)?$")
_GRIDS: Final = {
    "410": (4, 4), "411": (4, 1), "420": (2, 2), "422": (2, 1), "440": (1, 2), "444": (1, 1),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Layout:
    """How a planar format is stored.

    `model`: "yuv", "rgb" or "gray". `order`: the native plane behind each of ours (ours are
    Y U V A, R G B A, or one gray). `grid`: chroma's sample in pixels. `depth`: bits.
    """

    model: str
    order: tuple[int, ...]
    grid: tuple[int, int]
    depth: int
    full_range: bool
    alpha: bool


@cache
def layout(name: str) -> Layout | None:
    """The layout of pixel format `name`; None when its planes can't be painted as they are."""
    if found := _YUV.match(name):
        alpha = bool(found["a"])
        planes = (0, 1, 2, 3) if alpha else (0, 1, 2)
        depth = int(found["bits"] or 8)
        return Layout("yuv", planes, _GRIDS[found["sub"]], depth, bool(found["j"]), alpha)
    if found := _GRAY.match(name):
        return Layout("gray", (0,), (1, 1), int(found["bits"] or 8), False, False)
    if found := _GBR.match(name):
        alpha = bool(found["a"])
        planes = (2, 0, 1, 3) if alpha else (2, 0, 1)
        return Layout("rgb", planes, (1, 1), int(found["bits"] or 8), True, alpha)
    return None


@cache
def planar(name: str) -> str:
    """The planar format that loses nothing of `name`; `name` itself if it is one."""
    if layout(name) is not None:
        return name
    if name.startswith("bayer"):
        return "gbrp" if name.endswith("8") else "gbrp16le"
    if name.startswith(("gbrpf", "gbrapf", "rgbf", "rgbaf", "grayf", "yaf")):
        if name.startswith(("gbrapf", "rgbaf", "yaf")):
            return "gbrap16le"
        return "gray16le" if name.startswith("gray") else "gbrp16le"
    whole = VideoFormat(name, 64, 64)
    bits = max((c.bits for c in whole.components), default=8)
    suffix = "" if bits <= 8 else f"{next(d for d in (9, 10, 12, 14, 16) if d >= bits)}le"
    if whole.has_palette or any(c.is_alpha for c in whole.components):
        deep = "" if bits <= 8 else f"{next(d for d in (10, 12, 16) if d >= bits)}le"
        yuv = not (whole.has_palette or whole.is_rgb) and len(whole.components) == 4
        return f"yuva444p{deep}" if yuv else f"gbrap{deep}"
    if whole.is_rgb or name.startswith("xyz"):
        return f"gbrp{suffix}"
    if len(whole.components) < 3:
        return f"gray{suffix}"
    chroma = whole.components[1]
    grid = (64 // chroma.width, 64 // chroma.height)
    sub = next((s for s, g in _GRIDS.items() if g == grid), "444")
    best = f"yuv{sub}p{suffix}"
    return best if best in _known() else f"yuv444p{suffix}"


@cache
def _known() -> frozenset[str]:
    names = {f"yuv{s}p{b}" for s in _GRIDS for b in ("", "9le", "10le", "12le", "14le", "16le")}
    found = set()
    for name in names:
        try:
            VideoFormat(name, 16, 16)
        except ValueError:
            continue
        found.add(name)
    return frozenset(found)
