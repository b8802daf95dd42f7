"""Looks that only make networks ready for pictures of a shape."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_REHEARSED: ContextVar[bool] = ContextVar("rehearsed", default=False)


@contextmanager
def rehearsal() -> Iterator[None]:
    """Inside, in this thread, networks are only made ready for pictures of a shape, and what they
    answer is of no use: one that others share and is ready already is not troubled again."""
    token = _REHEARSED.set(True)
    try:
        yield
    finally:
        _REHEARSED.reset(token)


def rehearsed() -> bool:
    """Whether this thread is inside of a rehearsal."""
    return _REHEARSED.get()
