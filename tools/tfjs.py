"""TensorFlow.js graph models as ONNX, without TensorFlow: one operator after the other.

A graph model is a list of TensorFlow's nodes and a file of weights. Only the operators of small
networks that look at pictures are known; any other stops the conversion with its name.

Note [layouts]: TensorFlow keeps channels last, ONNX second. A `Value` remembers in which order the
axes of its tensor lie, so transposing costs no node, and one is made only where the order matters
to an operator and is another.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

Arrays = dict[str, Any]  # name -> NumPy array, axes as TensorFlow has them
CHANNELS_SECOND: Final = (0, 3, 1, 2)  # of a picture whose channels TensorFlow has last


@dataclass(frozen=True, slots=True)
class Value:
    """A tensor: `shape` as TensorFlow has it for pictures of the declared size; `order[i]` is the
    axis there that is axis i of the ONNX tensor `name`."""

    name: str
    shape: tuple[int, ...]
    order: tuple[int, ...]


def weights(model: Mapping[str, Any], shards: bytes) -> Arrays:
    """Name -> array of what the manifest of `model` says lies in `shards`, one after the other."""
    import numpy as np

    found: Arrays = {}
    at = 0
    for entry in (entry for group in model["weightsManifest"] for entry in group["weights"]):
        stored = entry.get("quantization", {}).get("dtype", entry["dtype"])
        if stored not in ("float16", "float32", "int32", "bool"):
            raise RuntimeError(f"weights stored as {stored} can't be converted")
        kind = np.dtype(stored)
        count = math.prod(entry["shape"])
        array = np.frombuffer(shards, kind, count, at).reshape(entry["shape"])
        at += count * kind.itemsize
        found[entry["name"]] = array.astype(entry["dtype"])
    if at != len(shards):
        raise RuntimeError(f"the weights are {len(shards)} bytes long, their manifest says {at}")
    return found


class Conversion:
    """Grows `nodes` and `constants` of an ONNX graph that takes `inputs` and gives `outputs`."""

    def __init__(self, model: Mapping[str, Any], arrays: Arrays) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self._tf = {node["name"]: node for node in model["modelTopology"]["node"]}
        self._arrays = arrays
        self._values: dict[str, Value] = {}
        self._known: dict[str, Callable[[Any, list[Any]], Value | tuple[Value, ...]]] = {
            "Conv2D": self._convolved,
            "_FusedConv2D": self._convolved,
            "DepthwiseConv2dNative": self._convolved,
            "FusedDepthwiseConv2dNative": self._convolved,
            "Add": self._paired,
            "AddV2": self._paired,
            "BiasAdd": self._paired,
            "Mul": self._paired,
            "Sub": self._paired,
            "Relu": self._alike,
            "Relu6": self._alike,
            "LeakyRelu": self._alike,
            "Sigmoid": self._alike,
            "Identity": self._alike,
            "Mean": self._mean,
            "ConcatV2": self._joined,
            "Pad": self._padded,
            "PadV2": self._padded,
            "AddN": self._added,
            "MaxPool": self._pooled,
            "AvgPool": self._pooled,
            "Conv2DBackpropInput": self._spread,
            "ResizeBilinear": self._resized,
            "Transpose": self._transposed,
            "SplitV": self._split,
        }

    def run(self, inputs: Mapping[str, Value], outputs: Iterable[str]) -> list[Value]:
        """The values of the nodes `outputs`, where those of the nodes `inputs` are given."""
        wanted = list(outputs)
        self._values.update(inputs)
        needed = self._needed(wanted)
        for name, node in self._tf.items():
            if name in needed and name not in self._values:
                self._convert(name, node)
        return [self._values[name] for name in wanted]

    def laid(self, value: Value, order: tuple[int, ...]) -> str:
        """The ONNX tensor of `value` with its axes in that order."""
        if value.order == order:
            return value.name
        turns = [value.order.index(axis) for axis in order]
        name = f"{value.name}/in_{''.join(map(str, order))}"
        if all(node.name != name for node in self.nodes):
            self._step("Transpose", [value.name], name, perm=turns)
        return name

    def constant(self, name: str, array: Any) -> str:
        import numpy as np
        from onnx import numpy_helper

        if all(known.name != name for known in self.constants):
            self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def _needed(self, wanted: list[str]) -> set[str]:
        needed: set[str] = set()
        open_ends = list(wanted)
        while open_ends:
            name = open_ends.pop().split(":")[0]
            if name not in needed:
                needed.add(name)
                if name not in self._values:
                    open_ends += self._tf[name].get("input", ())
        return needed

    def _convert(self, name: str, node: Mapping[str, Any]) -> None:
        kind = node["op"]
        if kind == "Const":
            return
        if kind not in self._known:
            raise RuntimeError(f"the operator {kind} can't be converted")
        given = [
            self._arrays[i] if i in self._arrays else self._values[i.removesuffix(":0")]
            for i in node.get("input", ())
        ]
        made = self._known[kind](node, given)
        for n, value in enumerate(made if isinstance(made, tuple) else (made,)):
            self._values[f"{name}:{n}" if n else name] = value

    def _step(self, kind: str, inputs: list[str], name: str, **how: Any) -> str:
        from onnx import helper

        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, **how))
        return name

    # Operators. `given` holds a Value or, for what is constant, an array.

    def _convolved(self, node: Any, given: list[Any]) -> Value:
        picture, filters, *more = given
        rows, cols, channels, times = filters.shape
        deep = "Depthwise" in node["op"]
        groups, made = (channels, channels * times) if deep else (1, times)
        if deep:
            filters = filters.transpose(2, 3, 0, 1).reshape(made, 1, rows, cols)
        else:
            filters = filters.transpose(3, 2, 0, 1)
        name, steps, padding = node["name"], _steps(node, "strides"), _text(node, "padding")
        fused = _texts(node, "fused_ops")
        inputs = [
            self.laid(picture, CHANNELS_SECOND),
            self.constant(f"{name}/filters", filters),
        ]
        if fused[:1] == ["BiasAdd"]:
            inputs.append(self.constant(f"{name}/bias", more[0]))
            fused = fused[1:]
        end = self._step(
            "Conv",
            inputs,
            f"{name}/conv" if fused else name,
            kernel_shape=[rows, cols],
            strides=list(steps),
            dilations=list(_steps(node, "dilations")),
            group=groups,
            auto_pad=_auto_pad(padding),
        )
        high, wide = _stepped(picture.shape, steps, (rows, cols), padding)
        value = Value(end, (picture.shape[0], high, wide, made), CHANNELS_SECOND)
        for n, kind in enumerate(fused):
            last = n == len(fused) - 1
            value = self._alike({**node, "op": kind}, [value], name if last else f"{name}/{kind}")
        return value

    def _paired(self, node: Any, given: list[Any]) -> Value:
        kinds = {"AddV2": "Add", "BiasAdd": "Add"}
        main = max((v for v in given if isinstance(v, Value)), key=lambda v: len(v.shape))
        names, shapes = [], [main.shape]
        for n, value in enumerate(given):
            if isinstance(value, Value):
                names.append(self.laid(value, main.order))
                shapes.append(value.shape)
            else:
                whole = value.reshape((1,) * (len(main.shape) - value.ndim) + value.shape)
                shapes.append(whole.shape)
                laid = whole.transpose(main.order)
                names.append(self.constant(f"{node['name']}/{n}", laid))
        shape = tuple(max(sizes) for sizes in zip(*shapes, strict=True))
        kind = kinds.get(node["op"], node["op"])
        return Value(self._step(kind, names, node["name"]), shape, main.order)

    def _alike(self, node: Any, given: list[Any], name: str = "") -> Value:
        (value,) = given
        kind, inputs, how = node["op"], [value.name], dict[str, Any]()
        name = name or node["name"]
        if kind == "LeakyRelu":
            told = node["attr"].get("alpha") or node["attr"].get("leakyrelu_alpha") or {}
            how["alpha"] = float(told.get("f", 0.2))
        elif kind == "Relu6":
            import numpy as np

            low = self.constant("nothing", np.array(0, np.float32))
            kind, inputs = "Clip", [*inputs, low, self.constant("six", np.array(6, np.float32))]
        elif kind not in ("Relu", "Sigmoid", "Identity"):
            raise RuntimeError(f"the operator {kind} can't be converted")
        return Value(self._step(kind, inputs, name, **how), value.shape, value.order)

    def _mean(self, node: Any, given: list[Any]) -> Value:
        value, axes = given
        over = {int(axis) % len(value.shape) for axis in axes.ravel()}
        if not node["attr"].get("keep_dims", {}).get("b"):
            raise RuntimeError("a mean that loses axes can't be converted")
        places = sorted(value.order.index(axis) for axis in over)
        name = self._step("ReduceMean", [value.name], node["name"], axes=places, keepdims=1)
        shape = tuple(1 if axis in over else n for axis, n in enumerate(value.shape))
        return Value(name, shape, value.order)

    def _joined(self, node: Any, given: list[Any]) -> Value:
        *values, axis = given
        first, along = values[0], int(axis) % len(values[0].shape)
        names = [self.laid(value, first.order) for value in values]
        name = self._step("Concat", names, node["name"], axis=first.order.index(along))
        shape = list(first.shape)
        shape[along] = sum(value.shape[along] for value in values)
        return Value(name, tuple(shape), first.order)

    def _padded(self, node: Any, given: list[Any]) -> Value:
        import numpy as np

        value, around, *filled = given
        laid = around[list(value.order)]
        name = node["name"]
        pads = self.constant(f"{name}/pads", np.concatenate([laid[:, 0], laid[:, 1]]).astype("i8"))
        fill = filled[0].reshape(()) if filled else np.array(0, np.float32)
        inputs = [value.name, pads, self.constant(f"{name}/fill", fill.astype(np.float32))]
        shape = tuple(n + int(sum(more)) for n, more in zip(value.shape, around, strict=True))
        return Value(self._step("Pad", inputs, name, mode="constant"), shape, value.order)

    def _pooled(self, node: Any, given: list[Any]) -> Value:
        (value,) = given
        steps, window = _steps(node, "strides"), _steps(node, "ksize")
        padding = _text(node, "padding")
        kind = {"MaxPool": "MaxPool", "AvgPool": "AveragePool"}[node["op"]]
        name = self._step(
            kind,
            [self.laid(value, CHANNELS_SECOND)],
            node["name"],
            kernel_shape=list(window),
            strides=list(steps),
            auto_pad=_auto_pad(padding),
        )
        high, wide = _stepped(value.shape, steps, window, padding)
        return Value(name, (value.shape[0], high, wide, value.shape[3]), CHANNELS_SECOND)

    def _added(self, node: Any, given: list[Any]) -> Value:
        first = given[0]
        if any(value.shape != first.shape for value in given):
            raise RuntimeError("a sum of different shapes can't be converted")
        names = [self.laid(value, first.order) for value in given]
        return Value(self._step("Sum", names, node["name"]), first.shape, first.order)

    def _spread(self, node: Any, given: list[Any]) -> Value:
        """A convolution the other way round, where it enlarges by as much as its window is wide."""
        size, filters, value = given
        steps, (rows, cols) = _steps(node, "strides"), filters.shape[:2]
        batch, high, wide, made = (int(n) for n in size)
        if (rows, cols) != steps or (high, wide) != (
            value.shape[1] * steps[0],
            value.shape[2] * steps[1],
        ):
            raise RuntimeError("windows that overlap when spread can't be converted")
        name = node["name"]
        inputs = [
            self.laid(value, CHANNELS_SECOND),
            self.constant(f"{name}/filters", filters.transpose(3, 2, 0, 1)),
        ]
        self._step("ConvTranspose", inputs, name, kernel_shape=[rows, cols], strides=list(steps))
        return Value(name, (batch, high, wide, made), CHANNELS_SECOND)

    def _resized(self, node: Any, given: list[Any]) -> Value:
        import numpy as np

        value, size = given
        high, wide = (int(n) for n in size)
        if node["attr"].get("align_corners", {}).get("b"):
            raise RuntimeError("pictures resized corner to corner can't be converted")
        half = node["attr"].get("half_pixel_centers", {}).get("b")
        name, by = node["name"], [1.0, 1.0, high / value.shape[1], wide / value.shape[2]]
        scales = self.constant(f"{name}/scales", np.array(by, np.float32))
        self._step(
            "Resize",
            [self.laid(value, CHANNELS_SECOND), "", scales],
            name,
            mode="linear",
            coordinate_transformation_mode="half_pixel" if half else "asymmetric",
        )
        return Value(name, (value.shape[0], high, wide, value.shape[3]), CHANNELS_SECOND)

    def _transposed(self, node: Any, given: list[Any]) -> Value:
        value, turns = given
        axes = [int(axis) for axis in turns]
        shape = tuple(value.shape[axis] for axis in axes)
        return Value(value.name, shape, tuple(axes.index(axis) for axis in value.order))

    def _split(self, node: Any, given: list[Any]) -> tuple[Value, ...]:
        value, sizes, axis = given
        along = int(axis) % len(value.shape)
        from onnx import helper

        name, parts = node["name"], [int(n) for n in sizes]
        parted = [f"{name}:{n}" for n in range(len(parts))]
        inputs = [value.name, self.constant(f"{name}/sizes", sizes.astype("i8"))]
        place = value.order.index(along)
        self.nodes.append(helper.make_node("Split", inputs, parted, name=name, axis=place))
        return tuple(
            Value(part, (*value.shape[:along], n, *value.shape[along + 1 :]), value.order)
            for part, n in zip(parted, parts, strict=True)
        )


def parsed(file: bytes) -> Any:
    """A model's JSON, of the one form that is known."""
    model = json.loads(file)
    if model.get("format") != "graph-model":
        raise RuntimeError(f"not a graph model but {model.get('format')}")
    return model


def _text(node: Any, name: str) -> str:
    return base64.b64decode(node["attr"][name]["s"]).decode()


def _texts(node: Any, name: str) -> list[str]:
    listed = node["attr"].get(name, {}).get("list", {}).get("s", ())
    return [base64.b64decode(text).decode() for text in listed]


def _steps(node: Any, name: str) -> tuple[int, int]:
    """Rows and columns out of an attribute that tells of all four axes."""
    _, rows, cols, _ = node["attr"].get(name, {}).get("list", {}).get("i", ("1",) * 4)
    return int(rows), int(cols)


def _auto_pad(padding: str) -> str:
    if padding not in ("SAME", "VALID"):
        raise RuntimeError(f"the padding {padding} can't be converted")
    return {"SAME": "SAME_UPPER", "VALID": "VALID"}[padding]


def _stepped(
    shape: tuple[int, ...], steps: tuple[int, int], window: tuple[int, int], padding: str
) -> tuple[int, int]:
    """Rows and columns of what a window gives that is moved over a picture in steps."""
    sides = zip(shape[1:3], steps, window, strict=True)
    if padding == "SAME":
        rows, cols = (math.ceil(side / step) for side, step, _ in sides)
    else:
        rows, cols = ((side - wide) // step + 1 for side, step, wide in sides)
    return rows, cols
