"""Watches RTSP with GStreamer, run by the system's Python: URL, tcp or udp, how many pictures."""

from __future__ import annotations

import importlib
import sys
from typing import Any

gi: Any = importlib.import_module("gi")
gi.require_version("Gst", "1.0")
Gst: Any = importlib.import_module("gi.repository.Gst")


def main() -> None:
    Gst.init(None)
    url, protocols, wanted = sys.argv[1:]
    pipe = Gst.parse_launch(
        f"rtspsrc name=source protocols={protocols} latency=100 timeout=8000000 "
        "! rtph264depay ! h264parse ! openh264dec ! appsink name=sink sync=false"
    )
    pipe.get_by_name("source").set_property("location", url)
    sink = pipe.get_by_name("sink")
    pipe.set_state(Gst.State.PLAYING)
    seen = 0
    while seen < int(wanted):
        sample = sink.emit("try-pull-sample", 10 * Gst.SECOND)
        if sample is None:
            break
        seen += 1
    pipe.set_state(Gst.State.NULL)
    print("seen", seen)
    sys.exit(seen < int(wanted))


main()
