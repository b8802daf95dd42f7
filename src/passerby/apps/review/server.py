"""How the server is started and ended."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import uvicorn

from ...core.errors import OutputError
from .answers import application
from .films import Films
from .gate import Gate, Tokens


@dataclass(frozen=True, slots=True)
class Listening:
    """Where it can be reached: `link` for a person, `start` for a browser that is started now."""

    link: str
    start: str


class Life:
    """Ends the server when it is told to, or when nobody has done anything for `idle` seconds."""

    def __init__(self, films: Films, idle: float) -> None:
        self._films, self._idle = films, idle
        self._touched = time.monotonic()
        self.ended = threading.Event()

    def touch(self) -> None:
        self._touched = time.monotonic()

    def wait(self) -> None:
        """Until it ends."""
        while not self.ended.wait(0.25):
            if self._films.busy:
                self.touch()
            if time.monotonic() - self._touched > self._idle:
                self.ended.set()


def serve(films: Films, *, port: int, idle: float, ready: Callable[[Listening], None]) -> None:
    """Serve on this machine's own address until told to stop, idle or interrupted. `ready` is told
    where, once it can be reached."""
    listening = _listen(port)
    here = listening.getsockname()[1]
    hosts = [f"127.0.0.1:{here}", f"localhost:{here}"]
    tokens, life = Tokens(), Life(films, idle)
    app = Gate(application(films, tokens, life.touch, life.ended.set), tokens, hosts)
    config = uvicorn.Config(
        app,
        http="h11",
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=2,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listening],), name="serve", daemon=True)
    thread.start()
    try:
        root = f"http://127.0.0.1:{here}/"
        ready(Listening(f"{root}#{tokens.link}", f"{root}#{tokens.once}"))
        life.wait()
    finally:
        server.should_exit = True
        films.close()
        thread.join()
        listening.close()


def _listen(port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(("127.0.0.1", port))
        made.listen(64)
    except OSError as error:
        made.close()
        reason = (error.strerror or "refused").lower()
        hint = "choose another --port, or none"
        raise OutputError(f"port {port} can't be used: {reason}", hint=hint) from None
    return made
