"""What a sink needs to know of how a picture was stored."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Grain:
    """How a picture was stored, and in `notes` what was changed in reading it.

    `subsampling`: of a JPEG's chroma. `loop`: how often a moving picture plays, 0 for ever.
    """

    subsampling: str = "4:2:0"
    lossless: bool = False
    notes: tuple[str, ...] = ()
    loop: int = 1
