"""Hide the people in thousands of files: goes on where it stopped, and no file stops another."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...core.errors import UsageError
from .many import cores
from .options import (
    CODING,
    PAPERS,
    WHAT,
    WHERE,
    DamagedOption,
    DeviceOption,
    ForceOption,
    HideOption,
    JsonOption,
    PolicyOption,
    PresetOption,
    QuietOption,
    Style,
    kinds,
)
from .outcome import DONE, FAILED, FOUND, stopped
from .terminal import complain, put
from .work import gather

if TYPE_CHECKING:
    from ...jobs import Settings
    from ..batch.driver import Driver, Outcome
    from ..batch.order import Order
    from ..batch.report import Account
    from .board import Board

PROJECT = "passerby.toml"


def batch(
    inputs: Annotated[
        list[Path],
        typer.Argument(metavar="INPUT...", help="Folders of photos, videos and sound, or files."),
    ],
    to: Annotated[
        Path,
        typer.Option(
            "--to",
            metavar="DIR",
            help="The folder to write to; layout and names of the inputs are kept.",
            rich_help_panel=WHERE,
        ),
    ],
    records: Annotated[
        Path | None,
        typer.Option(
            "--records",
            metavar="DIR",
            show_default="DIR.batch, beside the folder to write to",
            help="Where the report, the manifest, and what is needed to go on, are kept.",
            rich_help_panel=WHERE,
        ),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Say what would be done; do and write nothing."),
    ] = False,
    watch: Annotated[
        bool,
        typer.Option(
            "--watch",
            help="Go on for ever: take files as they arrive, once nobody writes to them any more.",
        ),
    ] = False,
    force: ForceOption = False,
    hide: HideOption = None,
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
    preset: PresetOption = None,
    verify: Annotated[
        bool | None,
        typer.Option(
            "--verify/--no-verify",
            show_default="verify",
            help="Look at each finished file before it gets its name.",
            rich_help_panel=WHAT,
        ),
    ] = None,
    device: DeviceOption = None,
    accept_damaged: DamagedOption = None,
    policy: PolicyOption = None,
    settings: Annotated[
        Path | None,
        typer.Option(
            "--settings",
            metavar="FILE.toml",
            show_default="passerby.toml, in the input folder or here",
            help="Settings to start from; options given here win over it.",
            rich_help_panel=PAPERS,
        ),
    ] = None,
    at_once: Annotated[
        int | None,
        typer.Option(
            "--jobs",
            metavar="N",
            min=1,
            show_default="one a core",
            help="How many processes may work at a time.",
            rich_help_panel=CODING,
        ),
    ] = None,
    memory: Annotated[
        str | None,
        typer.Option(
            "--memory",
            metavar="SIZE",
            show_default="three quarters of what is free",
            help="How much memory all processes together may take, as 4G or 1500M.",
            rich_help_panel=CODING,
        ),
    ] = None,
    retries: Annotated[
        int,
        typer.Option(
            "--retries",
            metavar="N",
            min=0,
            help="How often a file is tried again whose process died or hung.",
            rich_help_panel=CODING,
        ),
    ] = 2,
    patience: Annotated[
        float,
        typer.Option(
            "--patience",
            metavar="SECONDS",
            min=1,
            help="How long a process may make no progress before it counts as hung.",
            rich_help_panel=CODING,
        ),
    ] = 900.0,
    quiet: QuietOption = False,
    json: JsonOption = False,
) -> int:
    from ... import jobs
    from ..batch import memory as amounts
    from ..batch.driver import Driver
    from ..batch.places import Disk
    from ..batch.pool import LEAST, Pool
    from ..batch.records import SUFFIX, Records
    from ..batch.report import Account
    from ..batch.report import write as write_report
    from ..batch.watching import arriving
    from .board import Board

    project = settings or found_project(inputs)
    chosen = jobs.Settings.load(
        project,
        policy=policy,
        hide=kinds(hide),
        style=style,
        preset=preset,
        verify=verify,
        device=device,
        accept_damaged=accept_damaged,
    )
    refuse(inputs, to, chosen, watch=watch, dry_run=dry_run)
    budget = amounts.budget() if memory is None else amounts.parsed(memory)
    if memory is not None and budget is not None and budget < LEAST:
        least = amounts.plain(LEAST)
        raise UsageError(f"--memory: one process alone needs {least}", hint="allow more")
    folder = records or to.resolve().with_name(to.resolve().name + SUFFIX)
    board = Board(quiet=quiet, watched=watch)
    if project is not None:
        board.say(f"settings: {project}")
    orders, skipped = listed(inputs, to, folder)
    if dry_run:
        plan = dry(orders, skipped, folder, chosen, board, force=force)
        if json:
            put({"passerby": "result/1", "command": "batch", "exit": DONE, "would_do": plan})
        return DONE
    if not orders and not watch:
        raise UsageError("there is no photo, video or sound here", hint="name another folder")
    account = Account(chosen, skipped=[(str(path), why) for path, why in skipped])
    with Records(folder) as kept:
        pool = Pool(chosen, kept.stage, at_once or cores(), budget, patience=patience)
        driver = Driver(kept, Disk(), chosen, board, force=force, retries=retries)
        board.expect(orders)
        todo: Iterable[Order | None] = orders
        if watch:
            todo = board.arriving(arriving(lambda: listed(inputs, to, folder)[0]))
        carry_out(driver, driver.run(todo, pool), account, board)
        if not watch:
            account.not_begun = len(orders) - len(account.outcomes)
        account.stopped = account.not_begun > 0
        write_report(folder, account)
    code = told(account, folder, board)
    if json:
        put(result(account, code, folder))
    if account.stopped:
        complain(stopped())
    return code


def carry_out(driver: Driver, outcomes: Generator[Outcome], account: Account, board: Board) -> None:
    """Work until everything is done, or somebody stops it; `account` has what is known by then."""
    began = time.monotonic()
    try:
        with board.shown(), closing(outcomes), suppress(KeyboardInterrupt):
            for _ in outcomes:
                pass
    finally:
        account.outcomes = list(driver.outcomes.values())
        account.seconds = time.monotonic() - began


def found_project(inputs: Sequence[Path]) -> Path | None:
    """The settings of a project: in the input folder, or else where the program was started."""
    for folder in (*(path for path in inputs if path.is_dir()), Path()):
        if (folder / PROJECT).is_file():
            return folder / PROJECT
    return None


def refuse(
    inputs: Sequence[Path], to: Path, settings: Settings, *, watch: bool, dry_run: bool
) -> None:
    """UsageError for what can't be done, before anything is."""
    if settings.voice == "retell":
        raise UsageError(
            "--voice retell needs a transcript for each file", hint="redact them one at a time"
        )
    if watch and dry_run:
        raise UsageError("--watch and --dry-run contradict each other", hint="give one of them")
    if watch and not all(path.is_dir() for path in inputs):
        raise UsageError("--watch watches folders", hint="name folders only")
    for path in inputs:
        if not path.exists():
            raise UsageError("there is no such file or folder", path=path)
        if path.is_dir() and to.resolve() == path.resolve():
            raise UsageError(
                "names are kept, so outputs need another folder", path=to, hint="--to DIR"
            )


def listed(
    inputs: Sequence[Path], to: Path, records: Path
) -> tuple[list[Order], list[tuple[Path, str]]]:
    """What there is to do, and what is left alone, each with the reason."""
    from ... import jobs
    from ..batch.order import Order

    work = gather(
        inputs, output=None, to=to, name=jobs.same_name, rename=beside, is_media=jobs.is_media
    )
    own = records.resolve()
    orders = [
        Order(
            item.target.relative_to(to).as_posix(),
            str(item.source),
            str(item.target),
            size(item.source),
        )
        for item in work.items
        if not item.source.resolve().is_relative_to(own)
    ]
    skipped = [
        (path, why)
        for path, why in work.skipped
        if path.name != PROJECT and not path.resolve().is_relative_to(own)
    ]
    return orders, skipped


def beside(input: Path, output: Path) -> Path:
    """A second name, where a.avi and a.mp4 would both be a.mp4: a.avi.mp4."""
    return output.with_name(f"{input.name}{output.suffix}")


def size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def dry(
    orders: Sequence[Order],
    skipped: Sequence[tuple[Path, str]],
    folder: Path,
    settings: Settings,
    board: Board,
    *,
    force: bool,
) -> list[dict[str, str]]:
    """Say of each file what would be done."""
    from ..batch.driver import earlier
    from ..batch.places import Disk
    from ..batch.records import read

    known = {} if force else {entry.name: entry for entry in read(folder)}
    places, plan, left = Disk(), list[dict[str, str]](), 0
    for order in orders:
        entry = known.get(order.name)
        how = earlier(order, entry, places, settings, places.seen(order.source))
        said = {"before": "done before", "found": "not handed over before"}.get(how or "", "to do")
        left += how is None
        board.say(f"{order.source} -> {order.target}: {said}")
        plan.append({"input": order.source, "output": order.target, "what": said})
    for path, why in skipped:
        board.say(f"{path}: left alone, {why}")
    board.say(f"{left} of {len(orders)} files to do; nothing was done")
    return plan


def result(account: Account, code: int, folder: Path) -> dict[str, Any]:
    """The one object that `--json` prints."""
    from ..batch.report import document

    return {
        "passerby": "result/1",
        "command": "batch",
        "exit": code,
        "records": str(folder),
        "batch": document(account),
    }


def told(account: Account, folder: Path, board: Board) -> int:
    """Say how it ended; the exit code."""
    from ..batch.report import summary

    board.say(", ".join(f"{count} {words}" for words, count in summary(account) if count))
    board.say(f"the report: {folder / 'report.txt'}; from old to new: {folder / 'manifest.json'}")
    hows = {outcome.how for outcome in account.outcomes}
    if "failed" in hows or account.stopped:
        return FAILED
    return FOUND if "found" in hows else DONE
