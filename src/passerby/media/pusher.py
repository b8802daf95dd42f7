"""A process of its own that pushes one coded stream to one server; run by its file, see `push`.

A server that takes a connection and then says nothing stops all of Python, for the library waits
with the interpreter's lock held. Here nothing else lives, and a clock outside of Python ends it.

Its input: a line of JSON, then packets, each with a head. Its output: a byte when it is ready, and
one for each packet that was taken. The end of its input is the end of the stream.
"""

from __future__ import annotations

import faulthandler
import json
import os
import signal
import struct
import sys
from fractions import Fraction
from pathlib import Path
from typing import Final, TextIO

import av
from av.stream import Stream

HEAD: Final = struct.Struct(">IqB")  # bytes, moment, whether it is a key frame
DONE: Final = b"\x01"


def main(nowhere: TextIO) -> None:
    """Ends with an error wherever the library does, or where it takes too long."""
    for word in (signal.SIGINT, signal.SIGTERM):  # meant for who started this, who ends the stream
        signal.signal(word, signal.SIG_IGN)
    source = sys.stdin.buffer
    own = os.dup(1)
    for other in (1, 2):  # what the library says may hold the address
        os.dup2(nowhere.fileno(), other)
    order = json.loads(source.readline())
    unit, patience = Fraction(*order["unit"]), order["patience"]
    container = av.open(
        order["address"], "w", format=order["format"], container_options=order["options"]
    )
    stream = container.add_mux_stream(
        "h264", rate=Fraction(30), width=order["width"], height=order["height"], time_base=unit
    )
    os.write(own, DONE)
    while len(head := source.read(HEAD.size)) == HEAD.size:
        size, at, key = HEAD.unpack(head)
        data = source.read(size)
        if len(data) < size:
            break
        packet: av.Packet[Stream] = av.Packet(data)
        packet.pts = packet.dts = at
        packet.time_base, packet.stream, packet.is_keyframe = unit, stream, bool(key)
        faulthandler.dump_traceback_later(patience, exit=True, file=nowhere)
        container.mux_one(packet)
        faulthandler.cancel_dump_traceback_later()
        os.write(own, DONE)
    faulthandler.dump_traceback_later(patience, exit=True, file=nowhere)
    container.close()


if __name__ == "__main__":
    try:
        with Path(os.devnull).open("w") as silence:
            main(silence)
    except BaseException:  # told by the end of its output; foreign words may hold the address
        os._exit(1)
    os._exit(0)
