"""Is anything of the original's sound left in the output's? By correlation, at any delay.

Knapp and Carter, "The Generalized Correlation Method for Estimation of Time Delay", 1976: every
frequency counts the same, so that what is left is found under a voice that is ten times louder
(measured on six speakers: docs/decisions/retelling.md).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..core.sound import HEARD_RATE
from ..core.speech import Mono

BLOCK: Final = 4 * HEARD_RATE  # samples that are compared at a time
# Samples at both ends over which a block fades: a tone that is cut off hard has an edge in it, and
# two edges are alike whoever made the sounds.
_FADE: Final = HEARD_RATE
REACH: Final = HEARD_RATE // 2  # samples by which the output's may lie earlier or later
# A peak, in standard deviations of what is around it. Two voices whose pitch is alike for a while
# make one of up to 10 in a block, and of 5 in the sum of several.
FOUND: Final = 16.0
FOUND_IN_SUM: Final = 10.0
_SEVERAL: Final = 4  # blocks
_SILENT: Final = 1e-10  # mean square: below, there is nothing to compare
_LOW, _HIGH = 100, 7000  # Hz: coders leave nothing outside that could be relied on


class Echo:
    """Compares an original with an output, block by block, both at `HEARD_RATE`."""

    def __init__(self) -> None:
        self._size = 1 << (2 * BLOCK + 2 * REACH).bit_length()
        frequency = np.fft.rfftfreq(self._size, 1 / HEARD_RATE)
        self._used = (frequency >= _LOW) & (frequency <= _HIGH)
        self._sum: NDArray[np.float64] = np.zeros(2 * REACH + 1)
        self.blocks = 0  # that were compared
        self.first: int | None = None  # sample of the first block in which there is an echo
        self.peak = 0.0  # of the block in which it is loudest

    def hear(self, at: int, original: Mono, output: Mono) -> None:
        """`original`: a block from sample `at` on. `output`: the same, and `REACH` samples before
        and after it."""
        if len(original) != BLOCK or len(output) != BLOCK + 2 * REACH:
            raise ValueError(f"want a block and one with its reach, got {len(original)} samples")
        if min(_power(original), _power(output)) < _SILENT:
            return
        ours, theirs = (np.fft.rfft(_faded(sound), self._size) for sound in (original, output))
        spectrum = theirs * ours.conj()
        spectrum[~self._used] = 0
        spectrum /= np.maximum(np.abs(spectrum), 1e-12)
        row = np.fft.irfft(spectrum, self._size)[: 2 * REACH + 1]
        self.blocks += 1
        self._sum += row
        peak = _peak(row)
        self.peak = max(self.peak, peak)
        if peak >= FOUND and self.first is None:
            self.first = at

    @property
    def found(self) -> bool:
        """In one of the blocks, or, softer, in all of them together at the same delay."""
        several = self.blocks >= _SEVERAL and _peak(self._sum) >= FOUND_IN_SUM
        return several or self.first is not None


def _peak(row: NDArray[np.float64]) -> float:
    return float(np.abs(row).max() / max(row.std(), 1e-30))


def _faded(sound: Mono) -> NDArray[np.float64]:
    faded = np.array(sound, np.float64)
    slope = np.sin(np.linspace(0, np.pi / 2, _FADE)) ** 2
    faded[:_FADE] *= slope
    faded[-_FADE:] *= slope[::-1]
    return faded


def _power(sound: Mono) -> float:
    return float(np.mean(np.asarray(sound, np.float64) ** 2))
