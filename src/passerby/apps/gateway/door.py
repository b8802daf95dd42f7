"""Lets connections in at a port: so many at once, TLS within its time, and the silent make room.

Note [the silent make room]: where all places are taken, whoever has been waited for longest is let
go for the next who comes. Somebody who opens connections and says nothing keeps nobody out.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Final

PATIENCE: Final = 10  # seconds until TLS has begun
_AGAIN: Final = 0.5  # seconds after the system had no more to give


class Door:
    """Owns `listening`. `made`: what speaks with one who came. `room`: is told how many are about
    to come in, and says whether one more may; it lets somebody go for that if it can.
    """

    def __init__(
        self,
        listening: socket.socket,
        made: Callable[[], asyncio.Protocol],
        room: Callable[[int], bool],
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._listening, self._made, self._room, self._tls = listening, made, room, tls
        self._coming: dict[asyncio.Task[None], None] = {}  # by age
        listening.setblocking(False)
        self._open = asyncio.create_task(self._work())

    async def close(self) -> None:
        await asyncio.sleep(0)  # who just came has begun
        leaving = [self._open, *self._coming]
        for task in leaving:
            task.cancel()
        await asyncio.gather(*leaving, return_exceptions=True)
        self._listening.close()

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                came, _ = await loop.sock_accept(self._listening)
            except OSError:
                await asyncio.sleep(_AGAIN)
                continue
            if self._room(len(self._coming)) or self._made_room():
                task = asyncio.create_task(self._in(came))
                self._coming[task] = None
                task.add_done_callback(lambda task: self._coming.pop(task, None))
            else:
                came.close()
            await asyncio.sleep(0)

    def _made_room(self) -> bool:
        for task in self._coming:
            task.cancel()
            del self._coming[task]
            return True
        return False

    async def _in(self, came: socket.socket) -> None:
        with suppress(OSError):  # gone already, or no TLS
            await asyncio.get_running_loop().connect_accepted_socket(
                self._made,
                came,
                ssl=self._tls,
                ssl_handshake_timeout=None if self._tls is None else PATIENCE,
            )
