"""An attack on one output: can each hidden face be matched with its own original?

The attacker holds the original face among decoys, and has to say which of them is under the cover.
Naively he compares the hidden picture with clear ones. Informed, he puts every candidate into the
same place of the same picture, hides it in every way he can think of, and looks which comes out
like the output: nobody can know more without knowing the answer.

Note [decoys]: other faces of the same footage serve where the embedder tells them from this one.
The rest are made of the face itself, bent until the embedder takes it for somebody else: same skin,
same light, same background, so only what makes a face this one can lead to it. No gallery exists.

Note [a match]: to be nearest is not enough, for somebody always is. A naive match has to be as near
as the embedder's makers ask of one person; in an informed one every decoy must be at least twice
as far. And what surrounds the face must not lead to it by itself: a cover over a wall looks like
the wall, and nobody is to be seen in either.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import cv2
import numpy as np

from ..core.frame import Picture
from ..core.geometry import Box
from ..core.ports import Embedder
from ..core.time import Ticks
from .portrait import Reals, bent, blurred, inside, portrait, surroundings, tiled
from .reidentify import apart, named_first

Hide = Callable[[Picture], Picture]

DECOYS: Final = 19  # so that a guess is right once in twenty
FEWEST: Final = 9
TRIES: Final = 5  # times as many faces are bent before we give up
SMALLEST: Final = 24  # pixels of a region's shorter side: below, clear faces aren't told apart
CLEARLY: Final = 0.5  # of a decoy's distance: the most at which an informed match is one
FLAT: Final = 2.0  # levels: decoys that differ less from the output are as good as the face
BLURS: Final = (0.02, 0.05, 0.1, 0.2, 0.3)
MOSAICS: Final = (6, 8, 12, 16, 24)


@dataclass(frozen=True, slots=True)
class Hidden:
    """A hidden face: one place of one frame before and after, with its surroundings.

    `before`, `after`: RGB of one size; `region`: in their pixels; `hide`: hides a picture of that
    size as the output is said to have been. `at`, `box`: where that is in the original.
    """

    before: Picture
    after: Picture
    region: Box
    hide: Hide
    track: int
    at: Ticks
    box: Box


@dataclass(frozen=True, slots=True)
class Attempt:
    """How the attack on one face went.

    `naive`, `informed`: 1 when its own original came first, 1/k in a tie of k, 0 else; `matched`:
    by which ways the attacker can be sure.
    """

    hidden: Hidden
    decoys: int
    naive: float
    informed: float
    matched: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Spared:
    """A face that could not be attacked, and why."""

    hidden: Hidden
    why: str


def attack(
    faces: Sequence[Hidden], embedder: Embedder, *, seed: int = 0
) -> tuple[list[Attempt], list[Spared]]:
    """Attack every face. The same faces and seed give the same answer."""
    clear = [_content(face.before, face.region) for face in faces]
    shown = [portrait(face.before, face.region, embedder.info.side) for face in faces]
    points = embedder.embed(shown)
    attempts: list[Attempt] = []
    spared: list[Spared] = []
    for number, face in enumerate(faces):
        rng = np.random.default_rng((seed, number))
        if min(face.box.width, face.box.height) < SMALLEST:
            spared.append(Spared(face, f"less than {SMALLEST} pixels wide or high"))
            continue
        far = apart(points[number : number + 1], points)[0] >= embedder.info.same
        strangers = [content for content, other in zip(clear, far, strict=True) if other]
        scenes, seen = _decoys(face, strangers, points[number], embedder, rng)
        if len(scenes) < FEWEST:
            spared.append(Spared(face, f"only {len(scenes)} decoys could be made"))
            continue
        naive, alike = _naive(face, np.stack([points[number], *seen]), embedder)
        informed, told = _informed(face, [face.before, *scenes])
        matched = tuple(name for name, sure in (("naive", alike), ("informed", told)) if sure)
        attempts.append(Attempt(face, len(scenes), naive, informed, matched))
    return attempts, spared


def _decoys(
    face: Hidden,
    strangers: Sequence[Picture],
    point: Reals,
    embedder: Embedder,
    rng: np.random.Generator,
) -> tuple[list[Picture], list[Reals]]:
    """Scenes with somebody else in the face's place, and their points; at most half of them are of
    strangers."""
    drawn = rng.permutation(len(strangers))[: DECOYS // 2]
    scenes = [_put(face, strangers[other]) for other in drawn]
    points = list(_points(scenes, face.region, embedder))
    own = _content(face.before, face.region)
    for _ in range(TRIES):
        missing = DECOYS - len(scenes)
        if not missing:
            break
        made = [_put(face, bent(own, rng)) for _ in range(missing)]
        for scene, seen in zip(made, _points(made, face.region, embedder), strict=True):
            if np.linalg.norm(seen - point) >= embedder.info.same:
                scenes.append(scene)
                points.append(seen)
    return scenes, points


def _naive(face: Hidden, points: Reals, embedder: Embedder) -> tuple[float, bool]:
    """The share of a right answer, and whether it is a match. `points`: the face's own first."""
    alone = surroundings(face.before, face.region)
    seen, around = _points([face.after, alone], face.region, embedder)
    away = apart(seen[None], points)
    share = float(named_first(away, [0])[0])
    limit = embedder.info.same
    near = bool(away[0, 0] < limit <= np.linalg.norm(around - points[0]))
    return share, share == 1 and near


def _informed(face: Hidden, scenes: Sequence[Picture]) -> tuple[float, bool]:
    """As `_naive`, by the way of hiding under which some candidate looks most like the output."""
    ways = [[face.hide(scene) for scene in scenes]]
    ways += [[_hidden(s, face.region, hide) for s in scenes] for hide in _guesses()]
    after = _content(face.after, face.region)
    off = np.array([[_off(_content(s, face.region), after) for s in way] for way in ways])
    away = off[off.min(axis=1).argmin()]
    share = float(named_first(away[None], [0])[0])
    alone = _off(_content(surroundings(face.before, face.region), face.region), after)
    told = float(np.median(away[1:])) >= FLAT
    return share, told and bool(away[0] <= CLEARLY * min(alone, away[1:].min()))


def _guesses() -> list[Hide]:
    """Ways to hide that others use; a cover that keeps nothing is none of them."""
    blurs: list[Hide] = [partial(blurred, share=share) for share in BLURS]
    return [*blurs, *(partial(tiled, across=across) for across in MOSAICS)]


def _hidden(scene: Picture, region: Box, hide: Hide) -> Picture:
    whole = scene.copy()
    cells = inside(scene, region)
    whole[cells] = hide(scene[cells])
    return whole


def _put(face: Hidden, content: Picture) -> Picture:
    whole = face.before.copy()
    cells = inside(whole, face.region)
    rows, cols = whole[cells].shape[:2]
    whole[cells] = cv2.resize(content, (cols, rows), interpolation=cv2.INTER_AREA)
    return whole


def _content(picture: Picture, region: Box) -> Picture:
    return picture[inside(picture, region)]


def _off(one: Picture, other: Picture) -> float:
    """Root of the mean squared difference, in levels."""
    return float(np.sqrt(np.mean((one.astype(np.float32) - other) ** 2)))


def _points(scenes: Sequence[Picture], region: Box, embedder: Embedder) -> Reals:
    return embedder.embed([portrait(scene, region, embedder.info.side) for scene in scenes])
