"""Devices, weights and runtimes: what is refused, how, and what does not grow."""

from __future__ import annotations

import shutil
import subprocess
import sys
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passerby.core.errors import DetectorError, UsageError
from passerby.core.frame import Picture
from passerby.core.ports import Look
from passerby.core.time import Span, Ticks
from passerby.detect import runtime, weights
from passerby.detect.centerface import CenterFace, open_detector
from passerby.detect.runtime import OpenVinoRuntime, open_runtime

from .portraits import Photo

MODEL = weights.find("centerface").path


@pytest.mark.parametrize(
    "device", ["", "cpu", "cuda", "tensorrt:0", "openvino:CPU:int8", "OpenVINO", "auto:CPU:f64"]
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
    one._input = "no such input"  # type: ignore[attr-defined]
    with pytest.raises(DetectorError):
        detector.detect(Photo.of(np.zeros((40, 40, 3), np.uint8)), Look(1.0, 0.3))


class Counting(OpenVinoRuntime):
    """Compiles nothing; counts what was asked for and what is still held."""

    def __init__(self) -> None:
        super().__init__(MODEL)
        self.compiled: list[tuple[int, ...]] = []
        self.held: weakref.WeakSet[Any] = weakref.WeakSet()

    def _compile(self, shape: tuple[int, ...]) -> Any:
        class Request:
            def __init__(self) -> None:
                self.shape = shape

        request = Request()
        self.held.add(request)
        self.compiled.append(shape)
        return request


@pytest.fixture(scope="module")
def counting() -> Counting:
    return Counting()


@settings(max_examples=15)
@given(st.lists(st.tuples(st.integers(1, 15), st.integers(1, 40)), min_size=1, max_size=40))
def test_many_shapes_hold_few_networks_and_every_picture_fits_its_network(
    counting: Counting, runs: list[tuple[int, int]]
) -> None:
    for side, times in runs:
        shape = (1, 32 * side, 64, 3)
        for _ in range(times):
            assert counting._request(shape).shape in (shape, (-1, -1, -1, 3))
            assert len(counting.held) <= runtime._FIXED_KEPT + 1


def test_a_thousand_shapes_seen_once_compile_hardly_any_network() -> None:
    counting = Counting()
    for side in range(1, 1001):
        counting._request((1, 32 * side, 64, 3))
    assert len(counting.compiled) <= runtime._FIXED_KEPT + 1


def test_a_shape_that_comes_often_gets_a_network_of_its_own(counting: Counting) -> None:
    shape = (1, 32, 4096, 3)
    for _ in range(runtime._OFTEN):
        counting._request(shape)
    assert counting._request(shape).shape == shape


def test_a_network_compiled_for_one_shape_sees_what_the_one_for_all_sees(
    portrait: Picture,
) -> None:
    one = OpenVinoRuntime(MODEL, "CPU", "f32")
    picture = np.ascontiguousarray(portrait[None, 40:200, 160:288])
    answers = []
    for shape in (picture.shape, (-1, -1, -1, 3)):
        results = one._compile(shape).infer([picture])
        answers.append([np.array(value) for value in results.values()])
    for fixed, any_shape, given_out in zip(*answers, one.run(picture), strict=True):
        np.testing.assert_allclose(fixed, any_shape, atol=1e-3, rtol=1e-3)
        np.testing.assert_allclose(fixed, given_out, atol=1e-3, rtol=1e-3)


FIRST_USE = """
import sys, threading
import numpy as np
from passerby.detect.runtime import OpenVinoRuntime
from passerby.detect.weights import find

sys.setswitchinterval(1e-6)
gate = threading.Barrier(8)

def use():
    runtime = OpenVinoRuntime(find("centerface").path, "CPU", "f32")
    runtime._request((1, 32, 32, 3))
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
