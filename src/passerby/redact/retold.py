"""Sound in which a synthetic voice says what was said, and nothing else is heard.

Nothing of the original's samples goes into it. What it keeps of a speaker are the words and the
times at which phrases begin.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np

from ..core.errors import DetectorError, TranscriptError
from ..core.sound import Samples, Treatments
from ..core.speech import Mono, Synthesiser

GENTLE: Final = 1.3  # times as fast as usual, at most, so that a phrase ends when it used to
FASTEST: Final = 2.0  # so that it ends before the next one begins
_APART: Final = 50  # milliseconds between two phrases
_TRIES: Final = 6


@dataclass(frozen=True, slots=True)
class Line:
    """What is said from `start` on, and has ended before `room`: both in milliseconds from the
    track's first sample. `pace`: how much faster than usual."""

    start: int
    room: int
    words: str
    pace: float = 1.0


@dataclass(frozen=True, slots=True)
class Telling:
    """What is said in one track, in order; `cut`: how many phrases are left silent besides."""

    lines: tuple[Line, ...]
    cut: int = 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """A phrase before anybody knows how fast it must be spoken; `end`: when it ended in the
    original. `line`: of the transcript."""

    start: int
    end: int
    words: str
    line: int


def fitted(phrases: Sequence[Wanted], end: int, voice: Synthesiser) -> tuple[Line, ...]:
    """Each phrase with the pace at which it fits in. `end`: of the track. Speaks them all, once.

    It takes as long as the original did if it can be spoken that fast and still be understood; else
    it goes on into the silence that follows. `TranscriptError` where that is not enough."""
    lines = []
    for number, phrase in enumerate(phrases):
        after = phrases[number + 1].start - _APART if number + 1 < len(phrases) else end
        room = max(phrase.end, min(after, end))
        pace = _pace(phrase, room, voice)
        lines.append(Line(phrase.start, room, phrase.words, pace))
    return tuple(lines)


def _pace(phrase: Wanted, room: int, voice: Synthesiser) -> float:
    slot, pace = phrase.end - phrase.start, 1.0
    for _ in range(_TRIES):
        took = 1000 * len(voice.speak(phrase.words, pace)) / voice.rate
        if took <= slot or (pace >= GENTLE and took <= room - phrase.start):
            return pace
        if pace >= FASTEST:
            break
        wanted = slot if pace < GENTLE else room - phrase.start
        # A little more than the rule of three says: programs round what they are told.
        faster = max(pace * took / wanted, pace + 0.05) * 1.02
        pace = min(faster, GENTLE if pace < GENTLE else FASTEST)
    raise TranscriptError(
        f"line {phrase.line}: these words do not fit into {(room - phrase.start) / 1000:.1f} s, "
        "even when they are spoken fast",
        hint="shorten them, or let the phrase begin earlier",
    )


class Retold:
    """A `Treatment` of one track; see the port. Holds one spoken phrase in memory.

    Its lines are in order, none beginning before the one before it has had its `room`. `over`: the
    sound that comes in stays under the voice, for others have taken the speech out; else it is
    dropped.
    """

    def __init__(
        self,
        rate: int,
        channels: int,
        telling: Telling,
        voice: Synthesiser,
        *,
        over: bool = False,
    ) -> None:
        self._rate, self._channels, self._voice, self._over = rate, channels, voice, over
        self._lines, self._cut, self._next = telling.lines, telling.cut, 0
        self._given = 0  # samples
        self._speech: Mono = np.zeros(0, np.float32)  # of the line before `_next`
        self._from = 0  # the sample at which that begins

    def take(self, sound: Samples, heard: Samples) -> Samples:
        return self._with_speech(sound if self._over else np.zeros_like(sound))

    def end(self) -> Samples:
        return np.zeros((self._channels, 0), np.float32)

    def notes(self) -> Sequence[str]:
        said, late = self._next, len(self._lines) - self._next
        spoken = f"{said} {'phrase is' if said == 1 else 'phrases are'} spoken by a synthetic voice"
        cut = (f"{self._cut} {'is' if self._cut == 1 else 'are'} cut",) if self._cut else ()
        missing = (f"{late} that come after its end are missing",) if late else ()
        return (", ".join((spoken, *cut, *missing)),)

    def _with_speech(self, sound: Samples) -> Samples:
        """`sound`, the next that is given back, with what is said in it."""
        end = self._given + sound.shape[1]
        said = np.zeros(sound.shape[1], np.float32)
        while True:
            first, last = self._from - self._given, self._from + len(self._speech) - self._given
            part = self._speech[max(0, -first) : max(0, len(said) - first)]
            if len(part):
                said[max(0, first) : max(0, first) + len(part)] = part
            if last > len(said) or self._next == len(self._lines):
                break
            line = self._lines[self._next]
            start = -(-line.start * self._rate // 1000)
            if start >= end:
                break
            self._from, self._speech = start, self._spoken(line)
            self._next += 1
        self._given = end
        return np.clip(sound + said, -1, 1) if said.any() else sound

    def _spoken(self, line: Line) -> Mono:
        speech = at_rate(self._voice.speak(line.words, line.pace), self._voice.rate, self._rate)
        if len(speech) > (line.room - line.start) * self._rate / 1000 + 2:
            raise DetectorError("the synthesiser spoke slower than the first time")
        return np.clip(np.nan_to_num(speech), -1, 1)


def at_rate(sound: Mono, rate: int, wanted: int) -> Mono:
    """As long in seconds, to half a sample, with what both rates can hold of its frequencies."""
    if rate == wanted or not len(sound):
        return sound
    # Silence around it, so that its end does not ring into its beginning; as much of it as makes
    # whole samples of both rates.
    step = rate // math.gcd(rate, wanted)
    edge = -(-rate // (100 * step)) * step
    padded = np.pad(sound.astype(np.float64), (edge, edge + -len(sound) % step))
    count = len(padded) * wanted // rate
    spectrum = np.fft.rfft(padded)
    kept = np.zeros(count // 2 + 1, np.complex128)
    most = min(len(spectrum), len(kept))
    kept[:most] = spectrum[:most]
    whole = np.fft.irfft(kept, count) * (count / len(padded))
    start = edge * wanted // rate
    return whole[start : start + round(Fraction(len(sound) * wanted, rate))].astype(np.float32)


def retold(tracks: Sequence[Telling], voice: Synthesiser, *, over: bool = False) -> Treatments:
    """For the sound tracks of one file, which say `tracks`; `over` as in `Retold`.

    `TranscriptError` at a track of which the transcript knows nothing."""
    left = iter(tracks)

    def treatment(rate: int, channels: int) -> Retold:
        said = next(left, None)
        if said is None:
            raise TranscriptError(
                "the transcript says nothing of one of the sound tracks",
                hint="transcribe with the same options as now, such as --accept-damaged",
            )
        return Retold(rate, channels, said, voice, over=over)

    return treatment
