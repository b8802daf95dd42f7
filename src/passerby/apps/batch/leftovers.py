"""Removes what a process leaves, whatever it dies of: this file, as a program of its own.

Who is killed can't clean up, and a cluster kills: machines' processes when they are lost, and
everybody who works when the driver ends. So somebody else waits for the end.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path


def removed_after_this(folder: Path) -> None:
    """Have `folder` removed as soon as this process is no more. Its threads have ended by then.

    OSError or CalledProcessError where nobody can be found to do it.
    """
    alone = [sys.executable, "-I", "-S", __file__, str(folder.absolute())]
    reading, _open_until_the_end = os.pipe()
    try:
        subprocess.run(
            alone,
            stdin=reading,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
            check=True,
        )
    finally:
        os.close(reading)


def main() -> None:
    if os.fork():
        os._exit(0)  # Ray kills the children of who has to go, and leaves their children
    sys.stdin.buffer.read()  # ends when nobody holds the other end any more
    shutil.rmtree(sys.argv[1], ignore_errors=True)


if __name__ == "__main__":
    main()
