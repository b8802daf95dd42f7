"""Cameras are found and asked as a person does it, and strangers get nothing out of us."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from unittest.mock import patch

import pytest

from passerby.apps.cameras import near
from passerby.apps.cli.app import run

from .device import PASSWORD, USER, Device, announced, envelope, fault, match, served

LOGIN = f"{USER}:{PASSWORD}"


def cameras(*arguments: str, login: str = "") -> subprocess.CompletedProcess[str]:
    """The command, asked in this process, where nobody is at the keyboard."""
    out, err, told = io.StringIO(), io.StringIO(), {"PASSERBY_LOGIN": login} if login else {}
    with (
        patch.dict(os.environ),
        Path(os.devnull).open() as nothing,
        patch.object(sys, "stdin", nothing),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        os.environ.pop("PASSERBY_LOGIN", None)
        os.environ.update(told)
        code = run(["cameras", *arguments])
    done = subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())
    said = done.stdout + done.stderr
    assert "Traceback" not in said
    assert "mistake in Passerby" not in said
    for secret in (PASSWORD, "s3cret%26Word", "hunter2"):
        assert secret not in said
    return done


@pytest.fixture
def device() -> Generator[Device]:
    with served(Device("127.0.0.1")) as one:
        yield one


def place(device: Device) -> str:
    return f"{device.ip}:{device.port}"


def test_a_camera_tells_its_streams_to_who_logs_in(device: Device) -> None:
    done = cameras("--host", place(device), "--json", login=LOGIN)
    assert done.returncode == 0, done.stderr
    (camera,) = json.loads(done.stdout)["cameras"]
    assert (camera["maker"], camera["model"]) == ("Acme", "Eye [red]3")
    (stream,) = camera["streams"]
    assert stream["address"] == "rtsp://127.0.0.1:554/live?password=***&channel=1"
    assert (stream["name"], stream["width"], stream["height"]) == ("Large", 1280, 720)
    assert all(PASSWORD not in body for _, body, _ in device.asked)
    assert "<t:ProfileToken>a&amp;1</t:ProfileToken>" in device.asked[-1][1]


def test_the_table_says_what_to_run_next(device: Device, tmp_path: Path) -> None:
    file = tmp_path / "login"
    file.write_text(LOGIN + "\n")
    done = cameras("--host", place(device), "--login-file", str(file))
    assert done.returncode == 0
    assert "Eye [red]3" in done.stdout
    assert "rtsp://127.0.0.1:554/live?password=***&channel=1" in done.stderr
    assert "puts the password in there" in done.stderr
    assert "passerby live ADDRESS --to recordings/" in done.stderr
    assert "yet" not in done.stderr


def test_a_camera_that_wants_an_http_digest_gets_one(device: Device) -> None:
    device.digest = True
    assert cameras("--host", place(device), login=LOGIN).returncode == 0
    assert cameras("--host", place(device), login=f"{USER}:other").returncode == 1


@pytest.mark.parametrize(("login", "word"), [("", "wants a login"), (f"{USER}:no", "refuses")])
def test_a_missing_or_wrong_login_is_told(device: Device, login: str, word: str) -> None:
    done = cameras("--host", place(device), "--json", login=login)
    assert done.returncode == 1
    assert word in done.stderr
    assert json.loads(done.stdout)["cameras"][0]["error"]["code"] == "camera.login"


def test_a_camera_with_a_wrong_clock_is_logged_in_to_by_its_own(device: Device) -> None:
    body = envelope(
        "<GetSystemDateAndTimeResponse><UTCDateTime><Time><Hour>1</Hour><Minute>2</Minute><Second>3"
        "</Second></Time><Date><Year>2001</Year><Month>1</Month><Day>1</Day></Date></UTCDateTime>"
        "</GetSystemDateAndTimeResponse>"
    )
    device.answers["GetSystemDateAndTime"] = lambda *_: (200, body)
    assert cameras("--host", place(device), login=LOGIN).returncode == 0
    assert "2001-01-01T01:02:" in device.asked[-1][1]


BOMB = b'<!DOCTYPE a [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;">]><a>&b;</a>'


@pytest.mark.parametrize(
    ("status", "answer", "word"),
    [
        (200, BOMB, "a document type"),
        (200, b"<a>" * 5000, "too much"),
        (200, b"x" * (50 << 20), "more than 1 MiB"),
        (200, b"DRIP" + b" " * 2000, "in time"),
        (200, b"hello", "no XML"),
        (200, envelope("<Other/>"), "another answer"),
        (302, b"http://192.0.2.77/", "not followed"),
    ],
    ids=["bomb", "deep", "huge", "drip", "words", "other", "redirect"],
)
def test_what_no_camera_says_ends_in_a_clear_error(
    device: Device, status: int, answer: bytes, word: str
) -> None:
    device.answers["GetDeviceInformation"] = lambda *_: (status, answer)
    begun = time.monotonic()
    done = cameras("--host", place(device), "--timeout", "0.5", login=LOGIN)
    assert done.returncode == 1
    assert word in done.stderr
    assert time.monotonic() - begun < 10


def test_addresses_of_other_hosts_are_not_followed_or_offered(device: Device) -> None:
    other = envelope(
        "<GetCapabilitiesResponse><Media><XAddr>http://192.0.2.77/onvif/media</XAddr></Media>"
        "</GetCapabilitiesResponse>"
    )
    device.answers["GetCapabilities"] = lambda *_: (200, other)
    device.stream_host = "192.0.2.77"
    done = cameras("--host", place(device), "--json", login=LOGIN)
    (camera,) = json.loads(done.stdout)["cameras"]
    assert camera["streams"][0]["address"] == ""
    assert "192.0.2.77" not in done.stdout
    assert "another host" in camera["notes"][0]


def test_a_device_without_media_is_told_to_be_one(device: Device) -> None:
    none = envelope("<GetCapabilitiesResponse/>")
    device.answers["GetCapabilities"] = lambda *_: (200, none)
    assert "no media service" in cameras("--host", place(device), login=LOGIN).stderr
    device.answers["GetCapabilities"] = lambda *_: (500, fault("no such service"))
    assert "does not answer GetCapabilities" in cameras("--host", place(device), login=LOGIN).stderr


def test_the_network_is_asked_and_no_login_goes_to_who_answers(device: Device) -> None:
    address = f"http://{place(device)}/onvif/device_service"
    with announced(match("http://192.0.2.77/x", "Liar"), match(address)):
        done = cameras("--interface", "127.0.0.1", "--timeout", "1", "--json", login=LOGIN)
    assert done.returncode == 0, done.stderr
    (camera,) = json.loads(done.stdout)["cameras"]
    assert (camera["name"], camera["wants_login"]) == ("Front door", True)
    assert device.asked
    assert all("Password" not in body and not proof for _, body, proof in device.asked)


def test_a_camera_that_names_only_others_is_not_followed() -> None:
    with announced(match("http://192.0.2.77/x"), lambda _: BOMB.decode(), lambda _: "junk"):
        done = cameras("--interface", "127.0.0.1", "--timeout", "0.6", "--json")
    (camera,) = json.loads(done.stdout)["cameras"]
    assert camera["streams"] == []
    assert "not followed" in camera["notes"][0]


def test_answers_to_questions_that_were_not_asked_are_no_cameras() -> None:
    with announced(lambda _: match("http://127.0.0.1/x")("urn:uuid:other")):
        done = cameras("--interface", "127.0.0.1", "--timeout", "0.6")
    assert done.returncode == 1
    assert "no camera answers" in done.stderr


def test_a_named_camera_says_itself_on_which_port_it_answers(device: Device) -> None:
    with announced(match(f"http://{place(device)}/onvif/device_service")):
        done = cameras("--host", "127.0.0.1", login=LOGIN)
    assert done.returncode == 0, done.stderr
    assert "Front door" in done.stdout


def test_makers_are_known_by_name() -> None:
    done = cameras("--host", "192.0.2.5", "--vendor", "Hikvision", "--channel", "2", "--json")
    (camera,) = json.loads(done.stdout)["cameras"]
    assert camera["streams"][0]["address"] == "rtsp://192.0.2.5:554/Streaming/Channels/201"


@pytest.mark.parametrize(
    "arguments",
    [
        ("--vendor", "axis"),
        ("--vendor", "nobody", "--host", "192.0.2.5"),
        ("--host", f"rtsp://{USER}:{PASSWORD}@192.0.2.5/"),
        ("--interface", "192.0.2.222"),
        ("--login-file", "/dev/null"),
    ],
)
def test_requests_that_make_no_sense_are_usage_errors(arguments: tuple[str, ...]) -> None:
    assert cameras(*arguments).returncode == 2


@pytest.mark.timeout(30)
def test_the_login_is_asked_for_at_a_terminal_and_the_password_is_not_shown(
    device: Device,
) -> None:
    pty = pytest.importorskip("pty", reason="terminals of this kind are Unix's")
    child, terminal = pty.fork()
    if child == 0:  # pragma: no cover
        os.environ.pop("PASSERBY_LOGIN", None)
        python = sys.executable
        os.execv(python, [python, "-m", "passerby", "cameras", "--host", place(device)])
    said = b""
    words = {b"User at 127.0.0.1": USER, b"Password": PASSWORD}
    try:
        while data := os.read(terminal, 4096):
            said += data
            for asked in [word for word in words if said.rstrip(b" :").endswith(word)]:
                time.sleep(0.5)  # what is typed before the echo is off is thrown away
                os.write(terminal, words.pop(asked).encode() + b"\n")
    except OSError:  # how Linux says that the other end is closed
        pass
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, said
    os.close(terminal)
    assert b"/live" in said
    assert PASSWORD.encode() not in said


@pytest.mark.parametrize(("ip", "is_near"), [("192.168.3.4", True), ("8.8.8.8", False)])
def test_only_private_networks_are_near(ip: str, is_near: bool) -> None:
    assert near(ip) is is_near
