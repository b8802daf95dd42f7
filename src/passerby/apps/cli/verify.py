"""Look at a finished file with other eyes: does it play, and does anything show?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import (
    PAPERS,
    WHAT,
    WHERE,
    DeviceOption,
    ForceOption,
    JsonOption,
    QuietOption,
    ReportOption,
    StreamOption,
)
from .outcome import Outcome, result, settled
from .papers import paper, report_place, reports, write_papers
from .progress import Meter, tell
from .terminal import put, say


def verify(
    output: Annotated[
        Path,
        typer.Argument(metavar="OUTPUT", help="A finished file: of redact or of any other tool."),
    ],
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
    thorough: Annotated[
        bool,
        typer.Option(
            "--thorough",
            show_default=False,
            help="Other eyes look at every frame, not several times a second.",
            rich_help_panel=WHAT,
        ),
    ] = False,
    device: DeviceOption = None,
    attack: Annotated[
        bool,
        typer.Option(
            "--attack",
            show_default=False,
            help="An attacker tries to tell whose the hidden faces are, and whose the voices. "
            "Needs --original, --plan and the extra passerby[attack].",
            rich_help_panel=WHAT,
        ),
    ] = False,
    draw: Annotated[
        str | None,
        typer.Option(
            "--draw",
            metavar="NAME",
            show_default=False,
            help="The plug-in that drew on the covers, as redact was told. Needs --original.",
            rich_help_panel=WHAT,
        ),
    ] = None,
    report: ReportOption = None,
    with_originals: Annotated[
        bool,
        typer.Option(
            "--with-originals",
            show_default=False,
            help="Show what was hidden on the report's page, beside what hides it. The page is "
            "then as dangerous as the original.",
            rich_help_panel=PAPERS,
        ),
    ] = False,
    force: ForceOption = False,
    quiet: QuietOption = False,
    json: JsonOption = False,
) -> int:
    from ... import jobs
    from ...jobs.apart import told_apart

    sources = [path for path in (output, original, plan) if path is not None]
    folder, report = report_place(report)
    read = [("the file to verify", output), ("--original", original), ("--plan", plan)]
    told_apart(reports(folder, report), read)
    paper(report, sources, force=force)
    meter = Meter(quiet=quiet)
    with meter.watch(output) as progress:
        found = jobs.verify(
            output,
            original=original,
            plan=plan,
            video_stream=video_stream,
            thorough=thorough,
            device=device or "auto",
            attack=attack,
            drawing=draw,
            report_to=folder,
            with_originals=with_originals,
            force=force,
            progress=progress,
        )
    tell(str(output), found, meter)
    if folder is not None:
        meter.say(f"  the report: {folder / 'report.html'}")
    if with_originals:
        say("passerby: WARNING: the report's page SHOWS THE ORIGINAL, UNHIDDEN: hand it to nobody")
    unwritten = write_papers([(report, found.as_dict())], sources, force=force)
    outcome = Outcome(output, None, settled(found), report=found.as_dict())
    whole = result("verify", [outcome], unwritten=unwritten)
    if json:
        put(whole)
    return int(whole["exit"])
