"""`gateway.toml`: what is written there, checked, and turned into what each camera is asked for."""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

from ...core.errors import UsageError
from ...core.schedule import Style
from ...jobs.live import Logins
from ...jobs.live_settings import LiveSettings
from ...jobs.settings import PresetName, Speed
from ...media import srt
from .access import ServeSettings
from .channel import Channel
from .mqtt import Broker
from .places import line_of

MEGABYTES: Final = 2000  # of memory for one camera's process
_STRICT: Final = ConfigDict(frozen=True, extra="forbid")
_SAME: Final = (  # what is called the same here and there
    "hide",
    "style",
    "preset",
    "device",
    "delay",
    "smallest",
    "zones",
    "count",
    "transport",
    "silence",
    "encoder_speed",
    "crf",
)
_TABLES: Final = ("defaults", "camera", "serve", "mqtt")
_Model = TypeVar("_Model", bound=BaseModel)


class LoginTable(BaseModel):
    """Where `USER:PASSWORD` is: in a variable of the environment, or a file's first line."""

    model_config = _STRICT

    environment: str | None = Field(None, min_length=1)
    file: Path | None = None
    written: SecretStr | None = Field(None, repr=False)

    @model_validator(mode="before")
    @classmethod
    def _plain(cls, given: Any) -> Any:
        """Written into the file itself works, with a warning."""
        return {"written": given} if isinstance(given, str) else given

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.environment, self.file, self.written).count(None) != 2:
            hint = 'write login = { environment = "VARIABLE" } or { file = "PATH" }'
            raise UsageError("a login is in one place", hint=hint)
        return self

    def read(self, surroundings: Mapping[str, str]) -> str:
        """`UsageError` where it isn't there."""
        if self.written is not None:
            login, where, hint = self.written.get_secret_value(), "what is written", "USER:PASSWORD"
        elif self.environment is not None:
            login = surroundings.get(self.environment, "")
            where, hint = f"the variable {self.environment}", "set it to USER:PASSWORD"
        else:
            assert self.file is not None
            where, hint = f"the file {self.file}", "its first line is USER:PASSWORD"
            try:
                with self.file.open(encoding="utf-8") as lines:
                    login = lines.readline(4096).strip()
            except (OSError, UnicodeDecodeError):
                raise UsageError(f"{where} can't be read", hint=hint) from None
        if ":" not in login:
            raise UsageError(f"{where} holds no USER:PASSWORD", hint=hint)
        return login


class RecordingsTable(BaseModel):
    """Recordings of what is published, in pieces, and how much of them is kept."""

    model_config = _STRICT

    folder: str = Field(min_length=1)
    hours: float | None = Field(None, gt=0)
    gigabytes: float | None = Field(None, gt=0)
    piece: float | None = Field(None, ge=1, le=3600)


class CameraDefaults(BaseModel):
    """What may be said of every camera, or of one. What is None is what `passerby live` does."""

    model_config = _STRICT

    hide: tuple[str, ...] | None = Field(None, min_length=1)
    style: Style | None = None
    preset: PresetName | None = None
    device: str | None = None
    delay: float | None = Field(None, ge=0.2, le=10)
    smallest: float | dict[str, float] | None = None
    zones: tuple[str, ...] | None = None
    count: bool | None = None
    transport: Literal["tcp", "udp"] | None = None
    silence: float | None = Field(None, ge=0.5, le=60)
    encoder_speed: Speed | None = None
    crf: int | None = Field(None, ge=0, le=51)
    login: LoginTable | None = None
    to_login: LoginTable | None = None
    megabytes: int = Field(MEGABYTES, ge=100)
    share_models: bool = True


class CameraTable(CameraDefaults):
    """One camera."""

    source: str = Field(repr=False)
    to: tuple[str, ...] = Field((), repr=False)
    recordings: RecordingsTable | None = None


class ServeTable(ServeSettings):
    """The built-in server; `login` instead of a user and a password that are written down."""

    login: LoginTable | None = None

    @model_validator(mode="after")
    def _closed(self) -> Self:
        """What is listened on is judged once the login has been read."""
        return self


class MqttTable(BaseModel):
    """Where numbers are told to."""

    model_config = _STRICT

    server: str
    topic: str = "passerby"
    login: LoginTable | None = None
    authority: Path | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What one camera's process is asked for; if two are equal, nothing changed. `megabytes`: of
    memory that it may take. `share_models`: with other cameras, where the system can."""

    name: str
    settings: LiveSettings
    logins: Logins = field(default_factory=Logins, repr=False)
    megabytes: int = MEGABYTES
    share_models: bool = True

    @property
    def places(self) -> frozenset[str]:
        """That its process writes to, and no other may at the same time."""
        return frozenset(address.place for address in self.settings.targets)


@dataclass(frozen=True, slots=True)
class Gateway:
    """What a file asks for. `warnings`: what works, and should not be left so. `hidden`: variables
    of the environment that hold passwords."""

    cameras: tuple[Asked, ...]
    serve: ServeSettings | None = None
    mqtt: Broker | None = None
    warnings: tuple[str, ...] = ()
    hidden: frozenset[str] = frozenset()


def example() -> str:
    return (files(__package__) / "example.toml").read_text(encoding="utf-8")


def load(path: Path, surroundings: Mapping[str, str] = os.environ) -> Gateway:
    """`UsageError` that names the line and never a value, where anything is wrong."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(error.strerror or "can't be read", path=path) from error
    except UnicodeDecodeError:
        raise UsageError("is no text in UTF-8", path=path) from None
    return parse(text, str(path), surroundings)


def parse(text: str, name: str, surroundings: Mapping[str, str]) -> Gateway:
    """The same for what is written in a file called `name`."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"is no TOML: {error}", path=name) from None
    return _Reading(text, name, surroundings).gateway(raw)


class _Reading:
    """One file, being read."""

    def __init__(self, text: str, name: str, surroundings: Mapping[str, str]) -> None:
        self._text, self._name, self._surroundings = text, name, surroundings
        self._warnings: list[str] = []
        self._hidden: set[str] = set()

    def gateway(self, raw: dict[str, Any]) -> Gateway:
        defaults = raw.get("defaults", {})
        self._checked(CameraDefaults, defaults, "defaults")
        cameras = raw.get("camera")
        if not isinstance(cameras, dict) or not cameras:
            hint = "[camera.NAME] and below it source = ...; passerby live --example prints one"
            raise self._wrong(UsageError("names no camera", hint=hint), "camera")
        for unknown in raw.keys() - set(_TABLES):
            told, hint = _unknown(unknown, list(_TABLES))
            raise self._wrong(UsageError(told, hint=hint), unknown)
        serve = self._serve(raw["serve"]) if "serve" in raw else None
        asked = tuple(
            self._camera(name, table, defaults, served=serve is not None)
            for name, table in cameras.items()
        )
        self._apart(asked)
        for name in serve.whip.keys() - cameras.keys() if serve else ():
            hint = "its names are those of the [camera.NAME] tables"
            raise self._wrong(UsageError(f"there is no camera {name}", hint=hint), "serve", "whip")
        mqtt = self._mqtt(raw["mqtt"]) if "mqtt" in raw else None
        return Gateway(asked, serve, mqtt, tuple(self._warnings), frozenset(self._hidden))

    def _camera(self, name: str, table: Any, defaults: dict[str, Any], *, served: bool) -> Asked:
        place = ("camera", name)
        try:
            Channel(name)
        except UsageError as error:
            raise self._wrong(error, *place) from None
        self._checked(CameraTable, table, *place)
        camera = self._checked(CameraTable, {**defaults, **table}, *place)
        kept = camera.recordings
        if not camera.to and kept is None and not served:
            hint = "give it to = [...], recordings = {...}, or the file a [serve] table"
            raise self._wrong(UsageError("is published nowhere", hint=hint), *place)
        given: dict[str, Any] = {
            "source": camera.source,
            "to": (*camera.to, *(() if kept is None else (kept.folder.rstrip("/\\") + "/",))),
            **{key: getattr(camera, key) for key in _SAME},
        }
        if kept is not None:
            given |= {
                "keep_hours": kept.hours,
                "keep_gigabytes": kept.gigabytes,
                "piece_seconds": kept.piece,
            }
        try:
            settings = LiveSettings.of(**given)
            if settings.address.kind == "srt":
                srt.program()
        except UsageError as error:
            key = _culprit(given)
            where = ("defaults",) if key not in table and key in defaults else place
            raise self._wrong(error, *where, *(() if key is None else (key,))) from None
        for address in (settings.address, *settings.targets):
            if address.secret:
                self._warn("a password in an address; login = {...} keeps it out", *place)
        logins = Logins(
            self._login(camera.login, *place, "login"),
            self._login(camera.to_login, *place, "to_login"),
        )
        return Asked(name, settings, logins, camera.megabytes, camera.share_models)

    def _serve(self, table: Any) -> ServeSettings:
        serve = self._checked(ServeTable, table, "serve")
        if serve.password is not None:
            self._warn("a password is written in this file; login = {...} keeps it out", "serve")
        given = serve.model_dump(exclude={"login"}, exclude_unset=True)
        login = self._login(serve.login, "serve", "login")
        if login is not None:
            given["user"], _, given["password"] = login.partition(":")
        return self._checked(ServeSettings, given, "serve")

    def _mqtt(self, table: Any) -> Broker:
        mqtt = self._checked(MqttTable, table, "mqtt")
        login = self._login(mqtt.login, "mqtt", "login")
        try:
            broker = Broker(mqtt.server, mqtt.topic, login, mqtt.authority)
        except UsageError as error:
            raise self._wrong(
                error, "mqtt", "topic" if "topic" in error.what else "server"
            ) from None
        if broker.open_to_all:
            self._warn("anybody on the way can read the password; mqtts:// keeps it", "mqtt")
        return broker

    def _login(self, login: LoginTable | None, *place: str) -> str | None:
        if login is None:
            return None
        if login.written is not None:
            told = "a password is written in this file"
            self._warn(f"{told}; an environment or a file keeps it out", *place)
        elif login.file is not None and _open_to_all(login.file):
            self._warn(f"everybody on this machine can read {login.file}", *place)
        if login.environment is not None:
            self._hidden.add(login.environment)
        try:
            return login.read(self._surroundings)
        except UsageError as error:
            raise self._wrong(error, *place) from None

    def _apart(self, cameras: tuple[Asked, ...]) -> None:
        """Two cameras that write to one place would destroy each other's pictures."""
        owner: dict[str, str] = {}
        for camera in cameras:
            for place in camera.places:
                if owner.setdefault(place, camera.name) != camera.name:
                    told = f"is published where {owner[place]} is, too"
                    hint = "each camera needs places of its own"
                    raise self._wrong(UsageError(told, hint=hint), "camera", camera.name)

    def _checked(self, model: type[_Model], given: Any, *place: str) -> _Model:
        try:
            return model.model_validate(given)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            told, hint = _plainly(first, model)
            raise self._wrong(UsageError(told, hint=hint), *place, *first["loc"]) from None
        except UsageError as error:
            raise self._wrong(error, *place) from None

    def _wrong(self, error: UsageError, *place: str | int) -> UsageError:
        told = f"{_dotted(place)}: {error.what}" if place else error.what
        return UsageError(told, path=self._where(*place), hint=error.hint)

    def _warn(self, told: str, *place: str) -> None:
        self._warnings.append(f"{self._where(*place)}: {_dotted(place)}: {told}")

    def _where(self, *place: str | int) -> str:
        line = line_of(self._text, place)
        return self._name if line is None else f"{self._name}:{line}"


def _dotted(place: tuple[str | int, ...]) -> str:
    return ".".join(str(part) for part in place if not isinstance(part, int))


def _plainly(error: Any, model: type[BaseModel]) -> tuple[str, str]:
    """What is wrong, and what to write instead; pydantic's words hold no value here."""
    match error["type"]:
        case "missing":
            return "is missing", "write it below the table's name"
        case "extra_forbidden":
            known = model.model_fields if len(error["loc"]) == 1 else {}
            return _unknown(str(error["loc"][-1]), list(known))
    return str(error["msg"]), ""


def _unknown(name: str, known: list[str]) -> tuple[str, str]:
    near = get_close_matches(name, known, 1)
    hint = f"is {near[0]} meant?" if near else f"any of: {', '.join(known)}" if known else ""
    return "is nothing that can be set here", hint


def _culprit(given: dict[str, Any]) -> str | None:
    """Which of the settings is wrong by itself; None if only all together are."""
    for key, value in given.items():
        try:
            LiveSettings.of(**{"source": "udp://127.0.0.1:1", key: value})
        except UsageError:
            return key
    return None


def _open_to_all(file: Path) -> bool:
    try:
        return os.name == "posix" and bool(stat.S_IMODE(file.stat().st_mode) & 0o004)
    except OSError:
        return False
