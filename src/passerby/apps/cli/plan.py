"""Plans for other tools, and from them: COCO, MOT challenge, CVAT for video."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ...core.errors import UsageError
from .options import WHERE, ForceOption, JsonOption, QuietOption
from .outcome import DONE
from .progress import Meter
from .terminal import put

app = typer.Typer(help=__doc__, no_args_is_help=True)


class Format(StrEnum):
    COCO = "coco"
    MOT = "mot"
    CVAT = "cvat"


FormatOption = Annotated[
    Format | None,
    typer.Option("--format", show_default="by the name", help="COCO JSON, MOT text or CVAT XML."),
]


@app.command("export")
def export(
    plan: Annotated[Path, typer.Argument(metavar="PLAN.json", help="What passerby scan wrote.")],
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="OUT", help="The file to write.", rich_help_panel=WHERE
        ),
    ],
    film: Annotated[
        Path | None,
        typer.Option(
            "--film",
            metavar="INPUT",
            show_default="the one beside it",
            help="What the plan was made for: it says when each frame begins.",
            rich_help_panel=WHERE,
        ),
    ] = None,
    form: FormatOption = None,
    force: ForceOption = False,
    quiet: QuietOption = False,
    json: JsonOption = False,
) -> int:
    """Write what a plan found as annotations: frames by number, boxes in pixels, tracks by id."""
    from ...jobs import interchange
    from ...jobs.review import film_of

    chosen = None if form is None else interchange.SUFFIXES[_SUFFIX[form]]
    meter = Meter(quiet=quiet)
    boxes = interchange.export(plan, film or film_of(plan), output, chosen, force=force)
    meter.say(f"{plan} -> {output}: {boxes} boxes")
    if json:
        put({"passerby": "export/1", "exit": DONE, "output": str(output), "boxes": boxes})
    return DONE


@app.command("import")
def bring(
    annotations: Annotated[Path, typer.Argument(metavar="FILE", help="COCO, MOT or CVAT XML.")],
    film: Annotated[
        Path,
        typer.Option(
            "--film", metavar="INPUT", help="The footage that they are for.", rich_help_panel=WHERE
        ),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="PLAN.json", help="The plan to write.", rich_help_panel=WHERE
        ),
    ],
    form: FormatOption = None,
    label: Annotated[
        list[str] | None,
        typer.Option(
            "--label",
            metavar="NAME=KIND",
            show_default=False,
            help="What NAME is: face, plate, text or person. Once one is given, names that are not "
            "known are left out, and told. May be repeated.",
        ),
    ] = None,
    force: ForceOption = False,
    quiet: QuietOption = False,
    json: JsonOption = False,
) -> int:
    """Make a plan that hides what somebody else's annotations say, and nothing besides."""
    from ...jobs import interchange

    labels = {}
    for text in label or ():
        name, equals, kind = text.rpartition("=")
        if not equals or not name:
            raise UsageError(f"--label: {text!r} is no NAME=KIND", hint="write --label head=face")
        labels[name] = kind
    chosen = None if form is None else interchange.SUFFIXES[_SUFFIX[form]]
    meter = Meter(quiet=quiet)
    document, left = interchange.bring(
        annotations, film, output, chosen, labels=labels, force=force
    )
    meter.say(f"{annotations} -> {output}: {len(document.tracks)} tracks")
    for name, count in sorted(left.items()):
        meter.say(f"  {count} boxes called {name!r} are left out, and will not be hidden")
    if json:
        told = {"tracks": len(document.tracks), "left_out": dict(left)}
        put({"passerby": "import/1", "exit": DONE, "output": str(output), **told})
    return DONE


_SUFFIX = {Format.COCO: ".json", Format.MOT: ".txt", Format.CVAT: ".xml"}
