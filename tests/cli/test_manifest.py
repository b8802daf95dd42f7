"""A data set keeps its names and folders, and a manifest says which output is which input."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from PIL import Image
from tests.cli.conftest import Run


def test_the_manifest_maps_old_to_new_and_says_what_was_left_alone(
    inside: Run, tmp_path: Path, photo: Path
) -> None:
    for place in ("raw/day1", "raw/day2", "public"):
        (tmp_path / place).mkdir(parents=True)
    (tmp_path / "raw/day1/0001.jpg").write_bytes(photo.read_bytes())
    (tmp_path / "raw/day2/0001.jpg").write_bytes(photo.read_bytes()[:900])
    (tmp_path / "raw/day1/0001.txt").write_text("0 0.5 0.5 0.1 0.1")
    done = inside(
        *("redact", "raw", "--to", "public", "--keep-names", "--manifest", "manifest.json"),
    )
    assert done.returncode == 1
    made = json.loads((tmp_path / "manifest.json").read_text())
    good, bad = sorted(made["files"], key=lambda file: str(file["input"]))
    output = tmp_path / "public" / good["output"]
    assert (good["input"], good["output"], good["status"]) == (
        "day1/0001.jpg",
        "day1/0001.jpg",
        "done",
    )
    assert good["sha256"] == hashlib.sha256(output.read_bytes()).hexdigest()
    with Image.open(output) as image:
        assert tuple(good["size"]) == image.size == (200, 200)
    assert (bad["input"], bad["output"], bad["sha256"]) == ("day2/0001.jpg", None, None)
    assert [left["input"] for left in made["left_alone"]] == ["day1/0001.txt"]
    again = inside("redact", "raw", "--to", "public", "--manifest", "manifest.json")
    assert again.returncode == 1
    assert "exists already" in again.stderr
