"""Plates and text end to end: real models, a photo and a film made on the fly."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from passerby.core.geometry import Box
from passerby.core.time import Span, Ticks
from passerby.plan import load, schedule_of

from .conftest import Run

WORDS = "DR K 4711"
FACE = (195, 75, 255, 160)  # eyes, nose and mouth of the portrait


def sign(image: Image.Image, at: tuple[int, int], size: int = 26) -> Box:
    """Draw a plate with `WORDS`; where its letters are."""
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(size=size)
    x0, y0, x1, y1 = draw.textbbox(at, WORDS, font=font)
    draw.rectangle((x0 - 8, y0 - 6, x1 + 8, y1 + 6), fill=(250, 250, 245), outline=(20, 20, 20))
    draw.text(at, WORDS, font=font, fill=(15, 15, 15))
    return Box(x0, y0, x1, y1)


def grey(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("L"), float)


def changed(before: np.ndarray, after: np.ndarray, box: tuple[float, ...]) -> float:
    """1 - correlation of what is in `box`: 0 when it is the same."""
    x0, y0, x1, y1 = (round(v) for v in box)
    a, b = before[y0:y1, x0:x1].ravel(), after[y0:y1, x0:x1].ravel()
    return 1.0 if b.std() < 1 else 1 - float(np.corrcoef(a, b)[0, 1])


def touched(before: np.ndarray, after: np.ndarray, box: tuple[float, ...]) -> float:
    """The share of the pixels in `box` that differ plainly."""
    x0, y0, x1, y1 = (round(v) for v in box)
    return float((abs(before[y0:y1, x0:x1] - after[y0:y1, x0:x1]) > 8).mean())


def test_whoever_does_not_say_what_to_hide_is_told_what_nobody_looked_for(
    inside: Run, astronaut: Path, tmp_path: Path
) -> None:
    shutil.copy(astronaut, tmp_path / "in.png")
    done = inside("redact", "in.png")
    assert "not looked for: plates, text, people; --policy publish" in done.stderr
    asked = inside("redact", "in.png", "--hide", "faces", "--force")
    assert (done.returncode, asked.returncode) == (0, 0)
    assert "not looked for" not in asked.stderr
    missing = inside("redact", "none.png")
    assert missing.returncode == 1
    assert "not looked for" not in missing.stderr


@pytest.mark.parametrize("kind", ["plates", "text", "plates,text"])
@pytest.mark.parametrize("style", ["veil", "mosaic"])
def test_a_plate_in_a_photo_is_hidden_and_the_face_is_left_alone(
    inside: Run, astronaut: Path, tmp_path: Path, kind: str, style: str
) -> None:
    with Image.open(astronaut) as image:
        picture = image.convert("RGB")
    place = sign(picture, (60, 420))
    picture.save(tmp_path / "in.png")
    done = inside("redact", "in.png", "--hide", kind, "--style", style, "--report", "r.json")
    assert done.returncode == 0, done.stderr
    before, after = grey(tmp_path / "in.png"), grey(tmp_path / "in.redacted.png")
    assert changed(before, after, place.corners) > 0.6
    assert touched(before, after, FACE) < (0.2 if "text" in kind else 0.001)  # a mouth, enlarged
    if "text" in kind or style == "mosaic":  # one colour, whatever the style
        x0, y0, x1, y1 = (round(v) for v in place.corners)
        assert after[y0:y1, x0:x1].std() < 1
    report = json.loads((tmp_path / "r.json").read_text())
    assert [d["family"] for d in report["detectors"]] == ["ppocr"]
    assert "faces" in report["not_looked_for"]
    assert WORDS not in (tmp_path / "r.json").read_text()


def test_a_plate_that_drives_by_is_hidden_in_every_frame_and_faces_too(
    inside: Run, astronaut: Path, tmp_path: Path
) -> None:
    with Image.open(astronaut) as image:
        wall = image.convert("RGB").resize((640, 640)).crop((0, 0, 640, 480))
    places = []
    with av.open(str(tmp_path / "in.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 640, 480, "yuv420p"
        stream.options = {"crf": "18", "preset": "ultrafast"}
        for i in range(40):
            picture = wall.copy()
            places.append(sign(picture, (20 + 10 * i, 400)))
            frame = av.VideoFrame.from_ndarray(np.asarray(picture), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    done = inside("redact", "in.mp4", "--hide", "faces,plates", "--save-plan", "p.json")
    assert done.returncode == 0, done.stderr
    plan = load(tmp_path / "p.json")
    assert {d.kind for d in plan.detectors} == {"face", "plate"}
    schedule, timeline, _ = schedule_of(plan)
    assert {track.kind for track in timeline.tracks()} == {"face", "plate"}
    ticks = (plan.media.end - plan.media.first) // 40
    for i, place in enumerate(places):
        inner = place.grown(-2, -2)
        seen = Box(inner.x0, inner.y0, min(640.0, inner.x1), inner.y1)
        at = plan.media.first + i * ticks
        regions = schedule.regions(Span(Ticks(at), Ticks(at + ticks)))
        assert any(r.box.contains(seen) for r in regions if r.kind == "plate"), i


@pytest.mark.parametrize("named", ["ghosts", "faces,ghosts", "plate"])
def test_a_kind_that_can_not_be_hidden_is_refused_with_those_that_can(
    inside: Run, astronaut: Path, named: str
) -> None:
    done = inside("redact", astronaut, "-o", "out.png", "--hide", named)
    assert done.returncode == 2
    assert "faces, plates, text, people" in done.stderr
