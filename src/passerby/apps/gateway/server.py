"""The built-in server: RTSP beside a web server, in one thread of its own, from memory alone."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from ...core.errors import OutputError, UsageError
from .access import Login, ServeSettings
from .channel import Channel
from .rtsp import RtspServer

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


async def _serve(
    channels: Mapping[str, Channel],
    settings: ServeSettings,
    stop: threading.Event,
    ready: Callable[[Listening], None],
) -> None:
    login, tls = Login.of(settings), _tls(settings)
    host = "127.0.0.1" if settings.listen == "localhost" else settings.listen
    rtsp = RtspServer(channels, login)
    ports: dict[str, int | None] = {"rtsp": settings.rtsp_port}
    ports["rtsps"] = None if tls is None else settings.rtsps_port
    opened: dict[str, asyncio.Server] = {}
    try:
        for scheme, port in ports.items():
            if port is not None:
                listening = _listen(host, port)
                opened[scheme] = await rtsp.listen(listening, tls if scheme == "rtsps" else None)
        shown = _shown(host)
        where = {
            scheme: f"{scheme}://{shown}:{server.sockets[0].getsockname()[1]}/"
            for scheme, server in opened.items()
        }
        ready(Listening(where.get("rtsp"), where.get("rtsps"), None))
        while not stop.is_set():
            await asyncio.sleep(_TICK)
    finally:
        for server in opened.values():
            server.close()
        await rtsp.close()


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
