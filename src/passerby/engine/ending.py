"""A stage that stops, for whatever reason, stops the stages it reads from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager


@contextmanager
def ending(items: Iterable[object]) -> Iterator[None]:
    """Close `items` on the way out, if they can be closed (a generator can, a list need not be).

    Without it a failure would leave the source open, and its thread running, for as long as
    somebody holds on to the exception.
    """
    try:
        yield
    finally:
        close = getattr(items, "close", None)
        if close is not None:
            close()
