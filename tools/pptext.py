"""Where text is, by PP-OCRv6 as the package rapidocr ships it. What reads text stays in the wheel.

No weight changes its value: pictures are scaled inside the network, and the first layer takes red,
green and blue in that order.

Note [as it was taught]: PaddleOCR teaches it on pictures whose channels, blue first, have `MEANS`
taken off and are divided by `SPREADS`. The package scales to -1..1 instead; the network then marks
much of a picture that has no text in it (docs/decisions/plates-and-text.md).
"""

from __future__ import annotations

from typing import Final

from weights import Published

MEANS: Final = (0.485, 0.456, 0.406)  # blue, green, red, of 0 to 1
SPREADS: Final = (0.229, 0.224, 0.225)

ORIGIN = """\
The text detector is the detection stage of PP-OCRv6 (small). The weights are copyright Baidu and
the PaddleOCR authors, published under the Apache License, Version 2.0, converted to ONNX by the
RapidOCR authors and taken from the package rapidocr, whose licence follows. The file was changed:
manifest.json says how. Nothing here reads text; the models that do are not part of Passerby.

"""


def prepared(original: bytes) -> bytes:
    """The same network for RGB pictures of 0 to 255, under names that say what they are."""
    import numpy as np
    import onnx
    from onnx import helper, numpy_helper

    model = onnx.load_model_from_string(original)
    graph = model.graph
    (picture,), (answer,) = graph.input, graph.output
    first = next(node for node in graph.node if picture.name in node.input)
    constants = {tensor.name: tensor for tensor in graph.initializer}
    named = {n.output[0]: n.input[0] for n in graph.node if n.op_type == "Identity"}
    layer = first.input[1]
    while layer not in constants:
        layer = named[layer]
    blue_first = numpy_helper.to_array(constants[layer])
    red_first = np.ascontiguousarray(blue_first[:, ::-1])
    mean, spread = (np.array(v[::-1]).reshape(1, 3, 1, 1) for v in (MEANS, SPREADS))
    first.input[1] = "first_layer"
    graph.initializer.remove(constants[layer])
    graph.initializer.extend(
        [
            numpy_helper.from_array(red_first, "first_layer"),
            numpy_helper.from_array((1 / 255 / spread).astype(np.float32), "unit"),
            numpy_helper.from_array((mean / spread).astype(np.float32), "middle"),
        ]
    )
    scaled = [
        helper.make_node("Mul", ["picture", "unit"], ["in_spreads"], name="in_spreads"),
        helper.make_node("Sub", ["in_spreads", "middle"], [picture.name], name="scaled"),
    ]
    nodes = [*scaled, *graph.node, helper.make_node("Identity", [answer.name], ["text"])]
    del graph.node[:], graph.input[:], graph.output[:]
    graph.node.extend(nodes)
    for entries, name, channels in ((graph.input, "picture", 3), (graph.output, "text", 1)):
        shape = ["n", channels, "h", "w"]
        entries.append(helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape))
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


PPTEXT = Published(
    name="pptext",
    licence="Apache-2.0",
    wheel="rapidocr-3.10.0-py3-none-any.whl",
    wheel_sha256="2fc34e26cd0f48514804a94f8832283039c7334076bff60768b1fed9ad068050",
    member="rapidocr/models/PP-OCRv6_det_small.onnx",
    member_sha256="090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f",
    notice="rapidocr-3.10.0.dist-info/licenses/LICENSE",
    origin=ORIGIN,
    changes=(
        "pictures of 0 to 255 are scaled inside the network as they were when it was taught",
        "the first layer's channels are in the order red, green, blue",
        "the input and the output have other names; batch, height and width are symbolic",
    ),
    made=prepared,
)
