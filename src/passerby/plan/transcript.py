"""What is said in a film, as people read and edit it: WebVTT with a header of our own.

A phrase that is empty, or begins with [cut], is not spoken. Errors name lines and hold no words.
Format and reasons: docs/reference/transcript.md, docs/decisions/retelling.md.
"""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..core.errors import TranscriptError

VERSION: Final = "transcript/1"
CUT: Final = "[cut]"
LARGEST: Final = 4 * 2**20  # bytes of a file: a day of speech is a fifth of it
_LONGEST: Final = 2000  # characters of a phrase
_LATEST: Final = 1000 * 3600 * 1000  # milliseconds
_MADE: Final = "passerby transcribe writes one"
_ADVICE: Final = f"""\
NOTE
Read this against the film. Names and places are spoken words, too.
Change what was heard wrongly. Begin a phrase with {CUT}, or leave it empty,
and nothing is heard there. Then write Reviewed: yes above.
Keep this file to yourself: passerby subtitles makes one to publish.
"""
_TIME: Final = r"(?:(\d{1,3}):)?([0-5]\d):([0-5]\d)\.(\d{3})"
_TIMES: Final = re.compile(rf"{_TIME}[ \t]+-->[ \t]+{_TIME}(?:[ \t].*)?", re.ASCII)
_TRACK: Final = re.compile(rf"Track (\d{{1,3}}): {_TIME} - {_TIME}", re.ASCII)
_FIELD: Final = re.compile(r"(Passerby|Media|Language|Recogniser|Reviewed):[ \t]*(.*)")
_HASH: Final = re.compile(r"[0-9a-f]{64}")
_TAG: Final = re.compile(r"<[^<>]*>")
LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Phrase:
    """What is said from `start` to `end`, in milliseconds of the finished film.

    `words`: without line breaks; empty where nothing is to be heard. `line`: where it stands."""

    start: int
    end: int
    words: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class Spoken:
    """One sound track: when it begins and ends, in milliseconds, and its phrases in order."""

    start: int
    end: int
    phrases: tuple[Phrase, ...] = ()


@dataclass(frozen=True, slots=True)
class Transcript:
    """All that is said in the file whose SHA-256 is `media`. `sha256`: of the transcript itself,
    if it was read from a file."""

    media: str
    language: str
    recogniser: str
    reviewed: bool
    tracks: tuple[Spoken, ...]
    sha256: str = ""

    @property
    def cut(self) -> int:
        """How many phrases are not spoken."""
        return sum(not phrase.words for track in self.tracks for phrase in track.phrases)

    @property
    def spoken(self) -> int:
        return sum(len(track.phrases) for track in self.tracks) - self.cut


def text_of(transcript: Transcript) -> str:
    """The document, for a person to edit."""
    lines = [
        "WEBVTT",
        f"Passerby: {VERSION}",
        f"Media: {transcript.media}",
        f"Language: {transcript.language}",
        f"Recogniser: {transcript.recogniser}",
        *(
            f"Track {number}: {clock_of(track.start)} - {clock_of(track.end)}"
            for number, track in enumerate(transcript.tracks, 1)
        ),
        f"Reviewed: {'yes' if transcript.reviewed else 'no'}",
        "",
        _ADVICE,
    ]
    for number, track in enumerate(transcript.tracks, 1):
        for phrase in track.phrases:
            lines += [f"track {number}"] if len(transcript.tracks) > 1 else []
            lines += [f"{clock_of(phrase.start)} --> {clock_of(phrase.end)}"]
            lines += [html.escape(phrase.words, quote=False) or CUT, ""]
    return "\n".join(lines) + "\n"


def clock_of(milliseconds: int, point: str = ".") -> str:
    """`h:mm:ss.mmm`, with two digits of hours at least."""
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{point}{rest:03}"


def load(path: Path) -> Transcript:
    """The transcript in a file; `TranscriptError` names the line in which something is wrong."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        reason = (error.strerror or "the system refused").lower()
        raise TranscriptError(f"can't be read: {reason}", path=path, hint=_MADE) from error
    if len(data) > LARGEST:
        what = f"is larger than {LARGEST >> 20} MB, and so no transcript"
        raise TranscriptError(what, path=path, hint=_MADE)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise TranscriptError(f"line {line} is not in UTF-8", path=path) from None
    try:
        return _read(text, hashlib.sha256(data).hexdigest())
    except TranscriptError as error:
        error.path = path
        raise


def _read(text: str, sha256: str) -> Transcript:
    blocks = list(_blocks(text))
    if not blocks or not re.match(r"WEBVTT([ \t]|$)", blocks[0][0][1]):
        raise TranscriptError("is no transcript: its first line is not WEBVTT", hint=_MADE)
    fields, tracks = _head(blocks[0][1:])
    phrases: list[list[Phrase]] = [[] for _ in tracks]
    for block in blocks[1:]:
        if re.match(r"(NOTE|STYLE|REGION)([ \t]|$)", block[0][1]):
            continue
        number, phrase = _phrase(block, len(tracks))
        _check(phrase, tracks[number - 1], phrases[number - 1])
        phrases[number - 1].append(phrase)
    return Transcript(
        fields["Media"],
        fields["Language"],
        fields["Recogniser"],
        fields["Reviewed"].lower() == "yes",
        tuple(Spoken(t.start, t.end, tuple(p)) for t, p in zip(tracks, phrases, strict=True)),
        sha256,
    )


def _blocks(text: str) -> Iterator[list[tuple[int, str]]]:
    """Lines with their numbers, as empty lines part them."""
    block: list[tuple[int, str]] = []
    for number, line in enumerate(re.split(r"\r\n|\n|\r", text), 1):
        if line.strip():
            block.append((number, line))
        elif block:
            yield block
            block = []
    if block:
        yield block


def _head(lines: Sequence[tuple[int, str]]) -> tuple[dict[str, str], list[Spoken]]:
    fields: dict[str, str] = {}
    tracks: list[Spoken] = []
    for number, line in lines:
        if field := _FIELD.fullmatch(line.rstrip()):
            if field[1] in fields:
                raise TranscriptError(f"line {number} says {field[1]} once more")
            fields[field[1]] = field[2].strip()
        elif track := _TRACK.fullmatch(line.rstrip()):
            start, end = _milliseconds(track.groups()[1:5]), _milliseconds(track.groups()[5:9])
            if int(track[1]) != len(tracks) + 1 or end < start:
                raise TranscriptError(f"line {number}: the tracks are not in order")
            tracks.append(Spoken(start, end))
    for name in ("Passerby", "Media", "Language", "Recogniser", "Reviewed"):
        if name not in fields:
            raise TranscriptError(f"its head does not say {name}", hint=_MADE)
    if fields["Passerby"] != VERSION:
        raise TranscriptError("is of a version that is not known here", hint=_MADE)
    if not _HASH.fullmatch(fields["Media"]):
        raise TranscriptError("its head names no media: want 64 digits behind Media:", hint=_MADE)
    if not LANGUAGE.fullmatch(fields["Language"]):
        raise TranscriptError("its head names no language", hint="write one such as en or pt-BR")
    if fields["Reviewed"].lower() not in ("yes", "no"):
        raise TranscriptError("its head says neither Reviewed: yes nor Reviewed: no")
    if not tracks:
        raise TranscriptError("its head names no sound track", hint=_MADE)
    return fields, tracks


def _phrase(block: Sequence[tuple[int, str]], tracks: int) -> tuple[int, Phrase]:
    """Its track's number from 1 on, and the phrase."""
    named = "-->" not in block[0][1]
    number, line = block[1] if named and len(block) > 1 else block[0]
    times = _TIMES.fullmatch(line.strip())
    if times is None:
        raise TranscriptError(
            f"line {number}: want times, such as 00:00:01.500 --> 00:00:04.000",
            hint="an empty line ends a phrase",
        )
    track = 1
    if named and (told := re.fullmatch(r"track (\d{1,3})", block[0][1].strip(), re.ASCII)):
        track = int(told[1])
        if not 1 <= track <= tracks:
            raise TranscriptError(f"line {block[0][0]}: there is no track {track}")
    start, end = _milliseconds(times.groups()[:4]), _milliseconds(times.groups()[4:])
    said = " ".join(text for _, text in block[1 + named :])
    said = " ".join(html.unescape(_TAG.sub(" ", said)).split())
    if len(said) > _LONGEST:
        what = f"line {number}: the phrase is longer than {_LONGEST} characters"
        raise TranscriptError(what, hint="make several of it")
    if said.lower().startswith(CUT):
        said = ""
    return track, Phrase(start, end, "".join(c for c in said if c.isprintable()), number)


def _check(phrase: Phrase, track: Spoken, before: Sequence[Phrase]) -> None:
    if phrase.end <= phrase.start:
        raise TranscriptError(f"line {phrase.line}: the phrase ends before it begins")
    if phrase.start < track.start or phrase.end > track.end:
        raise TranscriptError(
            f"line {phrase.line}: the phrase lies outside the sound",
            hint=f"it lasts from {clock_of(track.start)} to {clock_of(track.end)}",
        )
    if before and phrase.start < before[-1].end:
        raise TranscriptError(
            f"line {phrase.line}: the phrase begins before the one of line {before[-1].line} ends"
        )


def _milliseconds(parts: Sequence[str | None]) -> int:
    hours, minutes, seconds, rest = (int(part or 0) for part in parts)
    return min(_LATEST, ((hours * 60 + minutes) * 60 + seconds) * 1000 + rest)
