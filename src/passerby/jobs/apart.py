"""What one run writes are files of their own: none is another's, and none is what it reads."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from unicodedata import normalize

from ..core.errors import UsageError
from .output import SUFFIX

Named = tuple[str, Path | None]  # what people call it, and where it is if it was asked for


def told_apart(written: Iterable[Named], read: Iterable[Named] = ()) -> None:
    """`UsageError` where one of `written` is another one, or its partial file, or one of `read`."""
    taken: dict[object, str] = {}
    for what, path in read:
        if path is not None:
            taken |= dict.fromkeys((_place(path), _file(path)), what)
    made: dict[object, str] = {}
    asked = [(what, path) for what, path in written if path is not None]
    for what, path in asked:
        other = taken.get(_file(path)) or taken.get(_place(path)) or made.get(_place(path))
        if other is not None:
            _refuse(path, what, other)
        made[_place(path)] = what
    for what, path in asked:
        partial = path.with_name(path.name + SUFFIX)
        other = taken.get(_place(partial)) or made.get(_place(partial))
        if other is not None:
            _refuse(partial, other, f"the partial file of {what}")


def _refuse(path: Path, what: str, other: str) -> None:
    raise UsageError(f"{what} and {other} are one file", path=path, hint="name another file")


def _place(path: Path) -> str:
    """Alike for paths that lead to one place, whether or not something is there."""
    real = Path(os.path.realpath(path))
    return normalize("NFC", str(real)).casefold() if _folds(real.parent) else str(real)


def _file(path: Path) -> object:
    """Alike for all names of one file that is there."""
    try:
        found = path.stat()
    except OSError:
        return path, "is not there"
    return found.st_dev, found.st_ino


def _folds(folder: Path) -> bool:
    """Whether the file system takes A for a, there, as far as names that exist tell."""
    for place in (folder, *folder.parents):
        other = place.with_name(place.name.swapcase()) if place.name else place
        if other.name != place.name and place.exists():
            return other.exists() and place.samefile(other)
    return False
