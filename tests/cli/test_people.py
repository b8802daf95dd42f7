"""People and heads end to end: real models, a photo and a film made on the fly."""

from __future__ import annotations

import json
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image, ImageDraw

from passerby.core.geometry import Box
from passerby.core.time import Span, Ticks
from passerby.plan import Document, load, schedule_of

from .conftest import Run
from .test_kinds import changed, grey

BODY = (60, 40, 330, 470)  # of the portrait: head, shoulders, suit
HEAD = Box(165, 30, 280, 190)


def portrait(path: Path, masked: bool = False) -> Image.Image:
    """The astronaut; `masked`: with nothing left of her face."""
    with Image.open(path) as image:
        picture = image.convert("RGB")
    if masked:
        ImageDraw.Draw(picture).ellipse((165, 40, 285, 195), fill=(60, 50, 45))
    return picture


def walked(to: Path, who: Image.Image, frames: int = 36) -> list[Box]:
    """A film in which the camera pans over somebody: where the body is in each frame."""
    wall = Image.new("RGB", (1000, 480), (118, 124, 130))
    for x in range(0, 1000, 40):  # something to hold on to
        ImageDraw.Draw(wall).rectangle((x, 40 + x % 300, x + 14, 60 + x % 300), fill=(90, 90, 100))
    small = who.resize((384, 384), Image.Resampling.LANCZOS)
    wall.paste(small.crop((0, 0, 300, 384)), (350, 96))
    bodies = []
    with av.open(str(to), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 640, 480, "yuv420p"
        stream.options = {"crf": "18", "preset": "ultrafast"}
        for i in range(frames):
            left = 10 * i
            shown = wall.crop((left, 0, left + 640, 480))
            x = 350 - left
            bodies.append(Box(x + 45, 126, x + 248, 449))
            container.mux(
                stream.encode(av.VideoFrame.from_ndarray(np.asarray(shown), format="rgb24"))
            )
        container.mux(stream.encode())
    return bodies


def hidden(plan: Document, kind: str, frames: int) -> list[list[Box]]:
    """What is hidden of a kind, in each frame."""
    schedule, _, _ = schedule_of(plan)
    ticks = (plan.media.end - plan.media.first) // frames
    return [
        [
            region.box
            for region in schedule.regions(Span(Ticks(at), Ticks(at + ticks)))
            if region.kind == kind
        ]
        for at in (plan.media.first + i * ticks for i in range(frames))
    ]


@pytest.mark.parametrize("style", ["veil", "mosaic"])
def test_a_person_in_a_photo_is_hidden_from_head_to_hip(
    inside: Run, astronaut: Path, tmp_path: Path, style: str
) -> None:
    portrait(astronaut).save(tmp_path / "in.png")
    done = inside("redact", "in.png", "--hide", "people", "--style", style, "--report", "r.json")
    assert done.returncode == 0, done.stderr
    before, after = grey(tmp_path / "in.png"), grey(tmp_path / "in.redacted.png")
    least = 0.6 if style == "veil" else 0.02
    assert changed(before, after, BODY) > least
    report = json.loads((tmp_path / "r.json").read_text())
    assert [d["family"] for d in report["detectors"]] == ["nanodet"]
    assert 0 < report["detectors"][0]["smallest"] <= 32
    assert "people" not in report["not_looked_for"]
    assert "faces" in report["not_looked_for"]


def test_a_person_is_hidden_in_every_frame_of_a_film_and_the_face_too(
    inside: Run, astronaut: Path, tmp_path: Path
) -> None:
    bodies = walked(tmp_path / "in.mp4", portrait(astronaut))
    done = inside("redact", "in.mp4", "--hide", "faces,people", "--save-plan", "p.json")
    assert done.returncode == 0, done.stderr
    plan = load(tmp_path / "p.json")
    assert {d.kind for d in plan.detectors} == {"face", "person"}
    people = hidden(plan, "person", len(bodies))
    for i, (body, boxes) in enumerate(zip(bodies, people, strict=True)):
        seen = Box(max(0.0, body.x0), body.y0, body.x1, body.y1)
        if seen.width < 120:
            continue  # an arm is left of her
        assert any(shared(seen, box) > 0.9 for box in boxes), i
    assert all(hidden(plan, "face", 15))


def shared(body: Box, box: Box) -> float:
    """How much of a body is in a box."""
    wide = min(body.x1, box.x1) - max(body.x0, box.x0)
    high = min(body.y1, box.y1) - max(body.y0, box.y0)
    return max(0.0, wide) * max(0.0, high) / body.area


@pytest.mark.parametrize("told", [["--heads"], ["--preset", "thorough"]])
def test_a_head_without_a_face_is_hidden_with_the_faces(
    inside: Run, astronaut: Path, tmp_path: Path, told: list[str]
) -> None:
    portrait(astronaut, masked=True).save(tmp_path / "in.png")
    done = inside("redact", "in.png", *told, "--save-plan", "p.json")
    assert done.returncode == 0, done.stderr
    plan = load(tmp_path / "p.json")
    assert {track.kind for track in plan.tracks} == {"face"}
    assert "head" in {key[5] for track in plan.tracks for key in track.keys}
    (boxes,) = hidden(plan, "face", 1)
    assert any(shared(HEAD, box) > 0.95 for box in boxes)
    before, after = grey(tmp_path / "in.png"), grey(tmp_path / "in.redacted.png")
    assert changed(before, after, HEAD.corners) > 0.1


@pytest.mark.parametrize("told", [[], ["--preset", "thorough", "--no-heads"], ["--heads"]])
def test_heads_are_hidden_only_where_faces_are_and_nobody_said_no(
    inside: Run, astronaut: Path, tmp_path: Path, told: list[str]
) -> None:
    portrait(astronaut, masked=True).save(tmp_path / "in.png")
    kind = ["--hide", "text"] if told == ["--heads"] else []
    done = inside("redact", "in.png", *told, *kind, "--no-verify", "--report", "r.json")
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "r.json").read_text())
    assert "person" not in {d["kind"] for d in report["detectors"]}


def test_a_head_without_a_face_is_hidden_in_every_frame_of_a_film(
    inside: Run, astronaut: Path, tmp_path: Path
) -> None:
    bodies = walked(tmp_path / "in.mp4", portrait(astronaut, masked=True))
    done = inside("redact", "in.mp4", "--heads", "--save-plan", "p.json")
    assert done.returncode == 0, done.stderr
    plan = load(tmp_path / "p.json")
    heads = hidden(plan, "face", len(bodies))
    for i, (body, boxes) in enumerate(zip(bodies, heads, strict=True)):
        head = Box(body.x0 + 79, body.y0 - 3, body.x0 + 169, body.y0 + 110)
        if body.x0 < 0:
            continue
        assert any(shared(head, box) > 0.9 for box in boxes), i
    assert not any(hidden(plan, "person", len(bodies)))
    # What is there for the sake of the safety net is not among what people asked to hide.
    assert np.isfinite([d.smallest for d in plan.detectors]).all()


@pytest.mark.parametrize("told", [["--heads"], ["--preset", "thorough"]])
def test_the_safety_net_hardly_covers_more_of_somebody_whose_face_shows(
    inside: Run, astronaut: Path, tmp_path: Path, told: list[str]
) -> None:
    bodies = walked(tmp_path / "in.mp4", portrait(astronaut))
    done = inside("scan", "in.mp4", *told, "-o", "p.json")
    assert done.returncode == 0, done.stderr
    plan = load(tmp_path / "p.json")
    shares = [share_of(boxes) for boxes in hidden(plan, "face", len(bodies))]
    assert min(shares) > 0.01  # the face
    assert np.mean(shares) < 0.15


def share_of(boxes: list[Box]) -> float:
    """How much of a picture of the film lies in boxes."""
    covered = np.zeros((480, 640), bool)
    for box in boxes:
        x0, y0, x1, y1 = (max(0, round(edge)) for edge in box.corners)
        covered[y0:y1, x0:x1] = True
    return float(covered.mean())
