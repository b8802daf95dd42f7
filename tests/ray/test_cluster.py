"""A batch on a cluster, of which a process and a machine die, is the batch of one machine."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import time
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.cli.conftest import command, write_clip
from tests.ray.conftest import Nodes, until

from passerby.apps.batch.hand import Hand
from passerby.apps.cli.app import run
from passerby.core.errors import Interrupted
from passerby.jobs import tasks
from passerby.jobs.settings import Settings

pytestmark = pytest.mark.ray
SETTINGS = {"preset": "fast", "encoder_preset": "ultrafast"}  # with others x264 varies a little


def footage(folder: Path, astronaut: Path, photos: int, frames: int) -> None:
    """Photos, one of them broken, and a film of two shots, at 25 frames a second."""
    (folder / "day").mkdir(parents=True)
    with Image.open(astronaut) as image:
        face = image.convert("RGB").crop((120, 20, 320, 220))
    for number in range(photos):
        face.rotate(number).save(folder / "day" / f"{number}.png")
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture")
    pictures = []
    for number in range(frames):
        first = number < frames // 2
        picture = np.full((240, 320, 3), 128 if first else 60, np.uint8)
        picture[:: 16 if first else 9] = 90
        x = 20 + number % (frames // 2)
        picture[20:220, x : x + 200] = np.asarray(face)[:, :: 1 if first else -1]
        pictures.append(picture)
    write_clip(folder / "film.mp4", pictures, sound=False, gop=10)


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".partial"
    }


def left(scratch: Path) -> list[str]:
    """What lies there, while it is being removed: `rglob` fails at a folder that just went."""
    return [name for _, _, names in os.walk(scratch) for name in names]


def started(folder: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(command("batch", *words), cwd=folder, stderr=subprocess.PIPE, text=True)


def test_a_worker_and_a_machine_die_and_the_driver_is_killed_and_nothing_is_missing_or_other(
    cluster: Nodes, tmp_path: Path, astronaut: Path
) -> None:
    footage(tmp_path / "in", astronaut, 6, 70)
    text = "".join(f'{key} = "{value}"\n' for key, value in SETTINGS.items())
    (tmp_path / "in" / "passerby.toml").write_text(text)
    out, scratch = tmp_path / "out", tmp_path / "scratch"
    words = ("in", "--to", "out", "--ray", cluster.address, "--part", "1", "--scratch", "scratch")
    words = (*words[:-1], str(scratch))

    first = started(tmp_path, *words, "--jobs", "1")
    until(lambda: len(digests(out)) >= 1)
    first.kill()
    first.communicate()
    one, other = cluster.nodes
    until(lambda: not cluster.workers(one) and not cluster.workers(other))
    until(lambda: not left(scratch), 10)  # though nobody works here any more
    before = digests(out)

    second = started(tmp_path, *words)
    until(lambda: len(digests(out)) > len(before) and cluster.workers(one))
    os.kill(cluster.workers(one)[0], signal.SIGKILL)
    count = len(digests(out))
    until(lambda: len(digests(out)) > count or second.poll() is not None)
    assert second.poll() is None, second.communicate()[1]
    cluster.lose(other)
    cluster.nodes = [one]
    said = second.communicate(timeout=150)[1]
    assert second.returncode == 1, said
    assert said.count("it is tried again") >= 1
    files = json.loads((tmp_path / "out.batch" / "report.json").read_text())
    failed = [file["name"] for file in files["files"] if file["status"] == "failed"]
    assert failed == ["broken.jpg"], said

    alone = tmp_path / "alone"
    with tasks.models_kept():
        for name in digests(out):
            (alone / name).parent.mkdir(parents=True, exist_ok=True)
            tasks.redact_whole(tmp_path / "in" / name, alone / name, Settings(**SETTINGS))
    assert digests(alone) == digests(out)
    assert set(digests(out)) == {"film.mp4", *(f"day/{n}.png" for n in range(6))}
    answers = tmp_path / "out.batch" / "answers"
    assert not list(answers.iterdir()), "the film was looked at in parts, and what for is over"
    until(lambda: not left(scratch), 10)  # what a machine notices late that lost its Ray, and ends


def test_files_come_from_a_store_and_go_to_one_and_are_done_once_though_it_is_stopped_meanwhile(
    cluster: Nodes, shelf: Path, tmp_path: Path, astronaut: Path
) -> None:
    footage(shelf / "in", astronaut, 2, 20)
    (shelf / "in" / "broken.jpg").unlink()
    how = ("--ray", cluster.address, "--preset", "fast", "--jobs", "1")
    words = ("shelf://in", "--to", "shelf://out", *how)

    def made() -> dict[str, str]:
        manifest = json.loads((tmp_path / "out.batch" / "manifest.json").read_text())
        return {file["name"]: file["output_sha256"] for file in manifest["files"]}

    (shelf / "slow").touch()
    process = started(tmp_path, *words)
    until(lambda: digests(shelf / "out"))
    process.send_signal(signal.SIGTERM)
    time.sleep(1)
    (shelf / "slow").unlink()
    said = process.communicate(timeout=100)[1]
    assert process.returncode == 1, said
    before = digests(shelf / "out")
    assert before, said
    assert made() == before

    process = started(tmp_path, *words)
    said = process.communicate(timeout=150)[1]
    assert process.returncode == 0, said
    assert f"{3 - len(before)} done, {len(before)} done before" in said
    assert set(digests(shelf / "out")) == {"day/0.png", "day/1.png", "film.mp4"}
    assert made() == digests(shelf / "out")


def test_who_is_halted_sends_nothing_more_and_says_what_was_sent_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def made(source: Path, output: Path, *_: object, **__: object) -> tasks.Receipt:
        output.write_bytes(b"made")
        return tasks.Receipt(status="done", output_bytes=4)

    monkeypatch.setattr(tasks, "redact_whole", made)
    monkeypatch.setattr(tasks, "models_kept", nullcontext)  # they stay until the process ends
    (tmp_path / "a.png").touch()
    hand = Hand(tasks.told(Settings()), str(tmp_path / "scratch"))
    first, second = (str(tmp_path / "out" / name) for name in ("1.png", "2.png"))
    sent = hand.begin(str(tmp_path / "a.png"), first, 0)
    assert hand.halt() == {"target": first, **sent}
    with pytest.raises(Interrupted):
        hand.begin(str(tmp_path / "a.png"), second, 0)
    assert hand.halt() == {"target": first, **sent}
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["1.png"]


def test_without_a_cluster_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.png").touch()
    assert run(["batch", "in", "--to", "out", "--ray", "127.0.0.1:9"]) == 2
    assert "there is no Ray cluster at 127.0.0.1:9" in capsys.readouterr().err
