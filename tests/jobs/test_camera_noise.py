"""`--camera-noise reduce` the whole way: written, verified, and said."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from passerby.core.errors import UsageError
from passerby.core.geometry import Box
from passerby.core.ports import Redactor, Sink
from passerby.core.schedule import Region, Style
from passerby.core.time import Clock
from passerby.jobs import Settings, footage, redact
from passerby.jobs.quieted import Quieted, Widened
from passerby.media import VideoSource, probe
from passerby.redact import CameraNoise, Paint
from passerby.testing import ArrayFrame, Layout, ListedSchedule
from passerby.verify.pixels import compare

from .films import film, finder, photo, pictures, place

CLOCK = Clock(Fraction(1, 25))
REDUCE = Settings(preset="fast", camera_noise="reduce")


@pytest.fixture(autouse=True)
def knowing(monkeypatch: pytest.MonkeyPatch) -> None:
    """No model: these tests are about what happens afterwards."""
    monkeypatch.setattr(footage, "video_finder", finder())
    monkeypatch.setattr(footage, "photo_finder", finder(late=0))


def test_a_film_is_written_verified_and_the_report_says_how(tmp_path: Path) -> None:
    report = redact(film(tmp_path / "clip.y4m"), tmp_path / "out.mp4", REDUCE)
    assert report.passed
    assert report.settings["camera_noise"] == "reduce"
    [said] = [note for note in report.notes if "camera noise" in note]
    assert "not impossible" in said
    frames = [frame.luma(0) for frame in VideoSource(probe(tmp_path / "out.mp4")).frames()]
    assert len(frames) == 12
    for number, (was, now) in enumerate(zip(pictures(12), frames, strict=True)):
        box = place(number)
        cells = slice(int(box.y0), int(box.y1)), slice(int(box.x0), int(box.x1))
        assert abs(np.corrcoef(was[cells].ravel(), now[cells].ravel())[0, 1]) < 0.3


def test_two_decodes_and_a_plan_reduce_it_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = film(tmp_path / "clip.y4m")
    reduced, widened = list[Sink](), list[Redactor]()

    def counted(sink: Sink) -> Quieted:
        reduced.append(sink)
        return Quieted(sink)

    def covering(paint: Redactor) -> Widened:
        widened.append(paint)
        return Widened(paint)

    monkeypatch.setattr(footage, "Quieted", counted)
    monkeypatch.setattr(footage, "Widened", covering)
    redact(clip, tmp_path / "one.mp4", REDUCE, save_plan=tmp_path / "plan.json")
    redact(clip, tmp_path / "two.mp4", REDUCE, plan=tmp_path / "plan.json")
    monkeypatch.setattr(footage, "waits_in_memory", lambda *_: False)
    redact(clip, tmp_path / "three.mp4", REDUCE)
    assert len(reduced) == len(widened) == 3
    redact(clip, tmp_path / "four.mp4", Settings())
    assert len(reduced) == len(widened) == 3


def test_a_photo_is_reduced_without_loss_of_its_format(tmp_path: Path) -> None:
    source = photo(tmp_path / "in.png")
    kept = redact(source, tmp_path / "kept.png", Settings())
    report = redact(source, tmp_path / "out.png", REDUCE)
    assert report.passed
    assert kept.settings["camera_noise"] == "keep"
    assert not [note for note in kept.notes if "camera noise" in note]
    was, now = (np.asarray(Image.open(tmp_path / name)) for name in ("kept.png", "out.png"))
    assert was.shape == now.shape
    assert not np.array_equal(was, now)
    assert np.abs(was.astype(int) - now).mean() < 4


def test_nothing_but_keep_and_reduce_is_understood() -> None:
    with pytest.raises(UsageError, match="camera_noise"):
        Settings.load(camera_noise="remove")


@pytest.mark.parametrize("seed", range(4))
def test_where_the_picture_was_bent_a_region_shows_nothing_but_its_cover(seed: int) -> None:
    rows, cols = np.mgrid[:720, :1280]
    board = 120 + 80 * np.sign(np.sin(np.pi * cols / 20) * np.sin(np.pi * rows / 20))
    was, now = (ArrayFrame([board.astype(np.uint8)], Layout.GRAY) for _ in range(2))
    regions = [
        Region(
            Box(100 + 200 * x, 100 + 150 * y, 220 + 200 * x, 128 + 150 * y), style, "text", 5 * y
        )
        for x in range(5)
        for y, style in enumerate((Style.SOLID, Style.VEIL, Style.SOLID))
    ]
    Widened(Paint()).redact(now, regions)
    CameraNoise(seed).reduce(now)
    shown = now.luma(0)
    for region in regions:
        cells = region.box.cells(now.size)
        assert cells is not None
        if region.style is Style.SOLID:
            assert np.ptp(shown[cells].astype(int)) <= 2
    found = compare(
        [was], [now], ListedSchedule([(was.span, region) for region in regions]), CLOCK, CLOCK
    )
    assert not [finding for finding in found if finding.check == "pixels.left"]
