"""Redact the pictures in WebDataset shards: a tar goes in, a tar comes out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...core.errors import PasserbyError, UsageError, failure
from .options import (
    WHERE,
    DetectorOption,
    DeviceOption,
    ForceOption,
    HideOption,
    JsonOption,
    PolicyOption,
    PresetOption,
    QuietOption,
    SettingsOption,
    kinds,
)
from .outcome import DONE, FAILED
from .papers import settings_read
from .progress import Meter
from .terminal import complain, put

if TYPE_CHECKING:
    from ...jobs.shards import Resharded


def shards(
    inputs: Annotated[
        list[Path], typer.Argument(metavar="SHARD.tar...", help="Tars, packed or not.")
    ],
    to: Annotated[
        Path,
        typer.Option(
            "--to",
            metavar="DIR",
            help="The folder to write to; shards keep their names.",
            rich_help_panel=WHERE,
        ),
    ],
    keep: Annotated[
        str | None,
        typer.Option(
            "--keep",
            metavar="SUFFIX,...",
            show_default="none",
            help="Members that go along as they are, such as cls,json; all others are dropped. "
            "Read one first: captions and addresses tell who somebody is.",
            rich_help_panel=WHERE,
        ),
    ] = None,
    force: ForceOption = False,
    hide: HideOption = None,
    preset: PresetOption = None,
    detector: DetectorOption = None,
    device: DeviceOption = None,
    policy: PolicyOption = None,
    settings: SettingsOption = None,
    quiet: QuietOption = False,
    json: JsonOption = False,
) -> int:
    from ...jobs import Settings
    from ...jobs.apart import told_apart
    from ...jobs.shards import reshard
    from ...jobs.tasks import models_kept

    chosen = Settings.load(
        settings,
        policy=policy,
        hide=kinds(hide),
        preset=preset,
        detector=detector,
        device=device,
    )
    suffixes = [part.strip() for part in (keep or "").split(",") if part.strip()]
    names = [_plain_name(path) for path in inputs]
    if len(set(names)) != len(names):
        raise UsageError("two shards are called the same", hint="redact them into two folders")
    if not to.is_dir():
        raise UsageError("there is no such folder", path=to, hint="create it first")
    read = [*(("a shard", path) for path in inputs), *settings_read(settings, policy)]
    told_apart([("an output", to / name) for name in names], read)

    meter, code, told = Meter(quiet=quiet), DONE, []
    for path, name in zip(inputs, names, strict=True):
        try:
            with models_kept():
                done = reshard(path, to / name, chosen, keep=suffixes, force=force)
        except UsageError:
            raise
        except PasserbyError as error:
            error.path = error.path or path
            complain(error)
            code = FAILED
            told.append({"input": str(path), "output": None, "error": failure(error)})
            continue
        code = FAILED if done.left_out else code
        meter.say(f"{path} -> {to / name}: {_summary(done)}")
        for key, problem in done.left_out:
            meter.say(f"  sample {key} is left out: {problem.what}")
        told.append({"input": str(path), "output": str(to / name), **done.as_dict()})
    if json:
        put({"passerby": "shards/1", "exit": code, "shards": told})
    return code


def _summary(done: Resharded) -> str:
    """`12 samples; redacted: 12 jpg; kept: 12 cls; dropped: 12 json`."""
    said = [f"{done.samples} samples"]
    for what, counts in done.members.items():
        some = ", ".join(f"{count} {suffix}" for suffix, count in sorted(counts.items()))
        said.append(f"{what}: {some or 'none'}")
    return "; ".join(said)


def _plain_name(path: Path) -> str:
    """Outputs are plain tars: ``a.tar.gz`` -> ``a.tar``."""
    stem = path.name.split(".tar")[0] if ".tar" in path.name else path.stem
    return f"{stem}.tar"
