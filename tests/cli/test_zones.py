"""Hide a place, a time, or everybody but one: real films and photos, judged by their pixels."""

from __future__ import annotations

import json
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from PIL import Image

from passerby.plan import KeepZone, load

from .conftest import Run, write_clip

FRAMES = 50
SPEAKER = (100, 76, 148, 136)  # her eyes, nose and mouth in `studio`


def pictures(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as film:
        return [frame.to_ndarray(format="gray") for frame in film.decode(video=0)]


def likeness(was: np.ndarray, now: np.ndarray, box: tuple[int, int, int, int]) -> float:
    """Correlation of the detail inside a box, -1 to 1; 0 for what is flat."""
    x0, y0, x1, y1 = box
    a, b = (p[y0:y1, x0:x1].astype(np.float32) for p in (was, now))
    a, b = a - cv2.GaussianBlur(a, (0, 0), 8), b - cv2.GaussianBlur(b, (0, 0), 8)
    return float((a * b).sum() / max(1e-9, np.sqrt((a * a).sum() * (b * b).sum())))


def visitor(number: int) -> tuple[int, int, int, int]:
    """Where the visitor's face is: it comes in from the right, and stays inside the zone."""
    x = max(300, 470 - 8 * number) + 46
    return x, 70, x + 40, 130


@pytest.fixture(scope="module")
def studio(portrait: Image.Image, carphone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds, 480x270: she sits still on the left; a man comes in and stays beside her."""
    with av.open(str(carphone)) as film:
        man = next(film.decode(video=0)).to_ndarray(format="rgb24")
    face = cv2.resize(man[10:130, 20:140], (150, 150), interpolation=cv2.INTER_CUBIC)
    rows, cols = np.mgrid[:270, :480]
    wall = np.stack([120 + 20 * np.sin(rows / 31), 110 + 20 * np.cos(cols / 37), 0 * rows + 100], 2)
    shown = []
    for number in range(FRAMES):
        picture = wall.clip(0, 255).astype(np.uint8)
        picture[40:240, 20:220] = np.asarray(portrait)
        x = max(300, 470 - 8 * number)
        picture[40:190, x : min(480, x + 150)] = face[:, : min(480, x + 150) - x]
        shown.append(picture)
    path = tmp_path_factory.mktemp("studio") / "studio.mp4"
    write_clip(path, shown, sound=False)
    return path


def test_a_zone_and_a_time_are_hidden_and_a_saved_plan_hides_the_same(
    inside: Run, clip: Path, tmp_path: Path
) -> None:
    asked = ["--zone", "30%,150,192,92%", "--zone", "0,200,40,240@0.4-0.6", "--time", "0:00.2-0.4"]
    done = inside("redact", "clip.mp4", *asked, "--save-plan", "p.json", "--encoder-preset",
                    "ultrafast")  # fmt: skip
    assert done.returncode == 0, done.stderr
    before, after = pictures(clip), pictures(tmp_path / "clip.redacted.mp4")
    for number, (was, now) in enumerate(zip(before, after, strict=True)):
        whole = 5 <= number < 10
        assert abs(likeness(was, now, (100, 154, 188, 216))) < (1e-6 if whole else 0.5)
        assert (likeness(was, now, (4, 204, 36, 236)) < 0.5) == (5 <= number < 15)
        assert (now.std() < 1) == whole
        if not whole:
            assert np.abs(was[:30, 284:].astype(int) - now[:30, 284:]).mean() < 6
    again = inside("redact", "clip.mp4", "--plan", "p.json", "-o", "again.mp4",
                     "--encoder-preset", "ultrafast")  # fmt: skip
    assert again.returncode == 0, again.stderr
    assert (tmp_path / "again.mp4").read_bytes() == (tmp_path / "clip.redacted.mp4").read_bytes()
    kinds = [getattr(edit, "kind", "") for edit in load(tmp_path / "p.json").edits]
    assert kinds == ["zone", "zone", "time"]


def test_a_speaker_stays_bare_and_a_visitor_who_comes_to_sit_beside_her_does_not(
    inside: Run, studio: Path, tmp_path: Path
) -> None:
    out, plan = tmp_path / "out.mp4", tmp_path / "plan.json"
    done = inside("redact", studio, "-o", out, "--keep-zone", "0,0,450,100%",
                    "--save-plan", plan, "--report", "r.json")  # fmt: skip
    assert done.returncode == 0, done.stderr
    before, after = pictures(studio), pictures(out)
    for number, (was, now) in enumerate(zip(before, after, strict=True)):
        assert likeness(was, now, SPEAKER) > 0.95, number
        if visitor(number)[2] < 480:
            assert likeness(was, now, visitor(number)) < 0.5, number
    report = json.loads((tmp_path / "r.json").read_text())
    assert any("a keep-zone, leaves 1 track bare, as was asked" in n for n in report["notes"])
    assert report["verification"]["verdict"] == "passed"
    assert not report["verification"]["findings"]
    assert [type(edit) for edit in load(plan).edits] == [KeepZone]
    check = inside("verify", out, "--original", studio, "--plan", plan)
    assert check.returncode == 0, check.stderr
    blind = inside("verify", out)
    assert blind.returncode == 3, "without the plan nobody knows that she is bare on purpose"


def test_without_a_keep_zone_she_is_hidden_too(inside: Run, studio: Path, tmp_path: Path) -> None:
    done = inside("redact", studio, "-o", "out.mp4", "--no-verify")
    assert done.returncode == 0, done.stderr
    before, after = pictures(studio), pictures(tmp_path / "out.mp4")
    assert max(likeness(a, b, SPEAKER) for a, b in zip(before, after, strict=True)) < 0.5


def test_zones_of_a_photo(inside: Run, photo: Path, tmp_path: Path) -> None:
    kept = inside("redact", "photo.jpg", "-o", "kept.jpg", "--keep-zone", "0,0,100%,100%")
    assert kept.returncode == 0, kept.stderr
    assert "a keep-zone, leaves" in kept.stderr
    hidden = inside("redact", "photo.jpg", "-o", "hidden.jpg", "--zone", "0,0,50%,100%")
    assert hidden.returncode == 0, hidden.stderr
    part = inside("redact", "photo.jpg", "-o", "part.jpg", "--keep-zone", "0,0,100,100%")
    assert part.returncode == 0, part.stderr
    assert "keeps nobody" in part.stderr

    def grey(name: str) -> np.ndarray:
        with Image.open(tmp_path / name) as image:
            return np.asarray(image.convert("L"))

    face, corner = (76, 50, 124, 110), (4, 150, 90, 196)
    assert likeness(grey("photo.jpg"), grey("kept.jpg"), face) > 0.95
    assert likeness(grey("photo.jpg"), grey("part.jpg"), face) < 0.5
    assert likeness(grey("photo.jpg"), grey("hidden.jpg"), corner) < 0.5
    assert likeness(grey("photo.jpg"), grey("kept.jpg"), corner) > 0.95


def test_zones_are_part_of_settings_and_of_a_scanned_plan(
    inside: Run, clip: Path, tmp_path: Path
) -> None:
    (tmp_path / "own.toml").write_text('zone = ["0,0,64,64"]\ntime = ["0-0.1"]\n')
    done = inside("scan", "clip.mp4", "-o", "p.json", "--settings", "own.toml")
    assert done.returncode == 0, done.stderr
    plan = load(tmp_path / "p.json")
    assert [edit.note for edit in plan.edits] == ["zone 0,0,64,64", "time 0-0.1"]
    assert plan.settings["zone"] == ["0,0,64,64"]
    more = inside("redact", "clip.mp4", "--plan", "p.json", "--settings", "own.toml",
                    "--keep-zone", "0,0,9,9", "--save-plan", "q.json")  # fmt: skip
    assert more.returncode == 0, more.stderr
    assert [edit.do for edit in load(tmp_path / "q.json").edits] == ["hide", "hide", "keep-zone"]
    assert pictures(tmp_path / "clip.redacted.mp4")[1].std() < 1


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (("--zone", "400,0,500,20"), "outside the picture"),
        (("--zone", "1,2,3"), "is no zone"),
        (("--time", "0:10-0:05"), "ends before it begins"),
        (("--time", "5-6"), "the film lasts 1.000 s"),
        (("--keep-zone", "10,10,10,20"), "nothing in it"),
    ],
)
def test_a_zone_that_makes_no_sense_is_one_line_and_leaves_nothing(
    inside: Run, clip: Path, tmp_path: Path, asked: tuple[str, str], says: str
) -> None:
    done = inside("redact", "clip.mp4", *asked)
    assert done.returncode == 2
    assert says in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["clip.mp4"]


def test_a_time_is_refused_for_photos_in_a_folder_and_films_go_on(
    inside: Run, clip: Path, photo: Path, tmp_path: Path
) -> None:
    done = inside("redact", clip, photo, "--to", "out", "--time", "0-0.5")
    assert done.returncode == 1
    assert "a photo has none" in done.stderr
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["clip.redacted.mp4"]
