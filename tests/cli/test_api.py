"""The public names are there, and asking for one of them is what loads codecs and models."""

from __future__ import annotations

import subprocess
import sys

import pytest

import passerby


def test_every_public_name_is_there() -> None:
    assert all(getattr(passerby, name) is not None for name in passerby.__all__)
    with pytest.raises(AttributeError):
        _ = passerby.nothing


def test_the_help_loads_neither_codecs_nor_models() -> None:
    code = "import sys, passerby.apps.cli, passerby.core.time; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"av", "cv2", "onnxruntime", "openvino", "PIL"} & set(done.stdout.split())
