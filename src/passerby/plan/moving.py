"""A box that a person moved by hand, and where it is in a frame."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from ..core.geometry import Box
from ..core.schedule import Region, Style
from ..core.time import Span, Ticks
from .fields import Place
from .policy import style_of
from .shapes import part_of


@dataclass(frozen=True, slots=True)
class Moving:
    """Hidden from the first key's tick to `end`; straight between keys, still after the last.

    `style` as it was asked for; `track`: the number of its regions, below zero.
    """

    ats: tuple[int, ...]
    boxes: tuple[Box, ...]
    end: int
    style: Style
    kind: str
    track: int

    @classmethod
    def of(
        cls,
        keys: Sequence[Place],
        end: int,
        *,
        style: Style,
        kind: str,
        track: int,
        share: Box | None = None,
    ) -> Moving:
        """`share` of the box, if not all of it: straight between keys, as the box itself."""
        ats = tuple(at for at, *_ in keys)
        places = (Box(*corners) for _, *corners in keys)
        boxes = tuple((p if share is None else part_of(p, share)).snapped() for p in places)
        return cls(ats, boxes, end, style_of(style, kind), kind, track)

    @property
    def span(self) -> Span:
        return Span(Ticks(self.ats[0]), Ticks(self.end))

    @property
    def region(self) -> Region:
        """At its first key: one place that stands for all."""
        return Region(self.boxes[0], self.style, self.kind, self.track)

    def during(self, span: Span) -> Region | None:
        """All that it covers while a frame is shown; None when it is not there."""
        if not self.span.touches(span):
            return None
        start, last = max(span.start, self.ats[0]), min(span.end, self.end) - 1
        cover = self._at(start).hull(self._at(last))
        for key in range(bisect_left(self.ats, start), bisect_right(self.ats, last)):
            cover = cover.hull(self.boxes[key])
        return Region(cover.snapped(), self.style, self.kind, self.track)

    def _at(self, at: int) -> Box:
        after = bisect_right(self.ats, at)
        if after == len(self.ats):
            return self.boxes[-1]
        before = after - 1
        since, until = self.ats[before], self.ats[after]
        return self.boxes[before].mixed(self.boxes[after], (at - since) / (until - since))
