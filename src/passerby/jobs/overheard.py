"""A retold file's sound is listened to beside the original's: is anything of it left?"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import ceil, floor
from typing import Final

import numpy as np

from ..core.sound import HEARD_RATE, Samples, Treatment
from ..core.speech import Mono
from ..media import Card
from ..media.hearing import Hearing
from ..verify import Finding, Verdict
from ..verify.echoes import BLOCK, REACH, Echo
from .settings import Settings
from .transcribing import shift_of

LEFT: Final = "the original's sound is heard in it"
MUTED: Final = "sound.muted"
UNMUTED: Final = "a time that the plan mutes is heard"
_STEP: Final = BLOCK // 2
_RINGING: Final = Fraction(1, 10)  # seconds
_SILENT: Final = 1e-3  # of full scale: -60 dB, which is what coders leave in silence at most


def overheard(card: Card, made: Card, settings: Settings) -> Verdict:
    """Whether any track of `made` holds sound of any track of `card`, in the same half second.

    `settings`: how the original is read. Memory: some seconds of each track."""
    ours = Heard(card, settings, shift_of(card, settings))
    theirs = Heard(made, Settings(limit=settings.limit), Fraction(0))
    echoes: dict[tuple[int, int], Echo] = {}
    try:
        at = 0
        while ours.more(at) and theirs.more(at - REACH):
            ours.until(at + BLOCK)
            theirs.until(at + BLOCK + REACH)
            for i, before in enumerate(ours.tracks):
                original = before.part(at, at + BLOCK)
                for j, after in enumerate(theirs.tracks):
                    echo = echoes.setdefault((i, j), Echo())
                    echo.hear(at, original, after.part(at - REACH, at + BLOCK + REACH))
            at += _STEP
            for track in (*ours.tracks, *theirs.tracks):
                track.forget(at - REACH)
    finally:
        ours.close()
        theirs.close()
    for (i, j), echo in echoes.items():
        if echo.found:
            when = "" if echo.first is None else f" from {echo.first / HEARD_RATE:.0f} s on"
            what = f"{LEFT}: track {i + 1} in sound track {j + 1}{when}"
            return Verdict((Finding("sound", what, score=echo.peak),), ("sound",))
    return Verdict((), ("sound",))


def unmuted(made: Card, spans: Sequence[tuple[Fraction, Fraction]], limit: int) -> Verdict:
    """Whether anything is heard in `made` in `spans` (seconds of it, from and to), which are muted.

    Coders let the first and last moments ring, so that these are not judged."""
    theirs = Heard(made, Settings(limit=limit), Fraction(0))
    try:
        for start, end in spans:
            first, last = ((start + _RINGING) * HEARD_RATE, (end - _RINGING) * HEARD_RATE)
            for at in range(max(0, ceil(first)), floor(last), BLOCK):
                until = min(at + BLOCK, floor(last))
                if not theirs.more(at):
                    break
                theirs.until(until)
                for number, track in enumerate(theirs.tracks, 1):
                    if np.abs(track.part(at, until)).max(initial=0) > _SILENT:
                        moment = f"{at / HEARD_RATE:.0f} s"
                        what = f"{UNMUTED}: sound track {number}, around {moment}"
                        return Verdict((Finding(MUTED, what),), (MUTED,))
                    track.forget(at)
    finally:
        theirs.close()
    return Verdict((), (MUTED,))


class Heard:
    """The sound tracks of one file, a piece at a time."""

    def __init__(self, card: Card, settings: Settings, shift: Fraction) -> None:
        self.tracks: list[_Track] = []
        self._hearing = Hearing(
            card,
            self._listener,
            shift=shift,
            lenient=settings.accept_damaged,
            limit=settings.limit,
        )

    def _listener(self, rate: int, channels: int) -> Treatment:
        self.tracks.append(_Track())
        return self.tracks[-1]

    def until(self, sample: int) -> None:
        """Listen until every track is known up to `sample`, or the file ends."""
        moment = Fraction(sample, HEARD_RATE)
        while not self._hearing.ended:
            self._hearing.until(moment)
            for track, start in zip(self.tracks, self._hearing.starts, strict=True):
                track.begins(start)
            if all(track.known >= sample for track in self.tracks):
                return
            moment += 1

    def more(self, sample: int) -> bool:
        """Whether there is anything after it."""
        return not self._hearing.ended or any(track.known > sample for track in self.tracks)

    def close(self) -> None:
        self._hearing.close()


class _Track:
    """A `Treatment` that keeps what it hears, as one channel, until it is told to forget it."""

    def __init__(self) -> None:
        self._pieces: list[Mono] = []
        self._sound: Mono = np.zeros(0, np.float32)
        self._base: int | None = None  # the sample of the file at which `_sound` begins
        self.known = 0  # the sample of the file after the last that is known

    def take(self, sound: Samples, heard: Samples) -> Samples:
        self._pieces.append(np.nan_to_num(heard.mean(axis=0)))
        return np.zeros_like(sound)

    def end(self) -> Samples:
        return np.zeros((1, 0), np.float32)

    def notes(self) -> Sequence[str]:
        return ()

    def begins(self, start: Fraction | None) -> None:
        """`start`: the moment of its first sample, if there was one so far."""
        if start is None:
            return
        if self._base is None:
            self._base = round(start * HEARD_RATE)
        self._sound = np.concatenate([self._sound, *self._pieces])
        self._pieces.clear()
        self.known = self._base + len(self._sound)

    def part(self, first: int, end: int) -> Mono:
        """Silence where there is nothing."""
        base = self._base or 0
        part = self._sound[max(0, first - base) : max(0, end - base)]
        before = min(end - first, max(0, base - first))
        return np.pad(part, (before, end - first - before - len(part)))

    def forget(self, first: int) -> None:
        """What lies before it."""
        if self._base is not None and first > self._base:
            self._sound = self._sound[first - self._base :].copy()
            self._base = min(first, self.known)
