"""The sockets into which the rooms plug: the engine knows these and nothing behind them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .detection import Detections
from .frame import Frame, Picture
from .geometry import Box, Size
from .schedule import Region, Schedule
from .time import Clock, Ticks
from .track import Key


class Source(Protocol):
    """Frames in the order in which they are shown; each `frames()` starts over."""

    @property
    def clock(self) -> Clock: ...

    @property
    def size(self) -> Size: ...

    def frames(self) -> Iterator[Frame]: ...


@dataclass(frozen=True, slots=True)
class DetectorInfo:
    """A detector's card. `family` lets a checker refuse a finder of its own family."""

    name: str  # versioned: "centerface.v1"
    family: str
    kind: str  # one of detection.KINDS
    sha256: str  # of the weights
    runtime: str  # e.g. "openvino 2026.4 CPU bf16"
    licence: str


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a frame.

    `scale`: network pixels per display pixel, > 0 (1 looks at native size, 2 enlarges).
    `threshold`: the lowest score that is reported, in (0, 1).
    `crop`: the part to look at, display pixels; all of the frame by default.
    `turn`: quarter turns clockwise given to the picture before looking, 0..3.
    `gain`: brightness factor for dark pictures, 1 leaves them alone.
    """

    scale: float
    threshold: float
    crop: Box | None = None
    turn: int = 0
    gain: float = 1.0


class Detector(Protocol):
    """Finds one kind of thing. Pure: the same frame and look give the same detections."""

    @property
    def info(self) -> DetectorInfo: ...

    def detect(self, frame: Frame, look: Look) -> Detections:
        """Boxes in display pixels of the whole frame, whatever the crop and turn."""
        ...


class Planner(Protocol):
    """Is shown every frame in order, and decides; `schedule` says what is decided so far."""

    def see(self, frame: Frame) -> None: ...

    def finish(self) -> None:
        """No more frames: everything becomes final."""
        ...

    @property
    def schedule(self) -> Schedule: ...


class Silhouettes(Protocol):
    """Tells people from what is behind them."""

    def likely(self, frame: Frame, boxes: Sequence[Box]) -> Sequence[NDArray[np.float32]]:
        """How likely somebody is at each place of each box, float32 (rows, cols) in [0, 1].

        The maps cover their boxes evenly, display-oriented; boxes in display pixels, each inside
        the frame and with an area. Pure, and looks at the frame as it is: ask before painting.
        """
        ...


class Redactor(Protocol):
    """Paints regions onto a frame's own planes; touches nothing when there are none."""

    def redact(self, frame: Frame, regions: Sequence[Region]) -> None: ...


class Sink(Protocol):
    """Takes finished frames in order. The output exists only after `close()`."""

    def write(self, frame: Frame) -> None: ...

    def close(self) -> None:
        """Finish the file, still under its `.partial` name."""
        ...

    def discard(self) -> None:
        """Give up: remove whatever was written. Safe to call at any time, also twice."""
        ...


class Progress(Protocol):
    """Told how far a phase is, in seconds of footage; `total` is None when unknown."""

    def __call__(self, phase: str, done: Fraction, total: Fraction | None) -> None: ...


class Follower(Protocol):
    """Is shown every frame in order, looks when it pays, and follows what it saw both ways."""

    def see(self, frame: Frame) -> None: ...

    def finish(self) -> None: ...

    @property
    def final_until(self) -> Ticks:
        """Keys before this tick will not change and no more will be added."""
        ...

    def take(self) -> Sequence[tuple[int, str, Key]]:
        """Keys that became final since the last call, in order of time: (track id, kind, key)."""
        ...


@dataclass(frozen=True, slots=True)
class EmbedderInfo:
    """An embedder's card. `side`: of its pictures, pixels. `same`: the distance below which its
    makers call two pictures one person."""

    name: str  # versioned: "dlib-resnet.v1"
    sha256: str  # of the weights
    licence: str
    side: int
    same: float


class Embedder(Protocol):
    """Says how alike pictures of faces are, for verification. It knows nobody and keeps nothing."""

    @property
    def info(self) -> EmbedderInfo: ...

    def embed(self, faces: Sequence[Picture]) -> NDArray[np.float32]:
        """RGB uint8 (side, side, 3) each, the face filling it -> points float32 (n, d).

        The nearer two points are, the more alike the faces. Pure, and one face's point does not
        depend on the others.
        """
        ...


@dataclass(frozen=True, slots=True)
class VoiceEmbedderInfo:
    """A voice embedder's card."""

    name: str  # versioned: "resemblyzer.v1"
    sha256: str  # of the weights
    licence: str


class VoiceEmbedder(Protocol):
    """Says how alike voices are, for verification. It knows nobody and keeps nothing."""

    @property
    def info(self) -> VoiceEmbedderInfo: ...

    def embed(self, pieces: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        """Speech (n,) at `core.sound.HEARD_RATE` each -> points float32 (pieces, d) of length one.

        The larger the product of two points, the more alike the voices. Pure; how loud a piece is
        does not matter, and one piece's point does not depend on the others.
        """
        ...
