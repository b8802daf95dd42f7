"""Logins, from where they don't show up in a list of processes."""

from __future__ import annotations

import os
from pathlib import Path

from ...core.errors import UsageError


def read_login(file: Path | None, variable: str) -> str | None:
    """`USER:PASSWORD` from a file's first line, or from the environment."""
    if file is None:
        return os.environ.get(variable) or None
    try:
        with file.open(encoding="utf-8") as lines:
            line = lines.readline(4096).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError("can't be read", path=file, hint="it holds USER:PASSWORD") from error
    if ":" not in line:
        raise UsageError("holds no USER:PASSWORD in its first line", path=file)
    return line
