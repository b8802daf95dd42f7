"""A thread that runs ahead must not change what is seen, nor outlive who looks."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passerby.engine.prefetch import prefetch


@given(st.lists(st.integers(), max_size=30), st.integers(1, 5))
def test_items_come_unchanged_and_in_order(items: list[int], ahead: int) -> None:
    assert list(prefetch(iter(items), ahead)) == items


@given(st.integers(0, 10), st.integers(1, 5))
def test_an_exception_arrives_after_the_items_before_it(good: int, ahead: int) -> None:
    def breaking() -> Iterator[int]:
        yield from range(good)
        raise OSError("broke")

    got = []
    with pytest.raises(OSError, match="broke"):  # noqa: PT012 - it breaks while it is read
        for item in prefetch(breaking(), ahead):
            got.append(item)  # noqa: PERF402 - what came before it broke
    assert got == list(range(good))


def test_closing_stops_the_thread_and_closes_the_items_where_they_ran() -> None:
    closed_in: list[str] = []

    def endless() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed_in.append(threading.current_thread().name)

    ahead = prefetch(endless(), 2, name="ahead")
    assert next(ahead) == 1
    ahead.close()
    assert closed_in == ["ahead"]
    assert "ahead" not in [t.name for t in threading.enumerate()]


def test_it_runs_ahead_no_further_than_it_was_told() -> None:
    made = 0

    def counting() -> Iterator[int]:
        nonlocal made
        while made < 100:
            made += 1
            yield made

    ahead = prefetch(counting(), 3)
    assert next(ahead) == 1
    deadline = time.monotonic() + 0.3
    while time.monotonic() < deadline:
        assert made <= 1 + 3 + 1  # taken, waiting, in the hand of the thread
        time.sleep(0.01)
    assert made >= 4
    ahead.close()


def test_nothing_starts_before_the_first_item_is_wanted() -> None:
    started = threading.Event()

    def items() -> Iterator[int]:
        started.set()
        yield 1

    waiting = prefetch(items())
    assert not started.wait(0.05)
    assert list(waiting) == [1]


def test_work_goes_on_while_the_reader_is_busy() -> None:
    second = threading.Event()

    def items() -> Iterator[int]:
        yield 1
        second.set()
        yield 2

    ahead = prefetch(items())
    assert next(ahead) == 1
    assert second.wait(5)
    assert list(ahead) == [2]
