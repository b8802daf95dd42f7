"""Make subtitles to publish out of a transcript that was read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import WHERE, ForceOption, JsonOption, QuietOption
from .outcome import DONE, Outcome, result
from .progress import Meter
from .terminal import put


def subtitles(
    transcript: Annotated[
        Path, typer.Argument(metavar="WORDS.vtt", help="What passerby transcribe wrote.")
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="OUT.srt|OUT.vtt",
            help="The subtitles to write, as SubRip or WebVTT.",
            rich_help_panel=WHERE,
        ),
    ],
    force: ForceOption = False,
    quiet: QuietOption = False,
    json: JsonOption = False,
) -> int:
    from ... import jobs

    count = jobs.subtitles(transcript, output, force=force)
    said = "1 subtitle" if count == 1 else f"{count} subtitles"
    Meter(quiet=quiet).say(f"{transcript} -> {output}: {said}")
    if json:
        report = {"job": "subtitles", "subtitles": count}
        put(result("subtitles", [Outcome(transcript, output, "done", report=report)]))
    return DONE
