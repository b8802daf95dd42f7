"""Where somebody speaks, phrase by phrase, and what a recogniser makes of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..core.sound import HEARD_RATE, WINDOW, Ear, Samples
from ..core.speech import Mono, Recogniser

# Here a window too many puts silence into a phrase, and one too few leaves words out, so the
# thresholds are those of the network's makers; `--mute-speech` has lower ones.
BEGINS: Final = 0.5
GOES_ON: Final = 0.35
LONGEST: Final = 15 * HEARD_RATE // WINDOW  # windows of 32 ms
LEAST: Final = 5  # windows: of less, a recogniser makes words out of a click
_BEFORE: Final = 1  # windows that a phrase begins earlier than is sure
_AROUND: Final = 6  # windows before and after that the recogniser gets, too
# A phrase ends with a pause: of so many windows, as long as it is shorter than so many.
_PAUSES: Final = ((31, 25), (250, 12), (LONGEST, 6))
_LEVEL: Final = 0.7  # to which the loudest sample of a phrase is brought


@dataclass(frozen=True, slots=True)
class Said:
    """One phrase. `start`, `end`: samples at `HEARD_RATE` from the track's first. `words`: empty
    where the recogniser made nothing of it."""

    start: int
    end: int
    words: str


class Listening:
    """A `Treatment` that leaves nothing of the sound, and writes down what is said in `said`.

    Whoever speaks in one channel speaks. The recogniser gets the mean of all channels, or the
    loudest, where they cancel each other out. Memory: one phrase.
    """

    def __init__(
        self, rate: int, channels: int, ear: Callable[[], Ear], recogniser: Recogniser
    ) -> None:
        self._ears = [ear() for _ in range(channels)]
        self._recogniser = recogniser
        self._held: Samples = np.zeros((channels, 0), np.float32)  # from window `_base` on
        self._base = self._judged = 0
        self._likely: list[float] = []  # of the windows from `_base` on
        self._start: int | None = None  # of the phrase that goes on
        self._last = 0  # its last window with speech
        self.said: list[Said] = []
        self.samples = 0  # of the track, so far
        self.rate = rate

    def take(self, sound: Samples, heard: Samples) -> Samples:
        self.samples += sound.shape[1]
        self._held = np.concatenate([self._held, np.nan_to_num(heard)], axis=1)
        self._listen()
        return np.zeros_like(sound)

    def end(self) -> Samples:
        rest = -self._held.shape[1] % WINDOW
        self._held = np.pad(self._held, ((0, 0), (0, rest)))
        self._listen()
        if self._start is not None:
            self._close(self._last + 1)
        return self._held[:, :0]

    def notes(self) -> Sequence[str]:
        return ()

    def _listen(self) -> None:
        """Judge every whole window that was not judged yet."""
        first = self._judged - self._base
        whole = self._held.shape[1] // WINDOW
        if whole == first:
            return
        part = self._held[:, first * WINDOW : whole * WINDOW].reshape(
            len(self._ears), whole - first, WINDOW
        )
        judged = [ear.hear(windows) for ear, windows in zip(self._ears, part, strict=True)]
        for likely in np.max(judged, axis=0):
            self._likely.append(float(likely))
            self._step(float(likely))
            self._judged += 1
        self._forget()

    def _step(self, likely: float) -> None:
        """One more window: a phrase begins, goes on, or has ended."""
        now = self._judged
        if self._start is None:
            if likely >= BEGINS:
                after = self.said[-1].end // WINDOW if self.said else 0
                self._start, self._last = max(after, now - _BEFORE), now
            return
        if likely >= GOES_ON:
            self._last = now
        length = self._last + 1 - self._start
        pause = next((pause for limit, pause in _PAUSES if length <= limit), 1)
        if now - self._last >= pause:
            self._close(self._last + 1)
        elif now + 1 - self._start >= LONGEST:
            # Nobody paused, so it is cut where speech is least sure, in the second half.
            half = self._start + LONGEST // 2
            part = self._likely[half - self._base : now + 1 - self._base]
            cut = half + int(np.argmin(part))
            self._close(cut)
            self._start, self._last = cut, max(cut, now)

    def _close(self, end: int) -> None:
        assert self._start is not None
        start, self._start = self._start, None
        if end - start < LEAST:
            return
        first = max(0, start - _AROUND - self._base)
        sound = self._held[:, first * WINDOW : (end + _AROUND - self._base) * WINDOW]
        words = self._recogniser.recognise(one_of(sound))
        self.said.append(Said(start * WINDOW, end * WINDOW, words))

    def _forget(self) -> None:
        """What no phrase can need any more."""
        start = self._judged if self._start is None else self._start
        drop = start - _AROUND - _BEFORE - self._base
        if drop > LONGEST:
            self._held = self._held[:, drop * WINDOW :].copy()
            del self._likely[:drop]
            self._base += drop


def one_of(sound: NDArray[np.float32]) -> Mono:
    """One channel of several, brought to one level."""
    mean: Mono = sound.mean(axis=0)
    loudest: Mono = sound[int(np.argmax((sound**2).sum(axis=1)))]
    chosen = mean if 4 * (mean**2).sum() >= (loudest**2).sum() else loudest
    peak = float(np.abs(chosen).max(initial=0))
    return chosen if peak == 0 else np.asarray(chosen * (_LEVEL / peak), np.float32)
