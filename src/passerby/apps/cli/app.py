"""The program `passerby`: its commands, and the one place where an error becomes an exit code."""

from __future__ import annotations

import os
import signal
import sys
import warnings
from contextlib import suppress
from types import FrameType
from typing import Annotated

import typer

from ... import __version__
from ...core.errors import PasserbyError, UsageError, failure, unforeseen
from ...engine.live import still_looking
from . import (
    batch,
    cameras,
    check,
    doctor,
    live,
    plan,
    plugins,
    presets,
    redact,
    review,
    scan,
    shards,
    subtitles,
    transcribe,
    verify,
)
from .outcome import DONE, FAILED, MISUSED, stopped
from .terminal import complain, put, results_only

app = typer.Typer(
    name="passerby",
    help="Give it footage; get back the same footage in which nobody can be recognised.",
    epilog="Everything happens on this machine: Passerby opens no network connection, but those "
    "that you ask for: cameras, servers to publish to, a cluster.",
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("redact", help=redact.__doc__)(redact.redact)
app.command("batch", help=batch.__doc__)(batch.batch)
app.command("scan", help=scan.__doc__)(scan.scan)
app.command("review", help=review.__doc__)(review.review)
app.command("live", help=live.__doc__)(live.live)
app.command("cameras", help=cameras.__doc__)(cameras.cameras)
app.command("verify", help=verify.__doc__)(verify.verify)
app.command("transcribe", help=transcribe.__doc__)(transcribe.transcribe)
app.command("subtitles", help=subtitles.__doc__)(subtitles.subtitles)
app.command("presets", help=presets.__doc__)(presets.presets)
app.add_typer(plan.app, name="plan")
app.command("shards", help=shards.__doc__)(shards.shards)
app.command("check", help=check.__doc__)(check.check)
app.command("plugins", help=plugins.__doc__)(plugins.plugins)
app.command("doctor", help=doctor.__doc__)(doctor.doctor)


def show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"passerby {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def passerby(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option("--version", callback=show_version, is_eager=True, help="Say which it is."),
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(MISUSED)


def main() -> None:
    """Run the command line and leave with its exit code."""
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), stop)
    warnings.simplefilter("ignore")  # a library's words may quote what a file holds
    with results_only():
        code = run(sys.argv[1:])
    if still_looking():  # the interpreter can't end in order while a model hangs
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """The exit code; every error has been told in one line by then."""
    try:
        return int(app(arguments, prog_name="passerby", standalone_mode=False) or DONE)
    except PasserbyError as error:
        problem = error
    except typer.TyperException as error:
        what = error.format_message().rstrip(".")
        problem = UsageError(what, hint="passerby --help shows what there is")
    except (KeyboardInterrupt, typer.Abort):
        problem = stopped()
    except Exception as error:  # told as a mistake of ours, without its words
        problem = unforeseen(error)
    code = MISUSED if isinstance(problem, UsageError) else FAILED
    complain(problem)
    if "--json" in arguments:
        with suppress(PasserbyError):
            put({"passerby": "result/1", "exit": code, "error": failure(problem)})
    return code


def stop(number: int, frame: FrameType | None) -> None:
    """A request to end is answered like Ctrl-C; a second one ends at once."""
    signal.signal(number, signal.SIG_DFL)
    raise KeyboardInterrupt
