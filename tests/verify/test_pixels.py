"""Planted faults are found, and what was done well passes, through a real codec."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import cv2
import numpy as np
import pytest

from passerby.core.frame import Picture
from passerby.core.geometry import Box, Orientation, Size
from passerby.core.schedule import Region, Style
from passerby.core.time import Clock, Span, Ticks
from passerby.redact import Paint
from passerby.testing import ArrayFrame, Layout, ListedSchedule
from passerby.verify.covers import LEFT
from passerby.verify.findings import Finding
from passerby.verify.pixels import compare, examine

from .coding import CLOCK, FILMS, coded, face, film, span

FRAMES = 4
SCALES = (0.3, 0.6, 1.0, 2.0)


@pytest.fixture(scope="module")
def portrait(astronaut: Path) -> Iterator[Picture]:
    with av.open(str(astronaut)) as container:
        yield cast(Picture, next(container.decode(video=0)).to_ndarray(format="rgb24"))
    FILMS.clear()


def planned(scale: float, style: Style) -> ListedSchedule:
    return ListedSchedule(
        [(span(i), Region(face(i, scale), style, "face", 0)) for i in range(FRAMES)]
    )


def redacted(
    portrait: Picture, scale: float, style: Style, moved: tuple[float, float] = (0, 0)
) -> list[ArrayFrame]:
    frames = film(portrait, FRAMES, scale)
    for i, frame in enumerate(frames):
        x0, y0, x1, y1 = face(i, scale).corners
        box = Box(x0 + moved[0], y0 + moved[1], x1 + moved[0], y1 + moved[1])
        Paint().redact(frame, [Region(box, style, "face", 0)])
    return frames


def found(
    portrait: Picture, output: Sequence[ArrayFrame], scale: float, style: Style = Style.VEIL
) -> list[Finding]:
    original = film(portrait, FRAMES, scale)
    return compare(original, output, planned(scale, style), CLOCK, CLOCK)


@pytest.mark.parametrize("style", list(Style))
@pytest.mark.parametrize("crf", [18, 23, 30])
@pytest.mark.parametrize("scale", SCALES)
def test_a_region_that_was_hidden_passes(
    portrait: Picture, scale: float, crf: int, style: Style
) -> None:
    output = coded(redacted(portrait, scale, style), crf)
    assert found(portrait, output, scale, style) == []


@pytest.mark.parametrize("style", list(Style))
@pytest.mark.parametrize("crf", [18, 30])
@pytest.mark.parametrize("scale", SCALES)
def test_a_bare_region_is_found_in_every_frame(
    portrait: Picture, scale: float, crf: int, style: Style
) -> None:
    findings = found(portrait, coded(film(portrait, FRAMES, scale), crf), scale, style)
    assert {f.at for f in findings if f.check == "pixels.left"} == {
        span(i).start for i in range(FRAMES)
    }


@pytest.mark.parametrize("style", [Style.VEIL, Style.SOLID])
@pytest.mark.parametrize("crf", [18, 30])
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("moved", [(8, 0), (-8, 0), (0, 8), (0, -8)])
def test_a_cover_that_sits_eight_pixels_off_is_found(
    portrait: Picture, scale: float, crf: int, style: Style, moved: tuple[float, float]
) -> None:
    output = coded(redacted(portrait, scale, style, moved), crf)
    findings = [f for f in found(portrait, output, scale) if f.check == "pixels.left"]
    assert findings
    ways = {(8.0, 0.0): "right", (-8.0, 0.0): "left", (0.0, 8.0): "down", (0.0, -8.0): "up"}
    said = {f.what for f in findings} - {LEFT}  # a coarse codec hides which way
    assert said <= {f"{LEFT}: its cover lies too far {ways[moved]}"}
    assert said or crf == 30


@pytest.mark.parametrize("crf", [18, 30])
@pytest.mark.parametrize(
    ("scale", "sigma"), [(0.3, 2), (0.6, 2), (1, 2), (2, 2), (0.6, 4), (1, 6), (2, 12)]
)
def test_a_weak_blur_in_place_of_a_veil_is_found(
    portrait: Picture, scale: float, sigma: float, crf: int
) -> None:
    frames = film(portrait, FRAMES, scale)
    for i, frame in enumerate(frames):
        cells = face(i, scale).cells(frame.size)
        assert cells is not None
        pixels = frame.writable()[0].pixels
        pixels[cells] = cv2.GaussianBlur(pixels[cells], (0, 0), sigma)
    assert [f for f in found(portrait, coded(frames, crf), scale) if f.check == "pixels.left"]


def patches(frame: ArrayFrame, box: Box, side: int = 10) -> list[Box]:
    """The darkest small places inside `box`, as letters are on paper."""
    luma = frame.luma(0).astype(np.float32)
    darker = cv2.blur(luma, (side, side)) - cv2.blur(luma, (6 * side, 6 * side))
    x0, y0, x1, y1 = (int(v) for v in box.corners)
    places = [(x, y) for y in range(y0, y1 - side, side) for x in range(x0, x1 - side, side)]
    places.sort(key=lambda at: darker[at[1] + side // 2, at[0] + side // 2])
    return [Box(x, y, x + side, y + side) for x, y in places[: len(places) // 6]]


@pytest.mark.parametrize("style", [Style.VEIL, Style.MOSAIC])
@pytest.mark.parametrize("crf", [18, 30])
@pytest.mark.parametrize("scale", [1.0, 2.0])
@pytest.mark.parametrize("fault", [False, True])
def test_dark_patches_on_a_cover_are_no_finding_and_hide_none(
    portrait: Picture, scale: float, crf: int, style: Style, fault: bool
) -> None:
    """Text on somebody who is hidden is covered by flat patches where the letters were."""
    original, output = film(portrait, FRAMES, scale), film(portrait, FRAMES, scale)
    listed = []
    for i, frame in enumerate(output):
        box = face(i, scale)
        regions = [Region(box, style, "person", 0)]
        regions += [
            Region(p, Style.SOLID, "text", n) for n, p in enumerate(patches(original[i], box), 1)
        ]
        listed += [(span(i), region) for region in regions]
        middle = (box.y0 + box.y1) / 2
        half = Box(box.x0, box.y0, box.x1, middle)
        Paint().redact(frame, [Region(half, style, "person", 0) if fault else regions[0]])
        Paint().redact(frame, regions[1:])
    verdict = compare(original, coded(output, crf), ListedSchedule(listed), CLOCK, CLOCK)
    left = {f.at for f in verdict if f.check == "pixels.left"}
    assert len(left) == (FRAMES if fault else 0)


@pytest.mark.parametrize("crf", [18, 30])
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("part", ["left", "right", "above", "below"])
def test_half_a_face_that_is_bare_is_found(
    portrait: Picture, scale: float, crf: int, part: str
) -> None:
    frames = film(portrait, FRAMES, scale)
    for i, frame in enumerate(frames):
        x0, y0, x1, y1 = face(i, scale).corners
        x, y = (x0 + x1) / 2, (y0 + y1) / 2
        covered = {
            "left": Box(x, y0, x1, y1),
            "right": Box(x0, y0, x, y1),
            "above": Box(x0, y, x1, y1),
            "below": Box(x0, y0, x1, y),
        }[part]
        Paint().redact(frame, [Region(covered, Style.VEIL, "face", 0)])
    assert [f for f in found(portrait, coded(frames, crf), scale) if f.check == "pixels.left"]


@pytest.mark.parametrize("style", [Style.VEIL, Style.SOLID])
@pytest.mark.parametrize("seed", range(2, 5))
def test_texture_that_a_codec_carries_across_the_border_is_no_finding(
    seed: int, style: Style
) -> None:
    """Grain all over, coarsely coded: it reaches into the cover as it would have gone on."""
    noise = np.random.default_rng(seed).normal(0, 1, (240, 320)).astype(np.float32)
    grain = cv2.GaussianBlur(noise, (0, 0), 1.5)
    ground = np.clip(grain / grain.std() * 18 + 110, 16, 235).astype(np.uint8)
    shown = [np.dstack([ground[i : i + 200, 2 * i : 2 * i + 280]] * 3) for i in range(5)]
    regions = [
        Region(
            Box(60 + 3 * i + seed, 50 + 3 * seed, 150 + 3 * i + seed, 160 + 3 * seed),
            style,
            "face",
            0,
        )
        for i in range(5)
    ]
    original, output = (
        [ArrayFrame.of(picture, span=span(i)) for i, picture in enumerate(shown)] for _ in "ab"
    )
    for frame, region in zip(output, regions, strict=True):
        Paint().redact(frame, [region])
    plan = ListedSchedule([(span(i), region) for i, region in enumerate(regions)])
    assert compare(original, coded(output, 30, "faster"), plan, CLOCK, CLOCK) == []


def as_jpeg(frame: ArrayFrame, quality: int) -> ArrayFrame:
    luma = frame.planes()[0].pixels
    told, packed = cv2.imencode(".jpg", luma, [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert told
    back = cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE)
    assert back is not None
    return ArrayFrame([back.astype(np.uint8)], Layout.GRAY, span=frame.span)


@pytest.mark.parametrize("quality", [70, 92])
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("fault", ["none", "bare", "half", "8 px off", "blurred"])
def test_photos_are_judged_as_films_are(
    portrait: Picture, scale: float, quality: int, fault: str
) -> None:
    frame, box = film(portrait, 1, scale)[0], face(0, scale)
    x0, y0, x1, y1 = box.corners
    cover = {
        "none": box,
        "half": Box(x0, y0, (x0 + x1) / 2, y1),
        "8 px off": Box(x0 + 8, y0, x1 + 8, y1),
    }.get(fault)
    if cover is not None:
        snap = 16 if fault == "none" else 1
        Paint(snap).redact(frame, [Region(cover, Style.VEIL, "face", 0)])
    elif fault == "blurred":
        cells = box.cells(frame.size)
        assert cells is not None
        pixels = frame.writable()[0].pixels
        pixels[cells] = cv2.GaussianBlur(pixels[cells], (0, 0), 2)
    plan = ListedSchedule([(span(0), Region(box, Style.VEIL, "face", 0))])
    original = film(portrait, 1, scale)
    findings = compare(original, [as_jpeg(frame, quality)], plan, CLOCK, CLOCK)
    assert {f.check for f in findings} == (set() if fault == "none" else {"pixels.left"})


def test_a_cover_that_comes_one_frame_late_is_found(portrait: Picture) -> None:
    frames = redacted(portrait, 1.0, Style.VEIL)
    frames[0] = film(portrait, FRAMES)[0]
    findings = found(portrait, coded(frames, 23), 1.0)
    assert {f.at for f in findings} == {span(0).start}


def dropped(frames: list[ArrayFrame]) -> list[ArrayFrame]:
    return [frames[0], *frames[2:]]


def doubled(frames: list[ArrayFrame]) -> list[ArrayFrame]:
    middle = Ticks(span(1).start + 100)
    return [*frames[:2], frames[1].at(Span(middle, span(1).end)), *frames[2:]]


def moved_in_time(frames: list[ArrayFrame]) -> list[ArrayFrame]:
    late = Span(Ticks(span(1).start + 1), span(1).end)
    return [frames[0], frames[1].at(late), *frames[2:]]


def cut_short(frames: list[ArrayFrame]) -> list[ArrayFrame]:
    return frames[:-1]


@pytest.mark.parametrize(
    ("fault", "checks"),
    [
        (dropped, ["time.missing"]),
        (cut_short, ["time.missing"]),
        (doubled, ["time.added"]),
        (moved_in_time, ["time.missing", "time.added"]),
    ],
)
def test_a_fault_in_time_is_one_finding_where_it_is(
    portrait: Picture,
    fault: Callable[[list[ArrayFrame]], list[ArrayFrame]],
    checks: list[str],
) -> None:
    output = fault(redacted(portrait, 0.6, Style.VEIL))
    assert sorted(f.check for f in found(portrait, output, 0.6)) == sorted(checks)


def test_a_coarser_clock_passes_within_the_tolerance_that_is_stated(portrait: Picture) -> None:
    milliseconds = Clock(Fraction(1, 1000))
    original = film(portrait, FRAMES, 0.3)
    for frame, now in zip(original, (starts := [0, 40, 81, 120]), strict=True):
        assert abs(now * 12.8 - frame.span.start) < 13
    output = [
        frame.at(Span(Ticks(now), Ticks(now + 20)))
        for frame, now in zip(redacted(portrait, 0.3, Style.VEIL), starts, strict=True)
    ]
    exact = compare(original, output, planned(0.3, Style.VEIL), CLOCK, milliseconds)
    loose = compare(
        original, output, planned(0.3, Style.VEIL), CLOCK, milliseconds, Fraction(1, 1000)
    )
    assert {f.check for f in exact} == {"time.missing", "time.added"}
    assert loose == []


def test_an_empty_output_is_never_safe() -> None:
    verdict = examine([], [], ListedSchedule([]), CLOCK, CLOCK)
    assert not verdict.safe
    assert verdict.as_dict()["findings"] == [{"check": "time.count", "what": "there are no frames"}]


@pytest.mark.parametrize("orientation", list(Orientation))
def test_original_and_output_may_be_stored_in_different_orientations(
    portrait: Picture, orientation: Orientation
) -> None:
    region = Region(face(0), Style.VEIL, "face", 0)
    plan = ListedSchedule([(span(0), region)])
    turned = ArrayFrame.of(portrait, Layout.RGB, orientation=orientation, span=span(0))
    upright = ArrayFrame.of(portrait, Layout.RGB, span=span(0))
    bare = compare([turned], [upright], plan, CLOCK, CLOCK)
    Paint().redact(upright, [region])
    assert [f.check for f in bare] == ["pixels.left"]
    assert compare([turned], [upright], plan, CLOCK, CLOCK) == []


def test_another_size_is_found(portrait: Picture) -> None:
    one = [ArrayFrame.flat(Size(64, 48), span=span(0))]
    two = [ArrayFrame.flat(Size(48, 64), span=span(0))]
    assert [f.check for f in compare(one, two, ListedSchedule([]), CLOCK, CLOCK)] == ["pixels.size"]


@pytest.mark.parametrize("crf", [18, 30, 40])
def test_what_a_codec_does_outside_the_regions_is_no_finding(portrait: Picture, crf: int) -> None:
    frames = film(portrait, FRAMES)
    assert compare(frames, coded(frames, crf), ListedSchedule([]), CLOCK, CLOCK) == []


def test_another_picture_outside_the_regions_is_found(portrait: Picture) -> None:
    frames = film(portrait, FRAMES)
    others = [
        ArrayFrame.of(np.roll(portrait, 40, 1)[: f.size.height, : f.size.width], span=f.span)
        for f in frames
    ]
    findings = compare(frames, others, ListedSchedule([]), CLOCK, CLOCK)
    assert {f.check for f in findings} == {"pixels.outside"}
    assert len(findings) == FRAMES


def test_a_picture_that_is_a_little_brighter_all_over_is_found(portrait: Picture) -> None:
    """As when full range is taken for limited: no part of it differs much."""
    frames, brighter = film(portrait, 1), film(portrait, 1)[0]
    pixels = brighter.writable()[0].pixels
    pixels += 10
    findings = compare(frames, [brighter], ListedSchedule([]), CLOCK, CLOCK)
    assert [f.check for f in findings] == ["pixels.outside"]


def test_a_changed_part_outside_the_regions_is_found(portrait: Picture) -> None:
    frames = film(portrait, 1)
    changed = film(portrait, 1)[0]
    changed.writable()[0].pixels[300:400, 100:200] = 16
    assert [f.check for f in compare(frames, [changed], ListedSchedule([]), CLOCK, CLOCK)] == [
        "pixels.outside"
    ]


def test_regions_about_which_nothing_can_be_said_are_counted() -> None:
    frame = ArrayFrame.flat(Size(200, 200), level=90, span=span(0))
    regions = [
        Region(Box(0, 0, 9, 30), Style.VEIL, "face", 0),
        Region(Box(50, 50, 150, 150), Style.VEIL, "face", 1),
    ]
    plan = ListedSchedule([(span(0), region) for region in regions])
    verdict = examine([frame], [frame], plan, CLOCK, CLOCK)
    assert verdict.safe
    assert [n.why for n in verdict.not_made] == [
        "1 regions are less than 12 pixels wide or high",
        "in 1 regions the original shows no detail",
    ]


def test_a_thousand_findings_become_twenty_and_a_number() -> None:
    frames = [ArrayFrame.flat(Size(16, 16), level=200, span=span(i)) for i in range(100)]
    others = [ArrayFrame.flat(Size(16, 16), level=20, span=span(i)) for i in range(100)]
    findings = compare(frames, others, ListedSchedule([]), CLOCK, CLOCK)
    assert len(findings) == 21
    assert findings[-1].what == "and 80 more like these"
