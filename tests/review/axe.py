"""axe-core, which finds what keeps people out of pages: fetched by npm, by hash."""

from __future__ import annotations

import base64
import hashlib
import io
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Final

import pytest

VERSION: Final = "axe-core@4.14.1"
INTEGRITY: Final = (
    "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
)
KEPT: Final = Path(__file__).parents[2] / "build" / "wheels" / "axe-core-4.14.1.tgz"


def axe() -> str:
    """Its source, as one script."""
    if not KEPT.is_file() or not _right(KEPT.read_bytes()):
        _fetch()
    with tarfile.open(fileobj=io.BytesIO(KEPT.read_bytes())) as package:
        found = package.extractfile("package/axe.min.js")
        assert found is not None
        return found.read().decode()


def _right(packed: bytes) -> bool:
    return base64.b64encode(hashlib.sha512(packed).digest()).decode() == INTEGRITY


def _fetch() -> None:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("needs npm, which fetches axe-core: apt install npm")
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [npm, "pack", VERSION, "--ignore-scripts", "--silent"],
            cwd=folder,
            capture_output=True,
            timeout=120,
            check=False,
        )
        if done.returncode:
            pytest.skip("npm can't fetch axe-core here")
        packed = next(Path(folder).glob("*.tgz")).read_bytes()
    assert _right(packed), "npm gave another axe-core than is pinned"
    KEPT.parent.mkdir(parents=True, exist_ok=True)
    KEPT.write_bytes(packed)
