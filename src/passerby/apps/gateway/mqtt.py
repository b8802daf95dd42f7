"""Numbers of whole minutes, and how each camera does, as messages to an MQTT broker.

TOPIC/status        online, or offline (the broker says that when this goes away); kept
TOPIC/NAME/state    connecting, open, lost or ended; kept
TOPIC/NAME/view     {"covered": 0, "moved": 0, "dark": 0}; kept
TOPIC/NAME/minute   {"heads_mean": 0.4, "heads_most": 2, ...}: once a minute, not kept
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from ...core.errors import UsageError

PORTS: Final = {"mqtt": 1883, "mqtts": 8883}
MINUTELY: Final = ("_mean", "_most")  # how the names of numbers of a whole minute end
VIEW: Final = "view_"  # and how those of a view begin
_KEEPALIVE: Final = 30  # seconds
_WAITING: Final = 200  # messages that wait for a broker which is away
_NO_ROOM: Final = 15  # paho's word for one more than that


@dataclass(frozen=True, slots=True)
class Broker:
    """Where messages go. `login`: USER:PASSWORD; `authority`: a PEM file to know the broker by."""

    server: str
    topic: str = "passerby"
    login: str | None = field(default=None, repr=False)
    authority: Path | None = None

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.server)
            named = parts.scheme in PORTS and bool(parts.hostname) and parts.port != 0
        except ValueError:
            named = False
        if not named or parts.path.strip("/"):
            raise UsageError("is no broker", hint="write mqtt://HOST:PORT or mqtts://HOST:PORT")
        if parts.username is not None:
            raise UsageError("holds a login", hint="write login = { file = ... } instead")
        if not self.topic or self.topic[0] in "/$" or set(self.topic) & set("+#\0"):
            raise UsageError("is no topic", hint="a name such as passerby, or home/passerby")

    @property
    def open_to_all(self) -> bool:
        """Whether anybody on the way could read the password."""
        parts = urlsplit(self.server)
        here = parts.hostname in ("localhost", "127.0.0.1", "::1")
        return self.login is not None and parts.scheme == "mqtt" and not here


class Telling:
    """Tells one broker, or none, and another whenever that is asked for."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._broker: Broker | None = None
        self._messages: Messages | None = None

    def ask(self, broker: Broker | None) -> None:
        """From now on this one. Where it can't be, raises `UsageError`, and keeps the last one."""
        if broker == self._broker:
            return
        before = self._broker
        self.close()  # before the next begins: it says "offline" where that may say "online"
        try:
            self._begin(broker)
        except Exception:  # whatever it is: there was one before
            self._begin(before)
            raise

    def tell(self, statuses: Mapping[str, Mapping[str, Any]]) -> None:
        """See `Messages.tell`."""
        if self._messages is not None:
            self._messages.tell(statuses)

    def close(self) -> None:
        if self._messages is not None:
            self._messages.close()
        self._messages = self._broker = None

    def _begin(self, broker: Broker | None) -> None:
        self._messages = None if broker is None else Messages(broker, self._tell)
        self._broker = broker


class Messages:
    """Tells a broker what is told of cameras. A broker that is away holds up nobody.

    Note [in order]: what was on its way when a broker went is sent again by paho once it is back,
    and could come after something newer, and be kept. So of what is kept no topic has two messages
    on their way. A broker may have forgotten all meanwhile: it is told everything anew.
    """

    def __init__(self, broker: Broker, tell: Callable[[str], None]) -> None:
        try:
            from paho.mqtt.client import Client
            from paho.mqtt.enums import CallbackAPIVersion
        except ImportError:
            raise UsageError(
                "[mqtt] needs a package that is not installed", hint="pip install passerby[mqtt]"
            ) from None
        self._topic = broker.topic
        self._kept = dict[str, str]()  # by topic, what the broker should keep
        self._told = dict[str, str]()  # what it was told of that since it answered
        self._way = dict[str, Any]()  # the message that told it
        self._minutes = dict[str, str]()  # by camera, which one was told
        self._anew = False
        parts = urlsplit(broker.server)
        self._client = client = Client(CallbackAPIVersion.VERSION2)
        if broker.login is not None:
            user, _, password = broker.login.partition(":")
            client.username_pw_set(user, password)
        if parts.scheme == "mqtts":
            try:
                client.tls_set(None if broker.authority is None else str(broker.authority))
            except (OSError, ValueError) as error:
                raise UsageError("can't be used as an authority", path=broker.authority) from error
        client.max_queued_messages_set(_WAITING)
        client.reconnect_delay_set(1, 60)
        client.will_set(f"{self._topic}/status", "offline", 1, retain=True)

        def connected(_: Any, __: Any, ___: Any, reason: Any, ____: Any) -> None:
            if reason.is_failure:
                tell(f"the broker refuses: {str(reason).lower()}")
                return
            tell("the broker answers")
            self._anew = True
            client.publish(f"{self._topic}/status", "online", 1, retain=True)

        def lost(_: Any, __: Any, ___: Any, reason: Any, ____: Any) -> None:
            if reason.is_failure:
                tell("the broker went away; what is told meanwhile waits")

        client.on_connect, client.on_disconnect = connected, lost
        client.connect_async(str(parts.hostname), parts.port or PORTS[parts.scheme], _KEEPALIVE)
        client.loop_start()

    def tell(self, statuses: Mapping[str, Mapping[str, Any]]) -> None:
        """Publish what changed since the last call; about once a second."""
        if self._anew:
            self._anew = False
            self._told.clear()
        for name, status in statuses.items():
            view = {k.removeprefix(VIEW): v for k, v in status.items() if k.startswith(VIEW)}
            if "state" in status:  # not before its turn to start has come
                self._kept[f"{name}/state"] = str(status["state"])
            if view:
                self._kept[f"{name}/view"] = json.dumps(view)
            minute = {k: v for k, v in status.items() if k.endswith(MINUTELY)}
            fresh = f"{status.get('pid')} {status.get('minutes')}"
            news = minute and self._minutes.get(name) != fresh
            if news and self._publish(f"{name}/minute", json.dumps(minute), keep=False) is not None:
                self._minutes[name] = fresh
        for topic in self._kept:
            name, _, what = topic.partition("/")
            if what == "state" and name not in statuses:
                self._kept[topic] = "ended"
        for topic, what in self._kept.items():
            self._say(topic, what)

    def close(self) -> None:
        with suppress(ValueError, RuntimeError):
            last = self._client.publish(f"{self._topic}/status", "offline", 1, retain=True)
            last.wait_for_publish(2)
        self._client.disconnect()
        self._client.loop_stop()

    def _say(self, topic: str, what: str) -> None:
        """See Note [in order]."""
        last = self._way.get(topic)
        if self._told.get(topic) == what or (last is not None and not last.is_published()):
            return
        sent = self._publish(topic, what, keep=True)
        if sent is not None:
            self._told[topic], self._way[topic] = what, sent

    def _publish(self, topic: str, what: str, *, keep: bool) -> Any | None:
        """None where so much waits already that this has to be told again."""
        sent: Any = self._client.publish(f"{self._topic}/{topic}", what, 1, retain=keep)
        if sent.rc == _NO_ROOM:
            return None
        sent.rc = 0  # without a connection it waits, which is no failure
        return sent
