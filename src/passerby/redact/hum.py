"""Sound without the hum of the mains, by whose wandering frequency a recording can be dated.

Its multiples, of 50 and of 60 Hz, are cut out of every sound, whether or not there is any hum: what
an ear or a meter does not find, hours of averaging may. A deep notch alone would not do: where hum
and noise fall together, what is left of the hum still stands out. So each notch is filled with
noise of our own. What was measured: docs/decisions/hum.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..core.sound import Samples

MAINS: Final = (50, 60)  # Hz
LIMIT: Final = 2000.0  # Hz; multiples above stay
WANDERS: Final = 0.5  # Hz by which the mains may be off, as their operators promise at worst
WIDEST: Final = 3.0  # Hz to each side; the n-th multiple wanders n times as far
_SLOPE: Final = 2.0  # Hz from what is kept to what is gone
_LASTS: Final = 2.5  # seconds of the filter; it rings for half of that, before and after
_DEPTH: Final = 80.0  # dB
_FILL: Final = 0.1  # of what was taken out is put back as noise: -20 dB
_LIKE: Final = 0.2  # seconds at each end that are repeated beyond it; whole periods of both mains
_NOTHING: Final = 1e-7  # of full scale: what rounding leaves of silence
_LOUDEST: Final = 1e3

Wave = NDArray[np.float64]


class HumNotched:
    """A `Treatment` of one track; see the port. It holds back some seconds of sound.

    Linear phase: nothing is moved, and as much comes out as went in. Samples that are no numbers
    become silence. `dice`: where the noise comes from; fresh ones if not given.
    """

    def __init__(
        self, rate: int, channels: int, *, dice: np.random.Generator | None = None
    ) -> None:
        self._size, self._response = _response(rate)
        self._count = _count(rate)
        self._half = self._count // 2
        self._like = max(1, round(_LIKE * rate))
        self._every = max(1, round(rate / 4))
        self._held: Wave = np.zeros((channels, 0))
        self._begun = False
        self._due = 0  # samples that went in and did not come out
        self._dice = np.random.default_rng() if dice is None else dice
        self._noise: Wave = self._dice.standard_normal((channels, self._count - 1))
        self._level: Wave = np.zeros((channels, 1))
        self._unit = float(np.sqrt((np.abs(self._response) ** 2).mean()))  # of noise let through

    def take(self, sound: Samples, heard: Samples) -> Samples:
        self._due += sound.shape[1]
        clear = np.nan_to_num(sound.astype(np.float64), posinf=1.0, neginf=-1.0)
        self._held = np.concatenate([self._held, np.clip(clear, -_LOUDEST, _LOUDEST)], axis=1)
        if not self._begun:
            if self._held.shape[1] < self._like:
                return sound[:, :0]
            self._begin()
        return self._through()

    def end(self) -> Samples:
        if not self._due:
            return self._held[:, :0].astype(np.float32)
        if not self._begun:
            self._begin()
        like = min(self._like, self._held.shape[1] - self._half)
        beyond = self._held[:, -like:][:, np.arange(self._half) % like]
        blank = np.zeros((len(self._held), self._size))
        self._held = np.concatenate([self._held, beyond, blank], axis=1)
        return self._through()

    def notes(self) -> Sequence[str]:
        return ()

    def _begin(self) -> None:
        """Before the first sample, too, there has to be hum, or the filter sees none at first."""
        like = min(self._like, self._held.shape[1])
        before = self._held[:, np.arange(-self._half, 0) % like]
        self._held = np.concatenate([before, self._held], axis=1)
        self._begun = True

    def _through(self) -> Samples:
        pieces = [np.zeros((len(self._held), 0), np.float32)]
        step = self._size - self._count + 1
        while self._held.shape[1] >= self._size and self._due > 0:
            block, self._held = self._held[:, : self._size], self._held[:, step:]
            plain = block[:, self._half : self._half + step]
            taken = self._hum(block)
            made = plain - taken + self._filling(taken)
            made[np.abs(made) < _NOTHING] = 0
            made = made[:, : self._due]
            self._due -= made.shape[1]
            pieces.append(made.astype(np.float32))
        return np.concatenate(pieces, axis=1)

    def _hum(self, block: Wave) -> Wave:
        """What is in the notches of all but the ends of `block`."""
        bins = np.fft.rfft(block, axis=1) * self._response
        return np.fft.irfft(bins, self._size, axis=1)[:, self._count - 1 :]

    def _filling(self, taken: Wave) -> Wave:
        """Noise for the notches, as loud from moment to moment as a part of what was there."""
        channels, step = taken.shape
        fresh = self._dice.standard_normal((channels, step))
        noise = np.concatenate([self._noise, fresh], axis=1)
        self._noise = noise[:, step:]
        edges = np.arange(0, step, self._every)
        power = np.add.reduceat(taken**2, edges, axis=1) / np.diff(np.append(edges, step))
        levels = np.concatenate([self._level, np.sqrt(power)], axis=1)
        self._level = levels[:, -1:]
        places = np.append(edges, step)
        loud = [np.interp(np.arange(step), places, row) for row in levels]
        return np.asarray(self._hum(noise) * np.stack(loud) * (_FILL / self._unit))


def notches(rate: int) -> list[tuple[float, float]]:
    """What is cut out, in Hz: from where to where half is gone. In order, none within another."""
    merged: list[tuple[float, float]] = []
    for low, high in sorted(
        (mains * n - side, mains * n + side)
        for mains in MAINS
        for n in range(1, int(LIMIT / mains) + 1)
        for side in (min(WANDERS * n, WIDEST) + _SLOPE / 2,)
    ):
        if high >= rate / 2:
            break
        if merged and low <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(high, merged[-1][1])
        else:
            merged.append((low, high))
    return merged


def _count(rate: int) -> int:
    """Taps of the filter, an odd number."""
    return round(_LASTS * rate) // 2 * 2 + 1


@lru_cache(maxsize=4)
def _response(rate: int) -> tuple[int, NDArray[np.complex128]]:
    """Of a filter that lets through what lies in the notches: the size of its blocks, and what
    each of their frequencies is multiplied by. Ideal filters under a window by Kaiser, whose
    formula (1974) gives its shape for a depth in dB."""
    count = _count(rate)
    moments = np.arange(count) - count // 2
    filtered = np.zeros(count)
    for low, high in notches(rate):
        for edge, sign in ((high, 1), (low, -1)):
            filtered += sign * 2 * edge / rate * np.sinc(2 * edge / rate * moments)
    filtered *= np.kaiser(count, 0.1102 * (_DEPTH - 8.7))
    size = 1 << (2 * count).bit_length()
    return size, np.fft.rfft(filtered, size)
