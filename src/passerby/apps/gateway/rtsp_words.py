"""RTSP 1.0 (RFC 2326) as text: requests read within bounds, answers, transports, digests."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

from .access import Login

MOST_HEAD: Final = 8192  # bytes of a request's lines
MOST_BODY: Final = 4096
_REASONS: Final = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    405: "Method Not Allowed",
    454: "Session Not Found",
    455: "Method Not Valid in This State",
    461: "Unsupported Transport",
    503: "Service Unavailable",
    505: "RTSP Version Not Supported",
    551: "Option not supported",
}
_PAIR: Final = re.compile(r'([A-Za-z]+)\s*=\s*(?:"([^"]*)"|([^\s,"]*))')


class Malformed(Exception):
    """What came is no RTSP, or too much of it."""


@dataclass(frozen=True, slots=True)
class Request:
    """`headers`: names in lower case."""

    method: str
    url: str
    headers: Mapping[str, str]

    @property
    def good(self) -> bool:
        """Whether its address can be taken apart."""
        try:
            urlsplit(self.url)
        except ValueError:
            return False
        return True

    @property
    def path(self) -> str:
        """Empty where there is none."""
        return unquote(urlsplit(self.url).path) if "://" in self.url and self.good else ""

    @property
    def camera(self) -> str:
        """The name that the address gives."""
        return self.path.strip("/").split("/")[0]


async def read(reader: asyncio.StreamReader) -> Request | None:
    """The next request, or None for interleaved data, which is read and thrown away.

    Raises `Malformed`, and `asyncio.IncompleteReadError` when the other side is gone.
    """
    first = await reader.readexactly(1)
    if first == b"$":
        _, *size = await reader.readexactly(3)
        await reader.readexactly(size[0] << 8 | size[1])
        return None
    try:
        head = first + await reader.readuntil(b"\r\n\r\n")
    except (asyncio.LimitOverrunError, ValueError):
        raise Malformed from None
    if len(head) > MOST_HEAD:
        raise Malformed
    request = _parsed(head.lstrip(b"\r\n"))
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or len(length) > 6 or int(length) > MOST_BODY:
        raise Malformed
    await reader.readexactly(int(length))
    return request


def _parsed(head: bytes) -> Request:
    try:
        first, *lines = head.decode().split("\r\n")
    except UnicodeDecodeError:
        raise Malformed from None
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("RTSP/"):
        raise Malformed
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if colon:
            headers.setdefault(name.strip().lower(), value.strip())
    return Request(words[0], words[1], headers)


def answer(request: Request, status: int, headers: Mapping[str, str], body: str = "") -> bytes:
    lines = [f"RTSP/1.0 {status} {_REASONS[status]}"]
    number = request.headers.get("cseq", "")
    if number.isdecimal():
        lines.append(f"CSeq: {number}")
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body:
        lines.append(f"Content-Length: {len(body.encode())}")
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


@dataclass(frozen=True, slots=True)
class Transport:
    """Where a receiver wants its packets: two channels of the connection, or two UDP ports."""

    interleaved: bool
    pair: tuple[int, int]


def transport(header: str) -> Transport | None:
    """The first that is offered and can be had."""
    for offer in header.split(","):
        kind, *rest = (part.strip() for part in offer.split(";"))
        told = dict(part.partition("=")[::2] for part in rest)
        if "multicast" in told or told.get("mode", "play").strip('"').lower() != "play":
            continue
        if kind.upper() == "RTP/AVP/TCP":
            pair = _pair(told.get("interleaved", "0-1"), 255)
            if pair:
                return Transport(True, pair)
        elif kind.upper() in ("RTP/AVP", "RTP/AVP/UDP"):
            pair = _pair(told.get("client_port", ""), 65535)
            if pair and min(pair) >= 1024:
                return Transport(False, pair)
    return None


def _pair(text: str, most: int) -> tuple[int, int] | None:
    first, _, second = text.partition("-")
    if not first.isdecimal() or len(first) > 5:
        return None
    one = int(first)
    two = int(second) if second.isdecimal() and len(second) < 6 else one + 1
    return (one, two) if one <= most and two <= most and one != two else None


class Challenge:
    """Digest authentication (RFC 2069 form, which every player has) for one connection.

    The nonce is this connection's own, so an answer that was overheard opens no other.
    """

    def __init__(self, login: Login) -> None:
        self._login, self._nonce = login, secrets.token_hex(16)

    @property
    def header(self) -> str:
        return f'Digest realm="{self._login.realm}", nonce="{self._nonce}", algorithm=MD5'

    def met(self, request: Request) -> bool:
        given = request.headers.get("authorization", "")
        scheme, _, rest = given.partition(" ")
        if scheme.lower() != "digest":
            return False
        told = {name.lower(): quoted or bare for name, quoted, bare in _PAIR.findall(rest)}
        url = told.get("uri", "")
        if Request("", url, {}).camera != request.camera or told.get("nonce") != self._nonce:
            return False
        what = _md5(f"{request.method}:{url}")
        wanted = _md5(f"{self._login.hash('md5')}:{self._nonce}:{what}")
        right = hmac.compare_digest(told.get("response", "").encode(), wanted.encode())
        return self._login.knows(told.get("username", "")) and right


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()
