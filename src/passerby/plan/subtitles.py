"""A transcript's words as subtitles to publish: without its head, and what is cut is not there."""

from __future__ import annotations

import html
from typing import Final, Literal

from .transcript import Phrase, Transcript, clock_of

Kind = Literal["srt", "vtt"]
_WIDTH: Final = 42  # characters of a line, as most players show them whole


def subtitles_of(transcript: Transcript, kind: Kind) -> str:
    """SubRip or WebVTT. Phrases of all tracks in order of time; those of two may overlap."""
    phrases = [p for track in transcript.tracks for p in track.phrases if p.words]
    phrases.sort(key=lambda phrase: (phrase.start, phrase.end))
    blocks = ["WEBVTT\n"] if kind == "vtt" else []
    blocks += [_block(number, phrase, kind) for number, phrase in enumerate(phrases, 1)]
    return "\n".join(blocks)


def _block(number: int, phrase: Phrase, kind: Kind) -> str:
    point = "," if kind == "srt" else "."
    times = f"{clock_of(phrase.start, point)} --> {clock_of(phrase.end, point)}"
    words = "\n".join(_lines(phrase.words))
    if kind == "vtt":
        words = html.escape(words, quote=False)
    return f"{number}\n{times}\n{words}\n"


def _lines(words: str) -> list[str]:
    """Broken between words. No line is empty, which would end the subtitle."""
    lines = [""]
    for word in words.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > _WIDTH:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines
