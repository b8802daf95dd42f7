"""Other eyes on the finished film or photo: do faces show outside what the plan hides or keeps?

The detector is of another family than the one that made the plan, and looks in ways in which that
one did not: at more pixels, with a lower threshold, mirrored, turned, brightened. What it takes for
a face at first sight goes before a jury (`views.agreement`).

Note [which frames]: the whole picture is looked at several times a second, each time also in one
other way. In frames between, only places are looked at where a face may show for a moment: where
the picture changes suddenly, where a cover has just ended, and where one is about to begin.

Note [veils look like eyes]: a few veiled heads make a large face to a network, with a veil for each
eye. So the more of a sighting is hidden, and the more covers have their middle in it, the surer the
jury must be; if half of it is hidden, it is none. That holds only where somebody compares what is
inside with the original: without one, a plan says what was to be hidden, and not that it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np

from ..core.detection import Detections
from ..core.errors import UsageError
from ..core.frame import Frame, Picture
from ..core.geometry import Box, Size
from ..core.ports import Detector, Look
from ..core.schedule import Region
from ..core.time import Clock, Pulse, Span, Ticks
from .kernels import Reals, changes, sudden
from .views import SAME, Candidate, View, agreement, around, seen, share

SURE: Final = 0.45  # of a jury: a face, whatever the next frame shows
LIKELY: Final = 0.33  # of a jury: a face if another frame says so too
HALF: Final = 0.5  # hidden to this share, it is none
EACH: Final = 0.15  # of a jury, more for each cover inside
LEAST: Final = 24  # pixels at the network, below which chance makes faces of bricks and leaves
TINY: Final = 0.2  # of a jury, more for such
FIRST: Final = 0.2  # score at first sight
MOST: Final = 10  # candidates of one look that go before the jury, best first

LONG: Final = 1280  # pixels at the network, of the picture's longer side
WIDE: Final = 480  # the same for faces that fill the picture
LARGEST: Final = 2  # a small picture is enlarged up to this
TILE: Final = 1280  # display pixels at full size that are looked at in one go
LAP: Final = 128  # that neighbouring tiles share
FACE: Final = 16  # pixels at the network of the smallest face that is searched for
NEAR: Final = 64  # size at the network of a cover that is looked around
PLACE: Final = 384  # pixels at the network, at most, of a place where something changed
FORGOTTEN: Final = 0.7  # of what a part of the picture usually changes, is left a frame later
SPARE: Final = 8  # looks a second at a whole picture that changes suddenly
PRICE: Final = 0.25  # of such a look, that one at a place costs
RESERVE: Final = 3  # looks that places leave for the whole picture


@dataclass(frozen=True, slots=True)
class Pace:
    """`interval`, `close`: seconds between looks at the whole picture, and at full size.
    `ways`: other ways at each look at the whole picture."""

    interval: Fraction
    close: Fraction
    ways: int


PACES: Final = {
    "fast": Pace(Fraction(1, 4), Fraction(3), 1),
    "balanced": Pace(Fraction(1, 6), Fraction(1), 1),
    "thorough": Pace(Fraction(0), Fraction(1, 4), 2),
}
ONCE: Final = Pace(Fraction(0), Fraction(0), 5)  # a photo: everything


@dataclass(frozen=True, slots=True)
class Way:
    """One way to look at the whole picture."""

    long: int = LONG
    mirrored: bool = False
    turn: int = 0
    gain: float = 1.0


WAYS: Final = (
    Way(mirrored=True),
    Way(long=WIDE),
    Way(gain=2.5),
    Way(turn=1),
    Way(turn=3),
)


@dataclass(frozen=True, slots=True)
class Sighting:
    """A face that shows. `span`: of the original's frame; `score`: the jury's mean, in [0, 1]."""

    span: Span
    box: Box
    score: float


@dataclass(frozen=True, slots=True)
class _Seen:
    """A frame that was looked at and may be asked again."""

    view: View
    span: Span
    moment: Ticks  # by `core.time.Pulse`
    covers: tuple[Region, ...]
    kept: tuple[Region, ...]
    small: Picture


class Eyes:
    """Is shown every frame of the output in order, and collects `sightings`.

    `finders`: families of the detectors that made the plan, of which the checker must not be.
    `clock`: of the spans that are given to `see`. `trusting`: what is to be hidden is taken for
    hidden; else a face that shows there is a sighting, too.
    """

    def __init__(
        self,
        detector: Detector,
        clock: Clock,
        pace: Pace,
        finders: Iterable[str] = (),
        *,
        trusting: bool = True,
    ) -> None:
        if detector.info.family in set(finders):
            raise UsageError(
                f"the checker {detector.info.name} is of the finder's own family, "
                "so it would miss the same faces",
                hint="check with a detector of another family",
            )
        self._detector = detector
        self._interval, self._close = clock.ticks(pace.interval), clock.ticks(pace.close)
        self._ways = pace.ways
        self._trusting = trusting
        self._second = clock.ticks(Fraction(1))
        self._saved = float(self._second)
        self._pulse = Pulse(clock)
        self._counted_at = Ticks(0)
        self._turn = 0
        self._whole_at = self._close_at = Ticks(-(2**62))
        self._usual: Reals | None = None  # how much each part of the picture changes
        self._last: _Seen | None = None
        self._likely: list[Sighting] = []  # in the last frame
        self._size = Size(1, 1)
        self.sightings: list[Sighting] = []
        self.looks: Counter[str] = Counter()

    @property
    def thresholds(self) -> dict[str, float]:
        """For a report."""
        return {"first": FIRST, "likely": LIKELY, "sure": SURE}

    @property
    def smallest(self) -> float:
        """Height in display pixels of the smallest face that was searched for in every part."""
        return FACE / _scale(self._size, LONG)

    def see(
        self, frame: Frame, span: Span, hidden: Sequence[Region], kept: Sequence[Region] = ()
    ) -> None:
        """`span`: of the original's frame; `hidden`, `kept`: what the plan hides in it, and what it
        would hide had nobody decided to keep it."""
        self._size = frame.size
        view = View(frame)
        small = frame.luma(_halvings(frame.size))
        now = _Seen(view, span, self._pulse.at(span.start), tuple(hidden), tuple(kept), small)
        before = self._last
        self._confirmed(now)
        places = None if before is None else self._changed(before, now)
        if before is None or now.moment - self._whole_at >= self._interval:
            candidates = self._everywhere(now)
            self._whole_at = now.moment
        else:
            candidates = self._suddenly(now, places)
        if before is not None:
            candidates += self._ended(before, now)
            self._judged(before, self._beginning(before, now))
        self._judged(now, candidates)
        self._last = now

    def _everywhere(self, now: _Seen) -> list[Candidate]:
        found = self._looked(now, Way())
        for _ in range(self._ways):
            found += self._looked(now, WAYS[self._turn % len(WAYS)])
            self._turn += 1
        if now.moment - self._close_at >= self._close:
            self._close_at = now.moment
            size = now.view.size
            if max(size.width, size.height) > LONG:
                for tile in tiles(size):
                    self.looks["close"] += 1
                    found += self._first(now, Look(1.0, FIRST, tile))
        return found

    def _looked(self, now: _Seen, way: Way) -> list[Candidate]:
        name = "mirrored" if way.mirrored else "turned" if way.turn else "whole"
        self.looks["brightened" if way.gain != 1 else name] += 1
        look = Look(_scale(now.view.size, way.long), FIRST, None, way.turn, way.gain)
        return self._first(now, look, way.mirrored)

    def _changed(self, before: _Seen, now: _Seen) -> list[Box] | None:
        """Where the picture changed suddenly; None when all of it did."""
        if before.small.shape != now.small.shape:
            self._usual = None
            return None
        changed = changes(before.small, now.small)
        usual = changed if self._usual is None else self._usual
        self._usual = np.maximum(changed, FORGOTTEN * usual)
        cells, part = sudden(changed, usual), 1 << _halvings(now.view.size)
        return None if cells is None else [Box(*(part * corner for corner in c)) for c in cells]

    def _suddenly(self, now: _Seen, places: list[Box] | None) -> list[Candidate]:
        """Candidates where something may show for a moment, as far as there are looks to spare."""
        if places is None:
            return self._looked(now, Way()) if self._spare(now, 1, 0) else []
        found = []
        for box in places:
            if self._spare(now, PRICE, RESERVE):
                side = 2 * max(box.width, box.height)
                found += self._around(now, box, min(_scale(now.view.size, LONG), PLACE / side))
        return found

    def _spare(self, now: _Seen, price: float, reserve: int) -> bool:
        """May there be one more look that was not planned? `SPARE` a second, saved for a second.
        `price`: in looks at the whole picture; so many as `reserve` must be left."""
        per = self._second / SPARE
        self._saved = min(float(self._second), self._saved + now.moment - self._counted_at)
        self._counted_at = now.moment
        if self._saved < (price + reserve) * per:
            return False
        self._saved -= price * per
        return True

    def _ended(self, before: _Seen, now: _Seen) -> list[Candidate]:
        """Candidates where somebody was covered until a moment ago."""
        still = {region.track for region in (*now.covers, *now.kept)}
        gone = [region for region in before.covers if region.track not in still]
        return [c for region in gone for c in self._around(now, region.box)]

    def _beginning(self, before: _Seen, now: _Seen) -> list[Candidate]:
        """Candidates in the frame before, where somebody is covered from this one on."""
        already = {region.track for region in (*before.covers, *before.kept)}
        new = [region for region in now.covers if region.track not in already]
        return [c for region in new for c in self._around(before, region.box)]

    def _around(self, now: _Seen, box: Box, scale: float | None = None) -> list[Candidate]:
        side = max(box.width, box.height, 8.0)
        crop = around(box, side, now.view.size)
        if crop is None:
            return []
        self.looks["around"] += 1
        return self._first(now, Look(scale or NEAR / side, FIRST, crop))

    def _first(self, now: _Seen, look: Look, mirrored: bool = False) -> list[Candidate]:
        """What looks like a face at first sight, is mostly bare, and lies within the crop."""
        found: Detections = seen(self._detector, now.view, look, mirrored)
        excused = (*now.covers, *now.kept) if self._trusting else now.kept
        covers = [region.box for region in excused]
        result = []
        for corners, score in zip(found.boxes.tolist(), found.scores.tolist(), strict=True):
            box = Box(*corners)
            hidden = share(box, covers)
            if hidden < HALF and box.area > 0:
                doubt = hidden + EACH * sum(middle_in(cover, box) for cover in covers)
                doubt += TINY * (box.height * _scale(now.view.size, LONG) < LEAST)
                result.append(Candidate(box, score, look.turn, doubt))
        return sorted(result, key=lambda c: -c.score)[:MOST]

    def _judged(self, now: _Seen, candidates: Sequence[Candidate]) -> None:
        """Lets the jury decide about each place once."""
        told: list[Box] = []
        for candidate in sorted(candidates, key=lambda c: -c.score):
            if any(same(candidate.box, box) for box in told):
                continue
            told.append(candidate.box)
            self.looks["jury"] += 1
            score = agreement(self._detector, now.view, candidate)
            sighting = Sighting(now.span, candidate.box, score)
            if score >= SURE + candidate.doubt:
                self.sightings.append(sighting)
            elif score >= LIKELY + candidate.doubt:
                self._likely.append(sighting)

    def _confirmed(self, now: _Seen) -> None:
        """Asks this frame about what was likely in the last one."""
        likely, self._likely = self._likely, []
        for was in likely:
            for candidate in self._around(now, was.box):
                if not same(candidate.box, was.box):
                    continue
                score = agreement(self._detector, now.view, candidate)
                if score >= LIKELY + candidate.doubt:
                    self.sightings += [was, Sighting(now.span, candidate.box, score)]
                    break


def same(a: Box, b: Box) -> bool:
    """Do two boxes hold one face? By intersection over union."""
    width = min(a.x1, b.x1) - max(a.x0, b.x0)
    height = min(a.y1, b.y1) - max(a.y0, b.y0)
    shared = max(0.0, width) * max(0.0, height)
    return shared > SAME * (a.area + b.area - shared)


def middle_in(cover: Box, box: Box) -> bool:
    """Does the middle of `cover` lie in `box`?"""
    x, y = (cover.x0 + cover.x1) / 2, (cover.y0 + cover.y1) / 2
    return box.x0 <= x < box.x1 and box.y0 <= y < box.y1


def tiles(size: Size) -> list[Box]:
    """Parts of the picture that overlap, cover it, and are small enough to be looked at whole."""

    def cuts(length: int) -> list[tuple[int, int]]:
        count = max(1, -(-(length - LAP) // (TILE - LAP)))
        step = (length - LAP) / count
        return [(int(n * step), min(length, int((n + 1) * step) + LAP + 1)) for n in range(count)]

    return [Box(x0, y0, x1, y1) for y0, y1 in cuts(size.height) for x0, x1 in cuts(size.width)]


def _scale(size: Size, long: int) -> float:
    return min(float(LARGEST), long / max(size.width, size.height))


def _halvings(size: Size) -> int:
    """How often brightness is halved so that less than 400 samples are left across."""
    return (max(size.width, size.height) // 400).bit_length()
