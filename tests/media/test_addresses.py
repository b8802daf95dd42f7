"""Addresses as people see them."""

from __future__ import annotations

import pytest

from passerby.media.addresses import source, target
from passerby.media.publish import Publisher


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("rtsp://user:secret@camera/stream1", "rtsp://camera/stream1"),
        ("rtsp://camera/user=admin&password=secret/1", "rtsp://camera/.../1"),
        ("rtsp://camera/live?key=secret", "rtsp://camera/live?..."),
        ("rtmp://server/live2/secret-key", "rtmp://server/live2/..."),
        ("rtmps://server:443/rtmp/secret-key?more=secret", "rtmps://server:443/rtmp/...?..."),
        ("rtmp://server/live", "rtmp://server/live"),
    ],
)
def test_no_address_shows_what_opens_it(written: str, seen: str) -> None:
    for way in (source, target):
        assert str(way(written)) == seen
        assert "secret" not in repr(way(written))


def test_two_targets_that_look_alike_are_told_apart() -> None:
    targets = [target(f"rtmp://server/live/{key}") for key in ("one", "other")]
    publisher = Publisher([*targets, target("rtsp://server/garden")])
    assert list(publisher.signals) == [
        "rtmp://server/live/...",
        "rtmp://server/live/... #2",
        "rtsp://server/garden",
    ]
