"""Who may ask what: every request passes here before anything else looks at it.

Note [what is kept out]: other pages in the same browser. A page that has its own name point to this
machine (DNS rebinding) comes with its own name as Host. A page that sends forms or scripts here
comes with its own Origin, or says so in Sec-Fetch-Site. And none of them knows the key, which is in
no cookie: the page itself sends it, and a page of another port has no way to read it. A link may be
followed from elsewhere, such as a terminal in a browser: the empty page shows nothing to anybody.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

KEY_HEADER: Final = b"x-passerby-key"
MOST_BODY: Final = 16 * 2**20  # bytes: an edit about every track of a long film
OPEN: Final = ("/api/enter",)  # asks for the token itself
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
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


class Tokens:
    """The secrets of one run. `link` opens the page as often as it is used; `once` a single time,
    for it is seen by whoever lists the processes while the browser starts."""

    def __init__(self) -> None:
        self.link, self.once = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        self.key = secrets.token_urlsafe(32)
        self._unused = True

    def enter(self, token: str) -> str | None:
        """The key of the page for a good token."""
        if _same(token, self.link):
            return self.key
        if self._unused and _same(token, self.once):
            self._unused = False
            return self.key
        return None


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())


class Gate:
    """Wraps the app: refuses who must not ask, and puts `HEADERS` on every answer."""

    def __init__(self, app: ASGIApp, tokens: Tokens, hosts: Iterable[str]) -> None:
        self._app, self._tokens, self._hosts = app, tokens, frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = [(k, v) for k, v in message.get("headers", []) if k.lower() not in HEADERS]
                message = {**message, "headers": [*kept, *HEADERS.items()]}
            await send(message)

        why = self._refused(scope)
        if why:
            await _refuse(403, why, guarded)
        elif _length(scope) > MOST_BODY:
            await _refuse(413, "too much at once", guarded)
        else:
            await self._app(scope, receive, guarded)

    def _refused(self, scope: Scope) -> str:
        """Why this request is not answered; empty when it is."""
        headers: dict[bytes, list[bytes]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.lower(), []).append(value)
        hosts = headers.get(b"host", [])
        if len(hosts) != 1 or hosts[0].decode("latin-1").lower() not in self._hosts:
            return "this page goes by another name"
        host = hosts[0].decode("latin-1").lower()
        origins = headers.get(b"origin", [])
        own = f"{scope['scheme']}://{host}".encode()
        if any(origin.lower() != own for origin in origins):
            return "the request comes from another page"
        changes = scope["method"] not in ("GET", "HEAD")
        if changes and not origins:
            return "nobody says where the request comes from"
        path = scope["path"]
        followed = headers.get(b"sec-fetch-mode") == [b"navigate"] and not changes
        link = followed and headers.get(b"sec-fetch-dest") == [b"document"]
        own_page = all(s in (b"same-origin", b"none") for s in headers.get(b"sec-fetch-site", []))
        if not own_page and (not link or path.startswith("/api/")):
            return "the request comes from another page"
        if path.startswith("/api/") and path not in OPEN:
            given = headers.get(KEY_HEADER, [b""])[0].decode("latin-1")
            if not _same(given, self._tokens.key):
                return "open the link that the terminal shows"
        if changes and b"content-length" not in headers:
            return "the request doesn't say how long it is"
        return ""


def _length(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name.lower() == b"content-length":
            return int(value) if value.isdigit() else MOST_BODY + 1
    return 0


async def _refuse(status: int, why: str, send: Send) -> None:
    body = f'{{"code": "refused", "what": "{why}", "hint": ""}}'.encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
