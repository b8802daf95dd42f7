"""A detector by others, from its package to the finished file; and what becomes of bad ones."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.cli.conftest import Run, write_clip
from tests.detect.networks import SIDE, scene, scrfd, yolo

from passerby import jobs
from passerby.core.detection import Detections
from passerby.core.errors import DetectorError, PasserbyError, UsageError
from passerby.core.frame import Frame
from passerby.core.ports import DetectorInfo, Look
from passerby.jobs import plugins
from passerby.jobs.onlooking import open_checker

ROOT = Path(__file__).parent.parent.parent
EXAMPLE = ROOT / "examples/own-detector"


def test_what_is_installed_is_listed_without_being_imported(passerby: Run) -> None:
    done = passerby("plugins", "--json")
    found = json.loads(done.stdout)["plugins"]
    assert {"what": "detector", "name": "centerface.v1"}.items() <= found[0].items()
    assert {plugin["what"] for plugin in found} >= {"detector", "recogniser", "synthesiser"}
    assert "centerface.v1: passerby " in passerby("plugins").stdout
    code = "import sys; from passerby.jobs.plugins import listed; before = set(sys.modules); "
    code += "listed(); print(*(set(sys.modules) - before))"
    more = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "passerby.detect" not in more.stdout


@pytest.mark.slow
def test_the_example_is_installed_into_a_clean_environment_and_hides_what_it_finds(
    tmp_path: Path,
) -> None:
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    scripts = venv / ("Scripts" if sys.platform == "win32" else "bin")
    own = Path(
        subprocess.run(
            [str(scripts / "python"), "-c", "import sysconfig as s; print(s.get_path('purelib'))"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
    )
    # What is installed here is found there, too: the dependencies need no network then.
    here = sysconfig.get_path("purelib")
    (own / "here.pth").write_text(f"import site; site.addsitedir({here!r})\n")
    python = str(scripts / "python")
    install = [python, "-m", "pip", "install", "--no-deps", "--no-build-isolation", "--no-index"]
    source = tmp_path / "own-detector"
    source.mkdir()
    for name in ("pyproject.toml", "src", "tests"):
        subprocess.run(["cp", "-r", str(EXAMPLE / name), str(source)], check=True)
    subprocess.run([*install, str(source)], check=True, capture_output=True)

    def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
        line = [python, "-m", "passerby", *map(str, words)]
        return subprocess.run(
            line, capture_output=True, text=True, check=False, cwd=tmp_path, timeout=200
        )

    assert "own-yolo.v1: passerby-own-detector 1.0.0" in run("plugins").stdout
    Image.fromarray(scene((96, 80))).save(tmp_path / "red.png")
    for head, path in (
        ("scrfd", scrfd(tmp_path / "scrfd.onnx")),
        ("yolo", yolo(tmp_path / "yolo.onnx")),
    ):
        surroundings = {"WEIGHTS": str(path), "PICTURE": str(tmp_path / "red.png"), "HEAD": head}
        subprocess.run(
            [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(source / "tests")],
            check=True,
            env=surroundings,
            cwd=source,
            capture_output=True,
        )

    write_clip(tmp_path / "clip.mp4", [scene((40 + 4 * n, 80)) for n in range(20)], sound=False)
    asked = f"faces=own-scrfd.v1:{tmp_path / 'scrfd.onnx'}"
    done = run("redact", "clip.mp4", "-o", "out.mp4", "--detector", asked, "--save-plan", "p.json")
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "p.json").read_text()
    assert str(tmp_path) not in text
    plan = json.loads(text)
    assert plan["settings"]["detector"] == ["faces=own-scrfd.v1"]
    assert [d["name"] for d in plan["detectors"]] == ["own-scrfd.v1"]
    assert plan["media"]["frames"] == 20
    keys = [key for track in plan["tracks"] for key in track["keys"]]
    ticks = sorted({key[0] for key in keys})
    assert len(ticks) == 20
    for number, tick in enumerate(ticks):
        wanted = (40 + 4 * number, 80, 40 + 4 * number + SIDE, 80 + SIDE)
        boxes = [key[1:5] for key in keys if key[0] == tick]
        assert any(box == pytest.approx(wanted, abs=10) for box in boxes), (number, boxes)

    spoilt = scrfd(tmp_path / "spoilt.onnx", spoilt=float("nan"))
    failed = run(
        *("redact", "clip.mp4", "-o", "bad.mp4"),
        *("--detector", f"faces=own-scrfd.v1:{spoilt}", "--device", "onnxruntime"),
    )
    assert failed.returncode == 1
    assert "own-scrfd.v1 failed on a frame" in failed.stderr
    assert not list(tmp_path.glob("bad*"))


class Own:
    """A detector that says what `say` makes up."""

    def __init__(self, say: Callable[[Frame, Look], object], **card: str) -> None:
        about = {"name": "own.v1", "family": "own", "kind": "face", "sha256": "0" * 64}
        about |= {"runtime": "none", "licence": "none", **card}
        self.info, self._say = DetectorInfo(**about), say

    def detect(self, frame: Frame, look: Look) -> object:
        return self._say(frame, look)


@pytest.fixture
def entered(monkeypatch: pytest.MonkeyPatch) -> Callable[[Own], None]:
    """Enters a detector as the plug-in own.v1."""

    def enter(own: Own) -> None:
        monkeypatch.setattr(plugins, "loaded", lambda what, name: lambda device: own)

    return enter


def told(boxes: object, scores: object = (0.9,)) -> Callable[[Frame, Look], object]:
    given = np.array(boxes, np.float32), np.array(scores, np.float32)
    return lambda frame, look: Detections(*given)


def broken(frame: Frame, look: Look) -> object:
    raise KeyError("secret pixels")


NONSENSE = {
    "no number": told([[float("nan"), 0, 9, 9]]),
    "no number ": told([[0, 0, 9, 9]], [float("nan")]),
    "inside out": told([[9, 0, 0, 9]]),
    "far outside": told([[0, 0, 9e6, 9]]),
    "outside the picture": told([[-90, -90, -9, -9]]),
    "scores outside": told([[0, 0, 9, 9]], [1.5]),
    "scores outside ": told([[0, 0, 9, 9]], [0.0]),
    "at once": told(np.zeros((10_001, 4)), np.ones(10_001)),
    "no detections": lambda frame, look: [(0, 0, 9, 9)],
    "float64": lambda frame, look: Detections(np.zeros((0, 4)), np.zeros(0)),  # type: ignore[arg-type]  # wrong on purpose
    "failed on a frame (ValueError)": told([0, 0, 9, 9]),
    "failed on a frame (KeyError)": broken,
}


@pytest.mark.parametrize("said", NONSENSE)
def test_a_detector_that_talks_nonsense_fails_the_job_and_leaves_nothing(
    tmp_path: Path, photo: Path, entered: Callable[[Own], None], said: str
) -> None:
    entered(Own(NONSENSE[said]))
    settings = jobs.Settings(detector=("faces=own.v1",))
    with pytest.raises(DetectorError) as failed:
        jobs.redact(photo, tmp_path / "out.jpg", settings)
    assert said.strip() in str(failed.value)
    assert "secret" not in str(failed.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photo.jpg"]


@pytest.mark.parametrize(
    ("card", "said"),
    [
        ({"kind": "plate"}, "finds plate, and was asked for face"),
        ({"name": "other.v1"}, "calls itself 'other.v1'"),
        ({"sha256": "unknown"}, "SHA-256"),
        ({"licence": ""}, "left out"),
    ],
)
def test_a_detector_whose_card_is_wrong_is_not_used(
    entered: Callable[[Own], None], card: dict[str, str], said: str
) -> None:
    entered(Own(told(np.zeros((0, 4)), []), **card))
    with pytest.raises(DetectorError, match=said):
        plugins.open_detector("own.v1", "face", "auto")


def test_a_finder_of_the_checker_s_family_gets_another_checker(
    tmp_path: Path, photo: Path, entered: Callable[[Own], None]
) -> None:
    """And that one sees the face that the finder, blind, has missed."""
    assert open_checker("auto").info.family == "yunet"
    assert open_checker("auto", ["yunet"]).info.family == "centerface"
    entered(Own(told(np.zeros((0, 4)), []), family="yunet"))
    settings = jobs.Settings(detector=("faces=own.v1",))
    report = jobs.redact(photo, tmp_path / "out.jpg", settings)
    assert report.other_eyes is not None
    assert report.other_eyes.detector.family == "centerface"
    assert report.other_eyes.added == 1


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("own.v1", "names no kind"),
        ("noses=own.v1", "names no kind"),
        ("faces=", "names no kind"),
        ("plates=own.v1", "plates are not to be hidden"),
        ("faces=no-such.v1", "there is no detector 'no-such.v1'"),
    ],
)
def test_what_is_asked_for_wrongly_says_what_there_is(
    inside: Run, photo: Path, asked: str, said: str
) -> None:
    done = inside("redact", photo.name, "--detector", asked)
    assert done.returncode == 2
    assert said in done.stderr


def test_two_packages_of_one_name_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib.metadata import EntryPoint

    group = plugins.GROUPS["detector"]
    both = [EntryPoint("own.v1", f"{module}:opened", group) for module in ("one", "two")]
    monkeypatch.setattr(plugins, "entry_points", lambda group: both)
    with pytest.raises(UsageError, match="both bring"):
        plugins.loaded("detector", "own.v1")


def test_a_plug_in_that_can_t_be_imported_is_an_error_of_ours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from importlib.metadata import EntryPoint

    point = EntryPoint("own.v1", "no_such_module_at_all:opened", plugins.GROUPS["detector"])
    monkeypatch.setattr(plugins, "entry_points", lambda group: [point])
    with pytest.raises(PasserbyError, match="can't be loaded"):
        plugins.open_detector("own.v1", "face", "auto")


def test_the_devices_have_short_names_and_doctor_says_which_are_here(passerby: Run) -> None:
    devices = json.loads(passerby("doctor", "--json").stdout)["devices"]
    assert {"cpu", "gpu", "cuda", "directml"} <= devices.keys()
    assert devices["cpu"] == devices["openvino:CPU"] != "not here"
