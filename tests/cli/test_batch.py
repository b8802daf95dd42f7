"""A batch as people run it: many files, a bad one among them, and somebody pulls the plug."""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.cli.conftest import Run, command, surroundings
from tests.cli.test_end_to_end import face_change, left_in

from passerby.apps.cli.app import run


@pytest.fixture
def footage(tmp_path: Path, portrait: Image.Image) -> Path:
    """A folder with three photos, one of them broken, and a file of another kind."""
    folder = tmp_path / "in"
    (folder / "day 1").mkdir(parents=True)
    portrait.save(folder / "a.jpg", quality=90)
    portrait.save(folder / "day 1" / "b.png")
    (folder / "day 1" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture")
    (folder / "notes.txt").write_text("who was there")
    return folder


def hidden(before: Path, after: Path) -> bool:
    with Image.open(before) as one, Image.open(after) as other:
        pair = [np.asarray(image.convert("RGB")) for image in (one, other)]
    return face_change(pair[0], pair[1], 0, 0) > 15


def started(folder: Path, around: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command("batch", *words),
        cwd=folder,
        env=surroundings(around),
        stderr=subprocess.PIPE,
        text=True,
    )


def report(folder: Path) -> dict[str, dict[str, str]]:
    files = json.loads((folder / "out.batch" / "report.json").read_text())["files"]
    return {file["name"]: file for file in files}


def test_a_folder_is_done_but_for_what_can_not_be_and_done_again_only_where_it_has_to_be(
    passerby: Run, inside: Run, footage: Path, tmp_path: Path
) -> None:
    (footage / "passerby.toml").write_text(
        'policy = "publish"\nstyle = "solid"\nhide = ["faces"]\n'
    )
    done = passerby("batch", "in", "--to", "out", "--jobs", "1")
    assert done.returncode == 1, done.stderr
    assert "settings: in/passerby.toml" in done.stderr
    assert "day 1/broken.jpg: " in done.stderr
    assert "2 done, 1 failed, 1 left alone" in done.stderr
    out = tmp_path / "out"
    assert left_in(out) == {"a.jpg", "day 1/b.png"}
    assert hidden(footage / "a.jpg", out / "a.jpg")
    assert hidden(footage / "day 1" / "b.png", out / "day 1" / "b.png")
    files = report(tmp_path)
    assert next(iter(files)) == "day 1/broken.jpg", "what went wrong comes first"
    assert files["a.jpg"]["verdict"] == "safe as far as checked"
    whole = json.loads((tmp_path / "out.batch" / "report.json").read_text())
    assert whole["settings"]["style"] == "solid"
    for file in json.loads((tmp_path / "out.batch" / "manifest.json").read_text())["files"]:
        for end in ("input", "output"):
            digest = hashlib.sha256((tmp_path / file[end]).read_bytes()).hexdigest()
            assert digest == file[f"{end}_sha256"]
    said = (tmp_path / "out.batch" / "report.txt").read_text()
    assert said.index("Why files failed") < said.index("Left alone")
    assert (tmp_path / "out.batch" / "reports" / "a.jpg.json").exists()

    before = {p: p.stat().st_mtime_ns for p in out.rglob("*") if p.is_file()}
    Image.open(footage / "a.jpg").save(footage / "day 1" / "broken.jpg")
    dry = inside("batch", "in", "--to", "out", "--dry-run")
    assert "in/day 1/broken.jpg -> out/day 1/broken.jpg: to do" in dry.stderr
    assert "1 of 3 files to do; nothing was done" in dry.stderr
    done = inside("batch", "in", "--to", "out", "--json", "--quiet")
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert told["batch"]["counts"]["done"] == 1
    assert told["batch"]["counts"]["done_before"] == 2
    assert {p: p.stat().st_mtime_ns for p in before} == before


def test_a_dry_run_writes_nothing_and_wrong_requests_are_refused_before_any_work(
    footage: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    before = left_in(tmp_path)
    assert run(["batch", "in", "--to", "out", "--dry-run"]) == 0
    assert "3 of 3 files to do" in capsys.readouterr().err

    def refused(*words: str) -> str:
        assert run(["batch", *words]) == 2
        said = capsys.readouterr().err
        assert said.count("\n") == 1
        return said

    assert "write 4G" in refused("in", "--to", "out", "--memory", "much")
    assert "allow more" in refused("in", "--to", "out", "--memory", "10M")
    assert "give one" in refused("in", "--to", "out", "--watch", "--dry-run")
    assert "can't be read" in refused("in", "--to", "out", "--settings", "none.toml")
    assert "another folder" in refused("in", "--to", "in")
    assert "no such file" in refused("nothing", "--to", "out")
    for more in ((), ("--dry-run",)):
        assert "holds something else" in refused(
            "in", "--to", "out", "--records", "in/day 1", *more
        )
    for more in ((), ("--watch",)):
        assert "nothing is taken" in refused("in/day 1", "--to", "out", "--records", "in", *more)
    (footage / "passerby.toml").write_text('voice = "retell"\n')
    assert "transcript" in refused("in", "--to", "out")
    (footage / "passerby.toml").unlink()
    assert left_in(tmp_path) == before


def test_settings_of_one_input_are_not_those_of_another(
    footage: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "more").mkdir()
    (footage / "a.jpg").rename(tmp_path / "more" / "c.jpg")

    def dry(*words: str) -> tuple[int, str]:
        code = run(["batch", *words, "--to", "out", "--dry-run"])
        return code, capsys.readouterr().err

    (tmp_path / "passerby.toml").write_text('preset = "thorough"\n')
    assert "settings: passerby.toml" in dry("in", "more")[1]
    (footage / "passerby.toml").write_text('hide = ["faces"]\n')
    for inputs in (["in", "more"], ["more", "in"], ["in", "more/c.jpg"]):
        code, said = dry(*inputs)
        assert (code, said.count("\n")) == (2, 1)
        assert "one by one" in said
    (tmp_path / "more" / "passerby.toml").write_text('hide = ["plates"]\n')
    assert dry("in", "more")[0] == 2
    code, said = dry("in", "more", "--settings", "more/passerby.toml")
    assert (code, "settings: more/passerby.toml" in said) == (0, True)
    (tmp_path / "more" / "passerby.toml").write_text('hide = ["faces"]\n')
    assert "settings: in/passerby.toml" in dry("in", "more")[1]


def test_settings_below_the_input_folder_are_not_read_and_that_is_said(
    footage: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in (footage, footage / "day 1"):
        (folder / "passerby.toml").write_text('hide = ["faces"]\n')
    assert run(["batch", "in", "--to", "out", "--dry-run"]) == 0
    said = capsys.readouterr().err
    assert "in/day 1/passerby.toml: left alone, settings are read in the input folder" in said
    assert "in/passerby.toml: left" not in said


@pytest.mark.slow
def test_killed_outright_it_goes_on_where_it_was_and_a_second_one_is_refused_meanwhile(
    inside: Run, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, portrait: Image.Image
) -> None:
    (tmp_path / "in").mkdir()
    for number in range(6):
        portrait.rotate(number).save(tmp_path / "in" / f"{number}.jpg")
    words = ("in", "--to", "out", "--no-verify")
    process = started(tmp_path, tmp_path_factory.mktemp("killed"), *words, "--jobs", "2")
    deadline = time.monotonic() + 100
    while len(left_in(tmp_path / "out")) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGSTOP)
    second = inside("batch", *words)
    assert second.returncode == 1
    assert "another batch is writing here" in second.stderr
    process.kill()
    process.communicate()
    names = left_in(tmp_path / "out")
    assert 2 <= len(names) < 6
    made = {name: (tmp_path / "out" / name).stat().st_mtime_ns for name in names}
    for name in names:
        assert hidden(tmp_path / "in" / name, tmp_path / "out" / name)
    done = inside("batch", *words, "--jobs", "1")
    assert done.returncode == 0, done.stderr
    assert left_in(tmp_path / "out") == {f"{n}.jpg" for n in range(6)}
    assert {name: (tmp_path / "out" / name).stat().st_mtime_ns for name in names} == made
    assert not (tmp_path / "out.batch" / ".passerby-stage").exists()


@pytest.mark.slow
def test_a_watched_folder_is_done_as_it_fills_until_somebody_says_stop(
    footage: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    around = tmp_path_factory.mktemp("watched")
    (footage / "day 1" / "broken.jpg").unlink()
    process = started(tmp_path, around, "in", "--to", "out", "--watch", "--no-verify")
    whole = (footage / "a.jpg").read_bytes()
    with (footage / "late.jpg").open("wb") as late:
        late.write(whole[: len(whole) // 2])
        late.flush()
        deadline = time.monotonic() + 100
        while len(left_in(tmp_path / "out")) < 2 and time.monotonic() < deadline:
            time.sleep(0.1)
        # The look at the folder that took the other two has come to this one, which is no younger.
        late.write(whole[len(whole) // 2 :])
    while len(left_in(tmp_path / "out")) < 3 and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 0, said
    assert left_in(tmp_path / "out") == {"a.jpg", "day 1/b.png", "late.jpg"}
    assert hidden(footage / "late.jpg", tmp_path / "out" / "late.jpg")
    assert {name: file["status"] for name, file in report(tmp_path).items()} == dict.fromkeys(
        ("a.jpg", "day 1/b.png", "late.jpg"), "done"
    )
    lines = (tmp_path / "out.batch" / "receipts.jsonl").read_text().splitlines()
    taken = [line for line in map(json.loads, lines) if line["name"] == "late.jpg"]
    assert [line["receipt"]["source_bytes"] for line in taken] == [len(whole)]
