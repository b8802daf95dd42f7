"""From a transcript that a person has read to what a synthetic voice says, and when."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..core.errors import TranscriptError, UsageError
from ..core.speech import Synthesiser
from ..media import Card, sha256
from ..plan import Document
from ..plan.subtitles import subtitles_of
from ..plan.transcript import Spoken, Transcript, load
from ..redact.retold import Telling, Wanted, fitted
from . import speakers
from .apart import told_apart
from .output import check_free, write_text
from .settings import Settings

_READ_FIRST = "names are spoken words too: read it, cut what must not be heard, "


@dataclass(frozen=True, slots=True)
class Script:
    """What is said in each sound track of one file. `sha256`: of the transcript."""

    tracks: tuple[Telling, ...]
    voice: Synthesiser
    sha256: str


def script_of(card: Card, settings: Settings, transcript: Path | None) -> Script | None:
    """The transcript in a file, each phrase with the pace at which it fits in; None where nothing
    is to be retold. Before the work begins, for whatever is wrong is wrong here.

    `TranscriptError` for a transcript of another file, one that nobody reviewed, and words that
    don't fit; `UsageError` where there is none; `DetectorError` where nobody can speak.
    """
    if settings.voice != "retell":
        if transcript is not None:
            raise UsageError(
                "a transcript is spoken, and nobody asked for that", hint="add --voice retell"
            )
        return None
    if transcript is None:
        if not card.audio:
            return None  # a photo, or a film without sound: there is nothing to retell
        raise UsageError(
            "retell speaks a transcript, and none was given",
            path=card.path,
            hint="make one with `passerby transcribe INPUT -o WORDS.vtt --language CODE`, read it, "
            "and pass --transcript WORDS.vtt",
        )
    told = reviewed(transcript)
    if told.media != sha256(card.path):
        raise TranscriptError(
            "was made for other footage (SHA-256 differs)",
            path=transcript,
            hint="make one for this file with `passerby transcribe`",
        )
    voice = speakers.open_synthesiser(settings.synthesiser, told.language)
    try:
        tracks = tuple(_told(track, voice) for track in told.tracks)
    except TranscriptError as error:
        error.path = transcript
        raise
    return Script(tracks, voice, told.sha256)


def sound_noted(settings: Settings, script: Script | None, document: Document) -> Document:
    """The plan of a film whose sound was treated as `settings` say, whatever was asked for when the
    plan was made; verification goes by it. Of a `script` it holds none of the words."""
    said = {"voice": settings.voice, "mute_speech": settings.mute_speech}
    spoken = {} if script is None else {"transcript": script.sha256}
    kept = {k: v for k, v in document.settings.items() if k != "transcript"}
    return document.model_copy(update={"settings": {**kept, **said, **spoken}})


def reviewed(path: Path) -> Transcript:
    """The transcript in a file. `TranscriptError` unless it says that somebody has read it."""
    told = load(path)
    if not told.reviewed:
        raise TranscriptError(
            "nobody says that it was read: its head has Reviewed: no",
            path=path,
            hint=f"{_READ_FIRST}then write Reviewed: yes there",
        )
    return told


def subtitles(transcript: Path, output: Path, *, force: bool = False) -> int:
    """Write the phrases of a reviewed transcript as subtitles: SubRip or WebVTT, as the name of
    `output` says. How many there are. Nothing in them leads back to the original file."""
    kinds = {".srt": "srt", ".vtt": "vtt"}
    kind = kinds.get(output.suffix.lower())
    if kind is None:
        raise UsageError("subtitles are .srt or .vtt", path=output, hint="name it *.srt")
    told_apart([("the output", output)], [("the transcript", transcript)])
    check_free(output, inputs=[transcript], force=force)
    told = reviewed(transcript)
    text = subtitles_of(told, "srt" if kind == "srt" else "vtt")
    write_text(output, text, inputs=[transcript], force=force)
    return told.spoken


def _told(track: Spoken, voice: Synthesiser) -> Telling:
    """In milliseconds from the track's own first sample."""
    wanted = [
        Wanted(p.start - track.start, p.end - track.start, p.words, p.line)
        for p in track.phrases
        if p.words
    ]
    lines = fitted(wanted, track.end - track.start, voice)
    return Telling(lines, len(track.phrases) - len(lines))
