"""What is written in gateway.toml is checked, and what is wrong is told with its line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from passerby.apps.cli.app import run
from passerby.apps.gateway.config import example, load, parse
from passerby.apps.gateway.places import line_of
from passerby.core.errors import UsageError

WHOLE = """\
[defaults]
hide = ["faces", "plates"]
delay = 1.5

[camera.garden]
source = "rtsp://10.0.0.5/stream"
login = { environment = "GARDEN" }
zones = ["0,0,50%,100%"]

[camera.door]
source = "rtsp://admin:Secret55@10.0.0.6/stream"
delay = 0.5
recordings = { folder = "rec", hours = 48, gigabytes = 2.5, piece = 30 }

[serve]
rtsp_port = 9000
"""


def test_every_camera_is_asked_for_what_is_written_over_the_defaults() -> None:
    gateway = parse(WHOLE, "gateway.toml", {"GARDEN": "viewer:Secret66"})
    garden, door = gateway.cameras
    assert (garden.name, garden.settings.delay, door.settings.delay) == ("garden", 1.5, 0.5)
    assert garden.settings.hide == door.settings.hide == ("faces", "plates")
    assert garden.settings.zones == ("0,0,50%,100%",)
    assert garden.logins.camera == "viewer:Secret66"
    assert door.settings.to == ("rec/",)
    assert (door.settings.keep_hours, door.settings.piece_seconds) == (48, 30)
    assert gateway.serve is not None
    assert gateway.serve.rtsp_port == 9000
    assert gateway.hidden == {"GARDEN"}
    (warning,) = gateway.warnings
    assert warning.startswith("gateway.toml:10: camera.door: a password")
    shown = repr(gateway) + str(gateway)
    assert "Secret" not in shown
    assert parse(WHOLE, "gateway.toml", {"GARDEN": "viewer:Secret66"}) == gateway
    assert parse(WHOLE, "gateway.toml", {"GARDEN": "viewer:Other777"}) != gateway


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("delay = 0.5", "delay = 50", "gateway.toml:12: camera.door.delay: "),
        ("delay = 1.5", "delay = 50", "gateway.toml:3: defaults.delay: "),
        ("hours = 48", "hours = -1", "gateway.toml:13: camera.door.recordings.hours: "),
        ("delay = 0.5", "dealy = 0.5", "gateway.toml:12: camera.door.dealy: is nothing that can "
         "be set here; is delay meant?"),
        ('["faces", "plates"]', '["noses"]', "gateway.toml:2: defaults.hide: nothing known"),
        ("0,0,50%,100%", "0,0,0,0", "gateway.toml:8: camera.garden.zones: zone: '0,0,0,0' has"),
        ("0,0,50%,100%", "0,0,9,9@1-2", "gateway.toml:8: camera.garden.zones: zone: "),
        ('source = "rtsp://10.0.0.5/stream"', "", "gateway.toml:5: camera.garden.source: is mis"),
        ("rtsp://10.0.0.5", "ftp://a:Secret55@10.0.0.5", "gateway.toml:6: camera.garden.source: "),
        ("rtsp://admin", "rtsp:/admin", "gateway.toml:11: camera.door.source: an address needs"),
        ('environment = "GARDEN"', 'environment = "OTHER"', "gateway.toml:7: camera.garden.login"),
        ('environment = "GARDEN"', 'file = "/none"', "gateway.toml:7: camera.garden.login: the f"),
        ("[camera.garden]", "[camera.door]", "gateway.toml: is no TOML: "),
        ("[camera.garden]", "[camera.'a b']", "gateway.toml:5: camera.a b: a camera's name"),
        ("[serve]", "[server]", "gateway.toml:15: server: is nothing that can be set here; is ser"),
        ("rtsp_port = 9000", "whip = {x = 'https://a/'}", "gateway.toml:16: serve.whip: there"),
        ("rtsp_port = 9000", "listen = '0.0.0.0'", "gateway.toml:15: serve: listening elsewhere"),
        ("[serve]", "[mqtt]\nserver = 'mqtt://h:99999'\n[serve]", "gateway.toml:16: mqtt.server"),
        ("[serve]", "[mqtt]\nserver = 'mqtt://[::1'\n[serve]", "gateway.toml:16: mqtt.server"),
        ("[camera.", "[cameras.", "gateway.toml: camera: names no camera"),
        ('delay = 0.5', 'to = ["/x/rec/"]', "is published where"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_line_and_no_password(
    before: str, after: str, told: str
) -> None:
    assert before in WHOLE
    text = WHOLE.replace(before, after)
    if "is published" in told:
        text = text.replace("zones =", 'to = ["/x/rec/"]\nzones =')
    with pytest.raises(UsageError) as caught:
        parse(text, "gateway.toml", {"GARDEN": "viewer:Secret66"})
    assert told in str(caught.value)
    assert "Secret" not in str(caught.value)


def test_a_camera_that_is_published_nowhere_is_refused() -> None:
    with pytest.raises(UsageError, match=r"gateway.toml:1: camera.a: is published nowhere"):
        parse('[camera.a]\nsource = "rtsp://10.0.0.5/a"\n', "gateway.toml", {})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('recordings = {{ folder = "{0}/d" }}', 'recordings = {{ folder = "{0}/d/." }}'),
        ('recordings = {{ folder = "{0}/d" }}', 'recordings = {{ folder = "{0}/link" }}'),
        ('recordings = {{ folder = "{0}/d" }}', 'to = ["{0}/x/../d/"]'),
        ('to = ["{0}/d/a.m3u8"]', 'to = ["{0}/link/./a.m3u8"]'),
    ],
)
def test_one_place_is_one_however_it_is_written(tmp_path: Path, one: str, other: str) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "d")
    text = "".join(
        f'[camera.{name}]\nsource = "rtsp://10.0.0.5/a"\n{how.format(tmp_path)}\n'
        for name, how in (("one", one), ("other", other))
    )
    with pytest.raises(UsageError, match=r"gateway.toml:4: camera.other: is published where one"):
        parse(text, "gateway.toml", {})
    assert parse(text.replace("/d", "/e", 1), "gateway.toml", {})


def test_lines_are_found_in_any_way_of_writing() -> None:
    text = '[a]\nb.c = 1\n[ "a" . d ]\n"e" = { f = 1 }\n'
    assert line_of(text, ("a", "b", "c")) == 2
    assert line_of(text, ("a", "d", "e", "f")) == 4
    assert line_of(text, ("a", "d", "g")) == 3
    assert line_of(text, ("z",)) is None


def test_the_example_is_printed_and_is_right(tmp_path: Path) -> None:
    passerby = [sys.executable, "-m", "passerby", "live"]
    printed = subprocess.run(
        [*passerby, "--example"], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    assert printed == example()
    login = tmp_path / "door.login"
    login.write_text("viewer:Secret66\n")
    login.chmod(0o600)
    config = tmp_path / "gateway.toml"
    config.write_text(printed.replace("/etc/passerby/door.login", str(login)))
    gateway = load(config, {"GARDEN_LOGIN": "viewer:Secret66"})
    assert [camera.name for camera in gateway.cameras] == ["garden", "door"]
    assert not gateway.warnings
    checked = subprocess.run(
        [*passerby, str(config), "--check"], capture_output=True, text=True, check=False,
        timeout=60,
    )  # fmt: skip
    assert checked.returncode == 2
    assert f"{config}:11: camera.garden.login: the variable GARDEN_LOGIN holds" in checked.stderr
    assert checked.stdout == ""


def test_elsewhere_is_served_with_a_login_that_is_kept_out_of_the_file() -> None:
    lines = "listen = '0.0.0.0'\nlogin = { environment = 'VIEWERS' }\ncertificate = 'c.pem'\n"
    gateway = parse(WHOLE + lines, "gateway.toml", {"GARDEN": "a:b", "VIEWERS": "v:Secret7777"})
    assert gateway.serve is not None
    assert gateway.serve.password is not None
    assert (gateway.serve.user, gateway.serve.listen) == ("v", "0.0.0.0")
    assert gateway.serve.password.get_secret_value() == "Secret7777"
    assert "Secret7777" not in repr(gateway)
    with pytest.raises(UsageError, match="without TLS"):
        parse(
            WHOLE + lines.replace("certificate", "# "),
            "x",
            {"GARDEN": "a:b", "VIEWERS": "v:Secret7777"},
        )


@pytest.mark.parametrize(
    "arguments",
    [
        ("gateway.toml", "--hide", "plates"),
        ("gateway.toml", "--serve"),
        ("gateway.toml", "--to", "x/"),
        ("rtsp://10.0.0.5/a", "--to", "x/", "--check"),
        ("rtsp://10.0.0.5/a",),
    ],
)
def test_what_would_do_nothing_is_refused(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["live", *arguments]) == 2
    assert capsys.readouterr().err.startswith("passerby: ")
