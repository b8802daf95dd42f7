"""Run any iterator in its own thread, a few items ahead. Only `live` starts threads besides."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterable
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


class _End:
    """Marks the end of the items."""


def prefetch(items: Iterable[T], ahead: int = 4, name: str = "prefetch") -> Generator[T]:
    """Yield `items` unchanged and in order; an exception arrives where it would have anyway.

    At most `ahead` items wait. Closing the result stops and joins the thread before returning,
    and closes `items` in the thread that ran it.
    """
    box: queue.Queue[T | _End] = queue.Queue(ahead)
    stop = threading.Event()
    failure: list[BaseException] = []

    def offer(item: T | _End) -> None:
        while not stop.is_set():
            with suppress(queue.Full):
                box.put(item, timeout=0.1)
                return

    def work() -> None:
        try:
            for item in items:
                offer(item)
                if stop.is_set():
                    break
        except BaseException as error:  # not swallowed: raised again in the reader below
            failure.append(error)
        finally:
            close = getattr(items, "close", None)
            if close is not None:
                close()
            offer(_End())

    thread = threading.Thread(target=work, name=name, daemon=True)
    thread.start()
    try:
        while not isinstance(item := box.get(), _End):
            yield item
    finally:
        stop.set()
        thread.join()
    if failure:
        raise failure[0]
