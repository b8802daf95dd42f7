"""Write the man page, out of what the program says of itself.

    python tools/man.py FOLDER

`passerby.1` in FOLDER has every command and option; nothing in it is written by hand twice.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import typer

from passerby import __version__
from passerby.apps.cli.app import app

CODES = (
    ("0", "Done."),
    ("1", "Something failed; there is no output of it."),
    ("2", "What was asked for makes no sense."),
    ("3", "Verification, or check, found something."),
)


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "passerby.1").write_text("\n".join(page()) + "\n", encoding="utf-8")


def page() -> Iterator[str]:
    """Lines of roff."""
    group: Any = typer.main.get_command(app)
    yield f'.TH PASSERBY 1 "" "passerby {__version__}" "User Commands"'
    yield from (".SH NAME", "passerby \\- hide the people in photos, videos and sound")
    yield from (".SH SYNOPSIS", ".B passerby", ".I COMMAND", "[OPTION]...")
    yield from (".SH DESCRIPTION", text(group.help), ".PP", text(group.epilog or ""))
    yield ".SH COMMANDS"
    for name, command in commands(group):
        yield f".SS passerby {text(name)}"
        yield text(command.help or "")
        for parameter in command.params:
            yield from entry(parameter)
    yield ".SH EXIT STATUS"
    for code, meaning in CODES:
        yield from (".TP", f".B {code}", text(meaning))
    yield from (".SH SEE ALSO", "The documents that come with it, in docs/.")


def commands(group: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    """Those of a group, and of groups in it, by their full names."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{before}{name} ")
        else:
            yield f"{before}{name}", command


def entry(parameter: Any) -> Iterator[str]:
    """An option or argument: how it is written, and what it does."""
    yield ".TP"
    metavar = parameter.metavar or ""
    if parameter.param_type_name == "argument":
        yield f".I {text(metavar or parameter.name.upper())}"
    else:
        names = ", ".join(
            f"\\fB{text(o)}\\fR" for o in [*parameter.opts, *parameter.secondary_opts]
        )
        value = "" if parameter.is_flag else f" \\fI{text(metavar or of_type(parameter))}\\fR"
        yield names + value
    default = parameter.show_default if isinstance(parameter.show_default, str) else ""
    told = f" Default: {default}." if default else ""
    yield text((parameter.help or "") + told)


def of_type(parameter: Any) -> str:
    """What may be written, where only some words may."""
    known = parameter.type_descriptor.annotation
    choices = get_args(known) if get_origin(known) is Literal else []
    if isinstance(known, type) and issubclass(known, Enum):
        choices = [one.value for one in known]
    return "|".join(map(str, choices)) or "VALUE"


def text(words: str) -> str:
    """Plain words as roff, on one line."""
    plain = re.sub(r"\s+", " ", words).strip().replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{plain}" if plain[:1] in (".", "'") else plain


if __name__ == "__main__":
    main()
