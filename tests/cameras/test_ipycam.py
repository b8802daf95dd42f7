"""A camera program that is not ours (PyPI `ipycam` 1.3) is understood.

It can't be installed beside Passerby (docs/decisions/cameras.md): `make onvif` installs it apart.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Generator
from pathlib import Path

import pytest

from .device import PASSWORD, USER
from .test_cameras import cameras

PYTHON = Path(__file__).parents[2] / "build" / "onvif-venv" / "bin" / "python"
pytestmark = pytest.mark.skipif(not PYTHON.exists(), reason="ipycam is not there: make onvif")

# Its own ONVIF service, HTTP handler and discovery, without its encoders.
SERVE = """
import sys, types
from http.server import ThreadingHTTPServer
from ipycam.config import CameraConfig
from ipycam.onvif import ONVIFService
from ipycam.http import IPCameraHTTPHandler
from ipycam.discovery import WSDiscoveryServer
config = CameraConfig(local_ip="127.0.0.1", name="Porch")
config.username, config.password = sys.argv[1], sys.argv[2]
onvif = ONVIFService(config)
camera = types.SimpleNamespace(config=config, onvif=onvif)
handler = type("Handler", (IPCameraHTTPHandler,), {"camera": camera})
server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
config.onvif_port = server.server_address[1]
WSDiscoveryServer(onvif).start()
print(config.onvif_port, flush=True)
server.serve_forever()
"""


@pytest.fixture
def port() -> Generator[str]:
    with subprocess.Popen(
        [PYTHON, "-c", SERVE, USER, PASSWORD],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as program:
        assert program.stdout
        try:
            yield program.stdout.readline().strip()
        finally:
            program.terminate()


def test_ipycam_is_found_and_tells_its_streams_to_who_logs_in(port: str) -> None:
    done = cameras("--interface", "127.0.0.1", "--timeout", "1", "--json")
    assert done.returncode == 0, done.stderr
    (found,) = json.loads(done.stdout)["cameras"]
    assert found["wants_login"]
    assert found["name"] == "Porch"
    done = cameras("--host", f"127.0.0.1:{port}", "--json", login=f"{USER}:{PASSWORD}")
    assert done.returncode == 0, done.stderr
    (camera,) = json.loads(done.stdout)["cameras"]
    assert [stream["name"] for stream in camera["streams"]] == ["MainStream", "SubStream"]
    assert camera["streams"][0]["address"].startswith("rtsp://127.0.0.1:")
    wrong = cameras("--host", f"127.0.0.1:{port}", login=f"{USER}:wrong")
    assert wrong.returncode == 1
    assert "refuses the login" in wrong.stderr
