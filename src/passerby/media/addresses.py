"""Addresses of streams: what kind each is, and how it may be shown to people.

Note [no password is shown]: an address goes to the demuxer whole and is shown without its user,
password and query, and without parts of the path that hold an `=`, as some makers' do. The last
part of an RTMP path is a key by which a server knows who may publish.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Literal
from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

from ..core.errors import UsageError

Kind = Literal["rtsp", "rtmp", "http", "udp", "tcp", "srt", "device", "file", "hls", "folder"]

_KINDS: Final[dict[str, Kind]] = {
    "rtsp": "rtsp",
    "rtsps": "rtsp",
    "rtmp": "rtmp",
    "rtmps": "rtmp",
    "http": "http",
    "https": "http",
    "udp": "udp",
    "tcp": "tcp",
    "srt": "srt",
}
_ONLY_SOURCES: Final = ("http", "srt")
_DEVICE: Final = re.compile(r"camera:(\d{1,3})|(/dev/video\d{1,3})")
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_NEARLY: Final = re.compile(r"(?:rtsps?|rtmps?|https?|udp|tcp):?/|[^/\\:]+:[^/\\]*@", re.IGNORECASE)
SOURCES: Final = "rtsp://, rtmp://, http://, udp://, tcp://, srt://, camera:0 or a file"
TARGETS: Final = "rtsp://, rtmp://, udp://, tcp://, NAME.m3u8 or a folder that ends in /"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a stream comes from or goes to. `str` is safe to show; `whole` is not."""

    kind: Kind
    whole: str = field(repr=False)

    def __str__(self) -> str:
        if self.kind in ("device", "file", "hls", "folder"):
            return self.whole
        parts = urlsplit(self.whole)
        shown = ["..." if "=" in part else part for part in parts.path.split("/")]
        if self.kind == "rtmp" and len(shown) > 2:
            shown[-1] = "..."
        path = "/".join(shown)
        query = "..." if parts.query else ""
        return urlunsplit((parts.scheme, _host(parts), path, query, ""))

    @property
    def secret(self) -> bool:
        """Whether a password is written in it."""
        parts = urlsplit(self.whole)
        return self.remote and (parts.password is not None or "passphrase=" in parts.query)

    @property
    def path(self) -> Path:
        """Of a file, a folder or a playlist."""
        return Path(self.whole)

    @property
    def place(self) -> str:
        """Where it leads: of a file, a folder or a playlist the same however it is written."""
        if self.kind not in ("file", "hls", "folder"):
            return self.whole
        try:
            return str(self.path.resolve())
        except (OSError, RuntimeError, ValueError):  # links in a circle: it leads nowhere
            return self.whole

    @property
    def remote(self) -> bool:
        return self.kind in ("rtsp", "rtmp", "http", "udp", "tcp", "srt")

    def with_login(self, login: str | None) -> Address:
        """The same with `USER:PASSWORD`, unless it has a user already, or can't have one.

        SRT has an id of the stream and a passphrase instead.
        """
        if login and self.kind == "srt":
            return self._with_passphrase(login)
        if not login or self.kind not in ("rtsp", "rtmp", "http"):
            return self
        parts = urlsplit(self.whole)
        if parts.username is not None:
            return self
        user, _, password = login.partition(":")
        place = f"{quote(user, safe='')}:{quote(password, safe='')}@{_host(parts)}"
        return replace(self, whole=urlunsplit(parts._replace(netloc=place)))

    def _with_passphrase(self, login: str) -> Address:
        parts = urlsplit(self.whole)
        user, _, password = login.partition(":")
        more = [
            f"{name}={quote(value, safe='')}"
            for name, value in (("streamid", user), ("passphrase", password))
            if value and f"{name}=" not in parts.query
        ]
        query = "&".join([*([parts.query] if parts.query else []), *more])
        return replace(self, whole=urlunsplit(parts._replace(query=query)))


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
        if kind is None or (way == "target" and kind in _ONLY_SOURCES):
            raise UsageError(
                f"no stream can be {'read from' if way == 'source' else 'sent to'} "
                f"{scheme[1].lower()}://",
                hint=f"one of {known}",
            )
        return _remote(kind, text)
    if _NEARLY.match(text):
        raise UsageError("an address needs ://", hint="write it like rtsp://camera.local/stream")
    if way == "source":
        if device := _DEVICE.fullmatch(text):
            return Address("device", device[2] or f"/dev/video{device[1]}")
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
    if kind in ("udp", "tcp", "srt") and port is None:
        raise UsageError(f"a {kind} address needs a port", hint=f"such as {kind}://{host}:5000")
    return Address(kind, text)


def _host(parts: SplitResult) -> str:
    """Host and port, without user and password."""
    return parts.netloc.rpartition("@")[2]
