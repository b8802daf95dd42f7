"""The unit for systemd is one, and gives away no more than it has to."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

UNIT = Path(__file__).parents[2] / "deploy" / "passerby-gateway.service"


def test_the_unit_is_understood_and_keeps_its_process_in(tmp_path: Path) -> None:
    text = UNIT.read_text()
    for line in ("LimitCORE=0", "MemorySwapMax=0", "NoNewPrivileges=yes", "KillMode=mixed"):
        assert line in text.splitlines()
    tool = shutil.which("systemd-analyze")
    if tool is None:
        pytest.skip("systemd-analyze is not installed")
    unit = tmp_path / UNIT.name
    unit.write_text(text.replace("/opt/passerby/bin/passerby", sys.executable))
    verified = subprocess.run(
        [tool, "verify", str(unit)], capture_output=True, text=True, check=False, timeout=60
    )
    assert (verified.returncode, verified.stderr) == (0, "")
    judged = subprocess.run(
        [tool, "security", "--offline=true", "--threshold=20", str(unit)],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert judged.returncode == 0, judged.stdout[-300:]
