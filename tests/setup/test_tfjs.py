"""TensorFlow.js's operators become ONNX's: each against a slow twin in plain loops."""

from __future__ import annotations

import base64
import importlib.util
import json
import math
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray

Array = NDArray[Any]
RNG = np.random.default_rng(11)


def tool() -> ModuleType:
    path = Path(__file__).parent.parent.parent / "tools" / "tfjs.py"
    spec = importlib.util.spec_from_file_location("tfjs", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def tfjs() -> ModuleType:
    return tool()


def said(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def four(rows: int, cols: int) -> dict[str, Any]:
    return {"list": {"i": ["1", str(rows), str(cols), "1"]}}


def sides(padding: str, step: int = 1, **more: Any) -> dict[str, Any]:
    return {"padding": {"s": said(padding)}, "strides": four(step, step), **more}


def node(op: str, inputs: list[str], name: str = "end", **attr: Any) -> dict[str, Any]:
    return {"name": name, "op": op, "input": inputs, "attr": attr}


def ran(
    tfjs: ModuleType, nodes: list[dict[str, Any]], arrays: dict[str, Array], picture: Array
) -> list[Array]:
    """What the converted nodes give for `picture`, in TensorFlow's order of axes."""
    listed = [{"name": name, "op": "Const", "attr": {}} for name in arrays] + nodes
    conversion = tfjs.Conversion({"modelTopology": {"node": listed}}, dict(arrays))
    start = tfjs.Value("picture", picture.shape, tuple(range(picture.ndim)))
    last = nodes[-1]
    names = [last["name"]]
    if last["op"] == "SplitV":
        names += [f"{last['name']}:{n}" for n in range(1, len(arrays["sizes"]))]
    ends = conversion.run({"picture": start}, names)
    laid = [conversion.laid(end, tuple(range(len(end.shape)))) for end in ends]
    float32 = onnx.TensorProto.FLOAT
    outputs = [onnx.helper.make_tensor_value_info(name, float32, None) for name in laid]
    given = onnx.helper.make_tensor_value_info("picture", float32, picture.shape)
    graph = onnx.helper.make_graph(conversion.nodes, "g", [given], outputs, conversion.constants)
    opset = [onnx.helper.make_opsetid("", 13)]
    model = onnx.helper.make_model(graph, opset_imports=opset, ir_version=8)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    results: list[Array] = session.run(None, {"picture": picture})
    for result, end in zip(results, ends, strict=True):
        assert result.shape == end.shape
    return results


def random(*shape: int) -> Array:
    return RNG.normal(0, 1, shape).astype(np.float32)


def framed(picture: Array, window: int, step: int, padding: str, fill: float) -> Array:
    """The picture with what TensorFlow adds around it."""
    if padding == "VALID":
        return picture
    adds = [(0, 0)]
    for side in picture.shape[1:3]:
        whole = max(0, (math.ceil(side / step) - 1) * step + window - side)
        adds.append((whole // 2, whole - whole // 2))
    return np.pad(picture, [*adds, (0, 0)], constant_values=fill)


def windows(picture: Array, window: int, step: int) -> dict[tuple[int, int], Array]:
    rows = (picture.shape[1] - window) // step + 1
    cols = (picture.shape[2] - window) // step + 1
    return {
        (r, c): picture[:, r * step : r * step + window, c * step : c * step + window]
        for r in range(rows)
        for c in range(cols)
    }


def spread(places: dict[tuple[int, int], Array]) -> Array:
    """(n, channels) by place -> (n, rows, cols, channels)."""
    rows, cols = (1 + max(place[i] for place in places) for i in (0, 1))
    return np.stack(
        [np.stack([places[r, c] for c in range(cols)], axis=1) for r in range(rows)], axis=1
    )


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize(("side", "step"), [(8, 1), (8, 2), (9, 2)])
@pytest.mark.parametrize("window", [1, 3])
def test_convolutions(tfjs: ModuleType, padding: str, side: int, step: int, window: int) -> None:
    picture, filters = random(1, side, side + 2, 3), random(window, window, 3, 5)
    (got,) = ran(
        tfjs,
        [node("Conv2D", ["picture", "w"], **sides(padding, step))],
        {"w": filters},
        picture,
    )
    around = framed(picture, window, step, padding, 0)
    wanted = spread(
        {
            place: np.einsum("nrci,rcio->no", part, filters)
            for place, part in windows(around, window, step).items()
        }
    )
    np.testing.assert_allclose(got, wanted, atol=1e-5)


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("step", [1, 2])
def test_depthwise_convolutions_with_bias_and_a_clipped_end(
    tfjs: ModuleType, times: int, step: int
) -> None:
    picture, filters, bias = random(1, 8, 6, 4), 3 * random(3, 3, 4, times), random(4 * times)
    fused = {"list": {"s": [said("BiasAdd"), said("Relu6")]}}
    (got,) = ran(
        tfjs,
        [
            node(
                "FusedDepthwiseConv2dNative",
                ["picture", "w", "b"],
                **sides("SAME", step, fused_ops=fused),
            )
        ],
        {"w": filters, "b": bias},
        picture,
    )
    around = framed(picture, 3, step, "SAME", 0)
    wanted = spread(
        {
            place: np.einsum("nrci,rcit->nit", part, filters).reshape(1, -1)
            for place, part in windows(around, 3, step).items()
        }
    )
    wanted = np.clip(wanted + bias, 0, 6)
    assert 0 < (wanted == 0).mean() < 1
    assert (wanted == 6).any()
    np.testing.assert_allclose(got, wanted, atol=1e-4)


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize("step", [1, 2])
def test_the_largest_of_a_window(tfjs: ModuleType, padding: str, step: int) -> None:
    picture = random(1, 8, 9, 2) - 3
    (got,) = ran(
        tfjs,
        [node("MaxPool", ["picture"], **sides(padding, step, ksize=four(3, 3)))],
        {},
        picture,
    )
    around = framed(picture, 3, step, padding, -np.inf)
    wanted = spread({p: w.max(axis=(1, 2)) for p, w in windows(around, 3, step).items()})
    np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize("step", [1, 2])
def test_the_mean_of_a_window_leaves_out_what_lies_beyond_the_picture(
    tfjs: ModuleType, padding: str, step: int
) -> None:
    picture = random(1, 8, 9, 2)
    (got,) = ran(
        tfjs,
        [node("AvgPool", ["picture"], **sides(padding, step, ksize=four(3, 3)))],
        {},
        picture,
    )
    around = framed(picture, 3, step, padding, np.nan)
    wanted = spread({p: np.nanmean(w, axis=(1, 2)) for p, w in windows(around, 3, step).items()})
    np.testing.assert_allclose(got, wanted, atol=1e-5)


def test_sums_of_several(tfjs: ModuleType) -> None:
    picture = random(1, 4, 6, 2)
    nodes = [node("Relu", ["picture"], "up"), node("AddN", ["picture", "up", "picture"])]
    (got,) = ran(tfjs, nodes, {}, picture)
    np.testing.assert_allclose(got, 2 * picture + picture.clip(0), atol=1e-5)


def test_a_convolution_the_other_way_round_enlarges(tfjs: ModuleType) -> None:
    picture, filters = random(1, 3, 4, 5), random(2, 2, 3, 5)
    (got,) = ran(
        tfjs,
        [node("Conv2DBackpropInput", ["size", "w", "picture"], **sides("SAME", 2))],
        {"size": np.array([1, 6, 8, 3], np.int32), "w": filters},
        picture,
    )
    wanted = np.zeros((1, 6, 8, 3), np.float32)
    for r in range(6):
        for c in range(8):
            wanted[0, r, c] = filters[r % 2, c % 2] @ picture[0, r // 2, c // 2]
    np.testing.assert_allclose(got, wanted, atol=1e-5)


@pytest.mark.parametrize("half", [True, False])
@pytest.mark.parametrize("size", [(8, 12), (2, 3)])
def test_resized_pictures(tfjs: ModuleType, half: bool, size: tuple[int, int]) -> None:
    picture = random(1, 4, 6, 2)
    flags: dict[str, Any] = {"align_corners": {"b": False}, "half_pixel_centers": {"b": half}}
    (got,) = ran(
        tfjs,
        [node("ResizeBilinear", ["picture", "size"], **flags)],
        {"size": np.array(size, np.int32)},
        picture,
    )
    wanted = np.zeros((1, *size, 2), np.float32)
    for r in range(size[0]):
        for c in range(size[1]):
            at = []
            for i, n in ((r, 0), (c, 1)):
                by, last = picture.shape[1 + n] / size[n], picture.shape[1 + n] - 1
                place = min(max((i + 0.5) * by - 0.5 if half else i * by, 0), last)
                low = math.floor(place)
                at.append((low, min(low + 1, last), place - low))
            (r0, r1, down), (c0, c1, along) = at
            top = picture[:, r0, c0] * (1 - along) + picture[:, r0, c1] * along
            bottom = picture[:, r1, c0] * (1 - along) + picture[:, r1, c1] * along
            wanted[:, r, c] = top * (1 - down) + bottom * down
    np.testing.assert_allclose(got, wanted, atol=1e-5)


def test_axes_keep_their_meaning_through_turns_pads_and_joins(tfjs: ModuleType) -> None:
    picture, fill = random(1, 3, 4, 5), np.array(7, np.float32)
    arrays = {
        "last": np.array([0, 2, 3, 1], np.int32),
        "pads": np.array([[0, 0], [1, 0], [0, 2], [0, 0]], np.int32),
        "fill": fill,
        "w": random(1, 1, 3, 3),
        "along": np.array(-1, np.int32),
        "second": np.array([0, 3, 1, 2], np.int32),
    }
    nodes = [
        node("Transpose", ["picture", "last"], "t"),
        node("PadV2", ["t", "pads", "fill"], "p"),
        node("Conv2D", ["p", "w"], "c", **sides("VALID")),
        node("ConcatV2", ["p", "c", "along"], "j", N={"i": "2"}),
        node("Transpose", ["j", "second"]),
    ]
    (got,) = ran(tfjs, nodes, arrays, picture)
    padded = np.pad(
        picture.transpose(0, 2, 3, 1), [(0, 0), (1, 0), (0, 2), (0, 0)], constant_values=7
    )
    mixed = padded @ arrays["w"][0, 0]
    wanted = np.concatenate([padded, mixed], axis=3).transpose(0, 3, 1, 2)
    np.testing.assert_allclose(got, wanted, atol=1e-5)


def test_sums_products_and_ends_of_layers(tfjs: ModuleType) -> None:
    picture, bias, by = random(2, 3, 4, 5), random(5), random(4, 1)
    nodes = [
        node("AddV2", ["picture", "bias"], "a"),
        node("Mul", ["by", "a"], "m"),
        node("Sub", ["m", "picture"], "s"),
        node("LeakyRelu", ["s"], "l", alpha={"f": 0.1}),
        node("Sigmoid", ["l"], "g"),
        node("Identity", ["g"]),
    ]
    (got,) = ran(tfjs, nodes, {"bias": bias, "by": by}, picture)
    x = by * (picture + bias) - picture
    wanted = 1 / (1 + np.exp(-np.where(x > 0, x, 0.1 * x)))
    np.testing.assert_allclose(got, wanted, atol=1e-5)


def test_means_over_rows_and_columns_and_parts_of_channels(tfjs: ModuleType) -> None:
    picture = random(1, 3, 4, 6)
    arrays = {
        "over": np.array([1, 2], np.int32),
        "sizes": np.array([1, 5], np.int32),
        "along": np.array(3, np.int32),
    }
    nodes = [
        node("Mean", ["picture", "over"], "m", keep_dims={"b": True}),
        node("SplitV", ["m", "sizes", "along"]),
    ]
    one, five = ran(tfjs, nodes, arrays, picture)
    wanted = picture.mean(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(one, wanted[..., :1], atol=1e-6)
    np.testing.assert_allclose(five, wanted[..., 1:], atol=1e-6)


def test_weights_lie_one_after_the_other_in_their_own_forms(tfjs: ModuleType) -> None:
    half, whole = random(2, 3).astype(np.float16), np.array([4, -5], np.int32)
    told: list[dict[str, Any]] = [
        {
            "name": "a",
            "shape": [2, 3],
            "dtype": "float32",
            "quantization": {"dtype": "float16", "original_dtype": "float32"},
        },
        {"name": "b", "shape": [2], "dtype": "int32"},
        {"name": "c", "shape": [], "dtype": "float32"},
    ]
    model = {"weightsManifest": [{"weights": told[:2]}, {"weights": told[2:]}]}
    shards = half.tobytes() + whole.tobytes() + np.float32(1.5).tobytes()
    found = tfjs.weights(model, shards)
    np.testing.assert_array_equal(found["a"], half.astype(np.float32))
    np.testing.assert_array_equal(found["b"], whole)
    assert found["c"] == 1.5
    assert found["a"].dtype == np.float32
    with pytest.raises(RuntimeError, match="manifest"):
        tfjs.weights(model, shards + b"\0\0")
    told[1]["quantization"] = {"dtype": "uint8", "scale": 2.0, "min": 0.0}
    with pytest.raises(RuntimeError, match="uint8"):
        tfjs.weights(model, shards)


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (node("Softplus", ["picture"]), "Softplus"),
        (node("Mean", ["picture", "over"]), "loses axes"),
        (node("Conv2D", ["picture", "w"], **sides("EXPLICIT")), "EXPLICIT"),
        (node("ResizeBilinear", ["picture", "size"], align_corners={"b": True}), "corner"),
        (
            node(
                "_FusedConv2D",
                ["picture", "w"],
                **sides("SAME", fused_ops={"list": {"s": [said("Elu")]}}),
            ),
            "Elu",
        ),
    ],
)
def test_what_is_not_known_stops_the_conversion(
    tfjs: ModuleType, made: dict[str, Any], why: str
) -> None:
    arrays = {
        "w": random(1, 1, 2, 2),
        "over": np.array([1], np.int32),
        "size": np.array([4, 4], np.int32),
    }
    with pytest.raises(RuntimeError, match=why):
        ran(tfjs, [made], arrays, random(1, 2, 2, 2))


def test_a_layers_model_is_refused(tfjs: ModuleType) -> None:
    with pytest.raises(RuntimeError, match="layers-model"):
        tfjs.parsed(json.dumps({"format": "layers-model"}).encode())
