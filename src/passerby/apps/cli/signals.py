"""Requests to end, answered in order."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Final, Self

NAMES: Final = ("SIGINT", "SIGTERM", "SIGHUP")
ONE: Final = 1.0  # seconds in which it is one request, though more signals come


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
    for name in NAMES:
        if hasattr(signal, name):
            number = getattr(signal, name)
            before[number] = signal.signal(number, asked)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class OneInterrupt:
    """Ctrl-C and requests to end, while this is open: the first raises KeyboardInterrupt where
    `here` is open, and nowhere else, so that what follows it can't be cut short; the second ends
    the process at once. A terminal that goes away, and who passes signals on, say it twice."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now, self._since = now, 0.0
        self._numbers = [getattr(signal, name) for name in NAMES if hasattr(signal, name)]
        self._before: dict[int, Any] = {}
        self._here = self._asked = False

    def __enter__(self) -> Self:
        for number in self._numbers:
            self._before[number] = signal.signal(number, self._ask)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @contextmanager
    def here(self) -> Iterator[None]:
        """Where it may come; at once, if it came before."""
        self._here = True
        try:
            if self._asked:
                raise KeyboardInterrupt
            yield
        finally:
            self._here = False

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self._asked:
            if self._now() - self._since > ONE:
                signal.signal(number, signal.SIG_DFL)
                signal.raise_signal(number)
            return
        self._asked, self._since = True, self._now()
        if self._here:
            self._here = False
            raise KeyboardInterrupt
