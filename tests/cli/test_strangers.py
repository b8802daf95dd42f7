"""Styles, disguises and sources by others: in the finished file, and when they go wrong."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from tests.cli.conftest import command
from tests.redact.scenes import Scene, scenes

import passerby
from passerby import jobs
from passerby.core.errors import PluginError, UsageError
from passerby.jobs import plugins, strangers
from passerby.redact import Drawn, Paint

EXAMPLE = Path(__file__).parent.parent.parent / "examples/more-plug-ins"


@pytest.fixture
def installed(tmp_path: Path) -> dict[str, str]:
    """An environment in which the example is installed: its code, and its entry points as the
    installer would write them."""
    text = (EXAMPLE / "pyproject.toml").read_text()
    about = tmp_path / "path/passerby_more_plug_ins-1.0.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Name: passerby-more-plug-ins\nVersion: 1.0.0\n")
    entries = re.findall(
        r'^\[project\.entry-points\."(.+)"\]\n"(.+)" = "(.+)"$', text, re.MULTILINE
    )
    assert len(entries) == 3
    lines = [f"[{group}]\n{name} = {value}\n" for group, name, value in entries]
    (about / "entry_points.txt").write_text("\n".join(lines))
    path = os.pathsep.join([str(EXAMPLE / "src"), str(about.parent)])
    return {**os.environ, "PYTHONPATH": path}


def run(env: dict[str, str], folder: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    return called(env, folder, command(*words))


def python(env: dict[str, str], folder: Path, code: str) -> subprocess.CompletedProcess[str]:
    return called(env, folder, [sys.executable, "-c", code])


def called(
    env: dict[str, str], folder: Path, words: Sequence[str | Path]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words,
        env=env,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_the_examples_are_listed_and_used(
    installed: dict[str, str], clip: Path, tmp_path: Path
) -> None:
    told = json.loads(run(installed, tmp_path, "plugins", "--json").stdout)["plugins"]
    ours = [p for p in told if p["package"] == "passerby-more-plug-ins"]
    assert [p["name"] for p in ours] == ["hatch.v1", "hush.v1", "pictures.v1"]
    done = run(
        installed,
        tmp_path,
        *("redact", clip, "-o", "out.mp4", "--style", "solid", "--draw", "hatch.v1", "--json"),
        *("--voice", "disguise", "--disguiser", "hush.v1", "--save-plan", "plan.json"),
    )
    assert done.returncode == 0, done.stderr
    (file,) = json.loads(done.stdout)["files"]
    assert any("hush.v1: what that is worth is not known" in n for n in file["report"]["notes"])
    tracks = json.loads((tmp_path / "plan.json").read_text())["tracks"]
    with av.open(str(tmp_path / "out.mp4")) as film:
        picture = next(film.decode(video=0)).to_ndarray(format="gray")
    largest = max((t["keys"][0] for t in tracks), key=lambda key: key[3] - key[1])
    middle = int(largest[2] + largest[4]) // 2
    row = picture[middle, max(0, int(largest[1]) - 40) : int(largest[3]) + 40].astype(int)
    assert row.max() > 220  # a white line
    assert row.min() < 25  # and the black that it is drawn on
    with av.open(str(tmp_path / "out.mp4")) as film:
        sound = np.concatenate([f.to_ndarray()[0] for f in film.decode(audio=0)])
    spectrum = np.abs(np.fft.rfft(sound[:24000]))
    assert 0 < spectrum.max() < 10 * np.median(spectrum)  # noise; there was a tone
    again = run(
        installed,
        tmp_path,
        *("verify", "out.mp4", "--original", clip, "--plan", "plan.json", "--draw", "hatch.v1"),
    )
    assert again.returncode == 0, again.stderr
    unknown = run(installed, tmp_path, "verify", "out.mp4", "--original", clip, "--draw", "none.v1")
    assert unknown.returncode == 2
    assert "none.v1" in unknown.stderr
    alone = run(installed, tmp_path, "verify", "out.mp4", "--draw", "hatch.v1")
    assert alone.returncode == 2
    assert "add --original" in alone.stderr
    code = "import passerby; print(passerby.verify('out.mp4', original={!r}, drawing='none.v1'))"
    there = python(installed, tmp_path, code.format(str(clip)))
    assert "none.v1" in there.stderr


def test_a_source_s_pictures_are_redacted_one_by_one(
    installed: dict[str, str], portrait: Image.Image, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    for number in range(4):
        portrait.save(tmp_path / f"folder/{number}.png")
    code = (
        "import passerby\n"
        "for f in passerby.redact_frames(passerby.source('pictures.v1', 'folder')):\n"
        "    print(float(f.start), [r.kind for r in f.hidden])\n"
    )
    done = python(installed, tmp_path, code)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [f"{n / 10} ['face']" for n in range(4)]


@given(scenes(), st.integers(0, 9))
@settings(max_examples=40)
def test_a_drawing_lets_nothing_of_the_covered_through(scene: Scene, seed: int) -> None:
    """Two frames that differ only inside regions are drawn on alike, whatever the drawing."""
    rng = np.random.default_rng(seed)

    def draws(width: int, height: int, kind: str) -> NDArray[np.uint8]:
        return np.random.default_rng(seed + width + height).integers(
            0, 256, (height, width, 2), np.uint8
        )

    del rng
    one = scene.frame()
    two = scene.rewritten(scene.frame())
    inside = [scene.inside(plane) for plane in one.planes()]
    before = [plane.pixels.copy() for plane in one.planes()]
    for frame in (one, two):
        Drawn(Paint(), draws).redact(frame, scene.regions)
    for a, b, old, marked in zip(one.planes(), two.planes(), before, inside, strict=True):
        np.testing.assert_array_equal(a.pixels, b.pixels)
        np.testing.assert_array_equal(a.pixels[~marked], old[~marked])


@pytest.fixture
def entered(monkeypatch: pytest.MonkeyPatch) -> Callable[[object], None]:
    """Enters something as every plug-in that is asked for."""
    return lambda thing: monkeypatch.setattr(plugins, "loaded", lambda what, name: thing)


def fails(*_: object) -> None:
    raise KeyError("secret")


@pytest.mark.parametrize(
    ("draws", "said"),
    [
        (lambda w, h, k: np.zeros((h, w), np.uint8), "not ("),
        (lambda w, h, k: np.zeros((h, w, 2)), "no picture"),
        (lambda w, h, k: None, "no picture"),
        (fails, "failed (KeyError)"),
    ],
)
def test_a_style_that_goes_wrong_fails_the_job_and_leaves_nothing(
    photo: Path, tmp_path: Path, entered: Callable[[object], None], draws: object, said: str
) -> None:
    entered(draws)
    with pytest.raises(PluginError) as failed:
        jobs.redact(photo, tmp_path / "out.jpg", jobs.Settings(drawing="bad.v1"))
    assert said in str(failed.value)
    assert "secret" not in str(failed.value)
    assert [path.name for path in tmp_path.iterdir()] == ["photo.jpg"]


class Changing:
    """A disguise that does `change` to each piece."""

    def __init__(self, change: Callable[[NDArray[np.float32]], object]) -> None:
        self._change = change

    def __call__(self, rate: int, channels: int) -> Changing:
        return self

    def take(self, sound: NDArray[np.float32], heard: NDArray[np.float32]) -> object:
        return self._change(sound)

    def end(self) -> NDArray[np.float32]:
        return np.zeros((2, 0), np.float32)

    def notes(self) -> list[str]:
        return []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda s: s, "gives back what it took"),
        (lambda s: s[:, 1:] / 2, "too few"),
        (lambda s: np.concatenate([s, s], axis=1), "too many"),
        (lambda s: s * np.float32("nan"), "no number"),
        (lambda s: s.astype(float), "float32"),
        (lambda s: s[:1], "channels first"),
        (fails, "failed (KeyError)"),
    ],
)
def test_a_disguise_that_goes_wrong_is_an_error(
    entered: Callable[[object], None], change: Callable[[NDArray[np.float32]], object], said: str
) -> None:
    entered(Changing(change))
    treatment = strangers.open_disguise("bad.v1")(48000, 2)
    sound = np.random.default_rng(1).normal(0, 0.1, (2, 4800)).astype(np.float32)

    def through() -> None:
        treatment.take(sound, sound[:, ::3])
        treatment.end()

    with pytest.raises(PluginError) as failed:
        through()
    assert said in str(failed.value)


def test_a_source_that_goes_wrong_ends_it(entered: Callable[[object], None]) -> None:
    entered(lambda address: [3])
    with pytest.raises(PluginError, match="no pair"):
        list(passerby.redact_frames(passerby.source("bad.v1")))
    entered(fails)
    with pytest.raises(PluginError, match="KeyError"):
        passerby.source("bad.v1")


def test_who_is_not_asked_for_a_disguise_can_t_have_one() -> None:
    with pytest.raises(UsageError, match="nobody is to be disguised"):
        jobs.Settings(disguiser="hush.v1")
    with pytest.raises(UsageError, match="there is no style"):
        strangers.open_style("none.v1")
