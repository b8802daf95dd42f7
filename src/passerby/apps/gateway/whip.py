"""Publishes cameras to WebRTC servers that take streams (WHIP, RFC 9725). Needs the extra `webrtc`.

Each place has a task of its own, which connects again when the server went away.
"""

from __future__ import annotations

import asyncio
import re
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from http.client import HTTPException
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

from aiortc import RTCSessionDescription

from ...core.errors import UsageError
from .channel import Channel
from .webrtc import Track, connection, h264, heard, only, outwards

PATIENCE: Final = 15.0  # seconds for an answer, and until it has to be connected
MOST_ANSWER: Final = 64 * 2**10  # bytes
_WAITS: Final = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
_NAMED: Final = re.compile(r"^a=candidate:.*\.local .*\r?\n", re.MULTILINE)


class Refused(Exception):
    """The server does not take the stream, or is not there."""


class Whips:
    """`places`: by camera, an address each. `token`: for all of them. `open`: who is connected."""

    def __init__(
        self,
        channels: Mapping[str, Channel],
        places: Mapping[str, str],
        token: str | None,
        host: str,
    ) -> None:
        self._channels, self._places, self._token = channels, places, token
        self._host = host
        self._tasks: list[asyncio.Task[None]] = []
        self.open = dict.fromkeys(places, False)

    def start(self) -> None:
        only(self._host)
        self._tasks = [
            asyncio.create_task(self._keep(name, place)) for name, place in self._places.items()
        ]

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _keep(self, name: str, place: str) -> None:
        tries = 0
        while True:
            channel = self._channels.get(name)
            if channel is not None and not channel.closed:
                try:
                    await self._publish(name, channel, place)
                    tries = 0
                except Exception:  # whatever the server made of it, it may do better next time
                    tries += 1
            await asyncio.sleep(_WAITS[min(tries, len(_WAITS) - 1)])

    async def _publish(self, name: str, channel: Channel, place: str) -> None:
        """Until it ends, from either side."""
        line, track = connection(), Track(channel)
        sending = line.addTransceiver(track, direction="sendonly")
        sending.setCodecPreferences(h264())
        heard(sending.sender, channel)
        session: str | None = None
        try:
            with outwards():
                await line.setLocalDescription(await line.createOffer())
            offer = line.localDescription.sdp.encode()
            session, answer = await asyncio.to_thread(ask, "POST", place, offer, self._token)
            answer = _NAMED.sub("", answer)
            await line.setRemoteDescription(RTCSessionDescription(answer, "answer"))
            async with asyncio.timeout(PATIENCE):
                while line.connectionState in ("new", "connecting"):
                    await asyncio.sleep(0.05)
            self.open[name] = line.connectionState == "connected"
            if not self.open[name]:
                raise Refused
            while line.connectionState == "connected" and track.readyState == "live":
                await asyncio.sleep(0.2)
        except (KeyError, IndexError, AssertionError, AttributeError) as error:
            raise Refused from error  # an answer that is none
        finally:
            self.open[name] = False
            track.stop()
            await line.close()
            if session:
                with suppress(Refused):
                    await asyncio.to_thread(ask, "DELETE", session, None, self._token)


def ask(method: str, place: str, body: bytes | None, token: str | None) -> tuple[str, str]:
    """The session's address, if any, and what was answered. Follows no redirection."""
    headers = {"Content-Type": "application/sdp"} if body else {}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(place, body, headers, method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Here())
    try:
        with opener.open(request, timeout=PATIENCE) as answer:
            if body and answer.status != 201:
                raise Refused
            session = urljoin(place, answer.headers.get("Location", ""))
            if _root(session) != _root(place) or session == place:
                session = ""  # the token is for that server alone
            return session, answer.read(MOST_ANSWER).decode()
    except (OSError, HTTPException, ValueError) as error:
        raise Refused from error


def check(place: str, token: str | None) -> None:
    """`UsageError` for what is no address, or one to which the token would go in the clear."""
    try:
        told = urlsplit(place)
        good = told.scheme in ("http", "https") and bool(told.hostname) and told.port != 0
    except ValueError:
        good = False
    if not good:
        raise UsageError("a WHIP address begins with https:// and names a server")
    if told.username or told.password:
        raise UsageError("a WHIP address holds a password", hint="whip_token_file holds a token")
    if token and told.scheme == "http" and told.hostname not in ("127.0.0.1", "::1", "localhost"):
        raise UsageError("the token would be sent in the clear", hint="use https://")


def _root(place: str) -> tuple[str, str]:
    told = urlsplit(place)
    return told.scheme, told.netloc


class _Here(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None
