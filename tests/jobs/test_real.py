"""With the real detector, a real face and a real film: the whole way once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from passerby.core.geometry import Box, Size
from passerby.core.time import Span, Ticks
from passerby.jobs import Settings, doctor, redact, scan
from passerby.plan import load, schedule_of
from passerby.track.photo import smallest

FACE = Box(195, 75, 255, 160)  # eyes, nose and mouth of the portrait


def test_the_astronauts_face_is_found_and_hidden(astronaut: Path, tmp_path: Path) -> None:
    output, plan = tmp_path / "astronaut.png", tmp_path / "plan.json"
    report = redact(astronaut, output, Settings(), save_plan=plan)
    assert report.passed
    least = smallest(Size(512, 512), "balanced")
    assert f"faces smaller than {round(least, 1):g} px" in report.not_looked_for
    [used] = report.detectors
    assert used.thresholds == {"seed": 0.2, "near": 0.12, "turned": 0.5}
    schedule, _, _ = schedule_of(load(plan))
    regions = schedule.regions(Span(Ticks(0), Ticks(1)))
    assert any(region.box.contains(FACE) for region in regions)
    before, after = (np.asarray(Image.open(p).convert("L"), float) for p in (astronaut, output))
    whole = max((r.box for r in regions if r.box.contains(FACE)), key=lambda box: box.area)
    below = slice(int(whole.y1) + 32, None)
    assert np.array_equal(before[-40:], after[-40:])
    assert np.abs(before[below] - after[below]).mean() < 1
    rows, cols = slice(75, 160), slice(195, 255)
    assert np.corrcoef(before[rows, cols].ravel(), after[rows, cols].ravel())[0, 1] < 0.3


def test_the_face_in_the_car_is_hidden_in_every_frame(carphone: Path, tmp_path: Path) -> None:
    report = redact(carphone, tmp_path / "carphone.mp4", Settings(preset="fast"))
    assert report.passed
    assert report.counts.frames_hidden_in == report.counts.frames > 0


def test_a_scan_says_what_a_redaction_hides(carphone: Path, tmp_path: Path) -> None:
    settings = Settings(preset="fast", verify=False)
    scan(carphone, settings, output=tmp_path / "scan.json")
    redact(carphone, tmp_path / "out.mp4", settings, save_plan=tmp_path / "plan.json")
    assert (tmp_path / "scan.json").read_text() == (tmp_path / "plan.json").read_text()


def test_the_doctor_finds_all_that_is_needed() -> None:
    found = doctor().as_dict()
    assert found["problems"] == []
    assert found["healthy"]
    finder, *_, checker = found["detectors"]
    assert (finder["name"], checker["name"]) == ("centerface.v1", "yunet.v1")
    assert finder["family"] != checker["family"]
    assert len(finder["sha256"]) == len(checker["sha256"]) == 64
    assert found["codecs"] == dict.fromkeys(("h264", "hevc", "av1", "vp9"), "works")
    assert "not here" not in found["devices"]["onnxruntime:CPU"]
