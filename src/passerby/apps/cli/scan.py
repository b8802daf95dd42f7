"""Find and follow only: write the plan, no pixels."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ...core.errors import UsageError
from .options import (
    WHERE,
    DamagedOption,
    DetectorOption,
    DeviceOption,
    ForceOption,
    HeadsOption,
    HideOption,
    JsonOption,
    KeepZoneOption,
    LimitOption,
    PolicyOption,
    PresetOption,
    QuietOption,
    ReportOption,
    SettingsOption,
    SmallestOption,
    StreamOption,
    TimeOption,
    UnsureOption,
    ZoneOption,
    kinds,
    sizes,
)
from .outcome import Outcome, result
from .papers import paper, report_place, reports, settings_read, write_papers
from .progress import Meter, tell
from .terminal import put


def scan(
    input: Annotated[Path, typer.Argument(metavar="INPUT", help="A photo or a video.")],
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="PLAN.json", help="The plan to write.", rich_help_panel=WHERE
        ),
    ],
    force: ForceOption = False,
    hide: HideOption = None,
    heads: HeadsOption = None,
    zone: ZoneOption = None,
    time: TimeOption = None,
    keep_zone: KeepZoneOption = None,
    cover_frame_when: UnsureOption = None,
    smallest: SmallestOption = None,
    preset: PresetOption = None,
    detector: DetectorOption = None,
    device: DeviceOption = None,
    accept_damaged: DamagedOption = None,
    video_stream: StreamOption = None,
    limit: LimitOption = None,
    report: ReportOption = None,
    policy: PolicyOption = None,
    settings: SettingsOption = None,
    quiet: QuietOption = False,
    json: JsonOption = False,
) -> int:
    from ... import jobs
    from ...jobs.apart import told_apart

    chosen = jobs.Settings.load(
        settings,
        policy=policy,
        hide=kinds(hide),
        heads=heads,
        zone=zone,
        time=time,
        keep_zone=keep_zone,
        cover_frame_when=cover_frame_when,
        smallest=sizes(smallest),
        preset=preset,
        detector=detector,
        device=device,
        accept_damaged=accept_damaged,
        video_stream=video_stream,
        limit=limit,
    )
    if input.is_dir():
        raise UsageError("this is a folder", path=input, hint="scan one file at a time")
    folder, report = report_place(report)
    if folder is not None:
        raise UsageError(
            "a report's folder shows a finished file, and a scan makes none",
            hint="name a file: --report REPORT.json",
        )
    read = [("the input", input), *settings_read(settings, policy)]
    told_apart([("the plan", output), *reports(folder, report)], read)
    for path in (output, report):
        paper(path, [input], force=force)

    meter = Meter(quiet=quiet)
    with meter.watch(input) as progress:
        found = jobs.scan(input, chosen, output=output, force=force, progress=progress)
    tell(f"{input} -> {output}", found, meter)
    unwritten = write_papers(
        [(report, found.as_dict())], [input], force=force, kept="the plan is written"
    )
    outcome = Outcome(input, output, "done", report=found.as_dict())
    whole = result("scan", [outcome], unwritten=unwritten)
    if json:
        put(whole)
    return int(whole["exit"])
