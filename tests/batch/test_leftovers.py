"""What is being worked on is gone when its process is, whatever that dies of."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

WORK = """
import os, signal, sys
from pathlib import Path
from passerby.apps.batch.leftovers import removed_after_this

folder = Path(sys.argv[1])
removed_after_this(folder)
(folder / "out").mkdir(parents=True)
(folder / "out" / "1.png.partial").write_bytes(b"half")
print("at work", flush=True)
sys.stdin.read()
{end}
"""
ENDS = {
    "it is done": "",
    "it is killed": "os.kill(os.getpid(), signal.SIGKILL)",
    "its group is killed": "os.killpg(os.getpid(), signal.SIGKILL)",
    "it leaves at once": "os._exit(1)",
}


@pytest.mark.parametrize("end", ENDS)
def test_what_a_process_worked_on_is_kept_while_it_lives_and_removed_when_it_does_not(
    tmp_path: Path, end: str
) -> None:
    words = [sys.executable, "-c", WORK.format(end=ENDS[end]), str(tmp_path / "7")]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == b"at work\n"
        time.sleep(0.3)
        assert (tmp_path / "7" / "out" / "1.png.partial").exists()
    process.wait(10)
    until = time.monotonic() + 10
    while (tmp_path / "7").exists():
        assert time.monotonic() < until, "what nobody works on is kept"
        time.sleep(0.02)
