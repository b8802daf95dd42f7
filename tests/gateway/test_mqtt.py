"""Numbers reach a real broker, and nothing but numbers."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion
from PIL import Image
from tests.live.camera import Film, free_port, live

from passerby.apps.gateway.mqtt import Broker, Messages, Telling
from passerby.core.errors import UsageError

MOSQUITTO = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
SECRET = "Sesame77"
# A camera's process has minutes of two seconds.
HASTY = """
import sys
if sys.orig_argv[-1] == "film":
    from passerby.jobs import gauges
    gauges.MINUTE = 2.0
"""


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    if MOSQUITTO is None:
        pytest.skip("mosquitto is not installed (make programs, as root)")
    port, words = free_port(), tmp_path / "words"
    subprocess.run(["mosquitto_passwd", "-c", "-b", str(words), "me", SECRET], check=True)
    words.chmod(0o644)
    tmp_path.chmod(0o755)
    config = tmp_path / "mosquitto.conf"
    user = Path("/etc/passwd").owner()
    config.write_text(
        f"user {user}\nlistener {port} 127.0.0.1\nallow_anonymous false\npassword_file {words}\n"
    )
    with subprocess.Popen([MOSQUITTO, "-c", str(config)], stderr=subprocess.DEVNULL) as broker:
        try:
            yield port
        finally:
            broker.terminate()


class Heard:
    """All that a broker was told."""

    def __init__(self, port: int) -> None:
        self.messages: list[tuple[str, str]] = []
        self.client = Client(CallbackAPIVersion.VERSION2)
        self.client.username_pw_set("me", SECRET)
        ready = threading.Event()

        def hear(_: Any, __: Any, message: Any) -> None:
            self.messages.append((message.topic, message.payload.decode()))

        self.client.on_message = hear
        self.client.on_subscribe = lambda *_: ready.set()
        until = time.monotonic() + 10
        while time.monotonic() < until:
            with suppress(OSError):
                self.client.connect("127.0.0.1", port)
                break
            time.sleep(0.1)
        self.client.subscribe("#")
        self.client.loop_start()
        assert ready.wait(10)

    def until(self, topic: str, what: str) -> None:
        end = time.monotonic() + 10
        while (topic, what) not in self.messages:
            assert time.monotonic() < end, self.messages
            time.sleep(0.05)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@pytest.mark.slow
def test_a_broker_hears_of_whole_minutes_and_of_nothing_else(
    tmp_path: Path, astronaut: Path, port: int
) -> None:
    with Image.open(astronaut) as image:
        film = Film.of(image.convert("RGB").crop((120, 20, 320, 220)))
    film.write(tmp_path / "film.mp4")
    code = tmp_path / "code"
    code.mkdir()
    (code / "sitecustomize.py").write_text(HASTY)
    config = tmp_path / "gateway.toml"
    config.write_text(
        f'[camera.film]\nsource = "{tmp_path}/film.mp4"\nto = ["{tmp_path}/out/"]\n'
        f'[mqtt]\nserver = "mqtt://127.0.0.1:{port}"\ntopic = "home/eyes"\n'
        'login = { environment = "BROKER" }\n'
    )
    heard = Heard(port)
    running = live(str(config), "--status", "json", PYTHONPATH=str(code), BROKER=f"me:{SECRET}")
    out, said = running.communicate(timeout=90)
    assert running.returncode == 0, said
    heard.until("home/eyes/status", "offline")
    heard.close()
    topics = {"status", "film/state", "film/view", "film/minute"}
    assert {topic for topic, _ in heard.messages} == {f"home/eyes/{topic}" for topic in topics}
    assert heard.messages[0] == ("home/eyes/status", "online")
    assert ("home/eyes/film/state", "ended") in heard.messages
    minutes = [json.loads(what) for topic, what in heard.messages if topic.endswith("/minute")]
    assert minutes
    assert all(set(minute) == {"heads_mean", "heads_most"} for minute in minutes)
    assert max(minute["heads_most"] for minute in minutes) == 1
    assert SECRET not in out + said
    assert "the broker answers" in said


@pytest.mark.slow
def test_a_login_that_the_broker_refuses_is_told_and_not_shown(port: int) -> None:
    Heard(port).close()  # it is there
    told = list[str]()
    messages = Messages(Broker(f"mqtt://127.0.0.1:{port}", login="me:Wrong888"), told.append)
    end = time.monotonic() + 10
    while not told and time.monotonic() < end:
        time.sleep(0.05)
    messages.close()
    assert "refuses" in told[0]
    assert "Wrong888" not in "".join(told)


@pytest.mark.slow
def test_another_broker_is_told_all_and_the_last_one_that_it_is_over(port: int) -> None:
    heard = Heard(port)
    telling = Telling(lambda line: None)
    state = {"door": {"state": "open"}}

    def broker(topic: str) -> Broker:
        return Broker(f"mqtt://127.0.0.1:{port}", topic, login=f"me:{SECRET}")

    telling.tell(state)
    telling.ask(broker("old"))
    telling.tell(state)
    heard.until("old/status", "online")
    heard.until("old/door/state", "open")
    telling.ask(broker("old"))
    telling.ask(broker("new"))
    telling.tell(state)
    heard.until("old/status", "offline")
    heard.until("new/status", "online")
    heard.until("new/door/state", "open")
    with pytest.raises(UsageError, match="authority"):
        telling.ask(Broker("mqtts://127.0.0.1:1", authority=Path("none.pem")))
    telling.tell({"door": {"state": "lost"}})
    heard.until("new/door/state", "lost")
    telling.ask(None)
    heard.until("new/status", "offline")
    heard.close()
    assert heard.messages.count(("old/status", "online")) == 1


@pytest.mark.parametrize(
    ("server", "topic"),
    [
        ("broker", "a"),
        ("http://broker", "a"),
        ("mqtt://me:Secret55@broker", "a"),
        ("mqtt://broker:99999", "a"),
        ("mqtt://broker:0", "a"),
        ("mqtt://broker:Secret55", "a"),
        ("mqtt://[::1", "a"),
        ("mqtt://broker", "a/#"),
        ("mqtt://broker", ""),
    ],
)
def test_what_is_no_broker_is_refused(server: str, topic: str) -> None:
    with pytest.raises(UsageError) as caught:
        Broker(server, topic)
    assert "Secret55" not in str(caught.value)
