"""Look at what was found, and decide who is hidden: a page in the browser, on this machine."""

from __future__ import annotations

import ipaddress
import webbrowser
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ...core.errors import UsageError
from .options import (
    PAPERS,
    WHAT,
    WHERE,
    DamagedOption,
    DetectorOption,
    DeviceOption,
    HeadsOption,
    HideOption,
    LimitOption,
    PolicyOption,
    PresetOption,
    QuietOption,
    SettingsOption,
    SmallestOption,
    StreamOption,
    Style,
    UnsureOption,
    kinds,
    sizes,
)
from .outcome import DONE
from .papers import settings_read
from .progress import Meter
from .terminal import say
from .work import gather

if TYPE_CHECKING:
    from ...jobs.review import Papers
    from ..review import Listening

PAGE = "The page"


def review(
    input: Annotated[
        Path,
        typer.Argument(
            metavar="INPUT", help="A photo or video, a plan beside one, or a folder of them."
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="OUT",
            show_default="INPUT.redacted, beside it",
            help="The file that Export writes, for one input.",
            rich_help_panel=WHERE,
        ),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(
            "--to",
            metavar="DIR",
            show_default="beside the input",
            help="The folder that Export writes to; the layout of an input folder is kept.",
            rich_help_panel=WHERE,
        ),
    ] = None,
    plan: Annotated[
        Path | None,
        typer.Option(
            "--plan",
            metavar="PLAN.json",
            show_default="INPUT.plan.json, beside it",
            help="Where what is found and decided is kept; it is read if it is there.",
            rich_help_panel=PAPERS,
        ),
    ] = None,
    hide: HideOption = None,
    heads: HeadsOption = None,
    style: Annotated[
        Style | None,
        typer.Option(
            "--style",
            show_default="veil",
            help="How a new plan hides what it finds; see redact --help.",
            rich_help_panel=WHAT,
        ),
    ] = None,
    voice: Annotated[
        Literal["mute", "keep"] | None,
        typer.Option(
            "--voice",
            show_default="mute",
            help="mute drops the sound of what is exported; keep keeps it, and voices identify.",
            rich_help_panel=WHAT,
        ),
    ] = None,
    cover_frame_when: UnsureOption = None,
    smallest: SmallestOption = None,
    preset: PresetOption = None,
    detector: DetectorOption = None,
    device: DeviceOption = None,
    accept_damaged: DamagedOption = None,
    video_stream: StreamOption = None,
    limit: LimitOption = None,
    policy: PolicyOption = None,
    settings: SettingsOption = None,
    browser: Annotated[
        bool,
        typer.Option(
            "--browser/--no-browser",
            help="Open the page, or only say where it is.",
            rich_help_panel=PAGE,
        ),
    ] = True,
    port: Annotated[
        int,
        typer.Option(
            "--port",
            min=0,
            max=65535,
            show_default="any that is free",
            help="Where the page is, on this machine.",
            rich_help_panel=PAGE,
        ),
    ] = 0,
    idle: Annotated[
        float,
        typer.Option(
            "--idle",
            metavar="MINUTES",
            min=0.01,
            max=10_000,
            help="End after so long without anybody doing anything.",
            rich_help_panel=PAGE,
        ),
    ] = 60,
    listen: Annotated[
        str,
        typer.Option(
            "--listen",
            metavar="ADDRESS",
            help="Where to listen. Only this machine's own address is allowed: the page shows the "
            "original.",
            rich_help_panel=PAGE,
        ),
    ] = "127.0.0.1",
    quiet: QuietOption = False,
) -> int:
    only_here(listen)
    from ... import jobs
    from ...jobs.apart import told_apart
    from ..review import serve
    from ..review.films import Films

    chosen = jobs.Settings.load(
        settings,
        policy=policy,
        hide=kinds(hide),
        heads=heads,
        style=style,
        voice=voice,
        cover_frame_when=cover_frame_when,
        smallest=sizes(smallest),
        preset=preset,
        detector=detector,
        device=device,
        accept_damaged=accept_damaged,
        video_stream=video_stream,
        limit=limit,
    )
    papers = papers_of(input, output=output, to=to, plan=plan)
    told_apart(
        [
            (what, path)
            for p in papers
            for what, path in (("the plan", p.plan), ("the output", p.output))
        ],
        [*(("an input", p.input) for p in papers), *settings_read(settings, policy)],
    )
    root = input if input.is_dir() else None
    films = Films(papers, chosen, root)
    if root is None:
        made_before = papers[0].plan.exists()
        with Meter(quiet=quiet).watch(papers[0].input) as progress:
            films.open(0, progress)
        if made_before and not quiet:
            say(f"{papers[0].plan}: this plan is used; what to look for was chosen for it before")
    else:
        films.open_all()

    def ready(at: Listening) -> None:
        say(f"The page is at {at.link}")
        say(
            "Nobody but this machine can open it. Ctrl-C ends it; nothing that you decided is lost."
        )
        if browser:
            show(at.start)

    try:
        serve(films, port=port, idle=idle * 60, ready=ready)
    except KeyboardInterrupt:
        say("Ended. What you decided is in the plan.")
    return DONE


def show(address: str) -> None:
    """In a browser with a window; one that would take over the terminal is left alone."""
    try:
        found = webbrowser.get()
    except webbrowser.Error:
        return
    in_terminal = type(found) is webbrowser.GenericBrowser
    if not in_terminal:
        found.open(address)


def only_here(listen: str) -> None:
    """`UsageError` for any address that somebody else could reach."""
    if listen == "localhost":
        return
    try:
        here = ipaddress.ip_address(listen) == ipaddress.ip_address("127.0.0.1")
    except ValueError:
        here = False
    if not here:
        raise UsageError(
            "--listen elsewhere is refused: the page shows the original, and anybody on the way "
            "could see it without TLS and a password",
            hint="leave it out, and reach this machine through ssh -L PORT:127.0.0.1:PORT",
        )


def papers_of(
    input: Path, *, output: Path | None, to: Path | None, plan: Path | None
) -> Sequence[Papers]:
    """What is reviewed, where its plan is kept, and what an export becomes."""
    from ... import jobs
    from ...jobs.review import Papers, film_of, plan_beside

    if input.suffix.lower() == ".json" and input.is_file():
        if plan is not None:
            raise UsageError("the input is a plan, and --plan names another", hint="name the film")
        plan, input = input, film_of(input)
    if input.is_dir():
        if output is not None:
            raise UsageError("-o names one file", hint="use --to DIR for a folder")
        if plan is not None:
            raise UsageError("a plan belongs to one file", hint="review the files one at a time")
    work = gather(
        [input],
        output=output,
        to=to or (input if input.is_dir() else None),
        name=jobs.default_output,
        rename=jobs.told_apart,
        is_media=jobs.is_seen,
    )
    if not work.items:
        raise UsageError("there is no photo or video here", path=input, hint="name another folder")
    stems = [item.source.with_suffix("") for item in work.items]
    return [
        Papers(
            item.source,
            plan or plan_beside(item.source, alone=stems.count(item.source.with_suffix("")) == 1),
            item.target,
        )
        for item in work.items
    ]
