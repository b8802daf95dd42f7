"""Look at a finished file with other eyes: does it play, and does anything show?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import (
    PAPERS,
    WHERE,
    ForceOption,
    JsonOption,
    QuietOption,
    ReportOption,
    StreamOption,
    paper,
    write_paper,
)
from .outcome import Outcome, exit_code, result, settled
from .progress import Meter, tell
from .terminal import put


def verify(
    output: Annotated[Path, typer.Argument(metavar="OUTPUT", help="A file that redact wrote.")],
    original: Annotated[
        Path | None,
        typer.Option(
            "--original",
            metavar="INPUT",
            show_default=False,
            help="What it was made from; with it more can be checked.",
            rich_help_panel=WHERE,
        ),
    ] = None,
    plan: Annotated[
        Path | None,
        typer.Option(
            "--plan",
            metavar="PLAN.json",
            show_default=False,
            help="What should be hidden in it.",
            rich_help_panel=PAPERS,
        ),
    ] = None,
    video_stream: StreamOption = None,
    report: ReportOption = None,
    force: ForceOption = False,
    quiet: QuietOption = False,
    json: JsonOption = False,
) -> int:
    from ... import jobs

    sources = [path for path in (output, original, plan) if path is not None]
    paper(report, sources, force=force)
    meter = Meter(quiet=quiet)
    with meter.watch(output) as progress:
        found = jobs.verify(
            output, original=original, plan=plan, video_stream=video_stream, progress=progress
        )
    tell(str(output), found, meter)
    write_paper(report, found.as_dict(), sources, force=force)
    outcome = Outcome(output, None, settled(found), report=found.as_dict())
    if json:
        put(result("verify", [outcome]))
    return exit_code([outcome])
