"""Where the built-in server listens, and who may ask."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
from base64 import b64decode
from pathlib import Path
from typing import Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

from ...core.errors import UsageError
from .guesses import Guesses

HERE: Final = "127.0.0.1"
RTSP: Final = 8554
RTSPS: Final = 8322
WEB: Final = 8080


class ServeSettings(BaseModel):
    """The built-in server. Only this machine reaches it unless told otherwise."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    listen: str = Field(HERE, description="The address of this machine that is listened on.")
    rtsp_port: int | None = Field(RTSP, ge=0, le=65535, description="RTSP; none switches it off.")
    rtsps_port: int | None = Field(
        RTSPS, ge=0, le=65535, description="RTSP inside TLS, where there is a certificate."
    )
    web_port: int | None = Field(
        WEB, ge=0, le=65535, description="Dashboard, HLS, WebRTC, health, metrics; or none."
    )
    names: tuple[str, ...] = Field(
        (), description="Names by which browsers may reach it, besides addresses and localhost."
    )
    user: str = Field("passerby", pattern=r'^[^:"\\\x00-\x1f]{1,64}$', description="Who may look.")
    password: SecretStr | None = Field(None, description="Their password.", repr=False)
    certificate: Path | None = Field(None, description="For TLS: a PEM file, with its chain.")
    key: Path | None = Field(None, description="The certificate's key, if it's in another file.")
    whip: dict[str, str] = Field(
        {},
        description="By camera, the address of a WebRTC server that it is published to.",
        repr=False,
    )
    whip_token_file: Path | None = Field(
        None, description="Holds what those servers want to see: a token in its first line."
    )

    @classmethod
    def of(cls, **given: Any) -> Self:
        """`UsageError` if anything is wrong; what is None is left at its default."""
        try:
            return cls(**{name: value for name, value in given.items() if value is not None})
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            name = ".".join(str(part) for part in first["loc"]) or "settings"
            raise UsageError(f"{name}: {first['msg']}") from None

    def whip_token(self) -> str | None:
        """`UsageError` where the file can't be read."""
        if self.whip_token_file is None:
            return None
        try:
            lines = self.whip_token_file.read_text(encoding="ascii").split()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError("the token can't be read", path=self.whip_token_file) from error
        if len(lines) != 1:
            raise UsageError("holds no token in one line", path=self.whip_token_file)
        return lines[0]

    @model_validator(mode="after")
    def _closed(self) -> Self:
        if self.key is not None and self.certificate is None:
            raise UsageError("a key without a certificate", hint="name both")
        if self.password is not None and len(self.password.get_secret_value()) < 8:
            raise UsageError("the password has fewer than 8 characters", hint="take a longer one")
        if is_here(self.listen):
            return self
        if self.password is None:
            raise UsageError(
                "listening elsewhere than on this machine's own address is refused without a "
                "password: anybody could look",
                hint="set a password, or reach this machine through ssh -L PORT:127.0.0.1:PORT",
            )
        if self.web_port is not None and self.certificate is None:
            raise UsageError(
                "the web server is refused elsewhere than on this machine's own address without "
                "TLS: anybody on the way could read the password",
                hint="name a certificate and its key, or switch the web server off",
            )
        return self


def is_here(listen: str) -> bool:
    """Whether only this machine reaches that address. `UsageError` for what is no address."""
    if listen == "localhost":
        return True
    try:
        return ipaddress.ip_address(listen).is_loopback
    except ValueError:
        raise UsageError(
            "what is to be listened on is no address of a machine",
            hint="127.0.0.1, or 0.0.0.0 for every address of this machine",
        ) from None


class Login:
    """Who may ask. The password itself is kept nowhere, only salted hashes of it.

    `realm` holds the salt and is told to everybody who asks; it is another in each run. Whoever
    compares a password asks `guesses` first, and has a wrong one wait there.
    """

    def __init__(self, user: str, password: str) -> None:
        self.realm = f"passerby-{secrets.token_hex(8)}"
        self.guesses = Guesses()
        self._user = user
        self._hashes = {name: _hash(name, user, self.realm, password) for name in ("md5", "sha256")}

    @classmethod
    def of(cls, settings: ServeSettings) -> Login | None:
        """None where nobody is asked for a password."""
        if settings.password is None:
            return None
        return cls(settings.user, settings.password.get_secret_value())

    def hash(self, algorithm: str) -> str:
        """What digest authentication calls HA1, for `md5` or `sha256`."""
        return self._hashes[algorithm]

    def knows(self, user: str) -> bool:
        return _same(user, self._user)

    def basic(self, header: str) -> bool:
        """Whether an `Authorization: Basic ...` is right."""
        scheme, _, coded = header.partition(" ")
        if scheme.lower() != "basic" or len(coded) > 1024:
            return False
        try:
            user, _, password = b64decode(coded.strip(), validate=True).decode().partition(":")
        except ValueError:  # no Base64, or no text
            return False
        right = _same(_hash("sha256", user, self.realm, password), self._hashes["sha256"])
        return self.knows(user) and right


def _hash(algorithm: str, user: str, realm: str, password: str) -> str:
    return hashlib.new(algorithm, f"{user}:{realm}:{password}".encode()).hexdigest()


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())
