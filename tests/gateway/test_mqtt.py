"""Numbers reach a real broker, and nothing but numbers."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
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


class Mosquitto:
    """A broker that forgets all when it ends."""

    def __init__(self, config: Path, port: int) -> None:
        self.port, self._config = port, config
        self.start()

    def start(self) -> None:
        assert MOSQUITTO is not None
        command = [MOSQUITTO, "-c", str(self._config)]
        self._process = subprocess.Popen(command, stderr=subprocess.DEVNULL)

    def end(self) -> None:
        with self._process as process:
            process.terminate()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
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
    made = Mosquitto(config, port)
    try:
        yield made
    finally:
        made.end()


@pytest.fixture
def port(broker: Mosquitto) -> int:
    return broker.port


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
        return replace(_mine(port), topic=topic)

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


@pytest.mark.slow
def test_a_broker_that_forgot_everything_is_told_everything(broker: Mosquitto) -> None:
    before = Heard(broker.port)
    messages = Messages(_mine(broker.port), lambda line: None)
    status = {"door": {"state": "open", "view_dark": 1, "heads_mean": 0.4, "minutes": 1}}
    messages.tell(status)
    before.until("passerby/door/minute", '{"heads_mean": 0.4}')
    before.close()
    broker.end()
    broker.start()
    after = Heard(broker.port)
    expected = {"status": "online", "door/state": "open", "door/view": '{"dark": 1}'}
    end = time.monotonic() + 20
    while len(after.messages) < len(expected) and time.monotonic() < end:
        messages.tell(status)
        time.sleep(0.2)
    assert dict(after.messages) == {f"passerby/{name}": what for name, what in expected.items()}
    messages.close()
    after.close()


@pytest.mark.slow
def test_whatever_happened_while_the_broker_was_away_the_last_state_stays(
    broker: Mosquitto,
) -> None:
    Heard(broker.port).close()
    messages = Messages(_mine(broker.port), lambda line: None)
    broker.end()
    for number in range(300):  # more than may wait
        messages.tell({"door": {"state": ("open", "lost")[number % 2], "view_dark": number}})
    broker.start()
    heard = Heard(broker.port)
    end = time.monotonic() + 20
    while ("passerby/door/view", '{"dark": 299}') not in heard.messages:
        assert time.monotonic() < end, heard.messages
        messages.tell({"door": {"state": "lost", "view_dark": 299}})
        time.sleep(0.2)
    time.sleep(0.5)
    heard.close()
    last = Heard(broker.port)  # what is kept
    last.until("passerby/door/state", "lost")
    last.until("passerby/door/view", '{"dark": 299}')
    last.close()
    messages.close()
    assert sum(topic.endswith("/view") for topic, _ in heard.messages) < 10


class Sent:
    """How one message does, as paho tells it."""

    def __init__(self, rc: int) -> None:
        self.rc, self.there = rc, False

    def is_published(self) -> bool:
        assert self.rc == 0
        return self.there

    def wait_for_publish(self, _: float) -> None: ...


class Paho:
    """Instead of paho's client: keeps what is published, and says `rc` of it."""

    on_connect: Callable[..., None]

    def __init__(self, _: Any) -> None:
        self.rc, self.messages, self.sent = 0, list[tuple[str, str]](), list[Sent]()

    def publish(self, topic: str, what: str, qos: int = 0, retain: bool = False) -> Sent:
        if self.rc != QUEUE_FULL:
            self.messages.append((topic, what))
        self.sent.append(Sent(self.rc))
        return self.sent[-1]

    def connected(self) -> None:
        """It connects, and whatever was on its way arrives."""
        self.on_connect(None, None, None, SimpleNamespace(is_failure=False), None)
        self.arrive()

    def arrive(self) -> None:
        for sent in self.sent:
            sent.there = True

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_, **__: None


NO_CONNECTION, QUEUE_FULL = 4, 15


@pytest.fixture
def paho(monkeypatch: pytest.MonkeyPatch) -> Paho:
    made = Paho(None)
    monkeypatch.setattr("paho.mqtt.client.Client", lambda _: made)
    return made


def told(paho: Paho, messages: Messages, **states: str | None) -> list[tuple[str, str]]:
    """What the broker hears of cameras that are in these states."""
    before = len(paho.messages)
    messages.tell({name: {"state": s} if s else {} for name, s in states.items()})
    return [(topic.partition("/")[2], what) for topic, what in paho.messages[before:]]


def test_what_found_no_room_is_told_again(paho: Paho) -> None:
    messages = Messages(Broker("mqtt://broker"), lambda line: None)
    status = {"door": {"state": "open", "view_dark": 1, "heads_mean": 1, "minutes": 1}}
    paho.rc = QUEUE_FULL
    messages.tell(status)
    assert not paho.messages
    paho.rc = 0
    messages.tell(status)
    assert len(paho.messages) == 3
    messages.tell(status)
    assert len(paho.messages) == 3


def test_no_state_is_overtaken_by_an_older_one(paho: Paho) -> None:
    """What has not arrived is sent again after a loss, maybe after what is newer."""
    messages = Messages(Broker("mqtt://broker"), lambda line: None)
    paho.rc = NO_CONNECTION  # it waits
    assert told(paho, messages, door="connecting") == [("door/state", "connecting")]
    paho.rc = 0
    assert told(paho, messages, door="open") == []
    assert told(paho, messages, door="lost") == []
    paho.connected()
    assert told(paho, messages, door="lost") == [("door/state", "lost")]
    assert told(paho, messages, door="open") == []
    paho.arrive()
    assert told(paho, messages, door="open") == [("door/state", "open")]


def test_on_every_connection_everything_is_told_anew(paho: Paho) -> None:
    messages = Messages(Broker("mqtt://broker"), lambda line: None)
    told(paho, messages, door="open")
    paho.connected()
    assert told(paho, messages, door="open") == [("door/state", "open")]
    assert told(paho, messages, door="open") == []


def test_a_camera_that_is_no_more_has_ended_and_one_that_waits_has_no_state(paho: Paho) -> None:
    messages = Messages(Broker("mqtt://broker"), lambda line: None)
    assert told(paho, messages, door="open", gate=None) == [("door/state", "open")]
    paho.arrive()
    assert told(paho, messages, gate=None) == [("door/state", "ended")]
    paho.arrive()
    assert told(paho, messages) == []
    paho.connected()
    assert told(paho, messages) == [("door/state", "ended")]
    paho.arrive()
    assert told(paho, messages, door="connecting") == [("door/state", "connecting")]


def _mine(port: int) -> Broker:
    return Broker(f"mqtt://127.0.0.1:{port}", login=f"me:{SECRET}")


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
