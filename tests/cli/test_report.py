"""The report of a real film: what is on its page, and above all what is not."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image
from tests.cli.conftest import CANARY, Run, write_clip
from tests.verify.markup import Reader, read

from passerby.jobs import Report

REFERENCE = Path(__file__).parent.parent.parent / "docs/reference/report.md"
FRAMES = 50


@pytest.fixture
def film(tmp_path: Path, portrait: Image.Image) -> Path:
    """Two seconds, 320x240: a portrait that is there, goes for a second, and comes back.

    The folder, the file and its tags are named like somebody.
    """
    folder = tmp_path / CANARY
    folder.mkdir()
    street = np.full((240, 320, 3), 128, np.uint8)
    street[::16] = 90
    there = street.copy()
    there[20:220, 60:260] = np.asarray(portrait)
    shown = [there if n < 12 or n >= 38 else street for n in range(FRAMES)]
    path = folder / f"{CANARY}.mp4"
    write_clip(path, shown)
    return path


def doubtful(inside: Run, film: Path, plan: Path) -> None:
    """A plan of `film` whose face was hardly seen, so that frames that hold it are to look at.

    An edit's note names somebody.
    """
    assert inside("scan", film, "-o", plan).returncode == 0
    document = json.loads(plan.read_text())
    for track in document["tracks"]:
        track["score"] = 0.25
        track["keys"] = [[*key[:6], key[6] and 0.25] for key in track["keys"]]
    edit = {"do": "hide", "span": [0, 1], "box": [0, 0, 9, 9], "kind": "text", "note": CANARY}
    document["edits"].append(edit)
    plan.write_text(json.dumps(document))


def told(folder: Path) -> tuple[Reader, Report, str]:
    """The page, the report behind it, and the text of both. Any trace of the name is an error."""
    page = (folder / "report.html").read_text(encoding="utf-8")
    text = (folder / "report.json").read_text(encoding="utf-8")
    for part in (page, text):
        assert CANARY.lower() not in part.lower()
        assert str(folder.parent) not in part
        assert str(Path.home()) not in re.sub("root", "", part) or str(Path.home()) == "/root"
    return read(page), Report.model_validate_json(text), page + text


def pictures(reader: Reader) -> list[np.ndarray]:
    """Every picture on the page, luma float; none of them carries more than pixels and tables."""
    decoded = []
    for coded in reader.pictures():
        with Image.open(io.BytesIO(coded)) as image:
            assert image.format == "JPEG"
            assert not image.getexif()
            assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
            decoded.append(np.asarray(image.convert("L"), float))
    return decoded


def face(portrait: Image.Image) -> np.ndarray:
    """Eyes, nose and mouth."""
    return np.asarray(portrait.convert("L"), float)[50:120, 70:125]


def likeness(picture: np.ndarray, face: np.ndarray) -> float:
    """How much of `face` is in `picture` where it may be, in [-1, 1]; a whole frame's place."""
    best = -1.0
    for dy in range(-3, 4):
        for dx in range(-3, 4):
            part = picture[70 + dy : 140 + dy, 130 + dx : 185 + dx]
            if part.std() > 1:  # flat is like nothing
                best = max(best, float(np.corrcoef(part.ravel(), face.ravel())[0, 1]))
    return best


def test_a_report_shows_where_to_look_and_nothing_of_the_original(
    inside: Run, film: Path, portrait: Image.Image, tmp_path: Path
) -> None:
    doubtful(inside, film, tmp_path / "plan.json")
    out = f"{CANARY}.redacted.mp4"
    done = inside("redact", film, "-o", out, "--report", "about", "--plan", "plan.json")
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (tmp_path / "about").iterdir()} == {"report.html", "report.json"}
    reader, report, _ = told(tmp_path / "about")
    assert reader.all("h1")[0].text == "Safe as far as checked"
    assert report.verification.words == "safe as far as checked"
    assert report.output is not None
    assert report.output.name == ""
    assert len(report.output.sha256) == 64
    smallest = report.detectors[0].smallest
    main = reader.all("main")[0].text
    assert f"The smallest face that was searched for is {smallest:g} pixels in the original" in main
    assert all(line in main for line in report.not_looked_for)
    assert all(line in main for line in report.verification.not_checked)
    assert any("never seen well" in m.reasons[0] for m in report.moments)
    assert any("ends" in " ".join(m.reasons) for m in report.moments)
    assert reader.all("h3")[0].text.startswith(f"1. {report.moments[0].time}")
    shown = pictures(reader)
    assert shown
    whole = [p for p in shown if p.shape == (240, 320)]
    assert whole
    for picture in whole:
        assert likeness(picture, face(portrait)) < 0.5


def test_originals_are_shown_when_asked_and_loudly(
    inside: Run, film: Path, portrait: Image.Image, tmp_path: Path
) -> None:
    doubtful(inside, film, tmp_path / "plan.json")
    made = inside("redact", film, "-o", "out.mp4", "--plan", "plan.json", "--no-verify")
    assert made.returncode == 0, made.stderr
    plan = ("--plan", "plan.json", "--original", film)
    quiet = inside("verify", "out.mp4", *plan, "--report", "calm")
    assert quiet.returncode == 0, quiet.stderr
    assert "ORIGINAL" not in quiet.stderr
    done = inside("verify", "out.mp4", *plan, "--report", "loud", "--with-originals", "--quiet")
    assert done.returncode == 0, done.stderr
    assert "SHOWS THE ORIGINAL, UNHIDDEN" in done.stderr
    calm, _, text = told(tmp_path / "calm")
    assert "ORIGINAL" not in text
    loud, report, _ = told(tmp_path / "loud")
    [banner] = [tag for tag in loud.tags if tag.attributes.get("class") == "banner"]
    assert "SHOWS THE ORIGINAL" in banner.text
    assert loud.all("title")[0].text.startswith("SHOWS THE ORIGINAL")
    assert report.tracks
    assert report.detectors
    faces = [
        sum(likeness(p, face(portrait)) > 0.9 for p in pictures(page) if p.shape == (240, 320))
        for page in (calm, loud)
    ]
    assert faces[0] == 0
    assert faces[1] > 0


def test_what_shows_is_not_safe_and_comes_first_and_is_not_on_the_page(
    inside: Run, film: Path, portrait: Image.Image, tmp_path: Path
) -> None:
    """The original, cleaned of its tags, is handed in for its own output."""
    assert inside("scan", film, "-o", "plan.json").returncode == 0
    plan = json.loads((tmp_path / "plan.json").read_text())
    (tmp_path / "none.json").write_text(json.dumps(plan | {"tracks": []}))
    made = inside("redact", film, "-o", "bare.mp4", "--plan", "none.json", "--no-verify")
    assert made.returncode == 0, made.stderr
    check = ("verify", "bare.mp4", "--original", film, "--plan", "plan.json")
    done = inside(*check, "--report", "about")
    assert done.returncode == 3, done.stderr
    assert "not safe" in done.stderr
    assert "look at 0:00:0" in done.stderr
    reader, report, _ = told(tmp_path / "about")
    assert reader.all("h1")[0].text == "Not safe"
    assert report.moments[0].found
    assert reader.all("h2")[0].text == "What was found"
    assert [tag.text for tag in reader.all("th")][:4] == ["When", "What", "Where", "Found by"]
    whole = [p for p in pictures(reader) if p.shape == (240, 320)]
    assert whole
    assert all(likeness(p, face(portrait)) < 0.5 for p in whole)
    assert "grey covers what was found" in reader.all("main")[0].text

    assert inside(*check, "--report", "loud", "--with-originals").returncode == 3
    reader, _, _ = told(tmp_path / "loud")
    assert "grey covers" not in reader.all("main")[0].text
    first = next(p for p in pictures(reader) if p.shape == (240, 320))
    assert likeness(first, face(portrait)) > 0.9


def test_a_film_that_does_not_pass_gets_its_report_and_is_not_handed_over(
    tmp_path: Path, clip: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from passerby.apps.cli.app import run
    from passerby.jobs import footage
    from passerby.jobs.report import Finding, Verification
    from passerby.jobs.verify import Looked

    found = Finding(check="eyes.face", what="a face shows", at=512, box=(10, 10, 60, 60), score=0.5)
    verdict = Verification(verdict="failed", checks=("eyes",), findings=(found,))
    monkeypatch.setattr(footage, "look_again", lambda *_, **__: Looked(verdict))
    monkeypatch.chdir(tmp_path)
    assert run(["redact", "clip.mp4", "--report", "about", "--preset", "fast"]) == 3
    assert not (tmp_path / "clip.redacted.mp4").exists()
    reader, report, _ = told(tmp_path / "about")
    assert reader.all("h1")[0].text == "Look here"
    assert "no output was written" in reader.all("main")[0].text
    assert len(pictures(reader)) >= 1
    assert report.moments[0].reasons == ("a face shows",)
    assert "look at 0:00:00.0" in capsys.readouterr().err


@pytest.mark.slow
def test_a_photo_and_an_unchecked_film_have_reports_too(
    inside: Run, photo: Path, clip: Path, tmp_path: Path
) -> None:
    assert inside("redact", "photo.jpg", "--report", "one").returncode == 0
    reader, report, _ = told(tmp_path / "one")
    assert reader.all("h1")[0].text == "Safe as far as checked"
    assert all(moment.time is None for moment in report.moments)
    done = inside("redact", "clip.mp4", "--report", "two", "--no-verify", "--preset", "fast")
    assert done.returncode == 0
    assert told(tmp_path / "two")[0].all("h1")[0].text == "Not checked"
    assert inside("verify", "clip.redacted.mp4", "--report", "three").returncode == 0
    reader, report, _ = told(tmp_path / "three")
    assert "There is no plan, so no tracks are known." in reader.all("main")[0].text
    assert any("no original" in line for line in report.verification.not_checked)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["redact", "clip.mp4", "--report", "old"], 1),  # holds a report already
        (["redact", "clip.mp4", "--report", "no/such/folder"], 1),
        (["redact", "clip.mp4", "photo.jpg", "--to", "out", "--report", "new"], 2),
        (["scan", "clip.mp4", "-o", "plan.json", "--report", "new"], 2),
        (["verify", "clip.mp4", "--report", "new", "--with-originals"], 2),
        (["verify", "clip.mp4", "--original", "clip.mp4", "--with-originals"], 2),
    ],
)
def test_what_can_not_be_reported_is_refused_before_the_work_begins(
    inside: Run, clip: Path, photo: Path, tmp_path: Path, arguments: list[str], code: int
) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old/report.html").write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    done = inside(*arguments)
    assert done.returncode == code, done.stderr
    assert not re.search(": (hide|find|verify)$", done.stderr, re.MULTILINE), "work began"
    assert sorted(tmp_path.rglob("*")) == before
    assert (tmp_path / "old/report.html").read_text() == "mine"


def test_a_name_with_a_suffix_is_a_file_and_an_existing_folder_is_used(
    inside: Run, photo: Path, tmp_path: Path
) -> None:
    (tmp_path / "kept.d").mkdir()
    (tmp_path / "kept.d/mine.txt").write_text("mine")
    redact = ("redact", "photo.jpg", "--no-verify", "-o")
    assert inside(*redact, "a.jpg", "--report", "r.json").returncode == 0
    assert json.loads((tmp_path / "r.json").read_text())["passerby"] == "report/1"
    assert inside(*redact, "b.jpg", "--report", "kept.d").returncode == 0
    names = {path.name for path in (tmp_path / "kept.d").iterdir()}
    assert names == {"mine.txt", "report.html", "report.json"}


def test_the_reference_names_every_key_of_a_report() -> None:
    schema = Report.model_json_schema()
    parts = {"": schema, **schema["$defs"]}
    text = REFERENCE.read_text()
    for name, part in parts.items():
        for key in part.get("properties", {}):
            assert f"`{key}`" in text, f"{name or 'Report'}.{key}"


def test_the_words_of_a_verdict_follow_from_its_findings() -> None:
    from passerby.jobs.report import Finding, Verification

    sure, unsure = Finding(check="pixels.left", what=""), Finding(check="eyes.face", what="")
    assert Verification().words == "not checked"
    assert Verification(verdict="passed").words == "safe as far as checked"
    assert Verification(verdict="failed", findings=(unsure,)).words == "look here"
    assert Verification(verdict="failed", findings=(unsure, sure)).words == "not safe"
    assert Verification(verdict="failed").words == "not safe"


def test_the_film_of_these_tests_shows_a_face(film: Path, portrait: Image.Image) -> None:
    """Or else not finding it would prove nothing."""
    with av.open(str(film)) as container:
        frames = [f.to_ndarray(format="gray").astype(float) for f in container.decode(video=0)]
    assert [likeness(f, face(portrait)) > 0.9 for f in frames] == [
        n < 12 or n >= 38 for n in range(FRAMES)
    ]
