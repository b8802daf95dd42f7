"""Original beside output, frame by frame: same time, same surroundings, nothing left inside.

Two streams are read side by side and no frame is kept, so memory is flat. Frames are paired by
time, so one that is missing is one finding and not a shift of all that follow.

Note [detail, not pixels]: "nothing is left" is asked of detail, structure of 3 to 12 samples at
two or three scales from the size of the face down. A cover has none of its own in step with the
original; what a codec adds is not in step either. So a window of the region, a sixteenth of it
or a strip along its edge, in which the original's detail returns with a third of its strength,
is a leak. What the original does not show (a flat wall, night) can't be found missing.

Note [the border]: a codec predicts a block from its neighbours and corrects the guess only as far
as its quality asks. So texture of the surroundings reaches some pixels into a cover, and it goes on
as the original did. What it carries in is weak and fits badly; what a cover missed is coded
as well as all the rest. So a window at the region's border is a leak only if the samples
themselves (their brightness too, not their detail alone) come back with an error well below
the detail, or if more is left than any codec makes up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, cast

import cv2
import numpy as np

from ..core.frame import Frame, Picture
from ..core.geometry import Box, Cells, Size
from ..core.schedule import Region, Schedule
from ..core.time import Clock, Span, Ticks
from . import covers
from .drawings import without_drawing
from .findings import Finding, NotMade, Tally, Verdict
from .kernels import Likeness, Limits, Reals, reduced
from .patches import without_patches
from .silhouettes import without_figures

MADE: Final = ("time", "pixels.size", "pixels.left", "pixels.outside")

# A face is looked at 96 to 191 samples wide, and then halved as long as this is left of it.
FACE: Final = 96
SMALLEST: Final = 20
TOO_SMALL: Final = 12  # pixels; in less, chance can't be told from a leak
MARGIN: Final = 2  # samples at a region's edge, where a smooth cover takes over its surroundings
STRIP: Final = 16  # pixels
SQUARE: Final = (4, 4)  # in blocks of 4 samples
STRIPS: Final = ((1, 12), (12, 1))

# Measured on 15 clips at CRF 18, 20 and 30 and on 60 photos: docs/decisions/what-counts-as-left.md.
NOTHING: Final = Limits(0.3, 0.6, 0.8, error=1.0, strong=4.0)
NO_STRIP: Final = Limits(0.4, 0.65, 0.8, error=0.5, strong=7.0)
# Tiles of a mosaic follow the original's own edges, so a larger part of the face is compared,
# and everywhere the samples themselves have to come back.
A_LITTLE: Final = Limits(0.6, 0.75, 1.2, error=0.5, spread=0.6)
PART: Final = (8, 8)
ALL: Final = 1 << 20  # blocks: every window is asked what those at the border are
ALIKE: Final = 8.0  # mean difference, in levels, below which an edge may be bare

QUARTER: Final = 2  # halvings at which surroundings are compared
TILE: Final = 16  # samples of that, square
STRANGE: Final = 24.0  # mean difference in a tile, in levels, that no codec makes
PARALLEL: Final = 7.0  # the same over the whole frame


def compare(
    original: Iterable[Frame],
    output: Iterable[Frame],
    schedule: Schedule,
    original_clock: Clock,
    output_clock: Clock,
    tolerance: Fraction = Fraction(0),
) -> list[Finding]:
    """What `examine` finds."""
    return list(
        examine(original, output, schedule, original_clock, output_clock, tolerance).findings
    )


def examine(
    original: Iterable[Frame],
    output: Iterable[Frame],
    schedule: Schedule,
    original_clock: Clock,
    output_clock: Clock,
    tolerance: Fraction = Fraction(0),
    look: Callable[[Frame, Span], None] | None = None,
    drawn: Callable[[Frame, Sequence[Region]], tuple[Reals, Reals] | None] | None = None,
) -> Verdict:
    """Compare two streams of frames, each in order of time, under the original's `schedule`.

    `tolerance` in seconds: how far a frame's start may be moved by a container whose clock is
    coarser (half a millisecond for Matroska). Sizes and boxes are as displayed, so the two may
    be stored in different orientations. `look` is shown every frame of the output that belongs to
    one of the original, with the original's span. `drawn`: what a style drew on a frame's covers
    (see `without_drawing`).
    """
    tally = Tally()
    small = flat = 0
    count = 0
    places: list[tuple[int, Box]] = []  # of the frame before
    for pair in _paired(original, output, original_clock, output_clock, tolerance):
        count += 1
        before, after = pair.before, pair.after
        if before is None or after is None:
            tally.add(pair.unmatched())
            continue
        at = before.span.start
        if before.size != after.size:
            tally.add(Finding("pixels.size", "a frame of another size than the original", at))
            continue
        if look is not None:
            look(after, before.span)
        regions = schedule.regions(before.span)
        for finding in outside(before, after, regions):
            tally.add(finding)
        if regions:
            was, now = before.luma(0), after.luma(0)
            layer = None if drawn is None else drawn(after, regions)
            for region in regions:
                bare = now if layer is None else without_drawing(now, region, layer)
                bare = without_figures(bare, region, regions)
                left = _left(was, without_patches(bare, region, regions), region)
                small += left.small
                flat += left.flat
                if left.gain:
                    earlier = next((b for track, b in places if track == region.track), None)
                    hidden = [other.box for other in regions]
                    what = covers.left(was, now, region.box, earlier, hidden)
                    tally.add(Finding("pixels.left", what, at, region.box, left.gain))
        places = [(region.track, region.box) for region in regions]
    if not count:
        tally.add(Finding("time.count", "there are no frames"))
    return Verdict(tuple(tally.findings()), MADE, _open(small, flat))


@dataclass(frozen=True, slots=True)
class Pair:
    """A frame of the original and the output's frame for it; one of them may be missing."""

    before: Frame | None
    after: Frame | None
    earlier: Ticks | None = None  # of the original's last frame that starts before a missing one

    def unmatched(self) -> Finding:
        if self.before is not None:
            what = "the output has no frame at this time"
            return Finding("time.missing", what, self.before.span.start)
        what = "the output has a frame that the original has not"
        if self.earlier is not None:
            what += ", after this one"
        return Finding("time.added", what, self.earlier)


def _paired(
    original: Iterable[Frame],
    output: Iterable[Frame],
    original_clock: Clock,
    output_clock: Clock,
    tolerance: Fraction,
) -> Iterator[Pair]:
    """Both streams side by side; frames that start at the same time are a pair."""
    ours, theirs = iter(original), iter(output)
    before, after = next(ours, None), next(theirs, None)
    earlier: Ticks | None = None
    while before is not None or after is not None:
        if before is None or after is None:
            yield Pair(before, after, earlier)
            if before is not None:
                earlier = before.span.start
            before, after = next(ours, None), next(theirs, None)
            continue
        late = output_clock.seconds(after.span.start) - original_clock.seconds(before.span.start)
        if late > tolerance:
            yield Pair(before, None)
            earlier = before.span.start
            before = next(ours, None)
        elif late < -tolerance:
            yield Pair(None, after, earlier)
            after = next(theirs, None)
        else:
            yield Pair(before, after)
            earlier = before.span.start
            before, after = next(ours, None), next(theirs, None)


@dataclass(frozen=True, slots=True)
class Left:
    """What is left in one region: the gain of the strongest leak, 0 if there is none.

    `small`: too small to tell. `flat`: the original shows no detail there.
    """

    gain: float = 0.0
    small: bool = False
    flat: bool = False


def _left(was: Picture, now: Picture, region: Region) -> Left:
    """Look for `was` in `now` inside one region; both uint8 (h, w) as displayed."""
    cells = region.box.cells(_size(was))
    if cells is None:
        return Left()
    was, now = was[cells], now[cells]
    short = min(was.shape)
    if short < TOO_SMALL:
        return Left(small=True)
    step = max(1, short // FACE)
    every = (slice(None), slice(None))
    looks: list[tuple[Cells, int, int]] = [(every, step, ALL)]
    windows = [(PART, A_LITTLE)]
    if region.style.keeps_nothing:
        looks = [(every, step, 1)]
        windows = [(SQUARE, NOTHING), *((strip, NO_STRIP) for strip in STRIPS)]
        if step > 1:
            looks += [(edge, 1, ALL) for edge in _bare_edges(was, now)]
        while short // (step := step * 2) >= SMALLEST:
            looks.append((every, step, 0))
    told = False
    for part, size, rim in looks:
        before, after = (reduced(p[part], size) for p in (was, now))
        compared = Likeness(before, after, margin=MARGIN, rim=rim)
        for window, limits in windows if rim else windows[:1]:
            left, shown = compared.strongest(window, limits)
            if left:
                return Left(gain=left)
            told = told or shown
    return Left(flat=not told)


def _bare_edges(was: Picture, now: Picture) -> Iterator[Cells]:
    """The edges of a region, a STRIP deep, that look like the original at first sight.

    Where a large region is looked at reduced, a strip of a few pixels that a cover missed would
    not show; so those edges get a look at full size. First sight costs next to nothing.
    """
    every = slice(None)
    for start, stop, line in ((0, STRIP, slice(2, 6)), (-STRIP, None, slice(-6, -2))):
        for strip, lines in (
            ((slice(start, stop), every), (line, every)),
            ((every, slice(start, stop)), (every, line)),
        ):
            if cv2.norm(was[lines], now[lines], cv2.NORM_L1) < ALIKE * was[lines].size:
                yield strip


def outside(before: Frame, after: Frame, regions: Iterable[Region]) -> list[Finding]:
    """Is the picture outside all regions the same, as far as a codec keeps it?"""
    was, now = before.luma(QUARTER), after.luma(QUARTER)
    apart = np.maximum(was, now) - np.minimum(was, now)
    seen = np.full_like(apart, 255)
    part = 1 << QUARTER
    for region in regions:
        x0, y0, x1, y1 = region.box.corners
        # Coded blocks reach a little beyond a region, and photos snap to them.
        cells = Box(x0 / part, y0 / part, x1 / part, y1 / part).grown(4, 4).cells(_size(seen))
        if cells is not None:
            apart[cells] = seen[cells] = 0
    share = _means(seen) / 255
    enough = share > 0.25
    if not enough.any():
        return []
    differences = _means(apart)[enough]
    worst = float((differences / share[enough]).max())
    overall = float(differences.sum() / share[enough].sum())
    at = before.span.start
    if overall > PARALLEL:
        what = "outside all regions the picture is another one"
        return [Finding("pixels.outside", what, at, score=overall)]
    if worst > STRANGE:
        what = "outside all regions a part of the picture differs"
        return [Finding("pixels.outside", what, at, score=worst)]
    return []


def _means(picture: Picture) -> Reals:
    """The mean of each tile, float32; tiles are stretched a little to fill the picture."""
    rows, cols = picture.shape
    size = (max(1, cols // TILE), max(1, rows // TILE))
    means = cv2.resize(picture.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    return cast(Reals, means)


def _size(picture: Picture) -> Size:
    return Size(picture.shape[1], picture.shape[0])


def _open(small: int, flat: int) -> tuple[NotMade, ...]:
    """Regions about which nothing can be said."""
    parts = []
    if small:
        why = f"{small} regions are less than {TOO_SMALL} pixels wide or high"
        parts.append(NotMade("pixels.left", why))
    if flat:
        parts.append(NotMade("pixels.left", f"in {flat} regions the original shows no detail"))
    return tuple(parts)
