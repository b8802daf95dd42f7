"""Attacks on outputs: what keeps nothing gives nobody away, and what keeps a little does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from passerby import jobs
from passerby.core.errors import UsageError
from passerby.core.frame import Frame, Picture
from passerby.core.geometry import Box, Size
from passerby.core.ports import Embedder, EmbedderInfo
from passerby.core.schedule import Region, Style
from passerby.core.time import FOREVER, Clock, Span, Ticks
from passerby.jobs.attack import attack_output, gathered, in_step
from passerby.redact import Paint
from passerby.testing import ArrayFrame, Layout
from passerby.verify.portrait import blurred, surroundings, tiled

FACE = Box(158, 27, 287, 199)


@pytest.fixture(scope="module")
def photo(astronaut: Path) -> Picture:
    read = cv2.imread(str(astronaut))
    assert read is not None
    return np.ascontiguousarray(read[..., ::-1]).astype(np.uint8)


class Planned:
    """These regions, at any time."""

    final_until = FOREVER

    def __init__(self, *boxes: Box, style: Style = Style.VEIL) -> None:
        self._regions = tuple(Region(box, style, "face", n) for n, box in enumerate(boxes))

    def regions(self, span: Span) -> tuple[Region, ...]:
        return self._regions


def rgb(picture: Picture, at: int = 0) -> Frame:
    return ArrayFrame.of(picture, Layout.RGB, span=Span(Ticks(at), Ticks(at + 1)))


def changed(photo: Picture, hide: Callable[[Picture], Picture]) -> Picture:
    whole = photo.copy()
    rows, cols = FACE.cells(Size(512, 512)) or (slice(0), slice(0))
    whole[rows, cols] = hide(photo[rows, cols])
    return whole


def noisy(picture: Picture) -> Picture:
    """As a JPEG of middling quality leaves it."""
    made, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 85])
    assert made
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def matched(photo: Picture, output: Picture, style: Style, embedder: Embedder) -> set[str]:
    verdict, told = attack_output([(rgb(photo), rgb(output))], Planned(FACE, style=style), embedder)
    assert told.faces == 1, verdict.not_made
    assert verdict.made == ("attack",)
    return {finding.check for finding in verdict.findings}


@pytest.mark.parametrize("style", [Style.VEIL, Style.SOLID])
def test_a_cover_that_keeps_nothing_gives_nobody_away(
    photo: Picture, style: Style, embedder: Embedder
) -> None:
    frame = ArrayFrame.of(photo, Layout.RGB)
    Paint().redact(frame, Planned(FACE, style=style).regions(frame.span))
    output = noisy(frame.picture(frame.size))
    verdict, told = attack_output([(rgb(photo), rgb(output))], Planned(FACE, style=style), embedder)
    assert not verdict.findings
    assert told.informed is not None
    assert told.informed.first == pytest.approx(told.chance, abs=1e-3)


def test_a_face_that_was_left_is_matched(photo: Picture, embedder: Embedder) -> None:
    assert matched(photo, noisy(photo), Style.VEIL, embedder) == {
        "attack.naive",
        "attack.informed",
    }


@pytest.mark.parametrize(
    "hide",
    [lambda part: blurred(part, 0.03), lambda part: tiled(part, 20)],
    ids=["blur", "mosaic"],
)
def test_a_weak_blur_or_mosaic_is_matched_though_the_plan_says_veil(
    photo: Picture, hide: Callable[[Picture], Picture], embedder: Embedder
) -> None:
    output = noisy(changed(photo, hide))
    assert "attack.informed" in matched(photo, output, Style.VEIL, embedder)


def test_a_slight_blur_is_matched_naively(photo: Picture, embedder: Embedder) -> None:
    output = noisy(changed(photo, lambda part: blurred(part, 0.015)))
    assert "attack.naive" in matched(photo, output, Style.VEIL, embedder)


@pytest.mark.parametrize("style", [Style.MOSAIC, Style.BLUR])
def test_our_own_weaker_styles_are_matched_by_who_hides_the_original_the_same_way(
    photo: Picture, style: Style, embedder: Embedder
) -> None:
    frame = ArrayFrame.of(photo, Layout.RGB)
    Paint().redact(frame, Planned(FACE, style=style).regions(frame.span))
    output = noisy(frame.picture(frame.size))
    assert matched(photo, output, style, embedder) == {"attack.informed"}


class Exact:
    """An embedder to which the least difference is another person."""

    info = EmbedderInfo("exact.v1", "0" * 64, "none", 32, 0.6)

    def embed(self, faces: Sequence[Picture]) -> NDArray[np.float32]:
        flat = np.array([face.ravel() for face in faces], np.float32).reshape(-1, 32 * 32 * 3)
        return flat * np.float32(0.01)


def test_a_cover_that_looks_like_the_wall_behind_it_gives_nobody_away() -> None:
    """Every decoy differs from the wall, the cover does not; yet its surroundings say as much."""
    ramp = np.linspace(20, 235, 512, dtype=np.float32)
    wall = np.repeat(np.repeat(ramp[None, :, None], 512, 0), 3, 2).astype(np.uint8)
    cover = surroundings(wall, FACE)
    verdict, told = attack_output([(rgb(wall), rgb(cover))], Planned(FACE), Exact())
    assert told.faces == 1, verdict.not_made
    assert told.naive is not None
    assert told.naive.first == 1
    assert not verdict.findings


def test_a_face_too_small_to_attack_is_named(photo: Picture, embedder: Embedder) -> None:
    small = Box(200, 60, 218, 82)
    verdict, told = attack_output([(rgb(photo), rgb(photo))], Planned(small), embedder)
    assert told.faces == 0
    assert told.not_attacked == 1
    assert [n.why for n in verdict.not_made] == ["1 face: less than 24 pixels wide or high"]
    assert "no hidden face could be attacked" in told.sentence()


def test_of_each_track_the_largest_view_is_attacked_and_a_face_found_twice_once() -> None:
    picture = np.zeros((512, 512, 3), np.uint8)
    inner = Box(170, 40, 240, 140)
    faces, left = gathered([(rgb(picture), rgb(picture))], Planned(inner, FACE))
    assert [face.box for face in faces] == [FACE]
    assert left == 0


def test_frames_are_paired_by_time_and_not_by_number() -> None:
    picture = np.zeros((8, 8, 3), np.uint8)
    ours = [rgb(picture, at) for at in range(4)]
    theirs = [rgb(picture, at) for at in (0, 2, 3)]
    clock = Clock(Fraction(1, 25))
    pairs = in_step(ours, theirs, clock, clock, Fraction(0))
    assert [(a.span.start, b.span.start) for a, b in pairs] == [(0, 0), (2, 2), (3, 3)]


@pytest.mark.slow
def test_the_whole_way_with_a_real_photo(
    astronaut: Path, tmp_path: Path, embedder: Embedder
) -> None:
    hidden, plan = tmp_path / "out.png", tmp_path / "plan.json"
    jobs.redact(astronaut, hidden, jobs.Settings(), save_plan=plan)
    report = jobs.verify(hidden, original=astronaut, plan=plan, attack=True)
    assert report.passed, report.findings
    assert "attack" in report.verification.checks
    assert report.attack is not None
    assert report.attack.faces == 1
    assert report.attack.sentence() in report.notes
    bare = jobs.verify(astronaut, original=astronaut, plan=plan, attack=True)
    assert {"attack.naive", "attack.informed"} <= {f.check for f in bare.findings}


def test_an_attack_needs_the_original_and_the_plan(astronaut: Path) -> None:
    with pytest.raises(UsageError, match="--plan"):
        jobs.verify(astronaut, original=astronaut, attack=True)
