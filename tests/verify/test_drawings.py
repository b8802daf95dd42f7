"""What a style drew on covers is no detail of what they hide; what shows beside it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from passerby.core.frame import Frame, Picture
from passerby.core.schedule import Region, Style
from passerby.redact import Drawn, Paint
from passerby.redact.drawing import Draws
from passerby.testing import ArrayFrame, ListedSchedule
from passerby.verify.findings import Finding
from passerby.verify.pixels import examine

from .coding import CLOCK, FILMS, coded, face, film, span

FRAMES = 2
SCALES = (0.3, 1.0)


def _drawing(opaque: NDArray[np.bool_]) -> NDArray[np.uint8]:
    return np.stack([np.full(opaque.shape, 255), 255 * opaque], axis=2).astype(np.uint8)


def hatch(width: int, height: int, kind: str) -> NDArray[np.uint8]:
    rows, cols = np.mgrid[:height, :width]
    return _drawing((rows + cols) % 24 < 3)


def stroke(width: int, height: int, kind: str) -> NDArray[np.uint8]:
    rows, cols = np.mgrid[:height, :width]
    return _drawing(np.abs(rows / height + cols / width - 1) < 0.12)


def ring(width: int, height: int, kind: str) -> NDArray[np.uint8]:
    rows, cols = np.mgrid[:height, :width]
    far = np.hypot(2 * rows / height - 1, 2 * cols / width - 1)
    return _drawing((far > 0.4) & (far < 0.8))


def mist(width: int, height: int, kind: str) -> NDArray[np.uint8]:
    """Half transparent, and dark and bright in turn."""
    rows, cols = np.mgrid[:height, :width]
    bright = 127 + 127 * np.cos((rows / height + cols / width) * 6)
    return np.stack([bright, np.full_like(bright, 128)], axis=2).astype(np.uint8)


class Nothing:
    """Covers nothing."""

    def redact(self, frame: Frame, regions: Sequence[Region]) -> None:
        return


@pytest.fixture(scope="module")
def portrait(astronaut: Path) -> Iterator[Picture]:
    with av.open(str(astronaut)) as container:
        yield cast(Picture, next(container.decode(video=0)).to_ndarray(format="rgb24"))
    FILMS.clear()


def regions(i: int, scale: float, style: Style = Style.VEIL) -> list[Region]:
    return [Region(face(i, scale), style, "face", 0)]


def found(
    portrait: Picture, scale: float, drawn: Drawn, style: Style, *, told: bool = True
) -> list[Finding]:
    """What is found in a film that `drawn` has painted and a codec has coded."""
    original = film(portrait, FRAMES, scale)
    output: list[ArrayFrame] = film(portrait, FRAMES, scale)
    for i, frame in enumerate(output):
        drawn.redact(frame, regions(i, scale, style))
    schedule = ListedSchedule(
        [(span(i), region) for i in range(FRAMES) for region in regions(i, scale, style)]
    )
    verdict = examine(
        original,
        coded(output, 23),
        schedule,
        CLOCK,
        CLOCK,
        drawn=drawn.layer if told else None,
    )
    return list(verdict.findings)


@pytest.mark.parametrize("style", [Style.VEIL, Style.SOLID])
@pytest.mark.parametrize("draws", [hatch, stroke, ring, mist])
@pytest.mark.parametrize("scale", SCALES)
def test_what_is_drawn_on_a_cover_passes(
    portrait: Picture, scale: float, draws: Draws, style: Style
) -> None:
    assert found(portrait, scale, Drawn(Paint(), draws), style) == []


@pytest.mark.parametrize("draws", [hatch, stroke, ring, mist])
@pytest.mark.parametrize("scale", SCALES)
def test_a_face_with_a_drawing_on_it_and_no_cover_is_found(
    portrait: Picture, scale: float, draws: Draws
) -> None:
    findings = found(portrait, scale, Drawn(Nothing(), draws), Style.VEIL)
    assert {f.at for f in findings if f.check == "pixels.left"} == {span(0).start, span(1).start}


def test_a_drawing_that_is_not_told_of_may_be_refused(portrait: Picture) -> None:
    drawn = Drawn(Paint(), ring)
    assert any(found(portrait, scale, drawn, Style.SOLID, told=False) for scale in SCALES)


def test_of_a_drawing_that_is_nearly_all_edges_nothing_is_taken_away(portrait: Picture) -> None:
    def noise(width: int, height: int, kind: str) -> NDArray[np.uint8]:
        return np.random.default_rng(1).integers(1, 256, (height, width, 2), np.uint8)

    findings = found(portrait, 1.0, Drawn(Nothing(), noise), Style.VEIL)
    assert findings == found(portrait, 1.0, Drawn(Nothing(), noise), Style.VEIL, told=False)
