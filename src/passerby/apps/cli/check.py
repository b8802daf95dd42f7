"""Say whether anybody is in these files; writes nothing. For hooks, and before you share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ...core.errors import failure
from .options import (
    WHAT,
    DetectorOption,
    DeviceOption,
    HideOption,
    JsonOption,
    PolicyOption,
    PresetOption,
    QuietOption,
    SettingsOption,
    kinds,
)
from .outcome import DONE, FAILED, FOUND
from .progress import Meter
from .terminal import complain, put

NAMES = {"face": "faces", "plate": "plates", "text": "texts", "person": "people"}


def check(
    inputs: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="Photos and videos, and folders of them; other files are passed over.",
        ),
    ],
    hide: HideOption = None,
    least: Annotated[
        float,
        typer.Option(
            "--least",
            metavar="SCORE",
            min=0,
            max=1,
            help="How sure a detector must be: higher for fewer false alarms.",
            rich_help_panel=WHAT,
        ),
    ] = 0.0,
    allow: Annotated[
        Path | None,
        typer.Option(
            "--allow",
            metavar="HASHES",
            show_default=False,
            help="A file of SHA-256, as sha256sum writes it: these files may show somebody.",
            rich_help_panel=WHAT,
        ),
    ] = None,
    preset: PresetOption = None,
    detector: DetectorOption = None,
    device: DeviceOption = None,
    policy: PolicyOption = None,
    settings: SettingsOption = None,
    quiet: QuietOption = False,
    json: JsonOption = False,
) -> int:
    from ...jobs import Settings, checking
    from ...jobs.tasks import models_kept

    chosen = Settings.load(
        settings,
        policy=policy,
        hide=kinds(hide),
        preset=preset,
        detector=detector,
        device=device,
    )
    allowed = frozenset[str]() if allow is None else checking.allowed_in(allow)
    meter, code, told = Meter(quiet=quiet), DONE, []
    with models_kept():
        paths = checking.seen_in(
            inputs, lambda link: meter.say(f"{link}: passed over, a link to a folder")
        )
        for one in checking.check(paths, chosen, least=least, allowed=allowed):
            problem = None if one.error is None else failure(one.error)
            file = {"path": str(one.path), "seen": one.seen, "error": problem}
            told.append({**file, "unsure": list(one.unsure)})
            if one.error is not None:
                complain(one.error)
                code = FAILED
            elif not one.clean:
                some = [f"{count} {NAMES[kind]}" for kind, count in one.seen.items()]
                some += [f"nobody could tell ({', '.join(one.unsure)})"] if one.unsure else []
                meter.say(f"{one.path}: {', '.join(some)}")
                code = code or FOUND
    if json:
        put({"passerby": "check/1", "exit": code, "files": told})
    elif code == DONE:
        meter.say(f"{len(told)} files, and nobody found")
    return code
