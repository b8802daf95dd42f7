"""Whom to talk to: addresses of cameras and their services, and logins that never get into text."""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import dataclass, field
from urllib.parse import quote, quote_plus, urlsplit

from ...core.errors import CameraError, UsageError

DEVICE_PATH = "/onvif/device_service"  # ONVIF Core Specification, 5.1.2.1: the same everywhere
STARS = "***"
# Words behind which an address holds a password, in a query or, as some makers do, in the path.
_SECRET = re.compile(r"(?i)((?:pass(?:word|wd)?|pwd|psw|secret|token|key)=)[^&_/?#\s]*")


@dataclass(frozen=True, slots=True)
class Login:
    """A user and their password. The password is not in its `repr`."""

    user: str
    password: str = field(repr=False)

    @classmethod
    def of(cls, words: str) -> Login:
        """From `USER:PASSWORD`."""
        user, colon, password = words.partition(":")
        if not user or not colon:
            raise UsageError("the login is not USER:PASSWORD", hint="a colon stands between them")
        return cls(user, password)


@dataclass(frozen=True, slots=True)
class Service:
    """Where a camera is asked: `host` as it was named, `ip` as it was found."""

    host: str
    ip: str
    port: int = 80
    path: str = DEVICE_PATH
    secure: bool = False

    @property
    def address(self) -> str:
        scheme, usual = ("https", 443) if self.secure else ("http", 80)
        port = "" if self.port == usual else f":{self.port}"
        return f"{scheme}://{bracketed(self.host)}{port}{self.path}"

    def at(self, address: str) -> Service | None:
        """The service at `address`, if that is the same host; None if it is another, or no address.

        A camera that sends us elsewhere could use us to reach what it can't reach itself.
        """
        try:
            parts = urlsplit(address)
            port = parts.port
        except ValueError:
            return None
        if parts.scheme not in {"http", "https"} or not self.same(parts.hostname):
            return None
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        if not path.isascii() or any(c.isspace() or not c.isprintable() for c in path):
            return None
        secure = parts.scheme == "https"
        return Service(self.host, self.ip, port or (443 if secure else 80), path, secure)

    def same(self, host: str | None) -> bool:
        """Whether `host` is this camera, by the name that was given or by its address."""
        return host is not None and host.lower() in {self.host.lower(), self.ip.lower()}


def bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def named(host: str) -> tuple[str, int | None]:
    """`HOST`, `HOST:PORT` or `[IPV6]:PORT` as a person gives it. What is wrong is not repeated:
    it may hold a password."""
    if any(c in host for c in "/@?#\\") or not host.strip() or any(c.isspace() for c in host):
        raise UsageError(
            "--host is an address or name, as 192.168.1.64 or 192.168.1.64:8080, without a login",
            hint="the login comes from --login-file, PASSERBY_LOGIN, or is asked for",
        )
    try:
        return str(ipaddress.ip_address(host)), None
    except ValueError:
        pass
    try:
        parts = urlsplit(f"//{host}")
        name, port = parts.hostname, parts.port
    except ValueError:
        name, port = None, None
    if not name or port == 0:
        raise UsageError("--host is no address", hint="as 192.168.1.64 or 192.168.1.64:8080")
    return name, port


def resolve(host: str) -> str:
    """The address of `host`, found once: what it is called later changes nothing."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise CameraError(
            f"{host} is not known here", hint="see the router's list for its address"
        ) from error
    return str(found[0][4][0])


def near(ip: str) -> bool:
    """Whether `ip` is of a private network, of this machine, or of this cable."""
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return False
    return (
        address.is_private or address.is_loopback or address.is_link_local
    ) and not address.is_multicast


def without_login(address: str, login: Login | None = None) -> str:
    """A stream's address with no user, and `***` for whatever looks like a password in it."""
    scheme, slashes, rest = address.partition("://")
    if slashes:
        place, slash, path = rest.partition("/")
        address = f"{scheme}://{place.rpartition('@')[2]}{slash}{path}"
    return hidden(_SECRET.sub(rf"\g<1>{STARS}", address), login)


def hidden(words: str, login: Login | None) -> str:
    """`words` without the login's password, however it is written."""
    if login is None or len(login.password) < 3:
        return words
    for secret in (login.password, quote(login.password, safe=""), quote_plus(login.password)):
        words = words.replace(secret, STARS)
    return words
