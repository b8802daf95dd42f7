"""One small door to the inference runtimes: a network, pictures in, arrays out."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from copy import copy
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from ..core.errors import DetectorError, UsageError

SHARED: Final = "shared"  # see `open_runtime`
Arrays = list[NDArray[np.float32]]

SHORT: Final = {  # what people call a device -> runtime and target
    "cpu": "auto",
    "gpu": "openvino:GPU",
    "npu": "openvino:NPU",
    "cuda": "onnxruntime:CUDA",
    "tensorrt": "onnxruntime:Tensorrt",
    "rocm": "onnxruntime:ROCM",
    "migraphx": "onnxruntime:MIGraphX",
    "coreml": "onnxruntime:CoreML",
    "directml": "onnxruntime:Dml",
}

_KERNELS: Final = (
    700  # made for single shapes and held: a film has 3 to 9 shapes, a camera 20, of 60 each
)
_ALONE: Final = threading.Lock()  # see Note [first use alone]


@dataclass(frozen=True, slots=True)
class Preparation:
    """What a network gets of a sample: ``(sample - mean) / scale``. `bgr`: blue comes first."""

    mean: float = 0.0
    scale: float = 1.0
    bgr: bool = False


AS_IT_IS: Final = Preparation()


class Runtime(Protocol):
    """Runs one network. `pictures` uint8 (n, h, w, 3) -> float32 outputs in the network's order."""

    @property
    def name(self) -> str: ...

    def run(self, pictures: NDArray[np.uint8]) -> Arrays: ...


def _numbers(outputs: Iterable[NDArray[np.float32]]) -> Arrays:
    """The same. RuntimeError for what is no number: it is below every threshold, so a device that
    computes nonsense would pass for one on which nobody is seen."""
    whole = list(outputs)
    if not all(np.isfinite(output).all() for output in whole):
        raise RuntimeError("the network gives what is no number")
    return whole


def _threads() -> int:
    """Half of the processors, for decoding and encoding run at the same time; of two, both.

    With both, looks end sooner and the encoder waits less: 2 % of the whole time.
    """
    count = os.cpu_count() or 2
    return count if count < 4 else count // 2


class Shaped(Runtime, Protocol):
    """`shape`: rows and columns of the only pictures that it takes; None where it takes any."""

    @property
    def shape(self) -> tuple[int, int] | None: ...


_KEPT: ContextVar[dict[tuple[Path, str, Preparation], Shaped] | None] = ContextVar(
    "kept", default=None
)


class OpenVinoRuntime:
    """OpenVINO, in bf16 where that is native.

    One network takes pictures of every shape. One compiled for a single shape is 2-4 % faster, and
    costs 0.15 s and 50-70 MB more for each. With `streams` on the CPU so many twins can run at the
    same time, each in one thread.
    """

    def __init__(
        self,
        weights: Path,
        target: str = "CPU",
        precision: str = "",
        prepared: Preparation = AS_IT_IS,
        streams: int = 1,
    ) -> None:
        # Note [no telemetry]: importing openvino starts openvino_telemetry, which writes a client
        # id into the home folder. Passerby must not; with the import blocked OpenVINO uses a stub.
        sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # blocks it
        # Note [first use alone]: two threads that ask OpenVINO at the same time, for the first
        # time, what NumPy calls a type wait for each other forever: the one holds Python's lock,
        # the other that of a table in C++ which is being built.
        with _ALONE:
            import openvino

            openvino.Tensor(np.zeros(3, np.uint8), shared_memory=True).element_type.to_dtype()
        self._ov: Any = openvino
        self._core: Any = openvino.Core()
        # Asking for the devices loads the code of all of them: 20 MB, which the CPU does not need.
        if target != "CPU" and target not in {
            d.split(".")[0] for d in self._core.available_devices
        }:
            raise UsageError(
                f"OpenVINO has no device {target} here",
                hint=f"it has {', '.join(self._core.available_devices)}",
            )
        self.target = target
        self._options: dict[str, object] = {"PERFORMANCE_HINT": "LATENCY"}
        if target == "CPU":
            self._options["INFERENCE_NUM_THREADS"] = _threads() if streams == 1 else streams
            self._options["NUM_STREAMS"] = streams
            self._options["CPU_RUNTIME_CACHE_CAPACITY"] = _KERNELS
        native = self._core.get_property(target, "OPTIMIZATION_CAPABILITIES")
        self.precision = precision or ("bf16" if "BF16" in native else "f32")
        if precision:
            self._options["INFERENCE_PRECISION_HINT"] = precision
        self.shape: tuple[int, int] | None = None
        self._model: Any = self._compiled(weights, prepared)
        self._request: Any = self._model.create_infer_request()

    @property
    def name(self) -> str:
        version = self._ov.get_version().split("-")[0]
        return f"openvino {version} {self.target} {self.precision}"

    def twin(self) -> OpenVinoRuntime:
        """Another one of the same network, which may run in another thread."""
        twin = copy(self)
        twin._request = self._model.create_infer_request()
        return twin

    def run(self, pictures: NDArray[np.uint8]) -> Arrays:
        results = self._request.infer([pictures], share_inputs=True, share_outputs=False)
        return _numbers(np.asarray(value, np.float32) for value in results.values())

    def _compiled(self, weights: Path, prepared: Preparation) -> Any:
        model = self._core.read_model(str(weights))
        rows, cols = list(model.input().get_partial_shape())[2:]
        if rows.is_static and cols.is_static:
            self.shape = rows.get_length(), cols.get_length()
        model.reshape([-1, 3, *(self.shape or (-1, -1))])
        steps = self._ov.preprocess.PrePostProcessor(model)
        layout = self._ov.Layout
        steps.input().tensor().set_element_type(self._ov.Type.u8).set_layout(layout("NHWC"))
        steps.input().model().set_layout(layout("NCHW"))
        way = steps.input().preprocess().convert_element_type(self._ov.Type.f32)
        if prepared.bgr:
            way = way.reverse_channels()
        if prepared != AS_IT_IS:
            way.mean(prepared.mean).scale(prepared.scale)
        return self._core.compile_model(steps.build(), self.target, self._options)


class OnnxRuntime:
    """ONNX Runtime: the fallback that runs everywhere."""

    def __init__(
        self,
        weights: Path,
        provider: str = "CPUExecutionProvider",
        prepared: Preparation = AS_IT_IS,
    ) -> None:
        self._session, self._prepared = onnx_session(weights, provider), prepared
        import onnxruntime

        given = self._session.get_inputs()[0]
        self._input: str = given.name
        sides = given.shape[2:]
        whole = len(sides) == 2 and all(isinstance(side, int) for side in sides)
        self.shape: tuple[int, int] | None = tuple(sides) if whole else None
        target = provider.removesuffix("ExecutionProvider")
        self.name = f"onnxruntime {onnxruntime.__version__} {target} f32"

    def run(self, pictures: NDArray[np.uint8]) -> Arrays:
        planar = pictures[..., ::-1] if self._prepared.bgr else pictures
        tensor = np.ascontiguousarray(planar.transpose(0, 3, 1, 2), np.float32)
        if self._prepared != AS_IT_IS:
            tensor = (tensor - self._prepared.mean) / self._prepared.scale
            tensor = tensor.astype(np.float32, copy=False)
        try:
            outputs = self._session.run(None, {self._input: tensor})
        except Exception as error:  # see Note [no common base]
            raise RuntimeError("ONNX Runtime failed") from error
        return _numbers(np.asarray(a, np.float32) for a in outputs)


def onnx_session(
    weights: Path, provider: str = "CPUExecutionProvider", *, threads: int | None = None
) -> Any:
    """ONNX Runtime's session of a network, on `threads` threads, or as many as usual."""
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
    options.intra_op_num_threads = threads or _threads()
    options.log_severity_level = 4
    # Note [no common base]: its errors derive from Exception and from nothing else.
    try:
        session = onnxruntime.InferenceSession(str(weights), options, providers=[provider])
    except Exception as error:  # see Note [no common base]
        raise RuntimeError("ONNX Runtime could not load the network") from error
    if session.get_providers()[:1] != [provider]:  # it has gone on without, and only logged it
        raise UsageError(
            f"ONNX Runtime's {provider} is installed and does not start here",
            hint="its libraries or its device are missing; --device cpu works anywhere",
        )
    return session


@contextmanager
def kept_open() -> Iterator[None]:
    """Inside, in this thread, a network that was opened is not loaded again but given out again.

    For one job after the other: a runtime serves one thread at a time.
    """
    token = _KEPT.set({})
    try:
        yield
    finally:
        _KEPT.reset(token)


def open_runtime(weights: Path, device: str = "auto", prepared: Preparation = AS_IT_IS) -> Shaped:
    """The runtime that `device` names: ``auto``, one of `SHORT`, ``runtime[:target[:precision]]``.

    ``auto`` takes OpenVINO on the CPU where it loads, else ONNX Runtime. Examples: ``cuda``,
    ``openvino:GPU``, ``openvino:CPU:f32``, ``onnxruntime``, ``onnxruntime:CUDA``. A gateway says
    ``shared:NUMBER:DEVICE`` for a process behind that door (see `shared.SharedRuntime`).
    Raises UsageError for a name or target that isn't there, DetectorError when nothing loads.
    """
    kept = _KEPT.get()
    if kept is None:
        return _opened(weights, device, prepared)
    key = weights, device, prepared
    if key not in kept:
        kept[key] = _opened(weights, device, prepared)
    return kept[key]


def open_twins(
    weights: Path, device: str, prepared: Preparation = AS_IT_IS, count: int | None = None
) -> list[Shaped]:
    """So many as may run at the same time, each in one thread: as one would use threads.

    On a processor that others use as well two looks of one thread each take less of it than one
    look of two, which wait for each other. Another device does one thing at a time. As
    `open_runtime` otherwise.
    """
    first = _opened(weights, device, prepared, count or _threads())
    if isinstance(first, OpenVinoRuntime) and first.target == "CPU":
        return [first, *(first.twin() for _ in range(1, count or _threads()))]
    return [first]


def _opened(weights: Path, device: str, prepared: Preparation, streams: int = 1) -> Shaped:
    runtime, _, rest = SHORT.get(device.lower(), device).partition(":")
    door, _, behind = rest.partition(":")
    if runtime == SHARED and door.isdigit():
        from .shared import SharedRuntime

        return SharedRuntime(int(door), weights, behind, astuple(prepared))
    target, _, precision = rest.partition(":")
    if runtime not in ("auto", "openvino", "onnxruntime") or precision not in (
        "",
        "f32",
        "bf16",
        "f16",
    ):
        raise UsageError(
            f"no device called {device}",
            hint=f"use auto, {', '.join(SHORT)}, openvino[:CPU|GPU|NPU[:f32|bf16|f16]] or "
            "onnxruntime[:CPU|CUDA|...]",
        )
    try:
        if runtime == "onnxruntime":
            return OnnxRuntime(weights, f"{target or 'CPU'}ExecutionProvider", prepared)
        try:
            return OpenVinoRuntime(weights, target or "CPU", precision, prepared, streams)
        except (ImportError, RuntimeError):
            if runtime == "openvino":
                raise
            return OnnxRuntime(weights, prepared=prepared)
    except (ImportError, RuntimeError, OSError) as error:
        raise DetectorError(
            f"no inference runtime could load the model ({type(error).__name__})",
            hint="run `passerby doctor` to see what is installed",
        ) from error
