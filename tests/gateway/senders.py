"""Cameras that speak something else than RTSP, on loopback, filming a `Film` over and over."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import pytest
from tests.live.camera import FPS, Film, free_port


@contextmanager
def mjpeg(film: Film, login: str) -> Iterator[str]:
    """Motion JPEG over HTTP, for who logs in by digest; its address without the login."""
    pictures = [
        cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()
        for picture in film.pictures
    ]

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args: object) -> None: ...

        def do_GET(self) -> None:
            if not self._allowed(self.headers.get("Authorization", "")):
                self.send_response(401)
                way = 'Digest realm="cam", nonce="n0nce", qop="auth"'
                self.send_header("WWW-Authenticate", way)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
            self.end_headers()
            with suppress(OSError):
                for number in range(10_000):
                    picture = pictures[number % len(pictures)]
                    head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}"
                    self.wfile.write(head.encode() + b"\r\n\r\n" + picture + b"\r\n")
                    time.sleep(1 / FPS)

        def _allowed(self, said: str) -> bool:
            user, _, password = login.partition(":")
            told = dict(re.findall(r'(\w+)="?([^",]*)"?', said))

            def md5(*parts: str) -> str:
                return hashlib.md5(":".join(parts).encode()).hexdigest()

            ha1, ha2 = md5(user, "cam", password), md5("GET", told.get("uri", ""))
            parts = [told.get(k, "") for k in ("nonce", "nc", "cnonce", "qop")]
            return told.get("response") == md5(ha1, *parts, ha2)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/video.mjpg"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def ffmpeg(film: Path, kind: str, more: str = "") -> Iterator[str]:
    """The program ffmpeg sends a film: `udp`, `rtmp` (to who connects), `srt` (the same)."""
    found = shutil.which("ffmpeg")
    if found is None:
        pytest.skip("ffmpeg is not installed (make programs, as root)")
    port = free_port()
    place, form = {
        "udp": (f"udp://127.0.0.1:{port}?pkt_size=1316", "mpegts"),
        "rtmp": (f"rtmp://127.0.0.1:{port}/live/cam", "flv"),
        "srt": (f"srt://127.0.0.1:{port}?mode=listener{more}", "mpegts"),
    }[kind]
    listen = ["-listen", "1"] if kind == "rtmp" else []
    command = [found, "-loglevel", "quiet", "-re", "-stream_loop", "-1", "-i", str(film)]
    command += ["-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency", "-g", str(FPS)]
    command += ["-an", "-f", form, *listen, place]
    # Who listens ends with its first guest: it is started again, as a camera would be there again.
    ending = threading.Event()
    running: list[subprocess.Popen[bytes]] = []

    def keep() -> None:
        while not ending.is_set():
            running.append(subprocess.Popen(command, stdin=subprocess.DEVNULL))
            running[-1].wait()

    thread = threading.Thread(target=keep, daemon=True)
    thread.start()
    try:
        yield place.partition("?")[0]
    finally:
        ending.set()
        for process in running:
            process.kill()
        thread.join(5)
