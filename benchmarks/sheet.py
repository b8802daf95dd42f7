"""Leaks as pictures: each face as it was beside the same place in the output, in one sheet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from scoring import Leak

Image = NDArray[Any]
TILE: Final = 144
TEXT: Final = 16
COLUMNS: Final = 6
MOST: Final = 120  # pairs on a sheet; of more, every so many-th is shown
AROUND: Final = 1.0  # box sides of surroundings


@dataclass(frozen=True, slots=True)
class Shown:
    """A leak and the words under it."""

    leak: Leak
    words: str


def clip_sheet(clip: Path, redacted: Path, leaks: Sequence[Shown], to: Path) -> None:
    """A sheet of leaks of one film. The two films are compared frame by frame, by number."""
    chosen = _chosen(leaks)
    wanted = {item.leak.frame for item in chosen}
    before, after = _frames(clip, wanted), _frames(redacted, wanted)
    _write([_pair(item, before, after) for item in chosen], to)


def photo_sheet(photos: Path, redacted: dict[str, Path], leaks: Sequence[Shown], to: Path) -> None:
    """The same for photos; `redacted`: name of the photo -> output."""
    pairs = []
    for item in _chosen(leaks):
        before = {0: cv2.imread(str(photos / item.leak.photo))}
        after = {0: cv2.imread(str(redacted[item.leak.photo]))}
        pairs.append(_pair(item, before, after))
    _write(pairs, to)


def _chosen(leaks: Sequence[Shown]) -> list[Shown]:
    step = -(-len(leaks) // MOST)
    return list(leaks[:: max(1, step)])


def _frames(film: Path, wanted: set[int]) -> dict[int, Image]:
    return {number: image for number, image in _decoded(film) if number in wanted}


def _decoded(film: Path) -> Iterator[tuple[int, Image]]:
    capture = cv2.VideoCapture(str(film))
    number = 0
    while True:
        there, image = capture.read()
        if not there:
            capture.release()
            return
        yield number, image
        number += 1


def _pair(item: Shown, before: dict[int, Any], after: dict[int, Any]) -> Image:
    pair = np.full((TILE + TEXT, 2 * TILE + 4, 3), 255, np.uint8)
    for column, images in enumerate((before, after)):
        image = images.get(item.leak.frame)
        if image is not None:
            left = column * (TILE + 2)
            pair[:TILE, left : left + TILE] = _tile(image, item.leak)
    where = (2, TILE + TEXT - 5)
    cv2.putText(pair, item.words, where, cv2.FONT_HERSHEY_SIMPLEX, 0.36, (0, 0, 0), 1, cv2.LINE_AA)
    return pair


def _tile(image: Image, leak: Leak) -> Image:
    """The face and its surroundings as a square tile, with the corners of its box marked."""
    x0, y0, x1, y1 = leak.box
    side = max(x1 - x0, y1 - y0) * (1 + 2 * AROUND)
    left, top = (x0 + x1 - side) / 2, (y0 + y1 - side) / 2
    scale = TILE / side
    move = np.array([[scale, 0, -left * scale], [0, scale, -top * scale]], np.float64)
    tile = np.asarray(cv2.warpAffine(image, move, (TILE, TILE), borderValue=(128, 128, 128)))
    corners = [((x - left) * scale, (y - top) * scale) for x, y in ((x0, y0), (x1, y1))]
    (a, b), (c, d) = [(round(x), round(y)) for x, y in corners]
    for x, y in ((a, b), (a, d), (c, b), (c, d)):
        cv2.circle(tile, (x, y), 2, (0, 255, 255), -1)
    return tile


def _write(pairs: Iterable[Image], to: Path) -> None:
    pairs = list(pairs)
    if not pairs:
        return
    blank = np.full_like(pairs[0], 255)
    pairs += [blank] * (-len(pairs) % min(COLUMNS, len(pairs)))
    across = min(COLUMNS, len(pairs))
    rows = [np.hstack(pairs[n : n + across]) for n in range(0, len(pairs), across)]
    to.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(to), np.vstack(rows))
