"""The public names are there, and asking for one of them is what loads codecs and models."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import passerby

GUIDE = Path(__file__).parent.parent.parent / "docs/guide/use-from-python.md"


def test_every_public_name_is_there() -> None:
    assert all(getattr(passerby, name) is not None for name in passerby.__all__)
    with pytest.raises(AttributeError):
        _ = passerby.nothing


def test_the_help_loads_neither_codecs_nor_models() -> None:
    code = "import sys, passerby.apps.cli, passerby.core.time; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"av", "cv2", "onnxruntime", "openvino", "PIL"} & set(done.stdout.split())


def test_the_guide_s_program_runs(
    photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    monkeypatch.chdir(tmp_path)
    program = program.replace("clip.mp4", photo.name).replace("public.mp4", "public.jpg")
    subprocess.run([sys.executable, "-c", program], check=True, cwd=tmp_path, timeout=60)
    assert (tmp_path / "public.jpg").exists()
