"""Addresses of streams: what kind each is, and how it may be shown to people.

Note [no password is shown]: an address goes to the demuxer whole and is shown without its user,
password and query, and without parts of the path that hold an `=`, as some makers' do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Literal
from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

from ..core.errors import UsageError

Kind = Literal["rtsp", "rtmp", "http", "udp", "tcp", "file", "hls", "folder"]

_KINDS: Final[dict[str, Kind]] = {
    "rtsp": "rtsp",
    "rtsps": "rtsp",
    "rtmp": "rtmp",
    "rtmps": "rtmp",
    "http": "http",
    "https": "http",
    "udp": "udp",
    "tcp": "tcp",
}
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_NEARLY: Final = re.compile(r"(?:rtsps?|rtmps?|https?|udp|tcp):?/|[^/\\:]+:[^/\\]*@", re.IGNORECASE)
SOURCES: Final = "rtsp://, rtmp://, http://, udp://, tcp:// or a file"
TARGETS: Final = "rtsp://, rtmp://, udp://, tcp://, NAME.m3u8 or a folder that ends in /"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a stream comes from or goes to. `str` is safe to show; `whole` is not."""

    kind: Kind
    whole: str = field(repr=False)

    def __str__(self) -> str:
        if self.kind in ("file", "hls", "folder"):
            return self.whole
        parts = urlsplit(self.whole)
        path = "/".join("..." if "=" in part else part for part in parts.path.split("/"))
        query = "..." if parts.query else ""
        return urlunsplit((parts.scheme, _host(parts), path, query, ""))

    @property
    def secret(self) -> bool:
        """Whether a password is written in it."""
        return self.remote and urlsplit(self.whole).password is not None

    @property
    def path(self) -> Path:
        """Of a file, a folder or a playlist."""
        return Path(self.whole)

    @property
    def remote(self) -> bool:
        return self.kind in ("rtsp", "rtmp", "http", "udp", "tcp")

    def with_login(self, login: str | None) -> Address:
        """The same with `USER:PASSWORD`, unless it has a user already, or can't have one."""
        if not login or self.kind not in ("rtsp", "rtmp", "http"):
            return self
        parts = urlsplit(self.whole)
        if parts.username is not None:
            return self
        user, _, password = login.partition(":")
        place = f"{quote(user, safe='')}:{quote(password, safe='')}@{_host(parts)}"
        return replace(self, whole=urlunsplit(parts._replace(netloc=place)))


def source(text: str) -> Address:
    """`UsageError` where nothing can be received from there."""
    return _address(text, "source")


def target(text: str) -> Address:
    """`UsageError` where nothing can be published there."""
    return _address(text, "target")


def _address(text: str, way: Literal["source", "target"]) -> Address:
    known = SOURCES if way == "source" else TARGETS
    scheme = _SCHEME.match(text)
    if scheme is not None:
        kind = _KINDS.get(scheme[1].lower())
        if kind is None or (way == "target" and kind == "http"):
            raise UsageError(
                f"no stream can be {'read from' if way == 'source' else 'sent to'} "
                f"{scheme[1].lower()}://",
                hint=f"one of {known}",
            )
        return _remote(kind, text)
    if _NEARLY.match(text):
        raise UsageError("an address needs ://", hint="write it like rtsp://camera.local/stream")
    if way == "source":
        return Address("file", text)
    if text.lower().endswith(".m3u8"):
        return Address("hls", text)
    if text.endswith(("/", "\\")) or Path(text).is_dir():
        return Address("folder", text)
    raise UsageError("is no place to send a stream to", path=text, hint=f"one of {known}")


def _remote(kind: Kind, text: str) -> Address:
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or any(ord(c) < 33 for c in text):
        raise UsageError(
            f"a {kind} address makes no sense", hint="write it like rtsp://camera.local:554/stream"
        )
    if kind in ("udp", "tcp") and port is None:
        raise UsageError(f"a {kind} address needs a port", hint=f"such as {kind}://{host}:5000")
    return Address(kind, text)


def _host(parts: SplitResult) -> str:
    """Host and port, without user and password."""
    return parts.netloc.rpartition("@")[2]
