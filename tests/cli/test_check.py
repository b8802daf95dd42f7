"""Nobody in this repository: the command, the hook and the action that say so."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.cli.conftest import Run

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def street(tmp_path: Path) -> Path:
    """A photo of nobody."""
    rows = np.tile(np.linspace(60, 200, 96).astype(np.uint8)[:, None, None], (1, 128, 3))
    Image.fromarray(rows).save(tmp_path / "street.png")
    return tmp_path / "street.png"


def test_a_file_with_a_face_is_named_and_nothing_is_written(
    passerby: Run, photo: Path, street: Path, tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("no picture")
    before = sorted(path.name for path in tmp_path.iterdir())
    clean = passerby("check", "street.png", "notes.txt")
    assert (clean.returncode, clean.stdout) == (0, "")
    assert "1 files, and nobody found" in clean.stderr
    done = passerby("check", ".", "--json")
    assert done.returncode == 3
    assert "photo.jpg: 1 faces" in done.stderr
    told = {file["path"]: file["seen"] for file in json.loads(done.stdout)["files"]}
    assert told == {"photo.jpg": {"face": 1}, "street.png": {}}
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_what_is_allowed_is_so_by_its_bytes(inside: Run, photo: Path, tmp_path: Path) -> None:
    digest = hashlib.sha256(photo.read_bytes()).hexdigest()
    (tmp_path / "allowed").write_text(f"# consent of 3 May\n{digest}  photo.jpg\n")
    assert inside("check", "photo.jpg", "--allow", "allowed").returncode == 0
    photo.write_bytes(photo.read_bytes() + b"\0")
    assert inside("check", "photo.jpg", "--allow", "allowed").returncode == 3
    (tmp_path / "allowed").write_text("photo.jpg\n")
    wrong = inside("check", "photo.jpg", "--allow", "allowed")
    assert wrong.returncode == 2
    assert "line 1" in wrong.stderr


def test_a_file_that_can_t_be_read_is_not_clean(inside: Run, photo: Path) -> None:
    photo.write_bytes(photo.read_bytes()[:2000])
    done = inside("check", "photo.jpg")
    assert done.returncode == 1
    assert "photo.jpg" in done.stderr


def test_what_is_not_there_or_can_t_be_looked_into_is_not_clean(
    inside: Run, street: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for gone in ("holiday", "gone.png"):
        done = inside("check", gone, "street.png", "--json")
        assert done.returncode == 1
        assert f"{gone}: is not there" in done.stderr
        assert {f["path"] for f in json.loads(done.stdout)["files"]} == {gone, "street.png"}
    (tmp_path / "locked").mkdir()
    listed = os.scandir

    def scandir(place: str) -> Any:
        if Path(place).name == "locked":
            raise PermissionError(13, "Permission denied", place)
        return listed(place)

    monkeypatch.setattr(os, "scandir", scandir)
    done = inside("check", ".", "--json")
    assert done.returncode == 1
    assert "locked: this folder can't be read" in done.stderr
    assert {f["path"] for f in json.loads(done.stdout)["files"]} == {"locked", "street.png"}


def test_hidden_files_and_links_to_folders_are_passed_over_and_the_links_named(
    inside: Run, photo: Path, street: Path, tmp_path: Path
) -> None:
    (tmp_path / "deep/.hidden").mkdir(parents=True)
    photo.rename(tmp_path / "deep/.hidden/photo.jpg")
    (tmp_path / "deep/.street.png").write_bytes(b"")
    (tmp_path / "deep/nothing.png").symlink_to("nowhere.png")
    (tmp_path / "link").symlink_to("deep")
    done = inside("check", ".")
    assert done.returncode == 0, done.stderr
    assert "link: passed over, a link to a folder" in done.stderr
    assert "1 files, and nobody found" in done.stderr


def test_where_nobody_could_tell_is_not_clean_and_the_next_file_is_looked_at(
    inside: Run, photo: Path, tmp_path: Path
) -> None:
    Image.new("RGB", (320, 240)).save(tmp_path / "dark.png")
    (tmp_path / "own.toml").write_text('cover_frame_when = "unsure"')
    how = ("--settings", "own.toml", "--least", "0.1", "--json")
    done = inside("check", "dark.png", "photo.jpg", *how)
    assert done.returncode == 3
    assert "dark.png: nobody could tell (too dark)" in done.stderr
    dark, bright = json.loads(done.stdout)["files"]
    assert (dark["seen"], dark["unsure"]) == ({}, ["too dark"])
    assert (bright["seen"], bright["unsure"]) == ({"face": 1}, [])
    assert inside("check", "dark.png").returncode == 0


def test_how_sure_a_detector_must_be_can_be_said(inside: Run, photo: Path) -> None:
    assert inside("check", "photo.jpg", "--least", "1").returncode == 0


def test_the_hook_s_entry_is_a_command_that_there_is() -> None:
    text = (ROOT / ".pre-commit-hooks.yaml").read_text()
    (entry,) = re.findall(r"entry: passerby (\w+)$", text, re.MULTILINE)
    done = subprocess.run(
        [sys.executable, "-m", "passerby", entry, "--help"], capture_output=True, check=False
    )
    assert done.returncode == 0
    for key in ("id", "name", "entry", "language", "types_or"):
        assert re.search(rf"^[- ] {key}: \S", text, re.MULTILINE), key


def steps(text: str) -> list[str]:
    """The scripts of a composite action: what is indented below each ``run: |``."""
    found = re.findall(r"^      run: \|\n((?:        .*\n|\n)+)", text, re.MULTILINE)
    return [re.sub(r"^        ", "", script, flags=re.MULTILINE) for script in found]


def test_the_action_s_script_fails_for_a_face_and_passes_without(
    photo: Path, street: Path, tmp_path: Path
) -> None:
    """The very script of action.yml, with the program of this environment in its place."""
    text = (ROOT / "action.yml").read_text()
    _, look = steps(text)
    bin = tmp_path / "runner/passerby/bin"
    bin.mkdir(parents=True)
    program = bin / "passerby"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m passerby "$@"\n')
    program.chmod(0o755)

    def run(**inputs: str) -> Any:
        told = {"PATHS": "", "HIDE": "faces", "LEAST": "0", "ALLOW": ""} | inputs
        env = {**os.environ, **told, "RUNNER_TEMP": str(tmp_path / "runner")}
        line = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", look]
        return subprocess.run(line, env=env, cwd=tmp_path, check=False, capture_output=True)

    assert run(PATHS="street.png\n").returncode == 0
    assert run(PATHS="street.png\nphoto.jpg\n").returncode != 0
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", "street.png"], cwd=tmp_path, check=True)
    assert run().returncode == 0
    subprocess.run(["git", "add", "photo.jpg"], cwd=tmp_path, check=True)
    assert run().returncode != 0
    assert set(re.findall(r"inputs\.(\w+)", text)) == set(
        re.findall(r"^  (\w+):$", text.partition("inputs:")[2].partition("runs:")[0], re.MULTILINE)
    )
