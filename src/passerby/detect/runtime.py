"""One small door to the inference runtimes: a network, pictures in, arrays out."""

from __future__ import annotations

import os
import sys
import threading
from collections import Counter, OrderedDict
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from ..core.errors import DetectorError, UsageError

Arrays = list[NDArray[np.float32]]

_FIXED_KEPT: Final = 2  # shapes compiled for themselves and held at once
_OFTEN: Final = 12  # pictures of one shape after which it is compiled for itself
_ALONE: Final = threading.Lock()  # see Note [first use alone]


class Runtime(Protocol):
    """Runs one network. `pictures` uint8 (n, h, w, 3) -> float32 outputs in the network's order."""

    @property
    def name(self) -> str: ...

    def run(self, pictures: NDArray[np.uint8]) -> Arrays: ...


def _threads() -> int:
    """Half of the processors: decoding and encoding run at the same time."""
    return max(1, (os.cpu_count() or 2) // 2)


class OpenVinoRuntime:
    """OpenVINO, in bf16 where that is native.

    The first shapes, and those that come often, get a network compiled for themselves, a tenth
    faster than the one that takes pictures of any shape. So a film needs two, and a folder of
    photos, each of its own shape, does not compile one for each.
    """

    def __init__(self, weights: Path, target: str = "CPU", precision: str = "") -> None:
        # Note [no telemetry]: importing openvino starts openvino_telemetry, which writes a client
        # id into the home folder. Passerby must not; with the import blocked OpenVINO uses a stub.
        sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
        # Note [first use alone]: two threads that ask OpenVINO at the same time, for the first
        # time, what NumPy calls a type wait for each other forever: the one holds Python's lock,
        # the other that of a table in C++ which is being built.
        with _ALONE:
            import openvino

            openvino.Tensor(np.zeros(3, np.uint8), shared_memory=True).element_type.to_dtype()
        self._ov: Any = openvino
        self._core: Any = openvino.Core()
        if target not in {d.split(".")[0] for d in self._core.available_devices}:
            raise UsageError(
                f"OpenVINO has no device {target} here",
                hint=f"it has {', '.join(self._core.available_devices)}",
            )
        self._target = target
        self._model: Any = self._core.read_model(str(weights))
        self._options: dict[str, object] = {"PERFORMANCE_HINT": "LATENCY"}
        if target == "CPU":
            self._options["INFERENCE_NUM_THREADS"] = _threads()
        native = self._core.get_property(target, "OPTIMIZATION_CAPABILITIES")
        self.precision = precision or ("bf16" if "BF16" in native else "f32")
        if precision:
            self._options["INFERENCE_PRECISION_HINT"] = precision
        self._any: Any = None
        self._fixed: OrderedDict[tuple[int, ...], Any] = OrderedDict()
        self._counts: Counter[tuple[int, ...]] = Counter()

    @property
    def name(self) -> str:
        version = self._ov.get_version().split("-")[0]
        return f"openvino {version} {self._target} {self.precision}"

    def run(self, pictures: NDArray[np.uint8]) -> Arrays:
        request = self._request(pictures.shape)
        results = request.infer([pictures], share_inputs=True, share_outputs=False)
        return [np.asarray(value, np.float32) for value in results.values()]

    def _request(self, shape: tuple[int, ...]) -> Any:
        self._counts[shape] += 1
        often = self._counts[shape] == _OFTEN or len(self._fixed) < _FIXED_KEPT
        if shape not in self._fixed and often:
            self._fixed[shape] = self._compile(shape)
            if len(self._fixed) > _FIXED_KEPT:
                dropped, _ = self._fixed.popitem(last=False)
                del self._counts[dropped]
        if shape in self._fixed:
            self._fixed.move_to_end(shape)
            return self._fixed[shape]
        if self._any is None:
            self._any = self._compile((-1, -1, -1, 3))
        return self._any

    def _compile(self, shape: tuple[int, ...]) -> Any:
        n, height, width, _ = shape
        model = self._model.clone()
        model.reshape([n, 3, height, width])
        steps = self._ov.preprocess.PrePostProcessor(model)
        layout = self._ov.Layout
        steps.input().tensor().set_element_type(self._ov.Type.u8).set_layout(layout("NHWC"))
        steps.input().model().set_layout(layout("NCHW"))
        steps.input().preprocess().convert_element_type(self._ov.Type.f32)
        compiled = self._core.compile_model(steps.build(), self._target, self._options)
        return compiled.create_infer_request()


class OnnxRuntime:
    """ONNX Runtime: the fallback that runs everywhere."""

    def __init__(self, weights: Path, provider: str = "CPUExecutionProvider") -> None:
        # Note [no telemetry], again: from 1.29 on, importing onnxruntime writes an identity into
        # the home folder and tells its maker, unless this is set before. The locked version has
        # none of that; whoever installed another is protected too. The call is for Windows.
        os.environ["ORT_DISABLE_TELEMETRY"] = "1"
        import onnxruntime

        onnxruntime.disable_telemetry_events()
        if provider not in onnxruntime.get_available_providers():
            raise UsageError(
                f"ONNX Runtime has no provider {provider} here",
                hint=f"it has {', '.join(onnxruntime.get_available_providers())}",
            )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = _threads()
        options.log_severity_level = 4
        # Note [no common base]: its errors derive from Exception and from nothing else.
        try:
            self._session: Any = onnxruntime.InferenceSession(
                str(weights), options, providers=[provider]
            )
        except Exception as error:
            raise RuntimeError("ONNX Runtime could not load the network") from error
        self._input: str = self._session.get_inputs()[0].name
        target = provider.removesuffix("ExecutionProvider")
        self.name = f"onnxruntime {onnxruntime.__version__} {target} f32"

    def run(self, pictures: NDArray[np.uint8]) -> Arrays:
        tensor = np.ascontiguousarray(pictures.transpose(0, 3, 1, 2), np.float32)
        try:
            outputs = self._session.run(None, {self._input: tensor})
        except Exception as error:  # see Note [no common base]
            raise RuntimeError("ONNX Runtime failed") from error
        return [np.asarray(a, np.float32) for a in outputs]


def open_runtime(weights: Path, device: str = "auto") -> Runtime:
    """The runtime that `device` names: ``auto``, or ``runtime[:target[:precision]]``.

    ``auto`` takes OpenVINO on the CPU where it loads, else ONNX Runtime. Examples:
    ``openvino:GPU``, ``openvino:CPU:f32``, ``onnxruntime``, ``onnxruntime:CUDA``.
    Raises UsageError for a name or target that isn't there, DetectorError when nothing loads.
    """
    runtime, _, rest = device.partition(":")
    target, _, precision = rest.partition(":")
    if runtime not in ("auto", "openvino", "onnxruntime") or precision not in (
        "",
        "f32",
        "bf16",
        "f16",
    ):
        raise UsageError(
            f"no device called {device}",
            hint="use auto, openvino[:CPU|GPU|NPU[:f32|bf16|f16]] or onnxruntime[:CPU|CUDA|...]",
        )
    try:
        if runtime == "onnxruntime":
            return OnnxRuntime(weights, f"{target or 'CPU'}ExecutionProvider")
        try:
            return OpenVinoRuntime(weights, target or "CPU", precision)
        except (ImportError, RuntimeError):
            if runtime == "openvino":
                raise
            return OnnxRuntime(weights)
    except (ImportError, RuntimeError, OSError) as error:
        raise DetectorError(
            f"no inference runtime could load the model ({type(error).__name__})",
            hint="run `passerby doctor` to see what is installed",
        ) from error
