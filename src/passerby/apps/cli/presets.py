"""Settings for a purpose: list them, or print one to copy and change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer

from ...core.errors import UsageError
from .options import JsonOption
from .outcome import DONE
from .terminal import put


def presets(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Print this one, as TOML.")
    ] = None,
    json: JsonOption = False,
) -> int:
    from ...jobs import policies

    if json:
        chosen = policies.NAMES if name is None else (name,)
        told = [
            {"name": one, "about": policies.about(one), "settings": policies.read(one)}
            for one in chosen
        ]
        put({"passerby": "presets/1", "presets": told})
    elif name is not None:
        print(policies.text(name), end="", flush=True)
    else:
        print("\n".join(_listed()), flush=True)
    return DONE


def _listed() -> Iterator[str]:
    from ...jobs import Settings, policies

    for name in policies.NAMES:
        yield f"{name}: {policies.about(name)}"
        try:
            Settings.load(policy=name)
        except UsageError as error:
            yield f"  not possible yet: {error.what}"
    yield ""
    yield "passerby presets NAME > own.toml, change it, and: passerby redact --policy own.toml"
