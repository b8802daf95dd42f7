"""The painter: regions in display pixels -> paint on a frame's own planes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ..core.frame import Frame, Plane
from ..core.geometry import Box, Orientation, Size
from ..core.ports import Silhouettes
from ..core.schedule import Region, Style
from .figure import Figure, bits_of, draw, is_head, visible
from .styles import blur, mosaic, solid
from .veil import veil

VEILED: Final = (Style.VEIL, Style.FIGURE)
WEAK: Final = (Style.MOSAIC, Style.BLUR)


class Paint:
    """A `core.ports.Redactor`.

    `snap`: regions grow outwards to multiples of so many stored pixels (1 leaves them alone).
    A JPEG spreads a face over every block that it touches, so a photo asks for its block size:
    8, or 16 where chroma is halved. `reach`: pixels that they grow beyond that: a decoder that
    doubles halved chroma smoothly lets a block's colour shine a pixel into the next.

    `silhouettes`: who tells the shapes of people, for `figure`; without, the veil stays alone.

    What is promised, exactly and before encoding: two frames that differ only inside `veil` and
    `solid` regions are painted alike, and nothing outside the regions changes. `mosaic` and
    `blur` keep a coarse picture of what they cover; a trained eye or model can match it. A `figure`
    keeps the bits of a coarse shape: frames that agree in those as well are painted alike.
    """

    def __init__(
        self, snap: int = 1, reach: int = 0, silhouettes: Silhouettes | None = None
    ) -> None:
        if snap < 1:
            raise ValueError(f"snap to a whole number of pixels, at least 1, got {snap}")
        if reach < 0:
            raise ValueError(f"regions grow, they don't shrink: reach {reach}")
        self._snap, self._reach, self._silhouettes = snap, reach, silhouettes

    def redact(self, frame: Frame, regions: Sequence[Region]) -> None:
        """Paint `regions` onto `frame`, in place; without regions nothing is copied."""
        if not regions:
            return
        shown, orientation = frame.size, frame.orientation
        boxes = [self._snapped(orientation.to_stored(r.box, shown)) for r in regions]
        styles = [r.style for r in regions]
        stored = orientation.stored(shown)
        figures = self._figures(frame, regions)
        planes = frame.writable()

        # First what keeps nothing, then what keeps a little. The latter looks at the painted
        # planes, so it can't carry anything out of a veil. Then the first again, for overlaps.
        veiled = [b for b, s in zip(boxes, styles, strict=True) if s in VEILED]
        covers = veil(planes, stored, veiled, boxes)
        covers += solid(planes, stored, _of(Style.SOLID, boxes, styles))
        for cover in covers:
            cover.apply()
        weak = [(b, s) for b, s in zip(boxes, styles, strict=True) if s in WEAK]
        if weak:
            _soften(planes, stored, weak)
            for cover in covers:
                cover.apply()
        if figures:
            heads = {head for figure in figures for head in figure.heads}
            plain = [
                box
                for box, r in zip(boxes, regions, strict=True)
                if r.style is not Style.FIGURE and not (_may_be_head(r) and r.box in heads)
            ]
            _stand(planes, stored, orientation, figures, plain)

    def _figures(self, frame: Frame, regions: Sequence[Region]) -> list[Figure]:
        """Whom to draw, the small before the large, as the frame shows them before it is painted.

        A face that is somebody's head is drawn with whoever's region it lies in.
        """
        asked = [r.box for r in regions if r.style is Style.FIGURE]
        if self._silhouettes is None or not asked:
            return []
        parts = [part for box in asked if (part := visible(box, frame.size)) is not None]
        parts = sorted(dict.fromkeys(parts), key=lambda part: (part.area, part.corners))
        if not parts:
            return []
        maps = self._silhouettes.likely(frame, parts)
        faces = [r.box for r in regions if _may_be_head(r)]
        found = []
        for part, likely in zip(parts, maps, strict=True):
            bits = bits_of(likely, part)
            if bits is not None:
                heads = tuple(sorted((f for f in faces if is_head(f, part)), key=_corners))
                found.append(Figure(part, bits, heads))
        return found

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


def _may_be_head(region: Region) -> bool:
    """A face that was found; a place that a person pointed at (below 0) stays plain."""
    return region.kind == "face" and region.style is Style.VEIL and region.track >= 0


def _corners(box: Box) -> tuple[float, ...]:
    return box.corners


def _stand(
    planes: Sequence[Plane],
    stored: Size,
    orientation: Orientation,
    figures: Sequence[Figure],
    plain: Sequence[Box],
) -> None:
    """Draws the figures; what is `plain`, of which nothing is to be kept, stays as it was."""
    under = [
        (plane, cells, plane.pixels[cells].copy())
        for plane in planes
        for box in plain
        if (cells := box.cells(stored, plane.grid)) is not None
    ]
    for figure in figures:
        draw(planes, stored, figure, orientation)
    for plane, cells, values in under:
        plane.pixels[cells] = values


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
