"""Annotations of other tools, as people bring and take them: through the command line."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from tests.cli.conftest import Run


def uneven(path: Path) -> list[int]:
    """A film whose frames last 1 to 5 times 1/50 s; their first ticks."""
    starts, at = [], 0
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=50, options={"preset": "ultrafast"})
        assert isinstance(video, av.VideoStream)
        video.width, video.height, video.pix_fmt = 320, 240, "yuv420p"
        video.time_base = video.codec_context.time_base = Fraction(1, 50)
        for number in range(12):
            picture = np.full((240, 320, 3), 100 + 5 * number, np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = at, Fraction(1, 50)
            starts.append(at)
            at += 1 + number % 5
            out.mux(video.encode(frame))
        out.mux(video.encode())
    return starts


@pytest.mark.parametrize("name", ["gt.txt", "boxes.json", "boxes.xml"])
def test_annotations_become_a_plan_that_hides_their_frames_and_no_other(
    inside: Run, tmp_path: Path, name: str
) -> None:
    """Of a film whose frames last unequally long: a plan, to a format, to a plan, to a film."""
    starts = uneven(tmp_path / "clip.mp4")
    (tmp_path / "mine.txt").write_text("3,7,41,31,80,60,1,1,1\n4,7,51,31,80,60,1,1,1\n")
    done = inside(
        *("plan", "import", "mine.txt", "--film", "clip.mp4", "-o", "clip.plan.json"),
        *("--label", "pedestrian=person"),
    )
    assert done.returncode == 0, done.stderr
    assert "1 tracks" in done.stderr
    done = inside("plan", "export", "clip.plan.json", "-o", name, "--json")
    assert json.loads(done.stdout)["boxes"] == 2, done.stderr
    done = inside("plan", "import", name, "--film", "clip.mp4", "-o", "again.json")
    assert done.returncode == 0, done.stderr
    one, two = (json.loads((tmp_path / n).read_text()) for n in ("clip.plan.json", "again.json"))
    assert [t["keys"] for t in one["tracks"]] == [t["keys"] for t in two["tracks"]]
    tick = Fraction(one["media"]["time_base"])
    ticks = [key[0] * tick for key in one["tracks"][0]["keys"]]
    assert ticks == [Fraction(starts[2], 50), Fraction(starts[3], 50)]
    done = inside("redact", "clip.mp4", "-o", "out.mp4", "--plan", "again.json", "--json")
    assert done.returncode == 0, done.stderr
    (file,) = json.loads(done.stdout)["files"]
    assert file["report"]["counts"]["frames_hidden_in"] == 2


def test_what_can_t_be_meant_is_refused_and_nothing_is_written(
    inside: Run, clip: Path, photo: Path, tmp_path: Path
) -> None:
    (tmp_path / "cars.txt").write_text("1,1,1,1,20,20,1,3,1\n")
    before = sorted(tmp_path.iterdir())
    for words, said in (
        (("import", "cars.txt", "--film", "clip.mp4", "-o", "p.json"), "nothing known is called"),
        (("import", "none.xml", "--film", "clip.mp4", "-o", "p.json"), "can't be read"),
        (("import", "cars.txt", "--film", "clip.mp4", "-o", "clip.mp4"), "are one file"),
        (("import", "clip.mp4", "--film", "clip.mp4", "-o", "p.json"), "says no format"),
        (
            ("import", "cars.txt", "--film", "clip.mp4", "-o", "p.json", "--label", "3=car"),
            "nothing known is 'car'",
        ),
        (("import", "cars.txt", "--film", "clip.mp4", "-o", "p.json", "--label", "3"), "NAME=KIND"),
        (("export", "cars.txt", "-o", "out.xml"), "no plan"),
    ):
        done = inside("plan", *words)
        assert done.returncode in (1, 2)
        assert said in done.stderr
    assert sorted(tmp_path.iterdir()) == before
    done = inside(
        *("plan", "import", "cars.txt", "--film", "clip.mp4", "-o", "p.json", "--label", "1=face")
    )
    assert "1 boxes called '3' are left out" in done.stderr
    done = inside("plan", "export", "p.json", "--film", "photo.jpg", "-o", "out.xml")
    assert done.returncode == 1
    assert "other footage" in done.stderr
