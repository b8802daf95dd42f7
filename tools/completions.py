"""Write what shells need to complete Passerby's commands, a file each.

python tools/completions.py FOLDER
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

FILES = {"bash": "passerby.bash", "zsh": "_passerby", "fish": "passerby.fish"}


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for shell, name in FILES.items():
        (folder / name).write_text(script(shell), encoding="utf-8")


def script(shell: str) -> str:
    """As the program itself says it."""
    told = {**os.environ, "_PASSERBY_COMPLETE": f"source_{shell}"}
    line = [sys.executable, "-m", "passerby"]
    done = subprocess.run(line, env=told, check=True, capture_output=True, text=True)
    return done.stdout


if __name__ == "__main__":
    main()
