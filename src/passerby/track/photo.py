"""Find every face of a photo: one frame, no second chance, so look at several sizes and turns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from ..core.detection import Boxes, Detections
from ..core.frame import Frame, grounds
from ..core.geometry import Box, Size
from ..core.ports import Detector, Look
from . import looks
from .settings import FACE, LINE, PERSON, Traits

_SIDE: Final = 1280  # network pixels of a tile's long side
_NEIGHBOUR: Final = 0.35  # score of a face that makes a weaker one beside it likely
_NEARBY: Final = 4.0  # how far away, in face sizes, such a neighbour may be


@dataclass(frozen=True, slots=True)
class PhotoSettings:
    """How closely to look at a photo.

    `sides`: network pixels of the long side, a look for each; `enlarge`: the most that small photos
    are enlarged for it; `smallest`: display pixels of the smallest face that large photos are
    searched for; `seed`: the score that a face needs; `near`: the score it needs among others of
    its size; `turned`: more than `seed`, in turned looks.
    """

    sides: tuple[int, ...]
    enlarge: float
    smallest: float
    seed: float
    near: float
    turns: tuple[int, ...] = (1, 2, 3)
    turned: float = 0.3
    traits: Traits = FACE

    @classmethod
    def preset(cls, name: str, kind: str = "face") -> PhotoSettings:
        """`fast`, `balanced` or `thorough`, for faces, plates, text or people. KeyError for
        other names."""
        presets = {"face": _PRESETS, "plate": _LINES, "text": _TEXT, "person": _PEOPLE}
        return presets[kind][name]


_PRESETS: Final = {
    "fast": PhotoSettings((960, 1920), 2.0, 24, 0.25, 0.2, ()),
    "balanced": PhotoSettings((640, 1280, 2560), 3.0, 16, 0.2, 0.12),
    "thorough": PhotoSettings((480, 960, 1600, 3200), 4.0, 10, 0.15, 0.08, turned=0.2),
}
# Lines of text: the network sees them whichever way they run, and near is as seed.
_LINES: Final = {
    "fast": PhotoSettings((640, 1280), 1.0, 18, 0.4, 0.4, (), traits=LINE),
    "balanced": PhotoSettings((640, 1280, 2560), 1.0, 12, 0.4, 0.4, (), traits=LINE),
    "thorough": PhotoSettings((640, 960, 1600, 3200), 1.5, 8, 0.3, 0.3, (), traits=LINE),
}
# Arabic and other joined script is seen only enlarged, which costs false alarms.
_TEXT: Final = {
    **_LINES,
    "balanced": replace(_LINES["balanced"], enlarge=2.0),
    "thorough": replace(_LINES["thorough"], enlarge=2.0),
}
# Whoever lies scores a little less; below 0.35 turned pictures flood (docs/decisions/people.md).
# People fill a picture or are a few dozen pixels high in it; the network knows those of 20 to 600.
_PEOPLE: Final = {
    "fast": PhotoSettings((416, 960), 2.0, 48, 0.3, 0.25, (), traits=PERSON),
    "balanced": PhotoSettings(
        (256, 416, 704, 1280), 2.0, 32, 0.25, 0.2, (1, 3), turned=0.1, traits=PERSON
    ),
    "thorough": PhotoSettings(
        (256, 416, 704, 1280, 1920), 3.0, 20, 0.2, 0.15, (1, 3), turned=0.15, traits=PERSON
    ),
}


def scales(size: Size, settings: PhotoSettings) -> list[float]:
    """The scales to look at, rising, no two nearly the same."""
    long = max(size.width, size.height)
    wanted = [min(settings.enlarge, side / long) for side in settings.sides]
    wanted.append(min(settings.enlarge, settings.traits.found / settings.smallest))
    chosen: list[float] = []
    for scale in sorted(wanted):
        if not chosen or scale > chosen[-1] * 1.2:
            chosen.append(scale)
    return chosen


def smallest(size: Size, how: str | PhotoSettings, kind: str = "face") -> float:
    """The smallest thing searched for in a photo of this size, in display pixels."""
    settings = PhotoSettings.preset(how, kind) if isinstance(how, str) else how
    return settings.traits.found / scales(size, settings)[-1]


def find_all(frame: Frame, detector: Detector, how: str | PhotoSettings) -> list[tuple[Box, float]]:
    """Every thing of a photo with its score, best first; boxes on the quarter-pixel grid.

    `how`: settings for what `detector` finds, or the name of their preset.
    Overlapping sightings of one face at several scales are all kept when they differ: their union
    is covered, not their average.
    """
    kind, size = detector.info.kind, frame.size
    settings = PhotoSettings.preset(how, kind) if isinstance(how, str) else how
    chosen = scales(size, settings)
    middle = chosen[min(1, len(chosen) - 1)]
    lumas = [ground.luma(1) for ground in grounds(frame)] if settings.traits.detail else []
    parts: list[Detections] = []
    for scale in chosen:
        for fitted, crop in looks.tiles(size, scale, _SIDE):
            if lumas and not any(
                looks.detailed(luma, 0.5, crop, settings.traits.detail) for luma in lumas
            ):
                continue
            look = Look(fitted, settings.near, crop)
            coarsest = scale == chosen[0]
            parts.append(looks.believed(detector, frame, look, settings.traits, coarsest))
    for turn in settings.turns:
        threshold = min(0.9, settings.seed + settings.turned)
        for fitted, crop in looks.tiles(size, middle, _SIDE):
            parts.append(detector.detect(frame, Look(fitted, threshold, crop, turn)))
    lines = settings.traits.lines
    seen = _likely(looks.united([_sane(p, size) for p in parts], lines), settings.seed)
    order = np.argsort(-seen.scores, kind="stable")
    return [
        (Box(*(float(v) for v in seen.boxes[i])).snapped(), float(seen.scores[i])) for i in order
    ]


def _likely(seen: Detections, seed: float) -> Detections:
    """Faces that score at least `seed`, and weaker ones beside two surer faces of like size.

    Note [people stand together]: in a crowd a half-hidden face is far likelier than a false alarm,
    elsewhere it is the other way round; so the threshold falls where there are faces already.
    """
    keep = seen.scores >= seed
    sure = np.flatnonzero(seen.scores >= _NEIGHBOUR)
    middles = (seen.boxes[:, :2] + seen.boxes[:, 2:]) / 2
    sides = (seen.boxes[:, 2:] - seen.boxes[:, :2]).max(axis=1)
    for i in np.flatnonzero(~keep):
        away = np.linalg.norm(middles[sure] - middles[i], axis=1)
        larger = np.maximum(sides[sure], sides[i])
        alike = larger < 2 * np.minimum(sides[sure], sides[i])
        keep[i] = np.count_nonzero(alike & (away < _NEARBY * larger)) >= 2
    return Detections(seen.boxes[keep], seen.scores[keep])


def _sane(seen: Detections, size: Size) -> Detections:
    """Without boxes that have no pixel inside the picture."""
    boxes: Boxes = seen.boxes
    inside = (
        (boxes[:, 2] > 0)
        & (boxes[:, 3] > 0)
        & (boxes[:, 0] < size.width)
        & (boxes[:, 1] < size.height)
    )
    return Detections(boxes[inside], seen.scores[inside])
