"""What is installed: models and their hashes, runtimes, codecs, accelerators. Works offline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from ..core.errors import PasserbyError
from .account import versions
from .finders import open_detectors
from .onlooking import open_checker
from .selftest import codecs, hardware
from .settings import AVAILABLE, Settings

DEVICES: Final = (
    "cpu",
    "gpu",
    "npu",
    "cuda",
    "tensorrt",
    "rocm",
    "migraphx",
    "coreml",
    "directml",
    "openvino:CPU",
    "onnxruntime:CPU",
)


@dataclass(frozen=True, slots=True)
class DoctorReport:
    """The state of an installation. `problems` is empty when everything needed is there."""

    versions: dict[str, str]
    detectors: tuple[dict[str, str], ...]
    devices: dict[str, str]
    codecs: dict[str, str]
    encoders: dict[str, str]
    problems: tuple[str, ...]

    @property
    def healthy(self) -> bool:
        return not self.problems

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON, in a fixed order."""
        return {
            "healthy": self.healthy,
            "versions": self.versions,
            "detectors": list(self.detectors),
            "devices": self.devices,
            "codecs": self.codecs,
            "encoders": self.encoders,
            "problems": list(self.problems),
        }


def doctor() -> DoctorReport:
    """Open everything once and say what is there. Never raises for what is missing."""
    problems: list[str] = []
    detectors: list[dict[str, str]] = []
    try:
        # Opening checks the weights against the hash that was recorded when they were built in.
        for detector in (
            *open_detectors(Settings(hide=tuple(AVAILABLE))),
            open_checker(Settings().device),
        ):
            info = detector.info
            detectors.append(
                {
                    "name": info.name,
                    "finds": info.kind,
                    "family": info.family,
                    "sha256": info.sha256,
                    "weights": "as built",
                    "runtime": info.runtime,
                    "licence": info.licence,
                }
            )
    except PasserbyError as error:
        problems.append(str(error))
    devices = {device: _runtime(device) for device in DEVICES}
    working = codecs()
    problems += [f"{codec}: {how}" for codec, how in working.items() if how != "works"]
    encoders = hardware()
    return DoctorReport(versions(), tuple(detectors), devices, working, encoders, tuple(problems))


def _runtime(device: str) -> str:
    """What the detector would run on there, or that it can't."""
    try:
        return open_detectors(Settings(device=device))[0].info.runtime
    except PasserbyError:
        return "not here"
