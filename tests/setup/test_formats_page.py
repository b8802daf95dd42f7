"""The page of formats says what really becomes of files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.slow
def test_the_page_of_formats_is_what_make_formats_writes() -> None:
    words = [sys.executable, str(ROOT / "tools/formats.py"), "--check"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"run make formats: {done.stderr[-2000:]}"
