"""Write down what is said, to be read and then spoken by another voice (redact --voice retell)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ...core.errors import UsageError
from .options import (
    READING,
    WHERE,
    DamagedOption,
    ForceOption,
    JsonOption,
    LimitOption,
    QuietOption,
    StreamOption,
)
from .outcome import DONE, Outcome, result
from .progress import Meter
from .terminal import put


def transcribe(
    input: Annotated[Path, typer.Argument(metavar="INPUT", help="A video, or a sound file.")],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="WORDS.vtt",
            help="The transcript to write. It holds what is said: keep it to yourself.",
            rich_help_panel=WHERE,
        ),
    ],
    language: Annotated[
        str,
        typer.Option(
            "--language",
            metavar="CODE",
            help="The language that is spoken, such as en or pt-BR.",
            rich_help_panel=READING,
        ),
    ],
    recogniser: Annotated[
        str | None,
        typer.Option(
            "--recogniser",
            metavar="NAME[:FOLDER]",
            show_default="moonshine",
            help="Who writes it down, and where the model is: moonshine knows English; "
            "faster-whisper:FOLDER what its model knows. Nothing is downloaded.",
            rich_help_panel=READING,
        ),
    ] = None,
    force: ForceOption = False,
    accept_damaged: DamagedOption = None,
    video_stream: StreamOption = None,
    limit: LimitOption = None,
    quiet: QuietOption = False,
    json: JsonOption = False,
) -> int:
    from ... import jobs
    from ...jobs.speakers import RECOGNISER

    if input.is_dir():
        raise UsageError("this is a folder", path=input, hint="transcribe one file at a time")
    chosen = jobs.Settings.load(
        accept_damaged=accept_damaged, video_stream=video_stream, limit=limit
    )
    meter = Meter(quiet=quiet)
    with meter.watch(input) as progress:
        done = jobs.transcribe(
            input,
            output,
            language=language,
            recogniser=recogniser or RECOGNISER,
            settings=chosen,
            force=force,
            progress=progress,
        )
    phrases = "1 phrase" if done.phrases == 1 else f"{done.phrases} phrases"
    meter.say(f"{input} -> {output}: {phrases}, {done.spoken:.0f} s of {done.seconds:.0f} s")
    if done.unknown:
        meter.say(f"  {done.unknown} of them: nothing was recognised, so they are [cut]")
    for note in done.notes:
        meter.say(f"  {note}")
    meter.say("  read it against the film, cut names and all that tells who speaks, and write")
    meter.say(f"  Reviewed: yes; then: passerby redact INPUT --voice retell --transcript {output}")
    if json:
        put(result("transcribe", [Outcome(input, output, "done", report=done.as_dict())]))
    return DONE
