"""Planted faults: faces put back into redacted films are seen, said, and hidden."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from passerby.core.errors import PlanError, UsageError
from passerby.core.geometry import Box
from passerby.core.schedule import Style
from passerby.jobs import NotHandedOver, Report, Settings, redact, repair, scan, verify
from passerby.media import VideoSource, probe
from passerby.plan import load

FRAMES, FIRST = 24, 20
SETTINGS = Settings(preset="fast", crf=20)


def face_in(number: int) -> Box:
    """Where the face is in frame `number` of the street: 200 pixels of portrait, drifting."""
    x = FIRST + 2 * number
    return Box(x + 68, 20 + 21, x + 106, 20 + 71)


def write(path: Path, pictures: Sequence[np.ndarray]) -> Path:
    """RGB pictures as a film, 25 a second."""
    height, width, _ = pictures[0].shape
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=25, options={"crf": "14", "preset": "ultrafast"})
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for picture in pictures:
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(stream.encode())
    return path


def pictures(path: Path) -> list[np.ndarray]:
    return [frame.picture(frame.size) for frame in VideoSource(probe(path)).frames()]


@pytest.fixture(scope="module")
def street(astronaut: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A face of 40 by 50 pixels that drifts over a striped street for a second."""
    stored = cv2.imread(str(astronaut))
    assert stored is not None
    portrait = cv2.resize(stored, (200, 200), interpolation=cv2.INTER_AREA)[..., ::-1]
    shown = []
    for number in range(FRAMES):
        picture = np.full((240, 320, 3), 128, np.uint8)
        picture[::16] = 90
        x = FIRST + 2 * number
        picture[20:220, x : x + 200] = portrait
        shown.append(picture)
    return write(tmp_path_factory.mktemp("street") / "street.mp4", shown)


@pytest.fixture(scope="module")
def hidden(street: Path) -> tuple[Path, Path]:
    """The street redacted, and its plan."""
    output, plan = street.with_name("hidden.mp4"), street.with_name("plan.json")
    report = redact(street, output, SETTINGS, save_plan=plan)
    assert report.passed
    assert report.other_eyes is not None
    assert report.other_eyes.added == 0
    return output, plan


@pytest.fixture(scope="module")
def bare(street: Path) -> Path:
    """A plan for the street from which a person removed every track."""
    path = street.with_name("bare.json")
    scan(street, SETTINGS, output=path)
    document = json.loads(path.read_text())
    assert document["tracks"]
    path.write_text(json.dumps({**document, "tracks": []}))
    return path


def planted(hidden: Path, street: Path, where: Sequence[int], to: Path) -> Path:
    """The redacted film with the original's face painted back into some frames."""
    shown = pictures(hidden)
    for number, picture in enumerate(pictures(street)):
        if number in where:
            rows, cols = face_in(number).grown(20, 25).cells(probe(street).size) or ((), ())
            shown[number][rows, cols] = picture[rows, cols]
    return write(to, shown)


def seen(report: Report) -> list[tuple[int, Box]]:
    """Frame and box of what other eyes found."""
    found = [f for f in report.findings if f.check == "eyes"]
    return [(round(f.at / 512), Box(*f.box)) for f in found if f.at is not None and f.box]


def exit_code(*words: str | Path) -> int:
    """Of the command line."""
    command = [sys.executable, "-m", "passerby", *map(str, words), "--quiet"]
    return subprocess.run(command, capture_output=True, check=False).returncode


def overlap(a: Box, b: Box) -> float:
    width = min(a.x1, b.x1) - max(a.x0, b.x0)
    height = min(a.y1, b.y1) - max(a.y0, b.y0)
    shared = max(0.0, width) * max(0.0, height)
    return shared / (a.area + b.area - shared)


def test_a_clean_film_is_clean_with_and_without_its_original_and_its_plan(
    street: Path, hidden: tuple[Path, Path]
) -> None:
    output, plan = hidden
    for original in (None, street):
        for known in (None, plan):
            report = verify(output, original=original, plan=known)
            assert seen(report) == []
            assert "eyes" in report.verification.checks
            assert any(
                "nobody searched for faces of less than 8.0 px" in why
                for why in report.verification.not_checked
            )
    assert exit_code("verify", output, "--original", street, "--plan", plan) == 0


def test_what_was_never_hidden_is_found_by_its_own_plan(
    street: Path, hidden: tuple[Path, Path], astronaut: Path, tmp_path: Path
) -> None:
    assert seen(verify(street, plan=hidden[1])) != []
    scan(astronaut, SETTINGS, output=tmp_path / "plan.json")
    assert seen(verify(astronaut, plan=tmp_path / "plan.json")) != []
    assert exit_code("verify", astronaut, "--plan", tmp_path / "plan.json") == 3


@pytest.mark.parametrize("style", ["veil", "solid", "mosaic", "blur", "figure"])
def test_what_is_hidden_in_any_style_is_clean_by_its_plan_alone(
    street: Path, astronaut: Path, tmp_path: Path, style: str
) -> None:
    hide = ("people", "faces") if style == "figure" else ("faces",)
    chosen = Settings(preset="fast", crf=20, style=Style(style), hide=hide)
    for number, input in enumerate((street, astronaut)):
        output = tmp_path / f"{number}{input.suffix}"
        plan = output.with_suffix(".json")
        redact(input, output, chosen, save_plan=plan)
        report = verify(output, plan=plan)
        assert report.findings == ()
        assert "eyes" in report.verification.checks


def test_a_plan_of_another_file_is_told_from_its_own_without_the_original(
    street: Path, hidden: tuple[Path, Path], astronaut: Path, tmp_path: Path
) -> None:
    output, plan = hidden
    with pytest.raises(PlanError, match="made for a video, and this is a photo"):
        verify(astronaut, plan=plan)
    larger = [cv2.resize(picture, (640, 480)) for picture in pictures(output)]
    with pytest.raises(PlanError, match="made for 320x240 pixels, and this has 640x480"):
        verify(write(tmp_path / "larger.mp4", larger), plan=plan)
    report = verify(write(tmp_path / "shorter.mp4", pictures(output)[:-3]), plan=plan)
    assert "time.count" in {f.check for f in report.findings}


def test_what_was_drawn_on_is_no_face_and_nobody_says_that_it_was_looked_at(
    hidden: tuple[Path, Path], street: Path, tmp_path: Path
) -> None:
    document = json.loads(hidden[1].read_text())
    document["settings"]["drawing"] = "faces.v1"
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps(document))
    report = verify(street, plan=plan)
    assert seen(report) == []
    assert any("inside the covers" in why for why in report.verification.not_checked)


@pytest.mark.parametrize("number", [0, 7, 13, 23])
def test_one_bare_face_in_one_frame_is_found_there(
    street: Path, hidden: tuple[Path, Path], tmp_path: Path, number: int
) -> None:
    broken = planted(hidden[0], street, [number], tmp_path / "broken.mp4")
    report = verify(broken)
    [(frame, box)] = seen(report)
    assert frame == number
    assert overlap(box, face_in(number)) > 0.4
    assert report.verification.verdict == "failed"


def test_faces_that_show_between_frames_are_one_finding(
    street: Path, hidden: tuple[Path, Path], tmp_path: Path
) -> None:
    broken = planted(hidden[0], street, range(6, 18), tmp_path / "broken.mp4")
    [(frame, box)] = seen(verify(broken))
    assert 6 <= frame <= 18
    assert overlap(box, face_in(frame)) > 0.3
    assert exit_code("verify", broken) == 3


def test_thorough_looks_at_every_frame(hidden: tuple[Path, Path]) -> None:
    usual, all_ = (verify(hidden[0], thorough=thorough) for thorough in (False, True))
    assert usual.other_eyes is not None
    assert all_.other_eyes is not None
    looks = [r.detector.looks["whole"] for r in (usual.other_eyes, all_.other_eyes)]
    assert looks[0] < FRAMES <= looks[1]


def test_what_a_person_keeps_on_purpose_is_no_finding(street: Path, tmp_path: Path) -> None:
    plan = tmp_path / "keep.json"
    scan(street, SETTINGS, output=plan)
    document = json.loads(plan.read_text())
    document["edits"] = [
        {"do": "keep", "track": track["id"], "where": track["keys"][0][:5]}
        for track in document["tracks"]
    ]
    plan.write_text(json.dumps(document))
    output = tmp_path / "kept.mp4"
    report = redact(street, output, SETTINGS, plan=plan)
    assert report.passed
    assert report.counts.regions == 0
    assert seen(verify(output, plan=plan)) == []
    assert seen(verify(output)) != []


def test_a_face_that_the_plan_misses_is_added_to_it_and_hidden_before_the_file_is_handed_over(
    street: Path, bare: Path, tmp_path: Path
) -> None:
    output, saved = tmp_path / "out.mp4", tmp_path / "saved.json"
    report = redact(street, output, SETTINGS, plan=bare, save_plan=saved)
    assert report.passed
    assert report.other_eyes is not None
    assert report.other_eyes.added >= 1
    assert any("only other eyes saw" in note for note in report.notes)
    assert report.counts.frames_hidden_in == FRAMES
    assert {edit.note for edit in load(saved).edits} == {repair.NOTE}
    for number, (was, now) in enumerate(zip(pictures(street), pictures(output), strict=True)):
        cells = face_in(number).cells(probe(street).size)
        assert cells is not None
        likeness = np.corrcoef(was[cells].ravel(), now[cells].ravel())[0, 1]
        assert likeness < 0.5, number
    again = redact(street, tmp_path / "again.mp4", SETTINGS, plan=saved)
    assert again.other_eyes is not None
    assert again.other_eyes.added == 0


def test_what_can_not_be_mended_is_not_handed_over(
    street: Path, bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repair, "ROUNDS", 0)
    with pytest.raises(NotHandedOver, match="shows to other eyes"):
        redact(street, tmp_path / "out.mp4", SETTINGS, plan=bare)
    assert list(tmp_path.iterdir()) == []


def test_a_photo_is_mended_too(astronaut: Path, tmp_path: Path) -> None:
    plan, output = tmp_path / "plan.json", tmp_path / "out.png"
    scan(astronaut, SETTINGS, output=plan)
    document = json.loads(plan.read_text())
    plan.write_text(json.dumps({**document, "tracks": []}))
    report = redact(astronaut, output, SETTINGS, plan=plan)
    assert report.passed
    assert report.other_eyes is not None
    assert report.other_eyes.added >= 1
    before, after = cv2.imread(str(astronaut), 0), cv2.imread(str(output), 0)
    assert before is not None
    assert after is not None
    face = slice(75, 160), slice(195, 255)
    assert np.corrcoef(before[face].ravel(), after[face].ravel())[0, 1] < 0.3


def test_a_checker_of_the_finders_family_is_refused(
    hidden: tuple[Path, Path], tmp_path: Path
) -> None:
    output, plan = hidden
    document = json.loads(plan.read_text())
    (face,) = document["detectors"]
    document["detectors"] = [face | {"family": family} for family in ("yunet", "centerface")]
    other = tmp_path / "plan.json"
    other.write_text(json.dumps(document))
    with pytest.raises(UsageError, match="of the finder's own family"):
        verify(output, plan=other)
