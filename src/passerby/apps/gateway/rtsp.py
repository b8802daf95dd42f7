"""An RTSP server for what cameras publish: recorders and players pull `rtsp://HOST:PORT/NAME`.

Each connection has at most one session, which ends with it. Everything is bounded: how long a
request may be, how long somebody may be silent, how many are connected, how long one may not read.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
import ssl
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from ...media.live_encoder import UNIT, Coded
from . import rtp
from .access import Login
from .channel import Channel, Receiver
from .door import Door
from .rtsp_ways import PATIENCE, Datagrams, Interleaved
from .rtsp_words import Challenge, Malformed, Request, Transport, answer, read, transport

MOST_CONNECTIONS: Final = 100
TIMEOUT: Final = 60  # seconds of silence after which a session ends
BUFFER: Final = 2**17  # bytes that the system keeps for one connection
TRIES: Final = 4  # wrong passwords on one connection
REPORTS: Final = 5.0  # seconds between two sender reports
_METHODS: Final = "OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, GET_PARAMETER, SET_PARAMETER, TEARDOWN"
_OPEN: Final = ("OPTIONS",)  # asked without a password


class RtspServer:
    """`channels` may change while it runs."""

    def __init__(self, channels: Mapping[str, Channel], login: Login | None) -> None:
        self._channels, self._login = channels, login
        self._talks: dict[asyncio.Task[Any], _Talk] = {}  # by age

    def listen(self, listening: socket.socket, tls: ssl.SSLContext | None = None) -> Door:
        return Door(listening, self._made, self._room, tls)

    async def close(self) -> None:
        """End every session."""
        tasks = tuple(self._talks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _made(self) -> asyncio.StreamReaderProtocol:
        return asyncio.StreamReaderProtocol(asyncio.StreamReader(limit=8192), self._connected)

    def _room(self, coming: int) -> bool:
        """Where there is none, the first of those that were not let in is let go."""
        if len(self._talks) + coming < MOST_CONNECTIONS:
            return True
        for task, talk in self._talks.items():
            if not talk.let_in and not task.cancelling():
                task.cancel()
                return True
        return False

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        with suppress(OSError):  # who does not read is noticed early, and is not far behind
            line = writer.get_extra_info("socket")
            line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
        talk = self._talks[task] = _Talk(self._channels, self._login, writer)
        try:
            await talk.run(reader)
            await talk.end()
            writer.close()
            async with asyncio.timeout(PATIENCE):
                await writer.wait_closed()  # what was said last is on its way
        except (Malformed, OSError, asyncio.IncompleteReadError, TimeoutError):
            pass
        except asyncio.CancelledError:
            pass  # the server ends, or somebody else needs the place
        finally:
            try:
                await talk.end()
            finally:
                writer.transport.abort()  # to close would wait for somebody who does not read
                del self._talks[task]


class _Talk:
    """One connection."""

    def __init__(
        self, channels: Mapping[str, Channel], login: Login | None, writer: asyncio.StreamWriter
    ) -> None:
        self._channels, self._writer, self._login = channels, writer, login
        self._challenge = None if login is None else Challenge(login)
        self._known, self._wrong = False, 0
        self._session = ""
        self._camera = ""
        self._way: Interleaved | Datagrams | None = None
        self._sender = rtp.Sender()
        self._playing: asyncio.Task[None] | None = None
        self._heard = time.monotonic()

    async def run(self, reader: asyncio.StreamReader) -> None:
        while True:
            waiting = asyncio.ensure_future(read(reader))
            try:
                while not (await asyncio.wait({waiting}, timeout=1))[0]:
                    if self._over():
                        return
            finally:
                waiting.cancel()
            request = waiting.result()
            self._heard = time.monotonic()
            if request is not None and not await self._answered(request):
                return

    @property
    def let_in(self) -> bool:
        """Whether it gave the password, or, where none is asked for, has a session."""
        return self._known or bool(self._session)

    def _over(self) -> bool:
        """Whether nobody is there any more."""
        if self._playing is not None and self._playing.done():
            return True
        heard = max(self._heard, self._way.heard if self._way else 0.0)
        silent = time.monotonic() - heard
        if self._playing is not None and isinstance(self._way, Interleaved):
            return False  # its connection tells
        return silent > (TIMEOUT if self._session else PATIENCE)

    async def end(self) -> None:
        await self._pause()
        way, self._way = self._way, None
        if way is not None:
            way.close()

    async def _answered(self, request: Request) -> bool:
        """False when it was the last."""
        if not request.good:
            await self._say(request, 400, {})
            return True
        if request.method not in _OPEN and not await self._may(request):
            return self._wrong < TRIES
        match request.method:
            case "OPTIONS":
                await self._say(request, 200, {"Public": _METHODS})
            case "GET_PARAMETER" | "SET_PARAMETER":
                await self._say(request, 200, {})
            case "DESCRIBE":
                await self._describe(request)
            case "SETUP":
                await self._set_up(request)
            case "PLAY" | "PAUSE" | "TEARDOWN":
                return await self._steer(request)
            case _:
                await self._say(request, 405, {"Allow": _METHODS})
        return True

    async def _may(self, request: Request) -> bool:
        """Otherwise it is answered already."""
        if self._login is None or self._challenge is None:
            return True
        tried = "authorization" in request.headers
        peer = self._writer.get_extra_info("peername")[0]
        if tried and not self._known and self._login.guesses.full(peer):
            self._wrong = TRIES
            await self._say(request, 503, {"Retry-After": "1"})
            return False
        if self._challenge.met(request):
            self._known, self._wrong = True, 0
            return True
        if tried:
            self._wrong += 1
            await self._login.guesses.wait(peer)
        await self._say(request, 401, {"WWW-Authenticate": self._challenge.header})
        return False

    async def _say(
        self, request: Request, status: int, headers: Mapping[str, str], body: str = ""
    ) -> None:
        session = {"Session": f"{self._session};timeout={TIMEOUT}"} if self._session else {}
        self._writer.write(answer(request, status, {**headers, **session}, body))
        async with asyncio.timeout(PATIENCE):  # `wait_for` may swallow that it was cancelled
            await self._writer.drain()

    async def _describe(self, request: Request) -> None:
        channel = self._channels.get(request.camera)
        if channel is None:
            await self._say(request, 404, {})
            return
        found = await _headers(channel)
        if found is None:
            await self._say(request, 503, {"Retry-After": "2"})
            return
        here = self._writer.get_extra_info("sockname")[0]
        kind = "IP6" if ":" in here else "IP4"
        body = (
            "v=0\r\n"
            f"o=- {secrets.randbits(31)} 1 IN {kind} {here}\r\n"
            f"s={channel.name}\r\n"
            f"c=IN {kind} {'::' if kind == 'IP6' else '0.0.0.0'}\r\n"
            "t=0 0\r\n"
            "a=range:npt=now-\r\n"
            "a=control:*\r\n"
            f"m=video 0 RTP/AVP {rtp.PAYLOAD}\r\n"
            f"{rtp.description(*found)}"
            "a=control:video\r\n"
        )
        base = request.url.split("?")[0].rstrip("/") + "/"
        headers = {"Content-Base": base, "Content-Type": "application/sdp"}
        await self._say(request, 200, headers | {"Cache-Control": "no-store"}, body)

    async def _set_up(self, request: Request) -> None:
        wanted = transport(request.headers.get("transport", ""))
        if request.camera not in self._channels:
            await self._say(request, 404, {})
        elif "require" in request.headers:
            await self._say(request, 551, {"Unsupported": request.headers["require"]})
        elif self._playing is not None:
            await self._say(request, 455, {})
        elif wanted is None:
            await self._say(request, 461, {})
        else:
            if self._way is not None:
                self._way.close()
            try:
                self._way = await self._found(wanted)
            except OSError:
                await self._say(request, 503, {})
                return
            self._camera = request.camera
            self._session = self._session or secrets.token_hex(16)
            told = f"{self._way.told};ssrc={self._sender.source:08X}"
            await self._say(request, 200, {"Transport": told})

    async def _found(self, wanted: Transport) -> Interleaved | Datagrams:
        if wanted.interleaved:
            return Interleaved(self._writer, wanted)
        sock = self._writer.get_extra_info("sockname")
        peer = self._writer.get_extra_info("peername")
        return await Datagrams.open(sock[0], peer[0], wanted)

    async def _steer(self, request: Request) -> bool:
        given = request.headers.get("session", "").partition(";")[0].strip()
        if not self._session or given != self._session:
            await self._say(request, 454, {})
            return True
        if request.method == "TEARDOWN":
            await self.end()
            await self._say(request, 200, {})
            return False
        if request.method == "PAUSE":
            await self._pause()
            await self._say(request, 200, {})
        elif self._playing is not None and not self._playing.done():
            await self._say(request, 200, {"Range": "npt=now-"})
        else:
            await self._play(request)
        return True

    async def _play(self, request: Request) -> None:
        channel = self._channels.get(self._camera)
        if channel is None or self._way is None:
            await self._say(request, 404, {})
            return
        base = request.url.split("?")[0].rstrip("/")
        base = base if base.endswith("/video") else f"{base}/video"
        info = f"url={base};seq={self._sender.number}"
        receiver = channel.subscribe(fresh=True)
        try:
            first = await _first(receiver)
            if first is not None:
                info += f";rtptime={self._sender.moment(first.at)}"
            await self._say(request, 200, {"Range": "npt=0.000-", "RTP-Info": info})
        except BaseException:  # raised again
            receiver.close()
            raise
        sending = _send(channel, receiver, first, self._sender, self._way)
        self._playing = asyncio.create_task(sending)

    async def _pause(self) -> None:
        playing, self._playing = self._playing, None
        if playing is not None:
            playing.cancel()
            with suppress(asyncio.CancelledError, OSError, TimeoutError):
                await playing


async def _send(
    channel: Channel,
    receiver: Receiver,
    first: Coded | None,
    sender: rtp.Sender,
    way: Interleaved | Datagrams,
) -> None:
    reported = float("-inf")
    try:
        while (coded := first or await receiver.next()) is not None:
            first = None
            packets = sender.packets(coded)
            now = time.monotonic()
            report = b""
            if now - reported > REPORTS:
                ago = float(((channel.now or coded.at) - coded.at) * UNIT)
                report, reported = sender.report(coded.at, ago), now
            await way.send(packets, report)
    finally:
        receiver.close()
        with suppress(OSError):
            way.part(sender.bye(channel.now or 0))


async def _headers(channel: Channel) -> tuple[bytes, bytes] | None:
    """The parameter sets of the newest key frame, for which is waited a little."""
    receiver = channel.subscribe()
    try:
        first = await _first(receiver)
    finally:
        receiver.close()
    return None if first is None else rtp.headers(first.data)


async def _first(receiver: Receiver) -> Coded | None:
    try:
        async with asyncio.timeout(PATIENCE / 2):
            return await receiver.next()
    except TimeoutError:
        return None
