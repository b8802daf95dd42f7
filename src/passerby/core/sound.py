"""Sound as rooms hand it to each other: pieces of a track, who listens, who changes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]  # (channels, n), full scale at -1 and 1
Likely = NDArray[np.float32]  # (n,), each in [0, 1]

HEARD_RATE: Final = 16_000  # samples a second of what is listened to
WINDOW: Final = 512  # samples of it that are judged at a time: 32 ms


class Ear(Protocol):
    """Listens to one channel from its start to its end; it remembers what it heard before."""

    def hear(self, windows: NDArray[np.float32]) -> Likely:
        """How likely each window is speech. `windows`: (n, WINDOW) at `HEARD_RATE`, the next n."""
        ...


class Treatment(Protocol):
    """Changes one track of sound on its way. Gives back as many samples as it took, but later."""

    def take(self, sound: Samples, heard: Samples) -> Samples:
        """The next piece in; what is settled out. `heard`: the same sound at `HEARD_RATE`, with as
        many channels; it may lag behind `sound` by a few samples."""
        ...

    def end(self) -> Samples:
        """All that was held back. Nothing is taken afterwards."""
        ...

    def notes(self) -> Sequence[str]:
        """What was done, for the report. Once it has ended."""
        ...


class Treatments(Protocol):
    """Makes a `Treatment` for each track."""

    def __call__(self, rate: int, channels: int) -> Treatment: ...
