"""Policies: listed, printed, copied, changed, given back; and sizes, which they may hold."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from passerby.core.errors import UsageError
from passerby.jobs import Settings, policies
from passerby.jobs.settings import AVAILABLE, PLANNED
from passerby.plan import load

from .conftest import Run

POSSIBLE = [name for name in policies.NAMES if not set(policies.read(name)["hide"]) & set(PLANNED)]


def test_presets_are_listed_each_with_what_it_is_for(inside: Run) -> None:
    done = inside("presets")
    assert done.returncode == 0
    for name in ("publish", "protest", "street-data", "interview", "screen-recording"):
        assert f"{name}: " in done.stdout
    told = json.loads(inside("presets", "--json").stdout)
    assert [one["name"] for one in told["presets"]] == list(policies.NAMES)
    assert told["presets"][0]["settings"]["hide"] == ["faces", "plates"]


def test_a_preset_is_printed_as_settings_that_can_be_given_back(
    inside: Run, photo: Path, tmp_path: Path
) -> None:
    text = inside("presets", "screen-recording").stdout
    assert tomllib.loads(text)["hide"] == ["faces", "text"]
    (tmp_path / "own.toml").write_text(text.replace("veil", "solid") + 'zone = ["0,0,10,10"]\n')
    done = inside("redact", "photo.jpg", "--policy", "own.toml", "--zone", "90%,90%,100%,100%",
                    "--save-plan", "p.json", "--no-verify")  # fmt: skip
    assert done.returncode == 0, done.stderr
    plan = load(tmp_path / "p.json")
    assert plan.settings["hide"] == ["faces", "text"]
    assert plan.policy.style == "solid"
    assert [edit.note for edit in plan.edits] == ["zone 0,0,10,10", "zone 90%,90%,100%,100%"]


@pytest.mark.parametrize("name", policies.NAMES)
def test_every_preset_is_valid_or_says_what_is_missing(name: str) -> None:
    if name in POSSIBLE:
        settings = Settings.load(policy=name)
        assert settings.voice == "mute"
        assert settings.style.keeps_nothing or (name, settings.style) == ("protest", "figure")
        assert settings.verify
    else:
        with pytest.raises(UsageError, match=f"{name}.*not available yet"):
            Settings.load(policy=name)


def test_what_each_preset_promises() -> None:
    told = {name: policies.read(name) for name in policies.NAMES}
    assert told["publish"]["hide"] == ["faces", "plates"]
    assert set(told["protest"]["hide"]) == {"people", "faces", "plates", "text"}
    assert told["protest"]["voice"] == "mute"
    assert set(told["street-data"]["hide"]) == {"faces", "plates"}
    assert told["street-data"]["camera_noise"] == "keep", "reducing it would move pixels"
    assert told["street-data"]["keep_names"]
    assert told["interview"]["keep_zone"] == [], "who is kept has to be said"
    assert set(told["screen-recording"]["hide"]) == {"faces", "text"}


def test_options_win_over_settings_and_these_over_the_policy(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text('hide = ["faces"]\nstyle = "solid"\ntime = ["1-2"]\nkeep_zone = ["0,0,9,9"]\n')
    settings = Settings.load(own, policy="publish", style="mosaic", time=("3-4",))
    assert (settings.hide, settings.style) == (("faces",), "mosaic")
    assert settings.time == ("1-2", "3-4"), "what is to be hidden adds up"
    assert Settings.load(own, keep_zone=("5,5,9,9",)).keep_zone == ("5,5,9,9",)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (("--policy", "nope"), "any of: publish, protest"),
        (("--policy", "none.toml"), "can't be read"),
        (("--smallest", "faces=2"), "from 4 to 1000"),
        (("--smallest", "ghosts=20"), "nothing known is 'ghosts'"),
        (("--smallest", "big"), "is no size"),
        (("--smallest", "nan"), "can't be searched for"),
        (("--smallest", "faces=16,12"), "names no kind"),
        (("--keep-names",), "add --to DIR"),
    ],
)
def test_what_can_not_be_meant_is_refused(
    inside: Run, photo: Path, tmp_path: Path, asked: tuple[str, ...], says: str
) -> None:
    done = inside("redact", "photo.jpg", *asked)
    assert done.returncode == 2
    assert says in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["photo.jpg"]


def test_an_unknown_preset_is_a_usage_error_that_names_the_others(inside: Run) -> None:
    done = inside("presets", "nope")
    assert (done.returncode, done.stdout) == (2, "")
    assert "any of: publish, protest, street-data" in done.stderr


def test_street_data_keeps_names_sizes_and_frames(
    inside: Run, clip: Path, photo: Path, tmp_path: Path
) -> None:
    done = inside("redact", clip, photo, "--to", "out", "--policy", "street-data",
                    "--preset", "fast", "--json")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["clip.mp4", "photo.jpg"]
    with Image.open(photo) as before, Image.open(tmp_path / "out" / "photo.jpg") as after:
        assert before.size == after.size
        assert np.asarray(before).shape == np.asarray(after).shape
    film, _ = json.loads(done.stdout)["files"]
    assert film["report"]["counts"]["frames"] == 25
    same = inside("redact", photo, "--to", ".", "--policy", "street-data")
    assert same.returncode == 2
    assert "the output is the input" in same.stderr


def test_protest_hides_people_whole_whatever_can_be_read_and_the_sound(
    inside: Run, clip: Path, astronaut: Path, tmp_path: Path
) -> None:
    done = inside("redact", astronaut, clip, "--to", "out", "--policy", "protest",
                    "--preset", "fast", "--json")  # fmt: skip
    assert done.returncode == 0, done.stderr
    still, film = (one["report"] for one in json.loads(done.stdout)["files"])
    for report in (still, film):
        assert {used["kind"] for used in report["detectors"]} == {"face", "text", "person"}
        assert "text" not in report["not_looked_for"]
    assert {"person", "text"} <= {track["kind"] for track in still["tracks"]}
    with (
        Image.open(astronaut) as was,
        Image.open(tmp_path / "out" / "astronaut.redacted.png") as now,
    ):
        before, after = (np.asarray(p.convert("L"), float)[40:440, 80:300] for p in (was, now))
    assert np.abs(before - after).mean() > 20, "the suit is hidden, too"
    with av.open(str(tmp_path / "out" / "clip.redacted.mp4")) as out:
        assert not out.streams.audio


@pytest.fixture(scope="module")
def faraway(portrait: Image.Image, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve portraits of about 9 pixels of face on a wall of 1600x1200."""
    rows, cols = np.mgrid[:1200, :1600]
    wall = np.stack([120 + 20 * np.sin(rows / 91), 110 + 20 * np.cos(cols / 77), 0 * rows + 100], 2)
    image = Image.fromarray(wall.clip(0, 255).astype(np.uint8))
    for number in range(12):
        image.paste(portrait.resize((15, 15), Image.Resampling.LANCZOS), at(number))
    path = tmp_path_factory.mktemp("far") / "far.png"
    image.save(path)
    return path


def at(number: int) -> tuple[int, int]:
    return 100 + 380 * (number % 4), 150 + 350 * (number // 4)


def test_smaller_faces_are_found_when_asked_for_and_the_report_says_how_small(
    inside: Run, faraway: Path, tmp_path: Path
) -> None:
    found = {}
    for asked in ("", "6", "60"):
        more = ["--smallest", f"faces={asked}"] if asked else []
        done = inside("scan", faraway, "-o", "p.json", "--preset", "fast", *more, "--force",
                        "--report", "r.json")  # fmt: skip
        assert done.returncode == 0, done.stderr
        report = json.loads((tmp_path / "r.json").read_text())
        [used] = report["detectors"]
        assert not asked or used["smallest"] == float(asked)
        assert f"faces smaller than {used['smallest']:g} px" in report["not_looked_for"]
        boxes = [track.keys[0][1:5] for track in load(tmp_path / "p.json").tracks]
        found[asked] = sum(
            any(x0 < x + 7 < x1 and y0 < y + 7 < y1 for x0, y0, x1, y1 in boxes)
            for x, y in map(at, range(12))
        )
    assert found["6"] >= 11
    assert found[""] < found["6"]
    assert found["60"] == 0


def test_sizes_in_a_settings_file_are_a_number_or_a_table(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text("[smallest]\nfaces = 16\nplates = 12.5\n")
    settings = Settings.load(own, hide=("text", "plates", "faces"))
    assert settings.smallest == {"faces": 16, "plates": 12.5}
    assert settings.smallest_of("face") == 16
    assert settings.smallest_of("text") == 12.5, "one network looks for both"
    own.write_text("smallest = 20\n")
    assert Settings.load(own).smallest_of("face") == 20
    assert set(Settings.load(own).smallest) == set(AVAILABLE | PLANNED)
    assert Settings().smallest_of("face") is None
