"""Files as they arrive in a folder: taken once nobody writes to them any more."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from .order import Order

EVERY: Final = 2.0  # seconds between two looks at the folder
SETTLED: Final = 5.0  # seconds that a file has to stay as it is

Sign = tuple[int, int, int]


def arriving(
    gather: Callable[[], Sequence[Order]],
    *,
    every: float = EVERY,
    settled: float = SETTLED,
    now: Callable[[], float] = time.monotonic,
) -> Iterator[Order | None]:
    """Orders as their files are ready, without end; None when there is none to take now.

    `gather`: all orders that there are by now. A file is taken when it was the same for `settled`
    seconds and nobody has it open for writing, as far as the system tells; again when it changes,
    or when the place of its output is that of another file now.
    """
    taken: dict[str, tuple[Sign, str]] = {}
    waiting: dict[str, tuple[Sign, float]] = {}
    while True:
        looked = now()
        orders = gather()
        owners = {order.target: order.source for order in orders}
        for order in orders:
            sign = _sign(order.source)
            last, place = taken.get(order.source, (None, ""))
            if sign is None or (sign == last and owners.get(place, order.source) == order.source):
                continue
            before, since = waiting.get(order.source, (None, looked))
            if before != sign:
                waiting[order.source] = sign, looked
            elif looked - since >= settled and not written_to(Path(order.source)):
                taken[order.source] = sign, order.target
                del waiting[order.source]
                yield order
        yield None
        while now() - looked < every:
            yield None


def _sign(source: str) -> Sign | None:
    """By what a change shows; None for what is gone, or empty: nothing was written yet."""
    try:
        found = Path(source).stat()
    except OSError:
        return None
    return (found.st_size, found.st_mtime_ns, found.st_ino) if found.st_size else None


def written_to(path: Path) -> bool:
    """Whether somebody has the file open for writing. False where the system doesn't tell.

    Linux gives a lease for reading only where nobody has.
    """
    try:
        import fcntl
    except ImportError:
        return False
    if not hasattr(fcntl, "F_SETLEASE"):
        return False
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return True
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        with suppress(OSError):
            fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except BlockingIOError:
        return True
    except OSError:  # not ours, or a file system without leases
        return False
    finally:
        os.close(descriptor)
    return False
