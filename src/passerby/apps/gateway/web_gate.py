"""Who may ask the web server what: every request passes here before anything else looks at it.

Note [by address or by a known name]: a page elsewhere that has its own name point to this machine
(DNS rebinding) comes with that name as Host. Addresses can't be taken over like that, so they are
let in, and so are the names that the settings list.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .access import Login

MOST_BODY: Final = 64 * 2**10  # bytes: a description of what a browser can receive
MOST_HEAD: Final = 16 * 2**10
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "media-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
HEADERS: Final = {
    b"cache-control": b"no-store",
    b"content-security-policy": _POLICY.encode(),
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"permissions-policy": b"camera=(), microphone=(), geolocation=()",
    b"referrer-policy": b"no-referrer",
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
}
_HOST: Final = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?")
_CHALLENGE: Final = (b"www-authenticate", b'Basic realm="Passerby", charset="UTF-8"')
_BARE: Final = "/health"  # says yes or no to whoever gives no password


class WebGate:
    """Wraps the app: refuses who must not ask, and puts `HEADERS` on every answer."""

    def __init__(self, app: ASGIApp, login: Login | None, names: Iterable[str]) -> None:
        self._app, self._login = app, login
        self._names = frozenset({"localhost", *(name.lower() for name in names)})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = [(k, v) for k, v in message.get("headers", []) if k.lower() not in HEADERS]
                message = {**message, "headers": [*kept, *HEADERS.items()]}
            await send(message)

        headers: dict[bytes, list[bytes]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.lower(), []).append(value)
        why = self._refused(scope, headers)
        if why:
            await _refuse(403, why, guarded)
            return
        if sum(len(name) + len(value) for name, value in scope["headers"]) > MOST_HEAD:
            await _refuse(431, "too long a request", guarded)
            return
        if b"transfer-encoding" in headers:  # goes before a length that is given too
            await _refuse(411, "the request doesn't say how long it is", guarded)
            return
        if _length(headers) > MOST_BODY:
            await _refuse(413, "too much at once", guarded)
            return
        login, given = self._login, headers.get(b"authorization", [])
        client = (scope.get("client") or ("",))[0]
        if login is not None and given and login.guesses.full(client):
            await _refuse(429, "too many wrong passwords", guarded)
            return
        known = login is None or (len(given) == 1 and login.basic(given[0].decode("latin-1")))
        if login is not None and not known and (given or scope["path"] != _BARE):
            if given:
                await login.guesses.wait(client)
            await _refuse(401, "a user and a password are asked for", guarded, _CHALLENGE)
            return
        await self._app({**scope, "state": {"known": known}}, receive, guarded)

    def _refused(self, scope: Scope, headers: dict[bytes, list[bytes]]) -> str:
        """Why this request is not answered; empty when it is."""
        hosts = [host.decode("latin-1").lower() for host in headers.get(b"host", [])]
        if len(hosts) != 1 or not self._named(hosts[0]):
            return "this page goes by another name"
        origins = headers.get(b"origin", [])
        own = f"{scope['scheme']}://{hosts[0]}".encode()
        if any(origin.lower() != own for origin in origins):
            return "the request comes from another page"
        reads = scope["method"] in ("GET", "HEAD")
        link = reads and headers.get(b"sec-fetch-mode") == [b"navigate"]
        link = link and headers.get(b"sec-fetch-dest") == [b"document"] and scope["path"] == "/"
        sites = headers.get(b"sec-fetch-site", [])
        if not all(site in (b"same-origin", b"none") for site in sites) and not link:
            return "the request comes from another page"
        if not reads and b"content-length" not in headers and scope["method"] != "DELETE":
            return "the request doesn't say how long it is"
        return ""

    def _named(self, host: str) -> bool:
        found = _HOST.fullmatch(host)
        if found is None:
            return False
        name = found[1]
        if name in self._names:
            return True
        try:
            ipaddress.ip_address(name.strip("[]"))
        except ValueError:
            return False
        return True


def _length(headers: dict[bytes, list[bytes]]) -> int:
    values = headers.get(b"content-length", [])
    if not values:
        return 0
    text = values[0]
    return int(text) if len(values) == 1 and text.isdigit() and len(text) < 10 else MOST_BODY + 1


async def _refuse(status: int, why: str, send: Send, *more: tuple[bytes, bytes]) -> None:
    body = f'{{"code": "refused", "what": "{why}", "hint": ""}}'.encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": [*headers, *more]})
    await send({"type": "http.response.body", "body": body})
