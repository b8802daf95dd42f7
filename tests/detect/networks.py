"""Tiny networks that find what is red, with the heads of YOLO and SCRFD; made, not learned."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

RED = (230, 20, 20)
SIDE = 48  # of a red square, in pixels, that they know


def scene(*places: tuple[int, int], size: tuple[int, int] = (192, 256)) -> NDArray[np.uint8]:
    """RGB uint8, grey, with a red square at each place (x, y)."""
    picture = np.full((*size, 3), 120, np.uint8)
    for x, y in places:
        picture[y : y + SIDE, x : x + SIDE] = RED
    return picture


def _redness(scale: float, nodes: list[onnx.NodeProto]) -> list[onnx.TensorProto]:
    """Appends nodes from "picture" to "red" (1, 1, rows / 8, cols / 8), in [0, 1]: whether
    more than two thirds of the SIDE pixels around a cell's corner are red."""
    kernel = np.zeros((1, 3, SIDE, SIDE), np.float32)
    share = 3 / SIDE**2 / 210 * scale
    kernel[0, 0], kernel[0, 1] = share, -share
    nodes += [
        helper.make_node(
            "Conv",
            ["picture", "kernel", "bias"],
            ["raw"],
            strides=[8, 8],
            pads=[SIDE // 2, SIDE // 2, SIDE // 2 - 8, SIDE // 2 - 8],
        ),
        helper.make_node("Clip", ["raw", "zero", "one"], ["red"]),
    ]
    return [
        numpy_helper.from_array(kernel, "kernel"),
        numpy_helper.from_array(np.array([-2], np.float32), "bias"),
        numpy_helper.from_array(np.float32(0), "zero"),
        numpy_helper.from_array(np.float32(1), "one"),
    ]


def _saved(
    path: Path,
    nodes: list[onnx.NodeProto],
    constants: list[onnx.TensorProto],
    outputs: list[str],
    sides: tuple[int | str, int | str],
) -> Path:
    given = helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 3, *sides])
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
    graph = helper.make_graph(nodes, "red", [given], ends, constants)
    opset = [helper.make_opsetid("", 13)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), str(path))
    return path


def scrfd(path: Path, *, spoilt: float = 1.0) -> Path:
    """One anchor a cell, three strides of which two see nobody; pictures of any size. `spoilt`:
    what its scores are multiplied with."""
    nodes: list[onnx.NodeProto] = []
    constants = _redness(128, nodes)
    constants += [
        numpy_helper.from_array(np.array([-1, 1], np.int64), "row"),
        numpy_helper.from_array(np.array([1], np.int64), "axis"),
        numpy_helper.from_array(np.float32(0), "none"),
        numpy_helper.from_array(np.float32(spoilt), "spoilt"),
    ]
    outputs = []
    for stride in (8, 16, 32):
        step = stride // 8
        reach = numpy_helper.from_array(
            np.full((1, 4), SIDE / 2 / stride, np.float32), f"r{stride}"
        )
        constants.append(reach)
        by = "spoilt" if stride == 8 else "none"
        nodes += [
            helper.make_node(
                "MaxPool", ["red"], [f"p{stride}"], kernel_shape=[step] * 2, strides=[step] * 2
            ),
            helper.make_node("Mul", [f"p{stride}", by], [f"m{stride}"]),
            helper.make_node("Reshape", [f"m{stride}", "row"], [f"s{stride}"]),
            helper.make_node("Mul", [f"s{stride}", "none"], [f"z{stride}"]),
            helper.make_node("Add", [f"z{stride}", f"r{stride}"], [f"b{stride}"]),
        ]
        outputs += [f"s{stride}", f"b{stride}"]
    outputs = [*outputs[::2], *outputs[1::2]]  # scores first, as InsightFace exports it
    return _saved(path, nodes, constants, outputs, ("rows", "cols"))


def yolo(path: Path, *, side: int = 128) -> Path:
    """One class, pictures of `side` by `side` alone, as most are exported."""
    nodes: list[onnx.NodeProto] = []
    constants = _redness(255, nodes)
    cells = side // 8
    y, x = np.mgrid[:cells, :cells].reshape(2, 1, -1) * 8.0
    place = np.stack([x, y, np.full_like(x, SIDE), np.full_like(x, SIDE)], axis=1)
    constants += [
        numpy_helper.from_array(place.astype(np.float32), "place"),
        numpy_helper.from_array(np.array([1, 1, -1], np.int64), "flat"),
    ]
    nodes += [
        helper.make_node("Reshape", ["red", "flat"], ["scores"]),
        helper.make_node("Concat", ["place", "scores"], ["output"], axis=1),
    ]
    return _saved(path, nodes, constants, ["output"], (side, side))
