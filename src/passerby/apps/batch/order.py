"""What a driver hands to those who work, and what it hears of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ...core.errors import PasserbyError
from ...jobs.tasks import Receipt


@dataclass(frozen=True, slots=True)
class Order:
    """One file to do. `name`: of its output, below the folder of outputs, with forward slashes.

    `source`, `target`: paths, or addresses where a cluster works. `bytes`: of the source.
    `alone`: nothing else may be at work meanwhile.
    """

    name: str
    source: str
    target: str
    bytes: int = 0
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """Somebody is so far with an order. `share`: of the phase, in [0, 1]; None if unknown."""

    order: Order
    phase: str
    share: float | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """An order was carried out, or can't be. `made`: where the finished file is until it is
    put in its place; None where it lies there already."""

    order: Order
    receipt: Receipt
    made: Path | None = None


@dataclass(frozen=True, slots=True)
class Lost:
    """Whoever worked on an order is gone, for the reason `why`. `crowded`: it was stopped because
    all together took too much memory, so it may go well alone."""

    order: Order
    why: PasserbyError
    crowded: bool = False


Heard = Step | Ended | Lost


class Hands(Protocol):
    """Those who work: processes here, or a cluster. `in_place`: they put what they make in its
    place themselves, out of the driver's sight."""

    in_place: bool

    def free(self, order: Order) -> bool:
        """Whether this order can be taken now; never more than can be worked on soon."""
        ...

    def give(self, order: Order) -> None:
        """Have it carried out."""
        ...

    def heard(self, wait: float) -> Sequence[Heard]:
        """What happened, waiting at most so many seconds for the first of it."""
        ...

    def close(self) -> Sequence[Ended | Lost]:
        """Stop whoever is at work, and remove what is unfinished. Says what was put in its place
        that was not heard of yet."""
        ...
