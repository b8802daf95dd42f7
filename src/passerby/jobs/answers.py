"""What detectors answered, remembered: a long film's looks are taken in parts, side by side.

The follower chooses its looks as it goes, by all that it saw before, so a film can't be followed in
parts. But following is cheap, and looking is not. So parts of the film are followed each by itself,
only for their detectors' answers; then the whole film is followed once, from first to last, and
wherever a detector is asked what it was asked before, the answer is there already. What was not
asked before it is asked now. The plan is the one of a film that was not split, whatever the parts
were, because:

Note [the very same pixels]: an answer is known by the look and by a hash of all samples of the
frame, and a detector is pure. A decoder that begins in the middle of a film and gives other pixels
than one that began at the start has its answers ignored.

Note [the same arithmetic]: machines of other makes round otherwise, and so may see otherwise. The
answers of a part are used only if its detectors have the same cards (weights, runtime, precision)
and if what it answered first is what is answered here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from ..core.detection import Detections
from ..core.errors import PasserbyError
from ..core.frame import Frame
from ..core.geometry import Box
from ..core.ports import Detector, DetectorInfo, Look

VERSION: Final = "answers/1"
TRIED: Final = 8  # answers that saw nothing are tried again at most so often: they prove little

Key = tuple[str, Look]


class Digests:
    """The hash of the last frame: several detectors ask about it, and each several times."""

    def __init__(self) -> None:
        self._frame: Frame | None = None
        self._digest = ""

    def of(self, frame: Frame) -> str:
        if frame is not self._frame:
            digest = hashlib.blake2b(digest_size=16)
            for plane in frame.planes():
                digest.update(np.ascontiguousarray(plane.pixels).data)
            self._frame, self._digest = frame, digest.hexdigest()
        return self._digest


class Recording:
    """A `Detector` that asks another and keeps what it answers."""

    def __init__(self, detector: Detector, digests: Digests) -> None:
        self._detector, self._digests = detector, digests
        self.kept: dict[Key, Detections] = {}

    @property
    def info(self) -> DetectorInfo:
        return self._detector.info

    def detect(self, frame: Frame, look: Look) -> Detections:
        key = self._digests.of(frame), look
        if key not in self.kept:
            self.kept[key] = self._detector.detect(frame, look)
        return self.kept[key]


@dataclass(slots=True)
class _Part:
    """What one part answered. `trusted`: it computes as we do; `tried`: answers that were compared
    and said nothing either way."""

    answers: dict[Key, Detections] = field(default_factory=dict)
    trusted: bool = False
    tried: int = 0


class Knowing:
    """A `Detector` that knows many answers already, and asks another for the rest.

    `asked`, `known`: how often it was asked, and how often it knew.
    """

    def __init__(self, detector: Detector, digests: Digests, parts: Iterable[_Part]) -> None:
        self._detector, self._digests = detector, digests
        self._parts = list(parts)
        self.asked = self.known = 0

    @property
    def info(self) -> DetectorInfo:
        return self._detector.info

    def detect(self, frame: Frame, look: Look) -> Detections:
        self.asked += 1
        key = self._digests.of(frame), look
        for part in self._parts:
            known = part.answers.get(key)
            if known is None:
                continue
            if part.trusted:
                self.known += 1
                return known
            return self._tried(part, known, frame, look)
        return self._detector.detect(frame, look)

    def _tried(self, part: _Part, known: Detections, frame: Frame, look: Look) -> Detections:
        """Answer anew, and find out whether the part can be trusted."""
        now = self._detector.detect(frame, look)
        same = np.array_equal(now.boxes, known.boxes) and np.array_equal(now.scores, known.scores)
        if not same:
            part.answers.clear()
        part.tried += 1
        part.trusted = same and (len(now) > 0 or part.tried >= TRIED)
        return now


def write(path: Path, key: str, detectors: Sequence[Recording]) -> None:
    """All that was answered, as lines of JSON; numbers keep every bit."""
    with path.open("w", encoding="utf-8") as file:
        for line in _lines(key, detectors):
            file.write(json.dumps(line) + "\n")


def _lines(key: str, detectors: Sequence[Recording]) -> Iterator[Any]:
    cards = [asdict(detector.info) for detector in detectors]
    yield {"passerby": VERSION, "key": key, "detectors": cards}
    for number, detector in enumerate(detectors):
        for (digest, look), seen in detector.kept.items():
            crop = None if look.crop is None else look.crop.corners
            asked = [look.scale, look.threshold, crop, look.turn, look.gain]
            yield [number, digest, asked, seen.boxes.tolist(), seen.scores.tolist()]


def knowing(detectors: Sequence[Detector], files: Iterable[Path], key: str) -> tuple[Knowing, ...]:
    """The detectors, with all that the files say they would answer.

    A file with another key, of other detectors, or that was cut short is as if it were not there.
    """
    digests = Digests()
    cards = [asdict(detector.info) for detector in detectors]
    parts: list[list[_Part]] = [[] for _ in detectors]
    for file in files:
        for number, part in enumerate(_read(file, key, cards)):
            parts[number].append(part)
    return tuple(
        Knowing(detector, digests, some) for detector, some in zip(detectors, parts, strict=True)
    )


def _read(path: Path, key: str, cards: list[dict[str, Any]]) -> list[_Part]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        head = {"passerby": VERSION, "key": key, "detectors": cards}
        if not lines or json.loads(lines[0]) != head:
            return []
        found = [_Part() for _ in cards]
        for line in lines[1:]:
            number, digest, asked, boxes, scores = json.loads(line)
            scale, threshold, crop, turn, gain = asked
            look = Look(scale, threshold, None if crop is None else Box(*crop), turn, gain)
            found[number].answers[digest, look] = Detections(
                np.array(boxes, np.float32).reshape(-1, 4), np.array(scores, np.float32)
            )
    except (OSError, ValueError, IndexError, TypeError, PasserbyError):
        return []
    return found
