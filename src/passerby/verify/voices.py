"""An attack on the sound of one output: does a program take its voices for the original's?

Speech of the original is cut into stretches of some seconds, and the output's speech at the same
time is compared with each. Of a stretch is kept what the embedder says of it, until all are
compared, and then only how alike they were.

Note [the same words]: both say the same at the same time, which makes them somewhat more alike than
an attacker's own recording of the same person would be. So it errs towards finding too much.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np

from ..core.ports import VoiceEmbedder
from ..core.sound import HEARD_RATE, WINDOW, Ear, Samples
from .reidentify import Reals

SPEECH: Final = 0.5  # likelier than that is speech, say the makers of the network that listens
STRETCH: Final = 5 * HEARD_RATE  # samples of speech in a stretch
LEAST: Final = 3 * HEARD_RATE  # of fewer nobody can say whose voice it is
MOST: Final = 4 * STRETCH  # of the output's, in one stretch
SECONDS: Final = Fraction(WINDOW, HEARD_RATE)  # of a window
_AT_ONCE: Final = 32  # windows, about a second, that are judged together
_ASKED: Final = 12  # stretches of which the embedder is asked at once

# Products of two points, measured by benchmarks/voices.py: docs/reference/voices.md.
SAME: Final = 0.75
DIFFERENT: Final = 0.68


@dataclass(frozen=True, slots=True)
class Stretch:
    """From when to when, in seconds of the output, and what the embedder says of the speech in it;
    None where there is too little."""

    start: Fraction
    end: Fraction
    point: Reals | None


@dataclass(frozen=True, slots=True)
class Compared:
    """How alike the output is to a stretch of the original's speech that begins at `start`; None
    where the output has too little speech there."""

    start: Fraction
    likeness: float | None

    @property
    def matched(self) -> bool:
        """The attacker can be sure."""
        return self.likeness is not None and self.likeness >= SAME


class Listener:
    """A `core.sound.Treatment` that leaves the sound as it is, and gathers `found`: its speech.

    Of several channels the one counts that speaks loudest in a second. Memory: a few stretches,
    for as long as nobody asked the embedder about them.
    """

    def __init__(
        self,
        ear: Callable[[], Ear],
        embedder: VoiceEmbedder,
        channels: int,
        start: Callable[[], Fraction],
        bounds: Sequence[Stretch] | None = None,
    ) -> None:
        """`start`: the moment of the first sample, in seconds, once there is one. `bounds`: from
        when to when each stretch reaches, one after the other; without them a stretch ends when it
        has enough speech."""
        self._ears = [ear() for _ in range(channels)]
        self._embedder, self._start, self._bounds = embedder, start, bounds
        self._waiting: Samples = np.zeros((channels, 0), np.float32)
        self._window = 0  # the next that is judged
        self._begun: int | None = None  # the first window of the stretch that goes on
        self._speech: list[Reals] = []
        self._closed: list[tuple[Fraction, Fraction, Reals]] = []  # of which nobody has asked
        self._done = 0  # stretches that are closed
        self.found: list[Stretch] = []

    def take(self, sound: Samples, heard: Samples) -> Samples:
        clear = np.nan_to_num(heard, posinf=1.0, neginf=-1.0)
        self._waiting = np.concatenate([self._waiting, clear], axis=1)
        size = WINDOW * _AT_ONCE
        while self._waiting.shape[1] >= size:
            self._hear(self._waiting[:, :size])
            self._waiting = self._waiting[:, size:]
        return sound

    def end(self) -> Samples:
        rest = -self._waiting.shape[1] % WINDOW
        if self._waiting.shape[1]:
            self._hear(np.pad(self._waiting, ((0, 0), (0, rest))))
        if self._bounds is None:
            if self._gathered >= LEAST:
                self._close()
        else:
            while self._done < len(self._bounds):
                self._close()
        self._ask()
        return self._waiting[:, :0]

    def notes(self) -> Sequence[str]:
        return ()

    @property
    def _gathered(self) -> int:
        return sum(map(len, self._speech))

    def _hear(self, sound: Samples) -> None:
        """Judge some windows, (channels, n * WINDOW), and keep those in which somebody speaks."""
        windows = sound.reshape(len(sound), -1, WINDOW)
        spoken = np.stack([e.hear(w) for e, w in zip(self._ears, windows, strict=True)]) >= SPEECH
        power = np.where(spoken, (windows**2).mean(axis=2), 0)
        loudest = int(power.sum(axis=1).argmax())
        for window, speaks in zip(windows[loudest], spoken[loudest], strict=True):
            self._gather(window if speaks else None)

    def _gather(self, speech: Reals | None) -> None:
        number, self._window = self._window, self._window + 1
        if self._bounds is None:
            if speech is not None:
                self._begun = number if self._begun is None else self._begun
                self._speech.append(speech)
                if self._gathered >= STRETCH:
                    self._close()
            return
        now = self._when(number)
        while self._done < len(self._bounds) and self._bounds[self._done].end <= now:
            self._close()
        if speech is None or self._done == len(self._bounds):
            return
        if self._bounds[self._done].start <= now and self._gathered < MOST:
            self._speech.append(speech)

    def _close(self) -> None:
        """Put the stretch aside, and begin another."""
        if self._bounds is not None:
            bound = self._bounds[self._done]
            start, end = bound.start, bound.end
        else:
            assert self._begun is not None
            start, end = self._when(self._begun), self._when(self._window)
        speech = self._speech if self._gathered >= LEAST else []
        self._closed.append((start, end, np.concatenate([np.zeros(0, np.float32), *speech])))
        self._speech, self._begun = [], None
        self._done += 1
        if len(self._closed) == _ASKED:
            self._ask()

    def _ask(self) -> None:
        """What the embedder says of the speech put aside, which is then let go of."""
        points = iter(self._embedder.embed([speech for *_, speech in self._closed if len(speech)]))
        for start, end, speech in self._closed:
            self.found.append(Stretch(start, end, next(points) if len(speech) else None))
        self._closed = []

    def _when(self, window: int) -> Fraction:
        return self._start() + window * SECONDS


def compared(ours: Sequence[Stretch], theirs: Sequence[Stretch]) -> Iterator[Compared]:
    """`ours`: of the original; `theirs`: of the output, within the same bounds."""
    for one, other in zip(ours, theirs, strict=True):
        if one.point is not None:
            alike = None if other.point is None else float(one.point @ other.point)
            yield Compared(one.start, alike)
