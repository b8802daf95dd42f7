"""Made-up films whose every face is known, and a detector that sees in them what a test allows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

import cv2
import numpy as np

from passerby.core.detection import Detections
from passerby.core.frame import Frame, Picture
from passerby.core.geometry import Box, Size
from passerby.core.ports import DetectorInfo, Look
from passerby.core.time import Clock, Span, Ticks
from passerby.core.track import Key
from passerby.testing import ArrayFrame, Layout
from passerby.track import Follower, FollowSettings

SIZE = Size(320, 180)
TICK = 3600
CLOCK = Clock(Fraction(1, 25 * TICK))  # 25 frames a second, 3600 ticks each

# Far-reaching, so that what a test sees is the following and not where it gives up.
PATIENT = replace(
    FollowSettings.preset("balanced"),
    interval=Fraction(2, 5),
    reach=Fraction(2),
    hold=Fraction(1, 2),
    seed=0.2,
    sure=0.45,
    near=0.1,
)


def textured(width: int, height: int, seed: int) -> Picture:
    """Soft noise: something to follow at every place. uint8 (height, width), 40..180 or so."""
    drawn = np.random.default_rng(seed).normal(0, 1, (height, width)).astype(np.float32)
    soft = cv2.GaussianBlur(drawn, (0, 0), 2.0)
    picture: Picture = np.clip(110 + 30 * soft / soft.std(), 0, 255).astype(np.uint8)
    return picture


Course = Callable[[int], tuple[float, float] | None]


@dataclass(frozen=True)
class Actor:
    """A face of `wide` x `high` pixels; `course` tells its top left corner, None while it is away.

    `score` is what the detector gives it in frame i; `turn` is how the picture has to be turned.
    """

    course: Course
    seed: int = 900
    wide: int = 32
    high: int = 40
    score: Callable[[int], float] = lambda _: 0.9
    turn: int = 0

    def box(self, i: int) -> Box | None:
        at = self.course(i)
        if at is None:
            return None
        x, y = round(at[0]), round(at[1])
        return Box(x, y, x + self.wide, y + self.high)


def straight(x: float, y: float, dx: float, dy: float = 0.0) -> Course:
    """Starts at (x, y) and moves by (dx, dy) pixels a frame."""
    return lambda i: (x + dx * i, y + dy * i)


def within(course: Course, first: int, end: int) -> Course:
    """There in frames `first` up to, not including, `end`."""
    return lambda i: course(i) if first <= i < end else None


@dataclass(frozen=True)
class Film:
    frames: list[ArrayFrame]
    actors: tuple[Actor, ...]
    index: dict[Ticks, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.index.update({f.span.start: i for i, f in enumerate(self.frames)})

    def visible(self, actor: Actor, i: int, least: float = 0.5) -> Box | None:
        """The part of a face inside frame `i`; None when less than `least` of it is."""
        box = actor.box(i)
        if box is None:
            return None
        inside = clipped(box, self.frames[i].size)
        return inside if inside is not None and inside.area >= least * box.area else None


def clipped(box: Box, size: Size) -> Box | None:
    x0, y0 = max(0.0, box.x0), max(0.0, box.y0)
    x1, y1 = min(float(size.width), box.x1), min(float(size.height), box.y1)
    return Box(x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None


def shot(
    length: int,
    *actors: Actor,
    size: Size = SIZE,
    scene: Callable[[int], int] = lambda _: 1,
    camera: Callable[[int], tuple[int, int]] = lambda _: (0, 0),
    light: Callable[[int], int] = lambda _: 0,
    shown: Callable[[int], int] = lambda i: i,
    pillar: Box | None = None,
    spans: Sequence[Span] | None = None,
) -> Film:
    """`length` frames of `actors` in front of a textured wall.

    `scene` names the wall of a frame, `camera` how far (0..) the view has moved over it, `light`
    is added to every pixel, `shown` is the frame whose content is shown (frozen, doubled frames)
    and `pillar` stands in front of everybody.
    """
    margin = 400
    walls: dict[int, Picture] = {}
    faces = [textured(a.wide, a.high, a.seed) for a in actors]
    post = textured(size.width, size.height, 77)
    frames: list[ArrayFrame] = []
    for at in range(length):
        i = shown(at)
        if scene(i) not in walls:
            walls[scene(i)] = textured(size.width + margin, size.height + margin, scene(i))
        x, y = camera(i)
        picture = walls[scene(i)][y : y + size.height, x : x + size.width].copy()
        for actor, face in zip(actors, faces, strict=True):
            box = actor.box(i)
            inside = clipped(box, size) if box is not None else None
            if box is None or inside is None:
                continue
            x0, y0, x1, y1 = (int(v) for v in inside.corners)
            left, top = x0 - int(box.x0), y0 - int(box.y0)
            picture[y0:y1, x0:x1] = face[top : top + y1 - y0, left : left + x1 - x0]
        if pillar is not None:
            x0, y0, x1, y1 = (int(v) for v in pillar.corners)
            picture[y0:y1, x0:x1] = post[y0:y1, x0:x1]
        lit = np.clip(picture.astype(np.int16) + light(i), 0, 255).astype(np.uint8)
        span = spans[at] if spans else Span(Ticks(at * TICK), Ticks((at + 1) * TICK))
        frames.append(ArrayFrame([lit], Layout.GRAY, span=span))
    moved = tuple(replace(a, course=_seen_through(a.course, shown)) for a in actors)
    return Film(frames, moved)


def _seen_through(course: Course, shown: Callable[[int], int]) -> Course:
    return lambda i: course(shown(i))


class Eyes:
    """A `Detector` that knows a film. It sees what a look shows well enough, if `sees` allows it.

    `sees(k, i)`: whether faces may be seen in frame `i`, the k-th frame that it was asked about.
    A face needs `least` network pixels each way and more than half of itself inside crop and frame.
    """

    info = DetectorInfo("eyes.v1", "eyes", "face", "0" * 64, "none", "none")

    def __init__(
        self, film: Film, sees: Callable[[int, int], bool] = lambda _k, _i: True, least: float = 8.0
    ) -> None:
        self._film, self._sees, self._least = film, sees, least
        self.asked: dict[int, int] = {}  # frame -> the how manieth frame asked about
        self.looks: list[tuple[int, Look]] = []
        self.seen: set[int] = set()

    def detect(self, frame: Frame, look: Look) -> Detections:
        i = self._film.index[frame.span.start]
        self.looks.append((i, look))
        k = self.asked.setdefault(i, len(self.asked))
        if not self._sees(k, i):
            return Detections.none()
        crop = look.crop or Box(0, 0, frame.size.width, frame.size.height)
        found: list[tuple[Box, float]] = []
        for actor in self._film.actors:
            box, score = actor.box(i), actor.score(i)
            if box is None or score < look.threshold or look.turn != actor.turn:
                continue
            if min(box.width, box.height) * look.scale < self._least:
                continue
            if share(box, Box(*crop.corners)) > 0.5:
                found.append((box, score))
        if not found:
            return Detections.none()
        self.seen.add(i)
        return Detections(
            np.array([b.corners for b, _ in found], np.float32),
            np.array([s for _, s in found], np.float32),
        )


def share(box: Box, cover: Box) -> float:
    """The share of `box` that `cover` holds."""
    wide = min(box.x1, cover.x1) - max(box.x0, cover.x0)
    high = min(box.y1, cover.y1) - max(box.y0, cover.y0)
    return max(0.0, wide) * max(0.0, high) / box.area


Followed = list[tuple[int, str, Key]]


def follower(
    film: Film,
    eyes: Eyes,
    settings: FollowSettings = PATIENT,
    clock: Clock = CLOCK,
    reach_frames: int | None = None,
) -> Follower:
    return Follower(eyes, settings, clock, film.frames[0].size, reach_frames=reach_frames)


def followed(
    film: Film,
    eyes: Eyes,
    settings: FollowSettings = PATIENT,
    clock: Clock = CLOCK,
    reach_frames: int | None = None,
) -> Followed:
    """All keys of a film, taken after every frame."""
    one = follower(film, eyes, settings, clock, reach_frames)
    keys: Followed = []
    for frame in film.frames:
        one.see(frame)
        keys += one.take()
    one.finish()
    keys += one.take()
    return keys


def bare(
    film: Film, keys: Followed, actor: int = 0, held: float = 0.8, least: float = 0.5
) -> list[int]:
    """Frames in which at least `least` of a face shows and no key holds `held` of that."""
    boxes: dict[Ticks, list[Box]] = {}
    for _, _, key in keys:
        boxes.setdefault(key.at, []).append(key.box)
    frames = []
    for i, frame in enumerate(film.frames):
        part = film.visible(film.actors[actor], i, least)
        covers = boxes.get(frame.span.start, [])
        if part is not None and max((share(part, c) for c in covers), default=0.0) < held:
            frames.append(i)
    return frames


def keyed(film: Film, keys: Followed) -> set[int]:
    """Frames that have any key."""
    return {film.index[key.at] for _, _, key in keys}
