"""One connection to the web server: whoever is waited for too long is let go.

Note [waited for]: a connection waits from its beginning, or from an answer, until a request is
there whole with its body; and while what was answered is not read. Uvicorn itself waits for ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

ASK: Final = 10.0  # seconds until a request is there whole
READ: Final = 20.0  # seconds until most of what was sent is read


class Line(H11Protocol):
    """As Uvicorn speaks, in bounded time. `late`: when it's let go, if it waits for a request."""

    _asking: asyncio.TimerHandle | None = None
    _reading: asyncio.TimerHandle | None = None

    @property
    def late(self) -> float | None:
        if self._asking is None or self.transport.is_closing():
            return None
        return self._asking.when()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._asked()
        self.resume_writing()

    def handle_events(self) -> None:
        super().handle_events()
        if self.conn.their_state in (h11.DONE, h11.MUST_CLOSE):
            self._asked()
        else:
            self._wait()

    def on_response_complete(self) -> None:
        self._asked()
        self._wait()
        super().on_response_complete()

    def eof_received(self) -> None:
        self._wait()

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._reading is None:
            self._reading = self.loop.call_later(READ, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    def _wait(self) -> None:
        if self._asking is None:
            self._asking = self.loop.call_later(ASK, self.transport.abort)

    def _asked(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
            self._asking = None


def drop(lines: Iterable[object]) -> bool:
    """Let go of the one that has been waited for longest; False where none is."""
    waiting = [(line.late, line) for line in lines if isinstance(line, Line) and line.late]
    if not waiting:
        return False
    min(waiting, key=lambda one: one[0])[1].transport.abort()
    return True
