"""Presets as data: policies are files of settings, and a few of them come along.

They lie in `policies/`, one TOML file each, whose first line says what it is for. A person prints
one, changes it, and gives it back.
"""

from __future__ import annotations

import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from ..core.errors import UsageError

NAMES: Final = ("publish", "protest", "street-data", "interview", "screen-recording")


def text(name: str) -> str:
    """The file of the policy `name`, as it came along; `UsageError` if there is none."""
    if name not in NAMES:
        raise UsageError(f"there is no policy {name!r}", hint=f"any of: {', '.join(NAMES)}")
    return (files(__package__) / "policies" / f"{name}.toml").read_text(encoding="utf-8")


def about(name: str) -> str:
    """What it is for, in a line."""
    return text(name).splitlines()[0].removeprefix("# ")


def read(policy: str | Path) -> dict[str, Any]:
    """The settings of a policy that came along, or of one in a file."""
    if str(policy) in NAMES:
        return tomllib.loads(text(str(policy)))
    path = Path(policy)
    if not path.suffix and not path.exists():
        hint = f"any of: {', '.join(NAMES)}; or a file of settings"
        raise UsageError(f"there is no policy {str(policy)!r}", hint=hint)
    return read_toml(path)


def named_in(toml: Path, named: object) -> str | Path:
    """The policy that a file of settings starts from; a file of its own lies beside that file."""
    if not isinstance(named, str):
        raise UsageError("policy: want a name or a file", path=toml)
    return named if named in NAMES or not Path(named).suffix else toml.parent / named


def read_toml(path: Path) -> dict[str, Any]:
    """The settings in a file; `UsageError` if it can't be read or is no TOML."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        reason = error.strerror or "can't be read"
        raise UsageError(f"the settings can't be read: {reason}", path=path) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"the settings are not TOML: {error}", path=path) from None
