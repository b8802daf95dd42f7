"""What others add: named entry points, listed without being imported, checked in use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

import numpy as np

from ..core.detection import KINDS, Detections
from ..core.errors import DetectorError, PasserbyError, UsageError
from ..core.frame import Frame
from ..core.geometry import Size
from ..core.ports import Detector, DetectorInfo, Look

GROUPS: Final = {  # what it is -> where packages enter it
    "detector": "passerby.detectors",
    "style": "passerby.styles",
    "disguise": "passerby.disguises",
    "source": "passerby.sources",
    "recogniser": "passerby.recognisers",
    "synthesiser": "passerby.synthesisers",
}
MOST: Final = 10_000  # detections of one look
BEYOND: Final = 2  # how far, in sides of the frame, a box may reach outside it


@dataclass(frozen=True, slots=True)
class Plugin:
    """One entry: `what` it is, its `name`, and the `package` of that `version` which brings it."""

    what: str
    name: str
    package: str
    version: str
    place: str  # module:attribute

    def as_dict(self) -> dict[str, str]:
        return {slot: getattr(self, slot) for slot in self.__slots__}


def listed() -> tuple[Plugin, ...]:
    """All that are installed, ours too, by kind and name. None of them is imported."""
    return tuple(
        Plugin(what, point.name, *_brought_by(point), point.value)
        for what, group in GROUPS.items()
        for point in sorted(entry_points(group=group), key=lambda point: point.name)
    )


def loaded(what: str, name: str) -> Any:
    """What the plug-in's entry names, imported. `UsageError` when there is none of this name, or
    several; `DetectorError` when it can't be imported."""
    found = [point for point in entry_points(group=GROUPS[what]) if point.name == name]
    if not found:
        known = ", ".join(sorted({p.name for p in entry_points(group=GROUPS[what])}))
        raise UsageError(
            f"there is no {what} {name!r} here", hint=f"installed are {known or 'none'}"
        )
    if len({point.value for point in found}) > 1:
        packages = " and ".join(sorted(_brought_by(point)[0] for point in found))
        raise UsageError(f"{packages} both bring a {what} {name!r}", hint="uninstall one of them")
    try:
        return found[0].load()
    except Exception as error:  # it is others' code, and may fail in any way
        raise DetectorError(
            f"the {what} {name} can't be loaded ({type(error).__name__})",
            hint="install it anew, or leave it out",
        ) from error


def open_detector(asked: str, kind: str, device: str) -> Detector:
    """The detector that a plug-in brings, checked: what it is now, what it says later.

    `asked`: its name, and behind a colon what it wants to know, a file most often.
    """
    name, _, place = asked.partition(":")
    factory = loaded("detector", name)
    try:
        detector: Detector = factory(device, place) if place else factory(device)
        info = detector.info
    except PasserbyError:
        raise
    except Exception as error:  # it is others' code
        raise DetectorError(
            f"the detector {name} can't be opened ({type(error).__name__})",
            hint="does it want a file? --detector KIND=NAME:FILE",
        ) from error
    for problem in _card_problems(info, name, kind):
        raise DetectorError(f"the detector {name} {problem}", hint="choose another, or mend it")
    return Checked(detector)


def _card_problems(info: object, name: str, kind: str) -> Iterator[str]:
    if not isinstance(info, DetectorInfo):
        yield "has no card"
        return
    said = (info.name, info.family, info.kind, info.sha256, info.runtime, info.licence)
    if not all(isinstance(word, str) and word for word in said):
        yield "has a card with something left out"
    if info.name != name:
        yield f"calls itself {info.name!r}"
    if len(info.sha256) != 64 or set(info.sha256) - set("0123456789abcdef"):
        yield "does not say the SHA-256 of its weights"
    if info.kind != kind:
        known = info.kind if info.kind in KINDS else "something unknown"
        yield f"finds {known}, and was asked for {kind}"


class Checked:
    """A `Detector` by others. Whatever it says that makes no sense fails the job: a detector that
    has lost its mind must not pass for one that sees nobody."""

    def __init__(self, detector: Detector) -> None:
        self._detector, self.info = detector, detector.info

    def detect(self, frame: Frame, look: Look) -> Detections:
        at = frame.span.start
        try:
            found = self._detector.detect(frame, look)
        except PasserbyError:
            raise
        except Exception as error:  # its words may hold what it saw
            what = f"the detector {self.info.name} failed on a frame ({type(error).__name__})"
            raise DetectorError(what, at=at) from None
        for problem in nonsense(found, frame.size, look):
            raise DetectorError(f"the detector {self.info.name} {problem}", at=at)
        return found


def nonsense(found: object, size: Size, look: Look) -> Iterator[str]:
    """Why `found`, in a frame of `size`, can't be what `look` showed; nothing where it can."""
    if not isinstance(found, Detections):
        yield "gives no detections"
        return
    boxes, scores = found.boxes, found.scores
    if boxes.dtype != np.float32 or scores.dtype != np.float32:
        yield f"gives boxes of {boxes.dtype} and scores of {scores.dtype}, not float32"
    elif len(found) > MOST:
        yield f"sees {len(found)} things at once"
    elif not (np.isfinite(boxes).all() and np.isfinite(scores).all()):
        yield "gives what is no number"
    elif len(found):
        if scores.min() < look.threshold - 1e-6 or scores.max() > 1:
            yield f"gives scores outside {look.threshold:g} to 1"
        sides = np.array([size.width, size.height] * 2, np.float32)
        if (boxes[:, :2] > boxes[:, 2:]).any():
            yield "gives boxes that are inside out"
        elif (boxes < -BEYOND * sides).any() or (boxes > (1 + BEYOND) * sides).any():
            yield "gives boxes far outside the picture"
        elif (boxes[:, 2:] < 0).any() or (boxes[:, :2] > sides[:2]).any():
            yield "gives boxes outside the picture"


def _brought_by(point: EntryPoint) -> tuple[str, str]:
    return (point.dist.name, point.dist.version) if point.dist else ("", "")
