"""A channel: everybody gets the stream from a key frame on, and nobody holds up anybody."""

from __future__ import annotations

import asyncio
import threading
import time
from fractions import Fraction
from itertools import pairwise

import pytest

from passerby.apps.gateway import Channel
from passerby.apps.gateway.channel import MOST_BYTES, MOST_PACKETS
from passerby.core.errors import UsageError
from passerby.core.geometry import Size
from passerby.media.live_encoder import Coded, Shape

SHAPE = Shape(Size(64, 36), Fraction(1))


def packets(count: int, every: int = 10, begin: int = 0) -> list[Coded]:
    return [Coded(b"%d" % n, begin + n * 6000, n % every == 0) for n in range(count)]


def fed(count: int, every: int = 10) -> Channel:
    channel = Channel("garden")
    channel.shape(SHAPE)
    for packet in packets(count, every):
        channel.offer(packet)
    return channel


def drained(receiver: object) -> list[Coded]:
    got = []
    while packet := receiver.take(0):  # type: ignore[attr-defined]  # one of ours, whatever its class
        got.append(packet)
    return got


def test_a_new_receiver_starts_at_once_with_the_last_key_frame() -> None:
    got = drained(fed(25).subscribe())
    assert got[0].key
    assert [p.data for p in got] == [b"20", b"21", b"22", b"23", b"24"]


def test_a_fresh_receiver_waits_for_the_next_key_frame_which_is_asked_for_once() -> None:
    channel = fed(25)
    channel.wants_key  # noqa: B018  the first packets were asked for
    time.sleep(0.55)
    assert not channel.wants_key
    receiver = channel.subscribe(fresh=True)
    assert channel.wants_key
    assert not channel.wants_key
    for packet in packets(12, begin=1_000_000)[5:]:
        channel.offer(packet)
    assert [p.data for p in drained(receiver)] == [b"10", b"11"]
    assert not channel.wants_key, "it came"


@pytest.mark.parametrize("size", [1, MOST_BYTES // 4])
def test_a_slow_receiver_loses_up_to_the_next_key_frame_and_holds_up_nobody(size: int) -> None:
    channel = fed(1)
    slow, quick = channel.subscribe(), channel.subscribe()
    count, seen = MOST_PACKETS + 43, 0  # a key frame near the end
    for packet in packets(count, every=40, begin=10_000):
        channel.offer(Coded(packet.data.ljust(size), packet.at, packet.key))
        seen += len(drained(quick))
    assert seen == count + 1
    assert quick.lost == 0
    got = drained(slow)
    assert slow.lost + len(got) == count + 1
    assert got[0].key
    assert sum(len(p.data) for p in got) <= MOST_BYTES
    assert all(b.at - a.at == 6000 for a, b in pairwise(got)), "no gap inside"


def test_what_waits_for_new_receivers_is_bounded() -> None:
    channel = fed(MOST_PACKETS * 3, every=10**9)
    got = drained(channel.subscribe())
    assert len(got) <= MOST_PACKETS
    assert channel.wants_key, "and a key frame is asked for"


def test_moments_go_on_rising_when_the_camera_s_process_starts_again() -> None:
    channel = fed(20)
    receiver = channel.subscribe()
    before = drained(receiver)[-1].at
    time.sleep(0.05)
    channel.shape(SHAPE)
    for packet in packets(13)[1:]:
        channel.offer(packet)
    after = drained(receiver)
    assert [p.data for p in after] == [b"10", b"11", b"12"], "from its first key frame"
    assert 4000 <= after[0].at - before < 90_000, "as much later as it was"
    assert after[1].at - after[0].at == 6000


def test_tasks_wait_without_a_thread_and_hear_the_end() -> None:
    channel = fed(1)

    async def watch() -> list[bytes]:
        receiver, got = channel.subscribe(), []
        while packet := await receiver.next():
            got.append(packet.data)
        return got

    def feed() -> None:
        for packet in packets(30, begin=6000):
            channel.offer(packet)
            time.sleep(0.001)
        channel.close()

    feeder = threading.Thread(target=feed)

    async def both() -> list[list[bytes]]:
        watching = [asyncio.create_task(watch()) for _ in range(3)]
        await asyncio.sleep(0.05)
        assert channel.receivers == 3
        given_up = asyncio.create_task(watch())
        await asyncio.sleep(0.05)
        given_up.cancel()
        feeder.start()
        return await asyncio.wait_for(asyncio.gather(*watching), 10)

    got = asyncio.run(both())
    feeder.join()
    assert got == [[b"0", *(b"%d" % n for n in range(30))]] * 3
    assert channel.subscribe().closed


@pytest.mark.parametrize("name", ["", "a/b", "../x", "a b", ".x", "x" * 65, "é"])
def test_a_name_that_can_not_stand_in_an_address_is_refused(name: str) -> None:
    with pytest.raises(UsageError):
        Channel(name)
