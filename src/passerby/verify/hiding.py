"""Signs that something was hidden weakly, by whatever tool, in a file whose original isn't there.

- A mosaic with many tiles (`grids`).
- A blur through which other eyes still see a face (`softness`): that it is far softer than what is
  around it tells a blur from a lens, and that a face is seen at all tells that it is too weak.
- A cover that is missing for some frames in which other eyes see a face (`gaps`).

Note [where]: mosaics are searched for everywhere, blurs and gaps only where other eyes see a face.
A place that is merely smooth says nothing: pictures are full of them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from statistics import median
from typing import Final

from ..core.frame import Frame, Picture
from ..core.geometry import Box, Size
from ..core.time import Clock, Pulse, Span, Ticks
from .episodes import Episode
from .eyes import HALF, Sighting, same
from .findings import Finding
from .gaps import gap
from .grids import grids
from .softness import Softness, softness
from .views import share

FLOOR: Final = 8.5  # tiles along the shorter side of a mosaic, from which it is too fine
EVERY: Final = Fraction(1, 3)  # seconds between searches for mosaics
LONG: Final = 1920  # pixels of the longer side at which they are searched for
SMALL: Final = 1000  # the same for gaps
REACH: Final = Fraction(1, 2)  # seconds before and after a sighting in which a cover is looked for
MOST: Final = 15  # frames, at most, that this may be
ENOUGH: Final = 1 / 3  # of the views of a face
AGAIN: Final = 2  # searches in which a film's mosaic must be found


@dataclass(frozen=True, slots=True)
class Mosaic:
    """One mosaic. `box`, `last`: where first and last; `tiles`: along its shorter side, in each
    search that found it."""

    at: Ticks
    box: Box
    last: Box
    tiles: tuple[float, ...]

    @property
    def across(self) -> float:
        return median(self.tiles)

    def finding(self) -> Finding:
        """For a person."""
        what = (
            f"a mosaic of about {self.across:.0f} tiles across, which keeps enough of a face to "
            f"match it{_times(len(self.tiles))}"
        )
        return Finding("hiding.mosaic", what, self.at, self.box, self.across)

    def note(self) -> str:
        """For a person, where the mosaic is as coarse as ours."""
        return (
            f"something is hidden by a mosaic of about {self.across:.0f} tiles across, which keeps "
            "a little of it"
        )


@dataclass(frozen=True, slots=True)
class Gap:
    """Frames in which a cover is missing. `at`: the first of them."""

    at: Ticks
    count: int
    box: Box

    def finding(self) -> Finding:
        """For a person."""
        frames = "one frame" if self.count == 1 else f"{self.count} frames"
        what = (
            f"what hides a place is missing in {frames}, and other eyes see a face of "
            f"{self.box.height:.0f} px there"
        )
        return Finding("hiding.gaps", what, self.at, self.box)


class Hiding:
    """Is shown every frame of the output in order, after other eyes were. `clock`: of the spans.
    `still`: pages of a photo, between which time means nothing."""

    def __init__(self, clock: Clock, *, still: bool = False) -> None:
        self._every, self._reach = clock.ticks(EVERY), clock.ticks(REACH)
        self._still = still
        self._pulse, self._looked_at = Pulse(clock), Ticks(-(2**62))
        self._searches = 0
        self._mosaics: list[Mosaic] = []
        self._soft: dict[Sighting, Softness] = {}
        self._recent: deque[tuple[Span, Picture]] = deque()
        self._waiting: list[Sighting] = []
        self._gaps: list[Gap] = []

    def see(
        self, frame: Frame, span: Span, hidden: Sequence[Box], sightings: Sequence[Sighting]
    ) -> None:
        """`span`: as other eyes were told; `hidden`: what the plan hides, if there is one;
        `sightings`: that are new since the last frame."""
        here = [sighting for sighting in sightings if sighting.span == span]
        moment = self._pulse.at(span.start)
        search = self._still or moment - self._looked_at >= self._every
        if search or here:
            halvings = _halvings(frame.size, LONG)
            luma, scale = frame.luma(halvings), 2.0**halvings
            for sighting in here:
                self._soft[sighting] = softness(luma, _scaled(sighting.box, 1 / scale))
            if search:
                self._looked_at = moment
                self._searches += 1
                for grid in grids(luma):
                    self._found(span, _scaled(grid.box, scale), grid.across, hidden)
        if not self._still:
            self._remembered(frame, span, sightings)

    def _found(self, span: Span, box: Box, across: float, hidden: Sequence[Box]) -> None:
        if share(box, hidden) >= HALF:
            return
        for number, mosaic in enumerate(self._mosaics):
            if same(mosaic.last, box):
                tiles = (*mosaic.tiles, across)
                self._mosaics[number] = Mosaic(mosaic.at, mosaic.box, box, tiles)
                return
        self._mosaics.append(Mosaic(span.start, box, box, (across,)))

    def _remembered(self, frame: Frame, span: Span, sightings: Sequence[Sighting]) -> None:
        luma = frame.luma(_halvings(frame.size, SMALL)).copy()
        self._scale = frame.size.width / luma.shape[1]
        if self._recent and self._recent[-1][1].shape != luma.shape:
            self._settle(Ticks(2**62))
            self._recent.clear()
        self._recent.append((span, luma))
        self._waiting += sightings
        if len(self._recent) > 2 * MOST + 1:
            self._recent.popleft()
        late = len(self._recent) > MOST
        until = self._recent[-MOST][0].start if late else Ticks(-(2**62))
        self._settle(max(until, Ticks(span.start - self._reach)))

    def _settle(self, until: Ticks) -> None:
        """Decides about sightings before that tick."""
        due = [sighting for sighting in self._waiting if sighting.span.start < until]
        self._waiting = [sighting for sighting in self._waiting if sighting.span.start >= until]
        spans = [span for span, _ in self._recent]
        for sighting in due:
            if sighting.span not in spans:
                continue
            at = spans.index(sighting.span)
            near = [
                number
                for number, span in enumerate(spans)
                if abs(span.start - sighting.span.start) <= self._reach
            ]
            frames = [self._recent[number][1] for number in near]
            found = gap(frames, at - near[0], _scaled(sighting.box, 1 / self._scale))
            if found is not None:
                first, last = found
                at_first = spans[near[0] + first].start
                if not any(g.at == at_first and same(g.box, sighting.box) for g in self._gaps):
                    self._gaps.append(Gap(at_first, last - first + 1, sighting.box))

    def findings(self, episodes: Iterable[Episode]) -> Iterator[Finding]:
        """After the last frame: what was found, with what other eyes saw."""
        self._settle(Ticks(2**62))
        yield from (one.finding() for one in self._gaps)
        yield from (one.finding() for one in self._told() if one.across > FLOOR)
        for episode in episodes:
            finding = self._blurred(episode)
            if finding is not None:
                yield finding

    def notes(self) -> list[str]:
        """After the last frame: what is hidden as strongly as can be asked of its kind."""
        coarse = [one for one in self._told() if one.across <= FLOOR]
        return [coarse[0].note()] if coarse else []

    def _told(self) -> list[Mosaic]:
        """Mosaics that were found often enough."""
        least = 1 if self._still else min(AGAIN, self._searches)
        return [mosaic for mosaic in self._mosaics if len(mosaic.tiles) >= least]

    def _blurred(self, episode: Episode) -> Finding | None:
        """What to say of a face that is blurred on purpose in enough views: the boxes in which a
        blurred face is seen often reach beyond the blur."""
        judged = {one: self._soft[one] for one in episode.sightings if one in self._soft}
        soft = {one: its for one, its in judged.items() if its.on_purpose}
        if not soft or len(soft) < ENOUGH * len(judged):
            return None
        best = max(soft, key=lambda one: one.score)
        what = (
            f"a face of {best.box.height:.0f} px is blurred by about "
            f"{min(1.0, soft[best].share):.0%} of its width, so little that other eyes still see it"
            f"{_times(len(soft))}"
        )
        return Finding("hiding.blur", what, best.span.start, best.box, best.score)


def _times(count: int) -> str:
    return "" if count == 1 else f", seen in {count} frames"


def _halvings(size: Size, long: int) -> int:
    """How often to halve so that the longer side is at most so many samples."""
    halvings = 0
    while max(size.width, size.height) >> halvings > long:
        halvings += 1
    return halvings


def _scaled(box: Box, by: float) -> Box:
    return Box(*(by * edge for edge in box.corners))
