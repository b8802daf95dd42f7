"""How public names go away: they keep working for a while, and say what to write instead."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass


class PasserbyDeprecation(DeprecationWarning):
    """A public name that still works and will not for ever."""


@dataclass(frozen=True, slots=True)
class Ageing:
    """`instead`: the public name to use. `since`: the version that began to warn; `gone`: the one
    in which the old name is no longer there."""

    instead: str
    since: str
    gone: str

    def warn(self, old: str, *, stacklevel: int = 3) -> None:
        """`PasserbyDeprecation` on behalf of the line that used `old`: `stacklevel` as for
        `warnings.warn`, counted from here."""
        words = f"passerby.{old} is passerby.{self.instead} since {self.since}, and goes in"
        warnings.warn(f"{words} {self.gone}", PasserbyDeprecation, stacklevel=stacklevel)


def overdue(names: Mapping[str, Ageing], version: str) -> tuple[str, ...]:
    """The old names that are not to be there any more in `version`."""
    now = _numbers(version)
    return tuple(old for old, ageing in names.items() if _numbers(ageing.gone) <= now)


def _numbers(version: str) -> tuple[int, ...]:
    """``0.10.2`` -> (0, 10, 2)."""
    return tuple(int(part) for part in version.split("."))
