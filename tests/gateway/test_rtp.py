"""H.264 in RTP: what is taken apart can be put together, to the byte."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

from hypothesis import given
from hypothesis import strategies as st

from passerby.apps.gateway import rtp
from passerby.media.live_encoder import Coded

MOST = 60
BODY = st.binary(max_size=20) | st.binary(min_size=50, max_size=200)
UNIT = st.tuples(st.sampled_from([0x41, 0x65, 0x67, 0x68, 0x06, 0x01]), BODY).map(
    lambda told: bytes([told[0]]) + told[1].replace(b"\0", b"\1") + b"\x80"
)


def joined(payloads: Sequence[bytes]) -> Iterator[bytes]:
    """RFC 6184, 5.6 to 5.8, by the letter."""
    held = b""
    for payload in payloads:
        kind = payload[0] & 31
        if kind == 24:
            at = 1
            while at < len(payload):
                size = struct.unpack("!H", payload[at : at + 2])[0]
                yield payload[at + 2 : at + 2 + size]
                at += 2 + size
            assert at == len(payload)
            continue
        if kind != 28:
            assert 1 <= kind <= 23
            yield payload
            continue
        first, last = payload[1] >> 7, payload[1] >> 6 & 1
        assert not (first and last), "a whole unit is not sent as a fragment"
        assert bool(held) != bool(first)
        if first:
            held = bytes([payload[0] & 0xE0 | payload[1] & 31])
        held += payload[2:]
        if last:
            yield held
            held = b""
    assert not held, "the last fragment says so"


@given(st.lists(UNIT, min_size=1, max_size=8))
def test_units_come_together_again(units: list[bytes]) -> None:
    made = list(rtp.payloads(units, MOST))
    assert all(len(payload) <= MOST for payload in made)
    assert list(joined(made)) == units


@given(st.lists(UNIT, min_size=1, max_size=8), st.lists(st.booleans(), min_size=8, max_size=8))
def test_units_are_found_in_what_the_encoder_gives(units: list[bytes], longer: list[bool]) -> None:
    whole = b"".join(
        b"\0" * long + b"\0\0\1" + unit for unit, long in zip(units, longer, strict=False)
    )
    assert rtp.units(whole) == units


def test_packets_are_numbered_and_the_last_of_a_picture_is_marked() -> None:
    sender = rtp.Sender()
    begun = sender.number
    found = []
    for at in (0, 3600):
        packets = sender.packets(Coded(b"\0\0\1\x65" + b"\x55" * 5000, at, True))
        heads = [struct.unpack("!BBHII", packet[:12]) for packet in packets]
        assert [head[1] >> 7 for head in heads] == [0] * (len(heads) - 1) + [1]
        found += heads
    assert [head[2] for head in found] == [(begun + n) & 0xFFFF for n in range(len(found))]
    assert (found[-1][3] - found[0][3]) & 0xFFFFFFFF == 3600
    report = sender.report(3600, 0.0)
    assert struct.unpack("!I", report[16:20])[0] == found[-1][3]
    assert struct.unpack("!II", report[20:28]) == (len(found), 2 * 5000 + 2 * len(found))
