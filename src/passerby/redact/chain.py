"""Several treatments of one track, one after the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..core.sound import HEARD_RATE, Samples, Treatment


class Chain:
    """A `Treatment` made of others; see the port. Each hears the sound as it came in.

    What is heard waits until the sound that belongs to it has come through those before, so that
    the next one finds both in step.
    """

    def __init__(self, rate: int, channels: int, links: Sequence[Treatment]) -> None:
        if not links:
            raise ValueError("want one treatment at least")
        self._links = [_Link(rate, channels, treatment) for treatment in links]

    def take(self, sound: Samples, heard: Samples) -> Samples:
        for link in self._links:
            sound, heard = link.take(sound, heard)
        return sound

    def end(self) -> Samples:
        first, *more = self._links
        sound, heard = first.end()
        for link in more:
            before, known = link.take(sound, heard)
            after, rest = link.end()
            sound = np.concatenate([before, after], axis=1)
            heard = np.concatenate([known, rest], axis=1)
        return sound

    def notes(self) -> Sequence[str]:
        return [note for link in self._links for note in link.treatment.notes()]


class _Link:
    """One of them, and what was heard of sound that it still holds back."""

    def __init__(self, rate: int, channels: int, treatment: Treatment) -> None:
        self.treatment = treatment
        self._rate, self._given, self._passed = rate, 0, 0
        self._heard: Samples = np.zeros((channels, 0), np.float32)

    def take(self, sound: Samples, heard: Samples) -> tuple[Samples, Samples]:
        out = self.treatment.take(sound, heard)
        self._given += out.shape[1]
        self._heard = np.concatenate([self._heard, heard], axis=1)
        due = self._given * HEARD_RATE // self._rate - self._passed
        known, self._heard = self._heard[:, :due], self._heard[:, due:]
        self._passed += known.shape[1]
        return out, known

    def end(self) -> tuple[Samples, Samples]:
        out, known = self.treatment.end(), self._heard
        self._heard = known[:, :0]
        return out, known
