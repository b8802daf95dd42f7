"""Sound without speech: where somebody may be speaking there is nothing, and the rest is kept.

Silence begins before the first word and ends after the last, because a network that listens is
sure only some moments after a word has begun. What was measured: docs/reference/voices.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..core.sound import HEARD_RATE, WINDOW, Ear, Likely, Samples

SURE: Final = 0.08  # from here on a window counts as speech; its maker's choice is 0.5
DOUBT: Final = 0.04  # and so do those around it, one after the other, down to here
BEFORE: Final = 16  # windows of silence before speech: half a second
AFTER: Final = 16
_BACK: Final = 32  # windows at most for which doubt counts before speech
_AT_ONCE: Final = 16  # windows that are judged together
_LEVEL: Final = np.float32(0.05)  # to which the loudest window of those is brought
_MOST: Final = 1000.0  # times; speech that is softer than -86 dB of full scale stays unheard
_RAMP: Final = 0.01  # seconds in which kept sound fades, inside the silence
_CONTEXT: Final = AFTER + 1

Mask = NDArray[np.bool_]


class SpeechMuted:
    """A `Treatment` of one track; see the port. It holds back two to three seconds of sound.

    Each channel is listened to, and their mean, each as loud as it is and brought to one level, so
    that soft speech and speech beside a loud noise are both heard. Whoever speaks in one channel
    silences all. Sound that nobody could judge counts as speech.
    """

    def __init__(self, rate: int, channels: int, ear: Callable[[], Ear]) -> None:
        self._rate = rate
        self._ways = channels + (channels > 1)
        self._ears = [(ear(), ear()) for _ in range(self._ways)]
        self._gains = [1.0] * self._ways
        self._waiting = np.zeros((self._ways, 0), np.float32)  # not yet judged
        self._likely: Likely = np.zeros(0, np.float32)  # of the windows from `_base` on
        self._base = 0
        self._held: Samples = np.zeros((channels, 0), np.float32)  # from sample `_given` on
        self._given = self._decided = self._silent = 0

    def take(self, sound: Samples, heard: Samples) -> Samples:
        self._held = np.concatenate([self._held, sound], axis=1)
        return self._listened(heard, _AT_ONCE)

    def end(self) -> Samples:
        rest = -self._waiting.shape[1] % WINDOW
        quiet = np.zeros((self._held.shape[0], rest), np.float32)
        first = self._listened(quiet, 1)
        known = self._base + len(self._likely)
        total = self._given + self._held.shape[1]
        unheard = -(-total * HEARD_RATE // (WINDOW * self._rate)) - known
        if unheard > 1:  # of less, the last window before it decides
            self._likely = np.concatenate([self._likely, np.ones(unheard, np.float32)])
            known += unheard
        return np.concatenate([first, self._let_go(known, last=True)], axis=1)

    def notes(self) -> Sequence[str]:
        total, silent = self._given / self._rate, self._silent / self._rate
        return (f"speech muted for {silent:.1f} s of {total:.1f} s of sound",)

    def _listened(self, heard: Samples, at_once: int) -> Samples:
        if len(heard) < self._ways:
            heard = np.concatenate([heard, heard.mean(axis=0, keepdims=True)])
        self._waiting = np.concatenate([self._waiting, heard], axis=1)
        whole = self._waiting.shape[1] // (WINDOW * at_once) * at_once
        if not whole:
            return self._nothing()
        windows = self._waiting[:, : whole * WINDOW].reshape(self._ways, whole, WINDOW)
        self._waiting = self._waiting[:, whole * WINDOW :]
        for start in range(0, whole, _AT_ONCE):
            part = windows[:, start : start + _AT_ONCE]
            judged = [self._judged(way, piece) for way, piece in enumerate(part)]
            self._likely = np.concatenate([self._likely, np.max(judged, axis=0)])
        known = self._base + len(self._likely)
        return self._let_go(known - BEFORE - _BACK - 1)

    def _nothing(self) -> Samples:
        """No sound, and no view of what is held back: whoever keeps it keeps nothing."""
        return np.zeros((len(self._held), 0), np.float32)

    def _judged(self, way: int, windows: NDArray[np.float32]) -> Likely:
        """How likely each window is speech, as loud as it is or brought to one level."""
        clear: NDArray[np.float32] = np.nan_to_num(windows, posinf=1.0, neginf=-1.0)
        plain, lifted = self._ears[way]
        loudest = float(np.sqrt((clear**2).mean(axis=1)).max())
        gain = min(_MOST, max(1.0, float(_LEVEL) / max(loudest, 1e-9)))
        ramp = np.geomspace(self._gains[way], gain, clear.size, dtype=np.float32)
        self._gains[way] = gain
        louder = np.clip(clear * ramp.reshape(clear.shape), -1, 1)
        likely = np.maximum(plain.hear(clear), lifted.hear(louder))
        likely[~np.isfinite(windows).all(axis=1)] = 1
        return np.asarray(np.nan_to_num(likely, nan=1.0), np.float32)

    def _let_go(self, until: int, *, last: bool = False) -> Samples:
        """The sound of the windows before `until`, of which all is known; the rest with it if it
        is the `last`."""
        if until <= self._decided and not last:
            return self._nothing()
        silent = muted(spoken(self._likely))
        first, after = self._decided - self._base, until - self._base
        # One more at each side, so that a fade knows its neighbour. Outside there is nothing.
        row = np.concatenate([[True], silent, [True]])[first : after + 2]
        end = self._held.shape[1] if last else self._sample(until) - self._given
        sound = self._held[:, :end]
        level = levels(row, self._rate, self._given, sound.shape[1], self._decided)
        self._held = self._held[:, end:]
        self._given += sound.shape[1]
        self._silent += int((level == 0).sum())
        self._decided = until
        # Doubt reaches far, so that the windows before `_CONTEXT` are summed up in one.
        drop = max(0, until - self._base - _CONTEXT)
        carried = spoken(self._likely)[drop - 1] if drop else False
        self._likely = self._likely[drop:].copy()
        self._base += drop
        if carried and len(self._likely) and self._likely[0] >= DOUBT:
            self._likely[0] = max(self._likely[0], SURE)
        return sound * level

    def _sample(self, window: int) -> int:
        """Of the track, at which the window begins."""
        return -(-window * WINDOW * self._rate // HEARD_RATE)


def spoken(likely: Likely) -> Mask:
    """Which windows are speech: sure ones, and doubtful ones that follow or lead to them."""
    sure: Mask = np.greater_equal(likely, SURE)
    doubt: Mask = np.greater_equal(likely, DOUBT)
    result = sure.copy()
    for k in range(1, len(result)):
        result[k] |= doubt[k] and result[k - 1]
    led = np.zeros(len(result), np.int64)  # windows of doubt that may still count, backwards
    for k in range(len(result) - 1, -1, -1):
        follower = led[k + 1] if k + 1 < len(led) else 0
        led[k] = _BACK + 1 if sure[k] else max(0, follower - 1) if doubt[k] else 0
    result |= led > 0
    return result


def muted(speech: Mask) -> Mask:
    """Speech, with what comes before and after it."""
    if not len(speech):
        return speech
    edge = np.concatenate([np.zeros(AFTER, bool), speech, np.zeros(BEFORE, bool)])
    near = np.lib.stride_tricks.sliding_window_view(edge, AFTER + 1 + BEFORE)
    return np.asarray(near.any(axis=1), np.bool_)


def levels(row: Mask, rate: int, first: int, count: int, window: int) -> Samples:
    """By what each of `count` samples from `first` on is multiplied: 0 in silence, 1 elsewhere.

    `row`: which windows are silent, from the one before `window` to the one after the last. Sound
    fades inside the silence, so that what comes before and after speech is all that is left of it.
    """
    sample = np.arange(first, first + count, dtype=np.int64)
    place = sample * HEARD_RATE / (WINDOW * rate)  # in windows
    index = np.clip(place.astype(np.int64) - window + 1, 1, len(row) - 2) if count else sample
    if len(row) < 3:
        return np.zeros(count, np.float32)
    step = HEARD_RATE * _RAMP / WINDOW
    inside = place - (index + window - 1)
    fading = np.where(row[index - 1], 0.0, 1 - inside / step)
    rising = np.where(row[index + 1], 0.0, 1 - (1 - inside) / step)
    level = np.where(row[index], np.clip(np.maximum(fading, rising), 0, 1), 1.0)
    return level.astype(np.float32)
