"""Cameras on loopback for `live.py`, run by the system's Python, which has GStreamer.

    live_camera.py PORT RATE COUNT SENT UNITS.units

Serves /cam0 to /cam<COUNT-1>: the same film over and over, each camera at another place of it, from
the moment somebody comes. Each picture is handed over at its exact time, and SENT gets a line
for it: camera, the picture's number in the film, monotonic seconds.
"""

from __future__ import annotations

import importlib
import pickle
import sys
import threading
import time
from pathlib import Path
from typing import Any, TextIO

gi: Any = importlib.import_module("gi")
for name, version in (("Gst", "1.0"), ("GstApp", "1.0"), ("GstRtspServer", "1.0")):
    gi.require_version(name, version)
Gst: Any = importlib.import_module("gi.repository.Gst")
GLib: Any = importlib.import_module("gi.repository.GLib")
Rtsp: Any = importlib.import_module("gi.repository.GstRtspServer")


def camera(
    number: int, count: int, units: list[tuple[bytes, bool]], rate: int, sent: TextIO
) -> Any:
    factory = Rtsp.RTSPMediaFactory()
    factory.set_launch(
        "( appsrc name=src is-live=true format=time block=false "
        f'caps="video/x-h264,stream-format=byte-stream,alignment=au,framerate={rate}/1" '
        "! h264parse ! rtph264pay name=pay0 pt=96 config-interval=-1 )"
    )
    factory.set_shared(True)
    start = number * len(units) // count // rate * rate  # a key frame

    def film(source: Any) -> None:
        while (clock := source.get_clock()) is None:
            time.sleep(0.005)
        begun, first = time.monotonic(), clock.get_time() - source.get_base_time()
        for n in range(10**9):
            at = (start + n) % len(units)
            time.sleep(max(0.0, begun + n / rate - time.monotonic()))
            buffer = Gst.Buffer.new_wrapped(units[at][0])
            buffer.pts = buffer.dts = first + n * Gst.SECOND // rate
            buffer.duration = Gst.SECOND // rate
            now = time.monotonic()
            if source.emit("push-buffer", buffer) != Gst.FlowReturn.OK:
                return
            sent.write(f"{number} {at} {now:.6f}\n")

    def configured(_: Any, media: Any) -> None:
        source = media.get_element().get_by_name_recurse_up("src")
        source = source or media.get_element().get_by_name("src")
        threading.Thread(target=film, args=(source,), daemon=True).start()

    factory.connect("media-configure", configured)
    return factory


def main() -> None:
    Gst.init(None)
    port, rate, count, told, path = sys.argv[1:]
    units = pickle.loads(Path(path).read_bytes())
    server = Rtsp.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    with Path(told).open("w", buffering=1, encoding="ascii") as sent:
        for number in range(int(count)):
            factory = camera(number, int(count), units, int(rate), sent)
            server.get_mount_points().add_factory(f"/cam{number}", factory)
        server.attach(None)
        loop = GLib.MainLoop()

        def ended() -> None:
            sys.stdin.read()  # the benchmark is over, or gone
            loop.quit()

        threading.Thread(target=ended, daemon=True).start()
        print("ready", flush=True)
        loop.run()


main()
