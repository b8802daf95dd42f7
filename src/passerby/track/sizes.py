"""The smallest thing to search for, as a person asked: looks become finer for it, or cheaper.

A network finds what is `Traits.found` of its own pixels high nearly always, so how small a thing is
in the picture says at which scale to look. How often every place is searched so finely stays as the
settings say: where a fine look takes more tiles, more of them are looked at in one go.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

from ..core.geometry import Size
from . import looks
from .photo import PhotoSettings
from .settings import FollowSettings

ENLARGED: Final = 4.0  # the most that a picture is enlarged: beyond, there is nothing more to see
LEAST: Final = 320  # network pixels of a picture's long side, however large the things
APART: Final = 1.2  # scales of a photo that are nearer to each other show the same


def searching(how: FollowSettings, size: Size, smallest: float) -> FollowSettings:
    """`how`, so that things of `smallest` display pixels are found in a film of this size."""
    scale, long = _scale(how.traits.found, smallest), max(size.width, size.height)
    side = math.ceil(scale * long)
    finer = replace(how, fine=side, enlarge=scale, coarse=min(how.coarse, max(LEAST, side)))
    tiles = len(list(looks.tiles(size, looks.fine_scale(size, finer), finer.coarse)))
    at_once = math.floor(tiles * how.interval / how.fine_interval)  # so some are due at every look
    return replace(finer, tiles_at_once=max(how.tiles_at_once, at_once))


def searching_photo(how: PhotoSettings, size: Size, smallest: float) -> PhotoSettings:
    """`how`, so that things of `smallest` display pixels are found in a photo of this size."""
    scale, long = _scale(how.traits.found, smallest), max(size.width, size.height)
    enough = tuple(s for s in how.sides if min(how.enlarge, s / long) * APART < scale)
    return replace(
        how,
        sides=tuple(min(s, math.floor(how.enlarge * long)) for s in enough),
        enlarge=max(how.enlarge, scale),
        smallest=how.traits.found / scale,
    )


def _scale(found: float, smallest: float) -> float:
    return min(ENLARGED, found / smallest)
