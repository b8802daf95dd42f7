"""Pictures that were lost are missed, and what is made without them is not called clean."""

from __future__ import annotations

import io
import socket
import threading
from contextlib import closing
from fractions import Fraction

import av
import numpy as np
import pytest

from passerby.media.addresses import source
from passerby.media.camera import Camera, Signal
from passerby.media.continuity import Continuity

KEYS = 12  # pictures from one key frame to the next
WAYS = [
    {"tune": "zerolatency"},
    {"profile": "baseline"},
    {"preset": "medium", "bf": "3"},
    {"preset": "medium", "x264-params": "b-pyramid=normal:bframes=5:interlaced=1:keyint=12"},
    {"preset": "veryfast", "x264-params": "cqm=jvt"},
]


def packets(**how: str) -> tuple[list[tuple[bytes, bool]], bytes]:
    """Noise that moves, coded; and what is said before it."""
    noise = np.random.default_rng(5).integers(0, 255, (96, 400, 3)).astype(np.uint8)
    coder = av.CodecContext.create("libx264", "w")
    assert isinstance(coder, av.VideoCodecContext)
    coder.width, coder.height, coder.pix_fmt = 160, 96, "yuv420p"
    coder.time_base, coder.options = Fraction(1, 12), {"g": str(KEYS), **how}
    made = []
    for number in range(84):
        cut = np.ascontiguousarray(noise[:, 2 * number : 2 * number + 160])
        frame = av.VideoFrame.from_ndarray(cut, format="rgb24")
        frame.pts = number
        made += coder.encode(frame)
    made += coder.encode()
    return [(bytes(packet), packet.is_keyframe) for packet in made], coder.extradata or b""


@pytest.mark.parametrize("how", WAYS, ids=str)
def test_of_a_whole_stream_nothing_is_missed(how: dict[str, str]) -> None:
    coded, before = packets(**how)
    continuity = Continuity(before)
    assert len(coded) == 84
    assert not [n for n, (data, _) in enumerate(coded) if continuity.broken(data)]


def test_every_picture_that_is_lost_is_missed() -> None:
    coded, before = packets(tune="zerolatency")
    for lost in range(1, 83):
        if coded[lost + 1][1]:
            continue  # nothing is made from it
        continuity = Continuity(before)
        left = [(n, data) for n, (data, _) in enumerate(coded) if n != lost]
        assert [n for n, data in left if continuity.broken(data)] == [lost + 1]


def test_a_stream_whose_parameters_never_came_is_never_whole() -> None:
    coded, _ = packets(tune="zerolatency")
    assert Continuity(None).broken(coded[1][0])


@pytest.mark.parametrize("harm", ["lost", "cut", "holed"])
def test_what_is_made_after_a_loss_is_not_clean_up_to_the_next_key_frame(harm: str) -> None:
    coded, _ = packets(tune="zerolatency", **{"x264-params": "slices=4:sliced-threads=0"})
    harmed, again = 53, 60  # after the pictures by which the demuxer finds out what comes
    file = io.BytesIO()
    with av.open(file, "w", format="mpegts", options={"mpegts_copyts": "1"}) as out:
        stream = out.add_mux_stream("h264", rate=12, width=160, height=96)
        for number, (data, key) in enumerate(coded):
            third = len(data) // 3
            if number == harmed:
                if harm == "lost":
                    continue
                data = data[:third] + (data[2 * third :] if harm == "holed" else b"")  # noqa: PLW2901 - harmed on its way
            packet = av.Packet(data)
            packet.pts = packet.dts = number
            packet.time_base, packet.stream, packet.is_keyframe = Fraction(1, 12), stream, key
            out.mux_one(packet)
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def send() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(file.getvalue())

        threading.Thread(target=send, daemon=True).start()
        stop, clean = threading.Event(), dict[int, bool]()

        def tell(signal: Signal) -> None:
            if signal.state == "lost":  # all has come
                stop.set()

        address = source(f"tcp://127.0.0.1:{server.getsockname()[1]}")
        camera = Camera(address, stop=stop, tell=tell)
        for arrival in camera.arrivals():
            at = round(arrival.frame.span.start * float(arrival.clock.tick) * 12)
            clean[at] = arrival.clean
    assert len(clean) >= 40
    after = [told for at, told in clean.items() if harmed <= at < again]
    assert len(after) >= again - harmed - 2
    assert not any(after)
    # MPEG-TS tells a break of its own with the picture before it.
    assert all(told for at, told in clean.items() if not harmed - 1 <= at < again)
