"""How much of this machine nobody uses: whether more work would fit beside that of others.

Linux tells, in `/proc/stat` (proc(5)); elsewhere, and in a container that sees another machine's
figures or none, it is unknown.
"""

from __future__ import annotations

import os
from collections import deque
from pathlib import Path
from typing import Final

_OVER: Final = 4.0  # seconds that are looked at
_EVERY: Final = 0.5  # seconds between two readings
_STAT: Final = Path("/proc/stat")


class Spare:
    """Told the time again and again, it says how many processors were idle in the last seconds."""

    def __init__(self, stat: Path = _STAT) -> None:
        self._stat = stat
        self._readings = deque[tuple[float, float]]()  # when, and idle seconds of all processors

    def __call__(self, now: float) -> float | None:
        """`now` in seconds, never less than before. None where it is not known, or not yet."""
        if not self._readings or now - self._readings[-1][0] >= _EVERY:
            idle = self._idle()
            if idle is None:
                return None
            self._readings.append((now, idle))
        while len(self._readings) > 2 and now - self._readings[1][0] >= _OVER:
            self._readings.popleft()
        (begun, before), (ended, after) = self._readings[0], self._readings[-1]
        return (after - before) / (ended - begun) if ended - begun >= _OVER - _EVERY else None

    def _idle(self) -> float | None:
        try:
            with self._stat.open(encoding="ascii") as file:
                name, _, _, _, idle, waiting, *_ = file.readline().split()
            return (int(idle) + int(waiting)) / os.sysconf("SC_CLK_TCK") if name == "cpu" else None
        except (OSError, ValueError, AttributeError):  # no Linux
            return None
