"""Count what is hidden while it passes by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from ..core.frame import Frame
from ..core.geometry import Size
from ..core.schedule import Region
from ..engine.ending import ending


class Tally:
    """How much of how many frames was covered; filled by `counted`."""

    def __init__(self) -> None:
        self.frames = self.frames_hidden_in = self.regions = 0
        self._tracks: set[int] = set()
        self._pixels = self._covered = 0

    @property
    def covered(self) -> float:
        """Share of all pixels of all frames that lie in regions."""
        return self._covered / self._pixels if self._pixels else 0.0

    @property
    def tracks(self) -> int:
        """How many tracks were covered anywhere; places that people hid by hand are none."""
        return len(self._tracks)

    def counted(
        self, pairs: Iterable[tuple[Frame, Sequence[Region]]]
    ) -> Iterator[tuple[Frame, Sequence[Region]]]:
        """Yield `pairs` unchanged."""
        with ending(pairs):
            for frame, regions in pairs:
                self.frames += 1
                self.frames_hidden_in += bool(regions)
                self.regions += len(regions)
                self._tracks.update(region.track for region in regions if region.track >= 0)
                self._pixels += frame.size.area
                self._covered += union_area(regions, frame.size)
                yield frame, regions


def union_area(regions: Sequence[Region], size: Size) -> int:
    """Whole pixels of a picture that at least one region touches."""
    cells = [cell for region in regions if (cell := region.box.cells(size)) is not None]
    if not cells:
        return 0
    rows = np.unique([edge for row, _ in cells for edge in (row.start, row.stop)])
    cols = np.unique([edge for _, col in cells for edge in (col.start, col.stop)])
    hit = np.zeros((len(rows), len(cols)), bool)
    for row, col in cells:
        r0, r1 = np.searchsorted(rows, (row.start, row.stop))
        c0, c1 = np.searchsorted(cols, (col.start, col.stop))
        hit[r0:r1, c0:c1] = True
    areas = np.outer(np.diff(rows), np.diff(cols))
    return int(areas[hit[:-1, :-1]].sum())
