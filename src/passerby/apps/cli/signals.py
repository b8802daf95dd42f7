"""Requests to end, answered in order."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def stopping(stop: threading.Event, again: threading.Event | None = None) -> Iterator[None]:
    """The first Ctrl-C or request to end sets `stop`, the second ends at once.

    A terminal that goes away ends it, too; where `again` is given that signal sets it instead.
    """

    def asked(number: int, frame: FrameType | None) -> None:
        if again is not None and number == getattr(signal, "SIGHUP", None):
            again.set()
            return
        signal.signal(number, signal.SIG_DFL)
        stop.set()

    before = {}
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            number = getattr(signal, name)
            before[number] = signal.signal(number, asked)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
