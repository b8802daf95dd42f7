"""What an operator may know of a camera without knowing anybody: numbers a minute, and its view.

Note [heads, not covers]: one head can have two covers for a moment, where it was lost and found or
turned away. Covers that overlap by much count once, and what is counted is the median of a second.

Note [minutes only]: how many there are at one moment can tell that one person came home. So nothing
is told of a moment: of each whole minute the mean, in tenths, and the most, without any time in it.
No track, no place and no picture leaves this file.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from statistics import median_low
from typing import Final

from ..core.errors import DetectorError
from ..core.frame import Frame, Picture
from ..core.geometry import Box, Size
from ..core.live import Arrival, Outlet
from ..core.ports import Redactor
from ..core.schedule import Region
from ..detect.census import Census
from ..engine.ending import ending
from ..track.scene import Scene, View

MINUTE: Final = 60.0  # seconds
LOOK: Final = 2.0  # seconds between two looks at the view, and between two counts
_STEADY: Final = 1.0  # seconds of which a count is the median
_SAME: Final = 0.25  # of the smaller of two covers that lies in the other, from which they are one
_SIDE: Final = 640  # pixels of a picture that is counted in
_WIDE: Final = 160  # pixels that are left of a picture's width, or twice as many, for its view


class Minutes:
    """Means and maxima of the last whole minute."""

    def __init__(self, minute: float) -> None:
        self._minute = minute
        self._since: float | None = None
        self._values: dict[str, tuple[int, float, float]] = {}  # how many, their sum, the most
        self._told: dict[str, float] = {}
        self._count = 0
        self._lock = threading.Lock()

    def add(self, name: str, value: float, now: float) -> None:
        with self._lock:
            self._turn(now)
            count, total, most = self._values.get(name, (0, 0.0, 0.0))
            self._values[name] = (count + 1, total + value, max(most, value))

    def told(self, now: float) -> dict[str, float]:
        """Empty before the first whole minute; nothing of what was not counted in the last one.

        `minutes`: how many there were.
        """
        with self._lock:
            self._turn(now)
            return dict(self._told)

    def _turn(self, now: float) -> None:
        if self._since is None:
            self._since = now
        passed = (now - self._since) // self._minute
        if passed < 1:
            return
        self._since += passed * self._minute
        values, self._values = self._values, {}
        self._count += int(passed)
        self._told = {"minutes": self._count}
        for name, (count, total, most) in values.items() if passed < 2 else ():
            self._told |= {f"{name}_mean": round(total / count, 1), f"{name}_most": most}


class Gauges:
    """Stands before a painter and an outlet, and beside a camera, and counts what goes by."""

    def __init__(
        self,
        redactor: Redactor,
        outlet: Outlet,
        census: Census | None = None,
        *,
        minute: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._redactor, self._outlet, self._census, self._clock = redactor, outlet, census, clock
        self._minutes = Minutes(minute or MINUTE)
        self._hidden = 0
        self._lately = deque[tuple[float, int]]()  # when, and how many
        self._scene, self._view = Scene(), View()
        self._pictures: queue.Queue[Picture] = queue.Queue(1)
        self._looked = float("-inf")
        if census is not None:
            threading.Thread(target=self._count, args=(census,), name="count", daemon=True).start()

    def numbers(self) -> dict[str, float]:
        view = self._view
        return {
            **self._minutes.told(self._clock()),
            "view_covered": int(view.covered),
            "view_moved": int(view.moved),
            "view_dark": int(view.dark),
        }

    # Beside the camera, in its thread: nobody has painted yet.

    def passing(self, arrivals: Iterable[Arrival]) -> Iterator[Arrival]:
        with ending(arrivals):
            for arrival in arrivals:
                now = self._clock()
                if arrival.clean and now - self._looked >= LOOK:
                    self._looked = now
                    self._see(arrival.frame)
                yield arrival

    def _see(self, frame: Frame) -> None:
        size = frame.size
        self._view = self._scene.see(frame.luma(max(0, (size.width // _WIDE).bit_length() - 1)))
        if self._census is not None:
            share = min(1.0, _SIDE / max(size.width, size.height))
            small = Size(max(1, round(size.width * share)), max(1, round(size.height * share)))
            with suppress(queue.Full):
                self._pictures.put_nowait(frame.picture(small))

    def _count(self, census: Census) -> None:
        while True:
            picture = self._pictures.get()
            with suppress(DetectorError):  # there is no number then, and all else goes on
                found = census.count(picture)
                now = self._clock()
                self._minutes.add("people", found.people, now)
                self._minutes.add("vehicles", found.vehicles, now)

    # Before the painter and the outlet.

    def redact(self, frame: Frame, regions: Sequence[Region]) -> None:
        found = [region for region in regions if region.track >= 0]  # not what was drawn
        kinds = ("face", "person")
        self._hidden = max(apart([r.box for r in found if r.kind == kind]) for kind in kinds)
        self._redactor.redact(frame, regions)

    def shape(self, frame: Frame) -> None:
        self._outlet.shape(frame)

    def show(self, frame: Frame, moment: float, halvings: int = 0) -> None:
        now = self._clock()
        self._lately.append((now, self._hidden))
        while now - self._lately[0][0] > _STEADY:
            self._lately.popleft()
        self._minutes.add("heads", median_low(count for _, count in self._lately), now)
        self._hidden = 0
        self._outlet.show(frame, moment, halvings)

    def curtain(self, moment: float) -> None:
        self._hidden = 0
        self._outlet.curtain(moment)


def apart(covers: Sequence[Box]) -> int:
    """How many things `covers` hide: two that overlap by much hide the same."""
    counted = list[Box]()
    for box in sorted(covers, key=lambda box: -box.area):
        if all(_shared(box, other) < _SAME * box.area for other in counted):
            counted.append(box)
    return len(counted)


def _shared(a: Box, b: Box) -> float:
    wide, high = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
    return max(0.0, wide) * max(0.0, high)
