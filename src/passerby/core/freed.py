"""Memory that was freed goes back to the system, so that what runs for months stays small.

Pictures of many sizes come and go, in many threads. The C library keeps their memory for later,
among what stays, and so that of a camera's process crept up to what its worst moments took.
"""

from __future__ import annotations

import ctypes
import sys
import time
from contextlib import suppress
from typing import Final

EVERY: Final = 20.0  # seconds; it takes a few milliseconds
LARGE: Final = 256 * 1024  # bytes: planes of pictures, and hardly anything else
_MMAP_THRESHOLD: Final = -3  # of glibc's mallopt


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
    return _told("malloc_trim", 0)


def large_apart() -> bool:
    """From now on what takes `LARGE` bytes or more goes back to the system as soon as it is freed.

    For the whole process. Without this glibc does so only until the first one is freed. False where
    the C library has no such call.
    """
    return _told("mallopt", _MMAP_THRESHOLD, LARGE)


def _told(name: str, *given: int) -> bool:
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            getattr(ctypes.CDLL(None), name)(*given)
            return True
    return False
