"""Devices, weights and runtimes: what is refused, how, and what does not grow."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from subprocess import PIPE
from typing import Any

import numpy as np
import pytest

from passerby.core.errors import DetectorError, UsageError
from passerby.core.frame import Picture
from passerby.core.ports import Look
from passerby.core.time import Span, Ticks
from passerby.detect import runtime, weights
from passerby.detect.centerface import CenterFace, open_detector
from passerby.detect.runtime import kept_open, open_runtime

from .networks import scrfd
from .portraits import Photo

MODEL = weights.find("centerface").path


@pytest.mark.parametrize(
    "device", ["", "gpu:1", "abacus", "tensorrt:0", "openvino:CPU:int8", "OpenVINO", "auto:CPU:f64"]
)
def test_a_device_that_does_not_exist_is_refused_with_those_that_do(device: str) -> None:
    with pytest.raises(UsageError) as refused:
        open_detector(device)
    assert "openvino" in refused.value.hint
    assert "onnxruntime" in refused.value.hint


@pytest.mark.parametrize(
    ("device", "has"), [("onnxruntime:Abacus", "CPUExecutionProvider"), ("openvino:ABACUS", "CPU")]
)
def test_a_target_that_is_not_here_is_refused_with_those_that_are(device: str, has: str) -> None:
    with pytest.raises(UsageError) as refused:
        open_detector(device)
    assert "abacus" in refused.value.what.lower()
    assert has in refused.value.hint


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The weights' folder as a copy that may be harmed."""
    shutil.copytree(MODEL.parent, tmp_path / "weights")
    monkeypatch.setattr(weights, "_FOLDER", tmp_path / "weights")
    assert weights.find("centerface").path.parent == tmp_path / "weights"
    return tmp_path / "weights"


@pytest.mark.parametrize("file", ["centerface.onnx", "manifest.json"])
def test_missing_weights_are_an_error_that_says_what_to_do(copied: Path, file: str) -> None:
    (copied / file).unlink()
    with pytest.raises(DetectorError, match="missing") as failed:
        open_detector()
    assert "reinstall" in failed.value.hint


@pytest.mark.parametrize("where", [0, 4_000_000, -1])
def test_weights_altered_in_one_bit_are_not_loaded(copied: Path, where: int) -> None:
    model = bytearray((copied / "centerface.onnx").read_bytes())
    model[where] ^= 1
    (copied / "centerface.onnx").write_bytes(model)
    with pytest.raises(DetectorError, match="not the ones"):
        open_detector()


@pytest.mark.parametrize("text", ["{}", "[]", "null", '{"centerface.onnx": {"sha256": 5}}', "{"])
def test_a_manifest_that_vouches_for_nothing_is_an_error(copied: Path, text: str) -> None:
    (copied / "manifest.json").write_text(text)
    with pytest.raises(DetectorError):
        open_detector()


@pytest.mark.parametrize("device", ["auto", "openvino", "onnxruntime"])
def test_a_file_that_is_no_model_is_a_detector_error(tmp_path: Path, device: str) -> None:
    (tmp_path / "broken.onnx").write_bytes(b"not a model")
    with pytest.raises(DetectorError) as failed:
        open_runtime(tmp_path / "broken.onnx", device)
    assert "doctor" in failed.value.hint


def test_auto_falls_back_to_onnx_runtime_and_a_named_runtime_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def absent(*_: object) -> None:
        raise ImportError("no openvino here")

    monkeypatch.setattr(runtime, "OpenVinoRuntime", absent)
    assert open_runtime(MODEL).name.startswith("onnxruntime")
    with pytest.raises(DetectorError):
        open_runtime(MODEL, "openvino")


def test_a_runtime_that_fails_on_a_frame_fails_the_job_and_says_where(portrait: Picture) -> None:
    class Failing:
        name = "failing"

        def run(self, pictures: Any) -> Any:
            raise RuntimeError("secret pixels")

    photo = Photo.of(portrait)
    photo._span = Span(Ticks(4711), Ticks(4712))
    with pytest.raises(DetectorError) as failed:
        CenterFace(Failing(), "0" * 64).detect(photo, Look(1.0, 0.3))
    assert failed.value.at == 4711
    assert "secret" not in str(failed.value)


def test_onnx_runtime_failing_on_a_picture_is_a_detector_error() -> None:
    one = open_runtime(MODEL, "onnxruntime")
    detector = CenterFace(one, "0" * 64)
    one._input = "no such input"  # type: ignore[attr-defined]  # so that it fails
    with pytest.raises(DetectorError):
        detector.detect(Photo.of(np.zeros((40, 40, 3), np.uint8)), Look(1.0, 0.3))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells the peak")
def test_many_shapes_hold_little_more_memory_than_a_few() -> None:
    """A folder of photos, each of its own shape: little is kept of each, and no more of any again.

    The peak of the process's own memory: what `getrusage` tells begins with that of who started it.
    """
    done = subprocess.run([sys.executable, "-c", SHAPES], check=True, timeout=200, stdout=PIPE)
    few, every, again = (int(line) for line in done.stdout.split())
    assert every < few + 48 * 2**11  # what is made for a shape takes 4 MB; 1 is left of it
    assert again < every + 48 * 2**10  # of 126 shapes


SHAPES = """
import re
from pathlib import Path
import numpy as np
from passerby.detect.runtime import OpenVinoRuntime
from passerby.detect.weights import find

network = OpenVinoRuntime(find("centerface").path)
for count in range(3 * 63):
    shape = (1, 32 * (7 - count % 7), 32 * (9 - count % 9), 3)  # the largest first
    network.run(np.zeros(shape, np.uint8))
    if count in (14, 62, 3 * 63 - 1):
        print(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
"""


FIRST_USE = """
import sys, threading
import numpy as np
from passerby.detect.runtime import OpenVinoRuntime
from passerby.detect.weights import find

sys.setswitchinterval(1e-6)
gate = threading.Barrier(8)

def use():
    runtime = OpenVinoRuntime(find("centerface").path, "CPU", "f32")
    gate.wait()
    runtime.run(np.zeros((1, 32, 32, 3), np.uint8))

threads = [threading.Thread(target=use) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""


@pytest.mark.parametrize("time", range(3))
def test_threads_that_use_openvino_for_the_first_time_together_do_not_wait_forever(
    time: int,
) -> None:
    """See Note [first use alone]. Without it each of these hangs about every third time."""
    subprocess.run([sys.executable, "-c", FIRST_USE], check=True, timeout=60)


def test_inside_kept_open_a_network_is_loaded_once_and_outside_each_time() -> None:
    with kept_open():
        one = open_runtime(MODEL, "onnxruntime")
        assert open_runtime(MODEL, "onnxruntime") is one
    assert open_runtime(MODEL, "onnxruntime") is not one
    with kept_open():
        assert open_runtime(MODEL, "onnxruntime") is not one


@pytest.mark.parametrize("device", ["openvino:CPU:f32", "onnxruntime"])
def test_a_network_that_gives_no_numbers_fails_whoever_asks_it(tmp_path: Path, device: str) -> None:
    runtime = open_runtime(scrfd(tmp_path / "spoilt.onnx", spoilt=float("nan")), device)
    with pytest.raises(RuntimeError, match="no number"):
        runtime.run(np.zeros((1, 64, 64, 3), np.uint8))
