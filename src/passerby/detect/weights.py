"""The weights that an installed Passerby carries, and the proof that they are the pinned ones."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from ..core.errors import DetectorError

_FOLDER = Path(__file__).parent / "weights"


@dataclass(frozen=True, slots=True)
class Weights:
    """A model file and the SHA-256 that was recorded when the package was built."""

    path: Path
    sha256: str


def find(name: str) -> Weights:
    """The weights called `name` (``centerface``), checked against the manifest made at build time.

    Raises DetectorError when they are missing or not the bytes that were built in.
    """
    path = _FOLDER / f"{name}.onnx"
    hint = "reinstall Passerby: the weights are part of the package"
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        manifest = json.loads((_FOLDER / "manifest.json").read_text())
    except (OSError, ValueError) as error:
        raise DetectorError(f"the weights of {name} are missing", hint=hint) from error
    pinned = recorded(manifest, path.name)
    if found != pinned:
        raise DetectorError(f"the weights of {name} are not the ones it was built with", hint=hint)
    return Weights(path, found)


def recorded(manifest: object, file: str) -> str | None:
    """The SHA-256 that `manifest` records for `file`; None when it records none."""
    if isinstance(manifest, dict):
        entry = manifest.get(file)
        if isinstance(entry, dict) and isinstance(entry.get("sha256"), str):
            return str(entry["sha256"])
    return None
