"""Attack one output: gather its hidden faces, have them attacked, say what came of it.

The faces are held in memory for as long as the attack lasts, and nowhere else; nothing that an
embedder said of them is kept or reported, only how often it was right.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import numpy as np

from ..core.errors import UsageError
from ..core.frame import Frame, Picture, Plane
from ..core.geometry import Box, Orientation, Size
from ..core.ports import Embedder
from ..core.schedule import Region, Schedule
from ..core.time import Clock, Span, Ticks
from ..detect.embedder import open_embedder
from ..redact import Paint
from ..verify import Finding, NotMade, Verdict
from ..verify.attacker import DECOYS, Attempt, Hidden, Spared, attack
from ..verify.reidentify import rate_of
from .attacked import Attacked, Way

__all__ = ["Attacked", "attack_output", "attacker_for", "in_step"]

MOST: Final = 24  # faces, the largest of as many tracks: each takes a second or two
AROUND: Final = 0.25  # of a region's sides: how much of its surroundings is looked at
SIDE: Final = 172  # pixels of a region's mean side; the embedder sees seven eighths of it
LARGER: Final = 1.1  # a later view of a face replaces an earlier one when it is so much larger
SAME: Final = 0.5  # of a region inside a larger one: one face found twice
FEW: Final = 5  # faces; of fewer a rate says little

WAYS: Final = {
    "naive": "a face-recognition network still takes the hidden face for the one of the original",
    "informed": "hidden the same way, the original's face looks like the output and others do not",
}


def attacker_for(original: Path | None, plan: object) -> Embedder:
    """The embedder of the extra. `UsageError` when it, or what it needs, is missing."""
    if original is None or plan is None:
        raise UsageError(
            "an attack compares hidden faces with the original, where the plan says they are",
            hint="add --original INPUT and --plan PLAN.json",
        )
    return open_embedder()


def attack_output(
    pairs: Iterable[tuple[Frame, Frame]], schedule: Schedule, embedder: Embedder
) -> tuple[Verdict, Attacked]:
    """`pairs`: frames of the original, and of the output at the same time, in order.

    Of each track of faces in `schedule` the largest view is attacked. What could be matched is a
    finding; chance, and how sure the rates are, is in the account.
    """
    found, left_out = gathered(pairs, schedule)
    attempts, spared = attack(found, embedder)
    not_made = [*_why(spared)]
    if left_out:
        not_made.append(NotMade("attack", f"{left_out} smaller faces were not attacked"))
    if not found:
        not_made.append(NotMade("attack", "no face was hidden"))
    findings = tuple(
        Finding(f"attack.{way}", WAYS[way], a.hidden.at, a.hidden.box)
        for a in attempts
        for way in a.matched
    )
    verdict = Verdict(findings, ("attack",) if attempts else (), tuple(not_made))
    return verdict, _account(attempts, len(spared) + left_out, embedder)


def in_step(
    ours: Iterable[Frame],
    theirs: Iterable[Frame],
    clock: Clock,
    their_clock: Clock,
    tolerance: Fraction,
) -> Iterator[tuple[Frame, Frame]]:
    """Frames of the same moment; one that has no partner is left out."""
    others = iter(theirs)
    waiting = next(others, None)
    for frame in ours:
        when = clock.seconds(frame.span.start)
        while waiting is not None and their_clock.seconds(waiting.span.start) < when - tolerance:
            waiting = next(others, None)
        if waiting is None:
            return
        if their_clock.seconds(waiting.span.start) <= when + tolerance:
            yield frame, waiting


def gathered(pairs: Iterable[tuple[Frame, Frame]], schedule: Schedule) -> tuple[list[Hidden], int]:
    """The largest view of each track's face, at most `MOST`; and how many tracks were left out."""
    views: dict[int, Hidden] = {}
    for before, after in pairs:
        regions = schedule.regions(before.span)
        if before.size != after.size:
            continue
        for region in _faces(regions, before.size):
            held = views.get(region.track)
            if held is None or region.box.area > LARGER * held.box.area:
                views[region.track] = _view(before, after, region, regions)
    largest = heapq.nlargest(MOST, views.values(), key=lambda view: view.box.area)
    return largest, len(views) - len(largest)


def _faces(regions: Sequence[Region], size: Size) -> list[Region]:
    """Each face once: where regions lie in one another, the largest."""
    whole = Box(0, 0, size.width, size.height)
    kept: list[Region] = []
    for region in sorted(regions, key=lambda r: -r.box.area):
        if region.kind != "face" or not _shared(region.box, whole):
            continue
        if all(_shared(region.box, k.box) < SAME * region.box.area for k in kept):
            kept.append(region)
    return kept


def _shared(a: Box, b: Box) -> float:
    """The area that both cover."""
    width = min(a.x1, b.x1) - max(a.x0, b.x0)
    height = min(a.y1, b.y1) - max(a.y0, b.y0)
    return max(0.0, width) * max(0.0, height)


def _view(before: Frame, after: Frame, region: Region, regions: Sequence[Region]) -> Hidden:
    """A region and what is around it, small enough for an embedder; nothing is enlarged."""
    box, whole = region.box, before.size
    wide = box.grown(AROUND * box.width, AROUND * box.height)
    crop = Box(
        max(0, math.floor(wide.x0)),
        max(0, math.floor(wide.y0)),
        min(whole.width, math.ceil(wide.x1)),
        min(whole.height, math.ceil(wide.y1)),
    )
    scale = min(1.0, SIDE / math.sqrt(box.area))
    size = Size(max(1, round(crop.width * scale)), max(1, round(crop.height * scale)))

    def moved(inner: Box) -> Box:
        x, y = size.width / crop.width, size.height / crop.height
        x0, y0, x1, y1 = inner.corners
        return Box((x0 - crop.x0) * x, (y0 - crop.y0) * y, (x1 - crop.x0) * x, (y1 - crop.y0) * y)

    near = [Region(moved(r.box), r.style, r.kind, r.track) for r in regions if _shared(r.box, crop)]
    return Hidden(
        before.picture(size, crop),
        after.picture(size, crop),
        moved(box),
        _painted(near),
        region.track,
        before.span.start,
        box,
    )


def _painted(regions: Sequence[Region]) -> Callable[[Picture], Picture]:
    """Hides a picture just as the output is said to have been."""

    def hide(picture: Picture) -> Picture:
        scene = _Scene(picture)
        Paint().redact(scene, regions)
        return scene.painted

    return hide


@dataclass
class _Scene:
    """A `core.frame.Frame` of one RGB picture, as far as a painter asks."""

    whole: Picture
    span: Span = field(default_factory=lambda: Span(Ticks(0), Ticks(1)))
    orientation: Orientation = Orientation.UP
    native: Any = None

    def __post_init__(self) -> None:
        self._samples = [np.ascontiguousarray(self.whole[..., channel]) for channel in range(3)]

    @property
    def size(self) -> Size:
        return Size(self.whole.shape[1], self.whole.shape[0])

    @property
    def painted(self) -> Picture:
        return np.stack(self._samples, axis=-1)

    def planes(self) -> tuple[Plane, ...]:
        return tuple(Plane(samples, (1, 1), 0) for samples in self._samples)

    def writable(self) -> tuple[Plane, ...]:
        return self.planes()

    def picture(self, size: Size, crop: Box | None = None) -> Picture:
        raise NotImplementedError("nobody looks at it")

    def luma(self, halvings: int) -> Picture:
        raise NotImplementedError("nobody looks at it")


def _why(spared: Sequence[Spared]) -> Iterator[NotMade]:
    reasons = [one.why for one in spared]
    for why in sorted(set(reasons)):
        count = reasons.count(why)
        yield NotMade("attack", f"{count} face{'s' if count > 1 else ''}: {why}")


def _account(attempts: Sequence[Attempt], not_attacked: int, embedder: Embedder) -> Attacked:
    info = embedder.info
    decoys = min((a.decoys for a in attempts), default=DECOYS)
    chance = 1 / (1 + decoys)

    def way(name: str) -> Way | None:
        if not attempts:
            return None
        rate = rate_of(np.array([getattr(a, name) for a in attempts]), chance)
        return Way(
            first=round(rate.rate, 4),
            low=round(rate.low, 4),
            high=round(rate.high, 4),
            matched=sum(name in a.matched for a in attempts),
        )

    return Attacked(
        embedder=info.name,
        sha256=info.sha256,
        licence=info.licence,
        faces=len(attempts),
        not_attacked=not_attacked,
        decoys=decoys,
        chance=round(chance, 4),
        naive=way("naive"),
        informed=way("informed"),
        few=len(attempts) < FEW,
    )
