"""Pushes to servers, each from a process of its own: one that hangs stops only that.

Note [a process for each server]: PyAV opens an output and writes its header with the interpreter's
lock held (seen with 18.1). A server that takes a connection and says nothing would stop all
threads of the process that asked it, for good; one that is far away or gone, until it is given up.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

from .addresses import Address
from .live_encoder import UNIT, Coded, Shape
from .pusher import DONE, HEAD

PATIENCE: Final = 5.0  # seconds that a server may take for one packet, or for the end
_FORMATS: Final = {"rtsp": "rtsp", "rtmp": "flv", "udp": "mpegts", "tcp": "mpegts"}
_OPTIONS: Final = {
    "rtsp": {"rtsp_transport": "tcp"},
    "rtmp": {"flvflags": "no_duration_filesize"},
    "udp": {"muxdelay": "0", "pkt_size": "1316"},
    "tcp": {},
}


class Push:
    """A connection to a server. Raises foreign errors, `ConnectionError` where it is lost.

    The address goes to the process over its input: a list of processes does not show it.
    """

    def __init__(self, address: Address, shape: Shape, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(Path(__file__).with_name("pusher.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={key: v for key, v in os.environ.items() if not key.startswith("PASSERBY_")},
        )
        order = {
            "address": address.whole,
            "format": _FORMATS[address.kind],
            "options": {"fflags": "+bitexact+flush_packets"} | _OPTIONS[address.kind],
            "width": shape.size.width,
            "height": shape.size.height,
            "unit": [UNIT.numerator, UNIT.denominator],
            "patience": patience,
        }
        try:
            self._say(json.dumps(order).encode() + b"\n")
        except BaseException:
            self._kill()
            raise

    def put(self, packet: Coded) -> None:
        self._say(HEAD.pack(len(packet.data), packet.at, packet.key) + packet.data)

    def close(self) -> None:
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(self._patience)
        self._kill()

    def _say(self, what: bytes) -> None:
        """Returns when it was taken."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(what)
        self._process.stdin.flush()
        if self._process.stdout.read(1) != DONE:
            raise ConnectionError

    def _kill(self) -> None:
        """It is ours, and was not waited for."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                if pipe is not None:
                    pipe.close()
        self._process.wait()
