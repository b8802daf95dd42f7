"""Hide the people in photos and videos."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from ...core.errors import UsageError
from ...core.ports import Progress
from .manifest import manifest as manifest_of
from .many import cores, done, one
from .options import (
    CODING,
    PAPERS,
    WHAT,
    WHERE,
    Codec,
    DamagedOption,
    DetectorOption,
    DeviceOption,
    ForceOption,
    HeadsOption,
    HideOption,
    JsonOption,
    KeepZoneOption,
    KeyOption,
    LimitOption,
    Noise,
    PolicyOption,
    PresetOption,
    QuietOption,
    ReportOption,
    SealOption,
    SettingsOption,
    SignOption,
    SmallestOption,
    Sound,
    StreamOption,
    Style,
    TimeOption,
    UnsureOption,
    ZoneOption,
    kinds,
    sizes,
)
from .outcome import Outcome, result
from .papers import paper, report_place, reports, settings_read, write_papers
from .progress import Meter
from .terminal import put
from .work import Item, Work, gather


def redact(
    inputs: Annotated[
        list[Path],
        typer.Argument(metavar="INPUT...", help="Photos, videos, sound, and folders of them."),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="OUT",
            show_default="INPUT.redacted, beside it",
            help="The file to write, for one input.",
            rich_help_panel=WHERE,
        ),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(
            "--to",
            metavar="DIR",
            show_default=False,
            help="The folder to write to; the layout of input folders is kept.",
            rich_help_panel=WHERE,
        ),
    ] = None,
    force: ForceOption = False,
    hide: HideOption = None,
    heads: HeadsOption = None,
    style: Annotated[
        Style | None,
        typer.Option(
            "--style",
            show_default="veil",
            help="veil and solid keep nothing of what they hide; mosaic and blur keep a little, "
            "and can be undone in part; figure (of people only) keeps their pose.",
            rich_help_panel=WHAT,
        ),
    ] = None,
    draw: Annotated[
        str | None,
        typer.Option(
            "--draw",
            metavar="NAME",
            show_default=False,
            help="Draw on what is covered, by a plug-in; passerby plugins lists them.",
            rich_help_panel=WHAT,
        ),
    ] = None,
    voice: Annotated[
        Sound | None,
        typer.Option(
            "--voice",
            show_default="mute",
            help="mute drops the sound; retell has a synthetic voice speak the words of "
            "--transcript; disguise makes casual recognition by ear harder and does not stop an "
            "analyst; keep keeps it, and voices identify people.",
            rich_help_panel=WHAT,
        ),
    ] = None,
    mute_speech: Annotated[
        bool | None,
        typer.Option(
            "--mute-speech",
            show_default=False,
            help="Drop speech and keep every other sound: bangs, engines, music. Singing, laughter "
            "and cries may stay.",
            rich_help_panel=WHAT,
        ),
    ] = None,
    transcript: Annotated[
        Path | None,
        typer.Option(
            "--transcript",
            metavar="WORDS.vtt",
            show_default=False,
            help="With --voice retell: what is said. passerby transcribe writes it; read it first.",
            rich_help_panel=WHAT,
        ),
    ] = None,
    disguiser: Annotated[
        str | None,
        typer.Option(
            "--disguiser",
            metavar="NAME",
            show_default="ours",
            help="With --voice disguise: the plug-in that changes voices.",
            rich_help_panel=WHAT,
        ),
    ] = None,
    synthesiser: Annotated[
        str | None,
        typer.Option(
            "--synthesiser",
            metavar="NAME",
            show_default="espeak-ng",
            help="With --voice retell: who speaks, a program or a plug-in that is installed here.",
            rich_help_panel=WHAT,
        ),
    ] = None,
    camera_noise: Annotated[
        Noise | None,
        typer.Option(
            "--camera-noise",
            show_default="keep",
            help="reduce weakens the pattern by which pictures can be linked to one camera, "
            "softens the picture and bends it by up to two pixels.",
            rich_help_panel=WHAT,
        ),
    ] = None,
    zone: ZoneOption = None,
    time: TimeOption = None,
    keep_zone: KeepZoneOption = None,
    cover_frame_when: UnsureOption = None,
    smallest: SmallestOption = None,
    preset: PresetOption = None,
    verify: Annotated[
        bool | None,
        typer.Option(
            "--verify/--no-verify",
            show_default="verify",
            help="Look at the finished file before it gets its name.",
            rich_help_panel=WHAT,
        ),
    ] = None,
    detector: DetectorOption = None,
    device: DeviceOption = None,
    keep_mtime: Annotated[
        bool | None,
        typer.Option(
            "--keep-mtime",
            show_default=False,
            help="Give outputs the time of their originals, which tells when they were shot.",
            rich_help_panel=WHERE,
        ),
    ] = None,
    keep_names: Annotated[
        bool | None,
        typer.Option(
            "--keep-names",
            show_default=False,
            help="Call outputs like their inputs; needs --to DIR.",
            rich_help_panel=WHERE,
        ),
    ] = None,
    accept_damaged: DamagedOption = None,
    video_stream: StreamOption = None,
    limit: LimitOption = None,
    codec: Annotated[
        Codec | None,
        typer.Option(
            "--codec",
            show_default="what plays in most places",
            help="Codec of the video.",
            rich_help_panel=CODING,
        ),
    ] = None,
    encoder: Annotated[
        str | None,
        typer.Option(
            "--encoder",
            metavar="NAME",
            show_default=False,
            help="FFmpeg's name of the encoder, such as hevc_nvenc; passerby doctor lists them.",
            rich_help_panel=CODING,
        ),
    ] = None,
    crf: Annotated[
        int | None,
        typer.Option(
            "--crf",
            metavar="N",
            min=0,
            max=63,
            show_default="by codec",
            help="Quality of the video on its codec's scale: lower is better and bigger.",
            rich_help_panel=CODING,
        ),
    ] = None,
    encoder_preset: Annotated[
        str | None,
        typer.Option(
            "--encoder-preset",
            metavar="NAME",
            show_default="by preset",
            help="The encoder's own speed setting, such as veryfast or slow.",
            rich_help_panel=CODING,
        ),
    ] = None,
    plan: Annotated[
        Path | None,
        typer.Option(
            "--plan",
            metavar="PLAN.json",
            show_default=False,
            help="Hide what this plan says instead of looking; passerby scan writes one.",
            rich_help_panel=PAPERS,
        ),
    ] = None,
    save_plan: Annotated[
        Path | None,
        typer.Option(
            "--save-plan",
            metavar="PLAN.json",
            show_default=False,
            help="Write the plan: what was hidden, when and why.",
            rich_help_panel=PAPERS,
        ),
    ] = None,
    report: ReportOption = None,
    manifest: Annotated[
        Path | None,
        typer.Option(
            "--manifest",
            metavar="MANIFEST.json",
            show_default=False,
            help="Write down which output is which input. It holds the names of the originals.",
            rich_help_panel=PAPERS,
        ),
    ] = None,
    sign: SignOption = None,
    key: KeyOption = None,
    seal: SealOption = None,
    policy: PolicyOption = None,
    settings: SettingsOption = None,
    at_once: Annotated[
        int | None,
        typer.Option(
            "--jobs",
            metavar="N",
            min=1,
            show_default="one a core",
            help="How many photos to work on at a time; each needs memory of its own.",
            rich_help_panel=CODING,
        ),
    ] = None,
    lossless_outside: Annotated[
        bool,
        typer.Option(
            "--lossless-outside",
            show_default=False,
            help="Keep the coded blocks of a JPEG that no region touches: not available.",
            rich_help_panel=CODING,
        ),
    ] = False,
    quiet: QuietOption = False,
    json: JsonOption = False,
) -> int:
    from ... import jobs
    from ...jobs.apart import told_apart
    from ...jobs.provenance import sealed_name

    if lossless_outside:
        raise UsageError(
            "--lossless-outside is not available: kept blocks keep the camera's noise",
            hint="leave it out; photos are coded anew at a quality that shows no loss",
        )

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
        style=style,
        drawing=draw,
        voice=voice,
        disguiser=disguiser,
        mute_speech=mute_speech,
        synthesiser=synthesiser,
        camera_noise=camera_noise,
        preset=preset,
        verify=verify,
        detector=detector,
        device=device,
        keep_mtime=keep_mtime,
        keep_names=keep_names,
        accept_damaged=accept_damaged,
        video_stream=video_stream,
        limit=limit,
        codec=codec,
        encoder=encoder,
        crf=crf,
        encoder_preset=encoder_preset,
    )
    if chosen.keep_names and output is None and to is None:
        raise UsageError("names can be kept only in another folder", hint="add --to DIR")
    work = gather(
        inputs,
        output=output,
        to=to,
        name=jobs.same_name if chosen.keep_names else jobs.default_output,
        rename=jobs.unchanged if chosen.keep_names else jobs.told_apart,
        is_media=jobs.is_media,
    )
    one_plan(work, plan, save_plan)
    if len(work.items) != 1 and transcript is not None:
        raise UsageError("a transcript belongs to one file", hint="redact them one at a time")
    sources = [item.source for item in work.items]
    folder, report = report_place(report)
    if folder is not None and len(work.items) != 1:
        raise UsageError(
            "a report's folder is for one file", hint="name a file for several: --report all.json"
        )
    told_apart(
        [
            *(("the output", item.target) for item in work.items),
            *(("the sealed original", sealed_name(item.target)) for item in work.items if seal),
            *reports(folder, report),
            ("--save-plan", save_plan),
            ("--manifest", manifest),
        ],
        [
            *(("an input", path) for path in sources),
            *(("--plan", plan), ("--transcript", transcript), ("--sign", sign), ("--key", key)),
            *(("--seal", Path(some)) for some in seal or ()),
            *settings_read(settings, policy),
        ],
    )
    for path in (save_plan, report, manifest):
        paper(path, sources, force=force)

    proofs = jobs.proofs(sign, key, seal or ())

    meter = Meter(quiet=quiet)
    told_skipped(work, meter)

    def attempt(item: Item, progress: Progress | None) -> Outcome:
        job = partial(jobs.redact, item.source, item.target, chosen)
        how = partial(job, plan=plan, save_plan=save_plan, report_to=folder, force=force)
        how = partial(how, proofs=proofs, transcript=transcript)
        return one(item, how, progress, alone=len(work.items) == 1)

    outcomes = done(work.items, attempt, meter, at_once or cores(), jobs.is_photo)
    summed_up(outcomes, work, meter)
    if "hide" not in chosen.model_fields_set:
        told_bare(outcomes, meter, planned=plan is not None)
    if folder is not None and outcomes[0].report is not None:
        meter.say(f"  the report: {folder / 'report.html'}")
    whole = result("redact", outcomes, work.skipped)
    alone = outcomes[0].report if len(outcomes) == 1 else None
    listed = manifest_of(inputs, to, outcomes, work.skipped)
    unwritten = write_papers(
        [(report, alone if alone is not None else whole), (manifest, listed)],
        sources,
        force=force,
        kept="what was redacted is there" if any(o.output for o in outcomes) else "",
    )
    whole = result("redact", outcomes, work.skipped, unwritten)
    if json:
        put(whole)
    return int(whole["exit"])


def one_plan(work: Work, plan: Path | None, save_plan: Path | None) -> None:
    if len(work.items) != 1 and (plan or save_plan):
        raise UsageError("a plan belongs to one file", hint="redact the files one at a time")


def told_skipped(work: Work, meter: Meter) -> None:
    for path, why in work.skipped:
        meter.say(f"{path}: left alone, {why}")
    if not work.items:
        what = "there is no photo, video or sound here"
        raise UsageError(what, hint="name a file, or another folder")


def told_bare(outcomes: list[Outcome], meter: Meter, *, planned: bool = False) -> None:
    """One line, if nobody said what to hide: what else there may be in the picture."""
    reports = [o.report for o in outcomes if o.report is not None and o.output is not None]
    lists = [report["not_looked_for"] for report in reports]
    kinds = ("faces", "plates", "text", "people")
    left = [kind for kind in kinds if any(kind in some for some in lists)]
    if left and planned:
        meter.say(
            f"  not looked for when the plan was made: {', '.join(left)}; "
            "passerby scan --hide looks for any of them"
        )
    elif left:
        meter.say(
            f"  not looked for: {', '.join(left)}; --policy publish hides plates, too, "
            "--hide any of them"
        )


def summed_up(outcomes: list[Outcome], work: Work, meter: Meter) -> None:
    """One line at the end of several files."""
    if len(outcomes) < 2 and not work.skipped:
        return
    counts = [
        (sum(o.status == "done" for o in outcomes), "done"),
        (sum(o.status == "found" for o in outcomes), "with findings"),
        (sum(o.status == "failed" for o in outcomes), "failed"),
        (len(work.items) - len(outcomes), "not begun"),
        (len(work.skipped), "left alone"),
    ]
    meter.say(", ".join(f"{count} {word}" for count, word in counts if count))
