"""From a file to a transcript of what is said in it, for a person to read and edit."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..core.errors import UsageError
from ..core.ports import Progress
from ..core.sound import HEARD_RATE
from ..core.speech import Recogniser
from ..media import Card, sha256
from ..media.hearing import Hearing
from ..plan.transcript import LANGUAGE, Phrase, Spoken, Transcript, text_of
from . import doors, speakers
from .apart import told_apart
from .output import check_free, write_text
from .settings import Settings

if TYPE_CHECKING:
    from ..detect.phrases import Listening

_STEP: Final = Fraction(5)  # seconds of sound after which progress is told


@dataclass(frozen=True, slots=True)
class Transcribed:
    """What became of a transcription, without a word of it. Phrases in which nothing was
    recognised are `unknown`. `spoken`: seconds of phrases."""

    recogniser: str
    language: str
    tracks: int
    phrases: int
    unknown: int
    spoken: float
    seconds: float
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return {
            "job": "transcribe",
            "recogniser": self.recogniser,
            "language": self.language,
            "tracks": self.tracks,
            "phrases": self.phrases,
            "unknown": self.unknown,
            "spoken_seconds": round(self.spoken, 1),
            "seconds": round(self.seconds, 1),
            "notes": list(self.notes),
        }


def transcribe(
    input: Path,
    output: Path,
    *,
    language: str,
    recogniser: str = speakers.RECOGNISER,
    settings: Settings | None = None,
    force: bool = False,
    progress: Progress | None = None,
) -> Transcribed:
    """Write down in `output` what is said in every sound track of `input`.

    `language`: as in BCP 47, such as en or pt-BR. `recogniser`: a plug-in's name; behind a colon, a
    folder with its model. `settings`: how the file is read; nothing else of them counts. Raises a
    `PasserbyError`; where nobody knows the language there is no weaker way that is taken instead.
    """
    settings = settings or Settings()
    if not LANGUAGE.fullmatch(language):
        raise UsageError(f"{language!r} names no language", hint="write one such as en or pt-BR")
    told_apart([("the transcript", output)], [("the input", input)])
    check_free(output, inputs=[input], force=force)
    card = doors.look_at(input, settings)
    if not card.audio:
        raise UsageError("there is no sound in it", path=input)
    opened = speakers.open_recogniser(recogniser, language)
    said, tracks, notes = _heard(card, settings, opened, progress)
    if not tracks:
        raise UsageError("there is no sound in it that can be decoded", path=input)
    transcript = Transcript(
        sha256(card.path), language, opened.info.name, reviewed=False, tracks=tracks
    )
    write_text(output, text_of(transcript), inputs=[input], force=force)
    return Transcribed(
        opened.info.name,
        language,
        len(tracks),
        transcript.spoken + transcript.cut,
        transcript.cut,
        said,
        max((track.end - track.start) / 1000 for track in tracks),
        notes,
    )


def shift_of(card: Card, settings: Settings) -> Fraction:
    """Seconds by which the finished film is shown later: no container holds time before zero."""
    if card.kind != "video":
        return Fraction(0)
    return max(Fraction(0), -card.clock.seconds(doors.first_tick(card, settings)))


def _heard(
    card: Card, settings: Settings, recogniser: Recogniser, progress: Progress | None
) -> tuple[float, tuple[Spoken, ...], tuple[str, ...]]:
    """Seconds of phrases, the tracks, and what is to be said of those that can't be decoded."""
    from ..detect.phrases import Listening
    from ..detect.speech import open_ears

    ear, listening = open_ears(), list[Listening]()

    def listener(rate: int, channels: int) -> Listening:
        listening.append(Listening(rate, channels, ear, recogniser))
        return listening[-1]

    hearing = Hearing(
        card,
        listener,
        shift=shift_of(card, settings),
        lenient=settings.accept_damaged,
        limit=settings.limit,
    )
    try:
        moment = Fraction(0)
        while progress is not None and card.length and moment < card.length:
            hearing.until(moment)
            progress("listen", moment, card.length)
            moment += _STEP
        hearing.finish()
    finally:
        hearing.close()
    tracks = tuple(
        _track(start or Fraction(0), ear)
        for start, ear in zip(hearing.starts, listening, strict=True)
    )
    seconds = sum(s.end - s.start for ear in listening for s in ear.said) / HEARD_RATE
    return seconds, tracks, tuple(hearing.notes)


def _track(start: Fraction, listening: Listening) -> Spoken:
    """In whole milliseconds; no phrase reaches out of it, or into the next."""
    first, end = (
        round(start * 1000),
        int((start + Fraction(listening.samples, listening.rate)) * 1000),
    )
    phrases, before = list[Phrase](), first
    for said in listening.said:
        begins, ends = (
            first + round(Fraction(at * 1000, HEARD_RATE)) for at in (said.start, said.end)
        )
        begins, ends = max(begins, before), min(ends, end)
        if begins < ends:
            phrases.append(Phrase(begins, ends, said.words))
            before = ends
    return Spoken(first, max(first, end), tuple(phrases))
