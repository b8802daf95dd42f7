"""RTSP with GStreamer, run by the system's Python: a camera, or a server that takes a stream.

    rtsp_server.py camera PORT UNITS.pickle FPS [USER:PASSWORD [SHARE]]
    rtsp_server.py server PORT TAKEN.ts

A camera sends access units that were coded before, over and over: UNITS holds lists of (bytes, key
frame). Told `next` on standard input, it goes on with the next list. SHARE of its RTP packets are
lost.
"""

from __future__ import annotations

import importlib
import pickle
import sys
import threading
from pathlib import Path
from typing import Any

gi: Any = importlib.import_module("gi")
for name, version in (("Gst", "1.0"), ("GstApp", "1.0"), ("GstRtspServer", "1.0")):
    gi.require_version(name, version)
Gst: Any = importlib.import_module("gi.repository.Gst")
GLib: Any = importlib.import_module("gi.repository.GLib")
Rtsp: Any = importlib.import_module("gi.repository.GstRtspServer")


def camera(units: list[list[tuple[bytes, bool]]], fps: int, lost: float = 0) -> Any:
    state = {"list": 0, "at": 0}

    def listen() -> None:
        for line in sys.stdin:
            if line.strip() == "next":
                state["list"], state["at"] = min(state["list"] + 1, len(units) - 1), 0

    threading.Thread(target=listen, daemon=True).start()
    factory = Rtsp.RTSPMediaFactory()
    factory.set_launch(
        "( appsrc name=src is-live=true format=time "
        f'caps="video/x-h264,stream-format=byte-stream,alignment=au,framerate={fps}/1" '
        "! h264parse ! rtph264pay pt=96 config-interval=-1 "
        f"! identity name=pay0 drop-probability={lost} )"
    )
    factory.set_shared(True)

    def configured(_: Any, media: Any) -> None:
        source = media.get_element().get_by_name_recurse_up("src")
        if source is None:
            source = media.get_element().get_by_name("src")
        begun = {"n": 0}
        state["at"] = 0

        def tick() -> bool:
            clock = source.get_clock()
            if clock is None:
                return begun["n"] < 500
            chosen = units[state["list"]]
            buffer = Gst.Buffer.new_wrapped(chosen[state["at"] % len(chosen)][0])
            buffer.pts = buffer.dts = max(0, clock.get_time() - source.get_base_time())
            buffer.duration = Gst.SECOND // fps
            state["at"] += 1
            begun["n"] += 1
            return bool(source.emit("push-buffer", buffer) == Gst.FlowReturn.OK)

        GLib.timeout_add(1000 // fps, tick)

    factory.connect("media-configure", configured)
    return factory


def taking(path: str) -> Any:
    factory = Rtsp.RTSPMediaFactory()
    factory.set_transport_mode(Rtsp.RTSPTransportMode.RECORD)
    file = f"filesink buffer-mode=2 location={path}"  # unbuffered: this process is killed
    factory.set_launch(f"( rtph264depay name=depay0 ! h264parse ! mpegtsmux ! {file} )")
    return factory


def protect(server: Any, factory: Any, login: str) -> None:
    user, _, password = login.partition(":")
    auth, token = Rtsp.RTSPAuth(), Rtsp.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    methods: Any = importlib.import_module("gi.repository.GstRtsp")
    auth.set_supported_methods(methods.RTSPAuthMethod.DIGEST)
    auth.add_digest(user, password, token)
    server.set_auth(auth)
    permissions = Rtsp.RTSPPermissions()
    permissions.add_permission_for_role("viewer", "media.factory.access", True)
    permissions.add_permission_for_role("viewer", "media.factory.construct", True)
    factory.set_permissions(permissions)


def main() -> None:
    Gst.init(None)
    what, port, path, *more = sys.argv[1:]
    server = Rtsp.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    if what == "camera":
        fps, login, lost = [*more, "", "0"][:3]
        factory = camera(pickle.loads(Path(path).read_bytes()), int(fps), float(lost))
        if login:
            gi.require_version("GstRtsp", "1.0")
            protect(server, factory, login)
    else:
        factory = taking(path)
    server.get_mount_points().add_factory("/cam", factory)
    server.attach(None)
    print("ready", flush=True)
    GLib.timeout_add_seconds(300, sys.exit)
    GLib.MainLoop().run()


main()
