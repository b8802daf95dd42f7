"""Hide the people in thousands of files: goes on where it stopped, and no file stops another."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...core.errors import PasserbyError, UsageError
from .batch_orders import beside_outputs, found_project, listed, listed_for, refuse
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
from .signals import OneInterrupt
from .terminal import complain, put

if TYPE_CHECKING:
    from ...jobs import Settings
    from ..batch.driver import Driver, Outcome
    from ..batch.order import Hands, Order
    from ..batch.places import Places
    from ..batch.records import Records
    from ..batch.report import Account
    from .board import Board

CLUSTER = "On a cluster"


def batch(
    inputs: Annotated[
        list[str],
        typer.Argument(metavar="INPUT...", help="Folders of photos, videos and sound, or files."),
    ],
    to: Annotated[
        str,
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
    ray: Annotated[
        str | None,
        typer.Option(
            "--ray",
            metavar="auto|ADDRESS",
            show_default=False,
            help="Work on the Ray cluster there. Inputs and --to are then paths that all its "
            "machines see, or addresses such as s3://. Needs passerby[ray].",
            rich_help_panel=CLUSTER,
        ),
    ] = None,
    part: Annotated[
        float,
        typer.Option(
            "--part",
            metavar="SECONDS",
            min=0,
            help="With --ray: films longer than two parts of this are looked at in parts, side by "
            "side; 0 for never.",
            rich_help_panel=CLUSTER,
        ),
    ] = 120.0,
    scratch: Annotated[
        str,
        typer.Option(
            "--scratch",
            metavar="DIR",
            show_default="its folder for temporary files",
            help="With --ray: where each machine puts what is being worked on.",
            rich_help_panel=CLUSTER,
        ),
    ] = "",
    quiet: QuietOption = False,
    json: JsonOption = False,
) -> int:
    from ... import jobs
    from ..batch.driver import Driver
    from ..batch.records import Records
    from ..batch.report import Account
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
    folder = records or beside_outputs(to)
    refuse(inputs, to, folder, chosen, watch=watch, dry_run=dry_run, ray=ray is not None)
    budget = allowed(memory)
    board = Board(quiet=quiet, watched=watch)
    if project is not None:
        board.say(f"settings: {project}")
    orders, skipped = listed_for(inputs, to, folder, ray=ray is not None)
    places = places_of(ray=ray is not None)
    if dry_run:
        plan = dry(orders, skipped, folder, chosen, board, places, force=force)
        if json:
            put({"passerby": "result/1", "command": "batch", "exit": DONE, "would_do": plan})
        return DONE
    if not orders and not watch:
        raise UsageError("there is no photo, video or sound here", hint="name another folder")
    account = Account(chosen, skipped=[(str(path), why) for path, why in skipped])
    with Records(folder) as kept:
        hands = hired(kept, chosen, ray, at_once, budget, patience, part, scratch)
        driver = Driver(kept, places, chosen, board, force=force, retries=retries)
        board.expect(orders)

        def there() -> Sequence[Order]:
            return listed(inputs, to, folder)[0] if watch else orders

        carry_out(
            driver,
            driver.run(board.arriving(arriving(there)) if watch else orders, hands),
            account,
            board,
            folder,
            there,
            endless=watch,
        )
    code = told(account, folder, board)
    if json:
        put(result(account, code, folder))
    if account.stopped:
        complain(stopped())
    return code


def allowed(memory: str | None) -> int | None:
    """Bytes that a batch may take."""
    from ..batch import memory as amounts
    from ..batch.pool import LEAST

    budget = amounts.budget() if memory is None else amounts.parsed(memory)
    if memory is not None and budget is not None and budget < LEAST:
        least = amounts.plain(LEAST)
        raise UsageError(f"--memory: one process alone needs {least}", hint="allow more")
    return budget


def places_of(*, ray: bool) -> Places:
    from ..batch.places import Disk
    from ..batch.stores import Stores

    return Stores() if ray else Disk()


def hired(
    records: Records,
    settings: Settings,
    ray: str | None,
    at_once: int | None,
    budget: int | None,
    patience: float,
    part: float,
    scratch: str,
) -> Hands:
    """Those who work: processes here, or the machines of a cluster."""
    if ray is None:
        from ..batch.pool import Pool

        return Pool(settings, records.stage, at_once or cores(), budget, patience=patience)
    from ..batch.cluster import Cluster

    return Cluster(
        ray,
        settings,
        records.folder / "answers",
        most=at_once,
        scratch=scratch,
        part=part,
        patience=patience,
    )


def carry_out(
    driver: Driver,
    outcomes: Generator[Outcome],
    account: Account,
    board: Board,
    folder: Path,
    expected: Callable[[], Sequence[Order]],
    *,
    endless: bool = False,
) -> None:
    """Work until everything is done, or somebody stops it, or it can't go on; in each case
    `account`, and the report in `folder`, then tell of all that lies in its place."""
    from ..batch.report import write as write_report

    began = time.monotonic()

    def settle() -> None:
        account.seconds = time.monotonic() - began
        orders: Sequence[Order] = ()
        with suppress(PasserbyError):  # what was watched may be gone
            orders = expected()
        account.outcomes = driver.reckoned(orders)
        account.not_begun = 0 if endless else len(orders) - len(account.outcomes)
        account.stopped = account.stopped or account.not_begun > 0
        write_report(folder, account)

    with OneInterrupt() as interrupt:
        try:
            with suppress(KeyboardInterrupt), interrupt.here(), board.shown(), closing(outcomes):
                for _ in outcomes:
                    pass
        except Exception:  # told of first, and raised again
            account.stopped = True
            with suppress(PasserbyError):
                settle()
            raise
        settle()


def dry(
    orders: Sequence[Order],
    skipped: Sequence[tuple[Path, str]],
    folder: Path,
    settings: Settings,
    board: Board,
    places: Places,
    *,
    force: bool,
) -> list[dict[str, str]]:
    """Say of each file what would be done."""
    from ..batch.driver import earlier
    from ..batch.records import check_own, read

    check_own(folder)
    known = {} if force else {entry.name: entry for entry in read(folder)}
    plan, left = list[dict[str, str]](), 0
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
