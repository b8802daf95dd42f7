"""The built-in server: RTSP beside a web server, in one thread of its own, from memory alone."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import uvicorn

from ...core.errors import OutputError, UsageError
from .access import HERE, Login, ServeSettings, is_here
from .channel import Channel
from .door import Door
from .rtsp import RtspServer
from .telling import Watch
from .web import Answers, application
from .web_gate import WebGate
from .web_line import Line, drop

if TYPE_CHECKING:
    from .webrtc import Whep
    from .whip import Whips

MOST_LINES: Final = 200  # connections to the web server
_TICK: Final = 0.1


@dataclass(frozen=True, slots=True)
class Listening:
    """Where it can be reached, for people; a camera's address is `{rtsp}{NAME}`."""

    rtsp: str | None
    rtsps: str | None
    web: str | None


def serve(
    channels: Mapping[str, Channel],
    settings: ServeSettings,
    stop: threading.Event,
    *,
    ready: Callable[[Listening], None] = lambda listening: None,
) -> None:
    """Serve until `stop` is set. `channels` by name; may change while it runs.

    `ready` is told where, once it can be reached. Raises `OutputError` where a port is taken and
    `UsageError` where the certificate is of no use.
    """
    asyncio.run(_serve(channels, settings, stop, ready))


def check(settings: ServeSettings) -> None:
    """Raises `UsageError` where a certificate or a token is of no use; what is not installed, too.

    Whether ports are free shows when it begins.
    """
    _tls(settings)
    _whips({}, settings, HERE)


async def _serve(
    channels: Mapping[str, Channel],
    settings: ServeSettings,
    stop: threading.Event,
    ready: Callable[[Listening], None],
) -> None:
    login, tls = Login.of(settings), _tls(settings)
    watch = Watch(channels)
    host = "127.0.0.1" if settings.listen == "localhost" else settings.listen
    shown, where = _shown(host), dict[str, str]()
    async with AsyncExitStack() as stack:
        rtsp = RtspServer(channels, login)
        stack.push_async_callback(rtsp.close)
        secure = None if tls is None else settings.rtsps_port
        for scheme, port in (("rtsp", settings.rtsp_port), ("rtsps", secure)):
            if port is not None:
                listening = _listen(host, port)
                door = rtsp.listen(listening, tls if scheme == "rtsps" else None)
                stack.push_async_callback(door.close)
                where[scheme] = f"{scheme}://{shown}:{listening.getsockname()[1]}/"
        if settings.web_port is not None:
            listening = _listen(host, settings.web_port)
            answers = Answers(channels, watch, _whep(host))
            names = settings.names if is_here(host) else (*settings.names, socket.gethostname())
            web = _Web(WebGate(application(answers), login, names), listening, tls)
            stack.push_async_callback(web.close)
            stack.push_async_callback(answers.close)
            await web.start()
            scheme = "http" if tls is None else "https"
            where["web"] = f"{scheme}://{shown}:{listening.getsockname()[1]}/"
        whips = _whips(channels, settings, host)
        if whips is not None:
            watch.whips = whips.open
            stack.push_async_callback(whips.close)
            whips.start()
        ready(Listening(where.get("rtsp"), where.get("rtsps"), where.get("web")))
        looked = float("-inf")
        while not stop.is_set():
            if time.monotonic() - looked > 1:
                looked = time.monotonic()
                watch.look()
            await asyncio.sleep(_TICK)


class _Web:
    """Uvicorn in a loop that is not its own. Who signals to the process is none of its business,
    nor is who comes in.
    """

    def __init__(self, app: WebGate, listening: socket.socket, tls: ssl.SSLContext | None) -> None:
        self._listening, self._tls = listening, tls
        config = uvicorn.Config(
            app,
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            h11_max_incomplete_event_size=16 * 2**10,
            timeout_graceful_shutdown=1,
        )
        self._server = _Uvicorn(config)
        self._task: asyncio.Task[None] | None = None
        self._door: Door | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._server.serve())
        while not self._server.started and not self._task.done():
            await asyncio.sleep(0.01)
        self._door = Door(self._listening, self._made, self._room, self._tls)

    async def close(self) -> None:
        if self._door is not None:
            await self._door.close()
        self._server.should_exit = True
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)
        for line in tuple(self._server.server_state.connections):
            line.transport.abort()
        self._listening.close()

    def _made(self) -> Line:
        return Line(self._server.config, self._server.server_state, {})

    def _room(self, coming: int) -> bool:
        inside = self._server.server_state.connections
        return len(inside) + coming < MOST_LINES or drop(inside)


class _Uvicorn(uvicorn.Server):
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self.servers = []
        self.started = True

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _whep(host: str) -> Whep | None:
    """None where WebRTC is not installed."""
    try:
        from .webrtc import Whep
    except ImportError:
        return None
    return Whep(host)


def _whips(channels: Mapping[str, Channel], settings: ServeSettings, host: str) -> Whips | None:
    if not settings.whip:
        return None
    try:
        from .whip import Whips, check
    except ImportError:
        hint = "pip install 'passerby[webrtc]'"
        raise UsageError("WHIP needs WebRTC, which is not installed", hint=hint) from None
    token = settings.whip_token()
    for place in settings.whip.values():
        check(place, token)
    return Whips(channels, settings.whip, token, host)


def _shown(host: str) -> str:
    """As it stands in an address; for every address of this machine, its name."""
    if host in ("0.0.0.0", "::"):
        return socket.gethostname()
    return f"[{host}]" if ":" in host else host


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
        made.listen(64)
    except OSError as error:
        made.close()
        reason = (error.strerror or "refused").lower()
        raise OutputError(
            f"port {port} can't be listened on: {reason}", hint="choose another port"
        ) from None
    return made


def _tls(settings: ServeSettings) -> ssl.SSLContext | None:
    if settings.certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(settings.certificate, settings.key, lambda: "")
    except (OSError, ssl.SSLError) as error:
        raise UsageError(
            "the certificate and its key can't be used",
            path=settings.certificate,
            hint="PEM files that belong together, the key without a passphrase",
        ) from error
    return context
