"""Where words go: results to standard output, everything else to standard error."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from ...core.errors import OutputError, PasserbyError


@contextmanager
def results_only() -> Generator[None]:
    """Keep standard output for results.

    Inside, file descriptor 1 leads to standard error, so that a codec or a runtime that prints
    can't spoil what a script reads; `sys.stdout` still reaches the real standard output.
    """
    before = sys.stdout
    before.flush()
    real = os.dup(1)
    os.dup2(2, 1)
    sys.stdout = os.fdopen(os.dup(real), "w", encoding="utf-8", errors="backslashreplace")
    try:
        yield
    finally:
        with suppress(OSError):  # a reader that has gone away, or a full disk: told by `put`
            sys.stdout.close()
        sys.stdout = before
        os.dup2(real, 1)
        os.close(real)


def put(result: Mapping[str, Any]) -> None:
    """Print one JSON object on standard output."""
    try:
        print(json.dumps(result, indent=2), flush=True)
    except OSError as error:
        raise OutputError("standard output can't be written", hint="see where it leads") from error


def say(line: str) -> None:
    """One line on standard error, even if a file name tries to make it two."""
    with suppress(OSError):
        print(plain(line), file=sys.stderr, flush=True)


def complain(error: PasserbyError) -> None:
    """An error, in one line."""
    say(f"passerby: {error}")


def plain(text: str) -> str:
    """`text` without control characters, which could redraw the terminal or break the line."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
