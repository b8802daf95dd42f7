"""How long each phase of a job took."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stopwatch:
    """Wall time by phase, in the order in which phases began."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}

    @property
    def seconds(self) -> dict[str, float]:
        """Seconds by phase, to milliseconds."""
        return {phase: round(seconds, 3) for phase, seconds in self._seconds.items()}

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Adds the time that the block takes to phase `name`."""
        start = time.monotonic()
        try:
            yield
        finally:
            self._seconds[name] = self._seconds.get(name, 0.0) + time.monotonic() - start
