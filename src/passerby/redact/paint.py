"""The painter: regions in display pixels -> paint on a frame's own planes."""

from __future__ import annotations

from collections.abc import Sequence

from ..core.frame import Frame, Plane
from ..core.geometry import Box, Size
from ..core.schedule import Region, Style
from .styles import blur, mosaic, solid
from .veil import veil


class Paint:
    """A `core.ports.Redactor`.

    `snap`: regions grow outwards to multiples of so many stored pixels (1 leaves them alone).
    A JPEG spreads a face over every block that it touches, so a photo asks for its block size:
    8, or 16 where chroma is halved. `reach`: pixels that they grow beyond that: a decoder that
    doubles halved chroma smoothly lets a block's colour shine a pixel into the next.

    What is promised, exactly and before encoding: two frames that differ only inside `veil` and
    `solid` regions are painted alike, and nothing outside the regions changes. `mosaic` and
    `blur` keep a coarse picture of what they cover; a trained eye or model can match it.
    """

    def __init__(self, snap: int = 1, reach: int = 0) -> None:
        if snap < 1:
            raise ValueError(f"snap to a whole number of pixels, at least 1, got {snap}")
        if reach < 0:
            raise ValueError(f"regions grow, they don't shrink: reach {reach}")
        self._snap, self._reach = snap, reach

    def redact(self, frame: Frame, regions: Sequence[Region]) -> None:
        """Paint `regions` onto `frame`, in place; without regions nothing is copied."""
        if not regions:
            return
        shown, orientation = frame.size, frame.orientation
        boxes = [self._snapped(orientation.to_stored(r.box, shown)) for r in regions]
        styles = [r.style for r in regions]
        stored = orientation.stored(shown)
        planes = frame.writable()

        # First what keeps nothing, then what keeps a little. The latter looks at the painted
        # planes, so it can't carry anything out of a veil. Then the first again, for overlaps.
        covers = veil(planes, stored, _of(Style.VEIL, boxes, styles), boxes)
        covers += solid(planes, stored, _of(Style.SOLID, boxes, styles))
        for cover in covers:
            cover.apply()
        weak = [(b, s) for b, s in zip(boxes, styles, strict=True) if not s.keeps_nothing]
        if weak:
            _soften(planes, stored, weak)
            for cover in covers:
                cover.apply()

    def _snapped(self, box: Box) -> Box:
        n, reach = self._snap, self._reach
        if not box.area:
            return box
        if n > 1:
            x0, y0, x1, y1 = box.corners
            box = Box(x0 // n * n, y0 // n * n, -(-x1 // n) * n, -(-y1 // n) * n)
        return box.grown(reach, reach)


def _of(style: Style, boxes: Sequence[Box], styles: Sequence[Style]) -> list[Box]:
    return [box for box, its in zip(boxes, styles, strict=True) if its is style]


def _soften(planes: Sequence[Plane], stored: Size, weak: Sequence[tuple[Box, Style]]) -> None:
    """Mosaic and blur, small before large: where two overlap, the stronger has the last word.

    Each looks at what the ones before it painted, so none brings back what another took away.
    """
    for box, style in sorted(weak, key=_weight):
        for plane in planes:
            cells = box.cells(stored, plane.grid)
            if cells is not None:
                (mosaic if style is Style.MOSAIC else blur)(plane, cells, _side(box))


def _weight(entry: tuple[Box, Style]) -> tuple[float, tuple[float, ...], Style]:
    """An order of painting that does not depend on the order of the regions."""
    box, style = entry
    return _side(box), box.corners, style


def _side(box: Box) -> float:
    """The shorter side in pixels, also of a face that the picture's edge cuts; at least 1."""
    return max(1.0, min(box.width, box.height))
