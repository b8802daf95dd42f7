"""Memory that was freed goes back to the system, so that what runs for months stays small.

Pictures of many sizes come and go, and what lies between those that stay is kept by the C library
for later: in a camera's process a fifth of all its memory.
"""

from __future__ import annotations

import ctypes
import sys
import time
from contextlib import suppress
from typing import Final

EVERY: Final = 20.0  # seconds; it takes a few milliseconds


class Freed:
    """For one thread, which calls `tend` whenever it comes by."""

    def __init__(self) -> None:
        self._given = time.monotonic()

    def tend(self) -> None:
        """Give back what is free, if that is `EVERY` seconds ago."""
        now = time.monotonic()
        if now - self._given >= EVERY:
            self._given = now
            give_back()


def give_back() -> bool:
    """All that this process has freed. False where the C library has no such call: only glibc."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)
            return True
    return False
