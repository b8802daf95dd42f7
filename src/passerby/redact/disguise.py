"""A track of sound in which everybody speaks with one voice that doesn't exist.

It makes recognition by ear harder and stops no analyst: docs/reference/voices.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd
from random import SystemRandom
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..core.sound import HEARD_RATE, Samples
from .pseudo_speaker import STEP, Draw, PseudoSpeaker

LABEL: Final = "makes casual recognition by ear harder; does not stop an analyst"
_PIECE: Final = 8 * HEARD_RATE  # what is spoken at a time
_BEFORE: Final = 6 * HEARD_RATE  # what of the past is listened to again for it
_AFTER: Final = 3 * HEARD_RATE  # and of the future
_CHOICE: Final = 3 * HEARD_RATE // 2  # earlier or later, a piece ends where it is quietest
_FADE: Final = HEARD_RATE // 50  # half of what two pieces share
_MOVED: Final = 80  # samples by which a piece is moved at most, to go on where the last one was
_LOUD: Final = 0.7
_REACH: Final = 16  # samples at the lower rate, before and after, that make one when rates change
_AT_ONCE: Final = 1 << 15  # samples that are made together, which bounds the memory

Wave = NDArray[np.float32]  # (n,)


class Disguise:
    """A `Treatment` of one track; see the port. It holds back up to thirteen seconds of sound.

    One channel is made of all, at `HEARD_RATE`; what comes out is the same in every channel, has
    nothing above half that rate, and holds no sample of what was taken in. `heard` is not used: it
    may hold what treatments before this one took out.

    `draw`: where all chance comes from, the system's own if not given; each track draws its own
    target, and nothing keeps it.
    """

    def __init__(self, rate: int, channels: int, draw: Draw | None = None) -> None:
        self._channels = channels
        self._speaker = PseudoSpeaker(draw or SystemRandom().random)
        self._heard = np.zeros(0, np.float32)  # from sample `_base` on
        self._base = self._settled = 0
        self._tail = np.zeros(0, np.float32)  # of the last piece, what it shares with the next
        self._into, self._back = Resampled(rate, HEARD_RATE), Resampled(HEARD_RATE, rate)
        self._rate, self._taken = rate, 0

    def take(self, sound: Samples, heard: Samples) -> Samples:
        self._taken += sound.shape[1]
        self._heard = np.concatenate([self._heard, self._into.take(one_channel(sound))])
        made = []
        while self._end - self._settled >= _PIECE + _CHOICE + _AFTER:
            made.append(self._back.take(self._piece()))
        return self._out(made)

    def end(self) -> Samples:
        rest = self._into.end(-(-self._taken * HEARD_RATE // self._rate))
        self._heard = np.concatenate([self._heard, rest])
        made = [self._back.take(self._last())] if self._end > self._settled else []
        return self._out([*made, self._back.end(self._taken)])

    def notes(self) -> Sequence[str]:
        return (f"everything is spoken anew by one voice that was made up: {LABEL}",)

    @property
    def _end(self) -> int:
        return self._base + len(self._heard)

    def _out(self, made: Sequence[Wave]) -> Samples:
        one = np.concatenate([np.zeros(0, np.float32), *made])
        return np.repeat(softened(one)[None], self._channels, axis=0)

    def _piece(self) -> Wave:
        """The next piece, up to where it is quiet; a little of what follows is kept."""
        goal = self._settled + _PIECE
        spoken = self._spoken(goal + _CHOICE + _AFTER)
        cut = goal - _CHOICE + quietest(spoken[_PIECE - _CHOICE : _PIECE + _CHOICE])
        joined = self._joined(spoken)
        ends = cut - self._settled
        self._tail = joined[ends - _FADE : ends + _FADE]
        self._settled = cut - _FADE
        gone = max(0, (self._settled - _BEFORE) // STEP * STEP - self._base)
        self._heard, self._base = self._heard[gone:], self._base + gone
        return joined[: ends - _FADE]

    def _last(self) -> Wave:
        made = self._joined(self._spoken(self._end))
        self._settled = self._end
        return made

    def _spoken(self, until: int) -> Wave:
        """From what is settled to `until`."""
        window = self._heard[: until - self._base]
        return self._speaker.spoken(window, self._base // STEP)[self._settled - self._base :]

    def _joined(self, spoken: Wave) -> Wave:
        """`spoken`, which begins where the tail of the last piece does, as if it were one with it.

        Pulses of the two don't come at the same moments. So `spoken` is moved by less than a
        period to where it is most like the tail; then one fades into the other.
        """
        width = min(len(self._tail), len(spoken))
        if not width:
            return spoken
        tail = self._tail[:width]
        room = np.concatenate([np.zeros(_MOVED, np.float32), spoken, np.zeros(_MOVED, np.float32)])
        near = np.lib.stride_tricks.sliding_window_view(room[: width + 2 * _MOVED], width)
        size = np.sqrt((near**2).sum(axis=1)) + 1e-6
        move = int(np.argmax(near @ tail / size))
        moved = room[move : move + len(spoken)].copy()
        rising = np.sin(np.linspace(0, np.pi / 2, width)).astype(np.float32) ** 2
        moved[:width] = moved[:width] * rising + tail * (1 - rising)
        return moved


class Resampled:
    """From one rate to another, piece after piece: band-limited interpolation by windowed sines
    (Smith and Gossett 1984, doi:10.1109/ICASSP.1984.1172555)."""

    def __init__(self, before: int, after: int) -> None:
        common = gcd(before, after)
        self._up, self._down = after // common, before // common
        narrow = min(1.0, after / before)
        self._reach = int(np.ceil(_REACH / narrow))
        # Note [phases]: sample n lies at n * down / up, so that there are `up` places between two.
        place = np.arange(1 - self._reach, self._reach + 1)
        apart = place[None] - (np.arange(self._up) / self._up)[:, None]
        inside = 0.5 + 0.5 * np.cos(np.pi * np.clip(apart / self._reach, -1, 1))
        table = np.sinc(apart * narrow * 0.95) * inside
        self._table = (table / table.sum(axis=1, keepdims=True)).astype(np.float32)
        self._held = np.zeros(self._reach, np.float32)
        self._base = -self._reach  # which sample the first that is held is
        self._made = 0

    def take(self, wave: Wave) -> Wave:
        """The next piece in; all that is known out."""
        self._held = np.concatenate([self._held, wave])
        known = self._base + len(self._held) - self._reach
        return self._until(max(self._made, known * self._up // self._down))

    def end(self, total: int) -> Wave:
        """The rest, so that it is `total` samples in all."""
        wanted = total * self._down // self._up + self._reach + 1
        lacking = max(0, wanted - self._base - len(self._held))
        self._held = np.pad(self._held, (0, lacking))
        return self._until(total)

    def _until(self, end: int) -> Wave:
        made = [np.zeros(0, np.float32)]
        for start in range(self._made, end, _AT_ONCE):
            number = np.arange(start, min(end, start + _AT_ONCE), dtype=np.int64)
            first = number * self._down // self._up + 1 - self._reach - self._base
            taken = self._held[first[:, None] + np.arange(2 * self._reach)]
            made.append(np.einsum("nk,nk->n", taken, self._table[number * self._down % self._up]))
        self._made = max(self._made, end)
        gone = max(0, self._made * self._down // self._up + 1 - self._reach - self._base)
        self._held, self._base = self._held[gone:], self._base + gone
        return np.concatenate(made)


def one_channel(sound: Samples) -> Wave:
    """All channels in one, every other one softer, so that none cancels its neighbour out."""
    clear = np.clip(np.nan_to_num(sound, posinf=1.0, neginf=-1.0), -1, 1)
    weight = np.where(np.arange(len(clear)) % 2, 0.6, 1.0).astype(np.float32)
    return np.asarray(weight @ clear / weight.sum(), np.float32)


def softened(wave: Wave) -> Wave:
    """Within full scale: what is louder than `_LOUD` is bent, not cut."""
    over = np.maximum(np.abs(wave) - _LOUD, 0)
    room = 0.98 - _LOUD
    bent = _LOUD + room * np.tanh(over / room)
    return np.where(over > 0, np.sign(wave) * bent, wave).astype(np.float32)


def quietest(wave: Wave) -> int:
    """The sample around which the least is heard, for twice `_FADE`."""
    sums = np.concatenate([[0.0], np.cumsum(wave.astype(np.float64) ** 2)])
    loud = sums[2 * _FADE :] - sums[: -2 * _FADE]
    return int(np.argmin(loud)) + _FADE
