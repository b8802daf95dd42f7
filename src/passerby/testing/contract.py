"""What a detector promises, as one test that authors of plug-ins run on theirs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..core.detection import KINDS, Detections, overlaps
from ..core.frame import Picture
from ..core.geometry import Box
from ..core.ports import Detector, DetectorInfo, Look
from ..core.time import Span, Ticks
from .frames import ArrayFrame, Layout

SAME = 0.5  # share of two boxes' union that they have in common to be of one thing


def detector_contract(
    opened: Callable[[], Detector], picture: Picture, *, threshold: float = 0.3
) -> None:
    """AssertionError, saying what is wrong, unless the detector keeps what the port promises.

    `opened`: gives a detector, a new one each time. `picture`: RGB uint8 (height, width, 3) in
    which it finds something, not at the edge, at native size and half of it, with `threshold`.
    """
    detector = opened()
    _card(detector.info)
    seen = _seen(detector, picture, Look(1.0, threshold))
    assert len(seen), "it finds nothing in the picture that was given for it to be found in"
    _sound(seen, picture, threshold)
    again = _seen(detector, picture, Look(1.0, threshold))
    assert _same(seen, again), "the same look at the same frame gives something else"
    other = _seen(opened(), picture, Look(1.0, threshold))
    assert _same(seen, other), "another one of it sees something else"
    _threshold(detector, picture, threshold)
    _crop(detector, picture, seen, threshold)
    _turn(detector, picture, seen, threshold)
    _scale(detector, picture, seen, threshold)
    _empty(detector, threshold)


def _card(info: object) -> None:
    assert isinstance(info, DetectorInfo), "info is a DetectorInfo"
    assert info.kind in KINDS, f"its kind is one of {', '.join(KINDS)}"
    assert info.name, "its card has no name"
    assert "." in info.name, "its name has no version: call it name.v1"
    assert info.family, "its card has no family: by it verification knows whom not to ask"
    assert len(info.sha256) == 64, "its card has no SHA-256 of the weights"
    assert info.runtime, "its card does not say what it runs on"
    assert info.licence, "its card has no licence"


def _seen(detector: Detector, picture: Picture, look: Look) -> Detections:
    planes = [np.ascontiguousarray(picture[..., channel]) for channel in range(3)]
    frame = ArrayFrame(planes, Layout.RGB, span=Span(Ticks(7), Ticks(8)))
    before = [plane.copy() for plane in planes]
    seen = detector.detect(frame, look)
    for old, plane in zip(before, frame.planes(), strict=True):
        assert (old == plane.pixels).all(), "it paints on the frame that it looks at"
    assert isinstance(seen, Detections), "it gives no Detections"
    return seen


def _sound(seen: Detections, picture: Picture, threshold: float) -> None:
    assert seen.boxes.dtype == np.float32, "boxes are float32"
    assert seen.scores.dtype == np.float32, "scores are float32"
    assert np.isfinite(seen.boxes).all(), "a box is no number"
    assert np.isfinite(seen.scores).all(), "a score is no number"
    assert (seen.boxes[:, :2] <= seen.boxes[:, 2:]).all(), "a box is inside out: want x0 y0 x1 y1"
    assert (seen.scores >= threshold - 1e-6).all(), "a score is below the threshold of the look"
    assert (seen.scores <= 1).all(), "a score is above 1"
    middles = (seen.boxes[:, :2] + seen.boxes[:, 2:]) / 2
    sides = picture.shape[1], picture.shape[0]
    assert ((middles >= 0) & (middles <= sides)).all(), "the middle of a box is off the picture"
    sizes = seen.boxes[:, 2:] - seen.boxes[:, :2]
    assert (sizes.max(axis=1) > 2).any(), "its boxes are tiny: want pixels, not shares of a side"


def _threshold(detector: Detector, picture: Picture, threshold: float) -> None:
    higher = (1 + threshold) / 2
    few = _seen(detector, picture, Look(1.0, higher))
    assert (few.scores >= higher - 1e-6).all(), "a score is below a higher threshold"
    assert len(few) <= len(_seen(detector, picture, Look(1.0, threshold))), (
        "a higher threshold shows more"
    )


def _crop(detector: Detector, picture: Picture, seen: Detections, threshold: float) -> None:
    """What lies right of a wall lies there, too, when only it is looked at."""
    high, wide = picture.shape[:2]
    walled = np.concatenate([np.full((high, 64, 3), 128, np.uint8), picture], axis=1)
    crop = Box(64, 0, 64 + wide, high)
    moved = _seen(detector, walled, Look(1.0, threshold, crop))
    # Where the frame's edge cuts something, a crop's may say less.
    whole = ((seen.boxes[:, :2] > 0) & (seen.boxes[:, 2:] < (wide, high))).all(axis=1)
    shift = np.array([64, 0, 64, 0], np.float32)
    shifted = Detections(seen.boxes[whole] + shift, seen.scores[whole])
    assert _all_found(shifted, moved), "in a crop, boxes are not in pixels of the whole frame"


def _turn(detector: Detector, picture: Picture, seen: Detections, threshold: float) -> None:
    """The picture lies on its side, and the look turns it upright."""
    lying = np.ascontiguousarray(np.rot90(picture))  # anticlockwise
    turned = _seen(detector, lying, Look(1.0, threshold, turn=1))
    x0, y0, x1, y1 = seen.boxes.T
    wide = picture.shape[1]
    there = Detections(np.stack([y0, wide - x1, y1, wide - x0], axis=1), seen.scores)
    assert _any_found(there, turned), "with a turn, boxes are not those of the frame as it is"


def _scale(detector: Detector, picture: Picture, seen: Detections, threshold: float) -> None:
    small = np.ascontiguousarray(picture[::2, ::2])
    again = _seen(detector, small, Look(2.0, threshold))
    halved = Detections((seen.boxes / 2).astype(np.float32), seen.scores)
    assert _any_found(halved, again), "with a scale, boxes are not in pixels of the frame"


def _empty(detector: Detector, threshold: float) -> None:
    for shape in ((40, 700, 3), (1, 1, 3)):
        seen = _seen(detector, np.full(shape, 128, np.uint8), Look(1.0, threshold))
        assert seen.boxes.shape == (len(seen.scores), 4), "an empty picture confuses it"


def _same(a: Detections, b: Detections) -> bool:
    return np.array_equal(a.boxes, b.boxes) and np.array_equal(a.scores, b.scores)


def _all_found(wanted: Detections, found: Detections) -> bool:
    return len(found) > 0 and bool((overlaps(wanted.boxes, found.boxes).max(axis=1) > SAME).all())


def _any_found(wanted: Detections, found: Detections) -> bool:
    return len(found) > 0 and bool((overlaps(wanted.boxes, found.boxes).max(axis=1) > SAME).any())
