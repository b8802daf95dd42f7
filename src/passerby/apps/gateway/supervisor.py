"""Many cameras, a process each: who dies, hangs or grows is started again; no other notices."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from ...core.undumped import no_dumps
from .channel import Channel
from .config import Asked, Gateway
from .keeper import LEAVE, Keeper, not_started, surroundings
from .models import Models, can_share

TICK: Final = 0.1  # seconds
EVERY: Final = 1.0  # seconds between two statuses
STARTS: Final = 10.0  # seconds that the start of a process may hold up that of the next


class Supervisor:
    """Runs what a `Gateway` asks for. `run` and everything it calls stay in one thread.

    `channels`: by name, of those who are served now; other threads may read it. `tell` hears what
    happens, in a line. `watch` hears of all cameras once a second.
    """

    def __init__(
        self,
        *,
        tell: Callable[[str], None] = lambda line: None,
        watch: Callable[[Mapping[str, dict[str, Any]]], None] = lambda statuses: None,
    ) -> None:
        self.channels: dict[str, Channel] = {}
        self._tell, self._watch = tell, watch
        self._hidden: frozenset[str] = frozenset()
        self._models: Models | None = None  # once there are two cameras that share them
        self._keepers: dict[str, Keeper] = {}
        self._leaving: list[Keeper] = []
        self._queue: list[Asked] = []  # to be started, when their time has come

    def ask(self, gateway: Gateway) -> None:
        """From now on this is what is wanted: only what differs is stopped and started."""
        self._hidden |= gateway.hidden
        wanted = {asked.name: asked for asked in gateway.cameras}
        for name, keeper in list(self._keepers.items()):
            if wanted.get(name) != keeper.asked:
                keeper.end()
                self._leaving.append(self._keepers.pop(name))
        for name in self.channels.keys() - wanted.keys():
            self.channels.pop(name).close()
        self._queue = [asked for asked in wanted.values() if asked.name not in self._keepers]
        for asked in self._queue:
            self.channels.setdefault(asked.name, Channel(asked.name))
        sharing = sum(asked.share_models for asked in gateway.cameras)
        if self._models is None and sharing > 1 and can_share():
            self._share()

    def run(self, stop: threading.Event, again: Callable[[], Gateway | None]) -> None:
        """Until `stop` is set, or every camera came to its end. `again` is asked, several times a
        second, for what is wanted now; None where nothing changed."""
        no_dumps()
        told = started = 0.0
        try:
            while not stop.wait(TICK) and (self._queue or not self._over()):
                now = time.monotonic()
                fresh = again()
                if fresh is not None:
                    self.ask(fresh)
                if self._queue and (now - started > STARTS or self._ready()):
                    started = now
                    self._start()
                self._tick(now)
                if now - told > EVERY:
                    told = now
                    self._watch(self.statuses())
        finally:
            self._end()

    def statuses(self) -> dict[str, dict[str, Any]]:
        return {name: channel.status for name, channel in self.channels.items()}

    def _share(self) -> None:
        try:
            self._models = Models(lambda: surroundings(self._hidden), self._tell)
        except OSError as error:
            self._tell(f"what runs the models: {not_started(error)}; each camera runs its own")

    def _ready(self) -> bool:
        return all(keeper.begun for keeper in self._keepers.values())

    def _start(self) -> None:
        """The next one whose predecessor has gone, whatever it was called: two would write to the
        same places."""
        leaving = [keeper.asked for keeper in self._leaving]
        for asked in self._queue:
            if not any(asked.name == one.name or asked.places & one.places for one in leaving):
                self._queue.remove(asked)
                door = self._models.door if self._models and asked.share_models else None
                self._keepers[asked.name] = Keeper(
                    asked,
                    self.channels[asked.name],
                    hidden=self._hidden,
                    tell=self._tell,
                    door=door,
                )
                return

    def _tick(self, now: float) -> None:
        if self._models is not None:
            self._models.tick(now)
        for keeper in (*self._keepers.values(), *self._leaving):
            keeper.tick(now)
        self._leaving = [keeper for keeper in self._leaving if keeper.state != "over"]

    def _over(self) -> bool:
        return all(keeper.state == "over" for keeper in self._keepers.values())

    def _end(self) -> None:
        """All at once, in order if they can, within `LEAVE` seconds."""
        everybody = [*self._keepers.values(), *self._leaving]
        for keeper in everybody:
            keeper.end()
        until = time.monotonic() + LEAVE
        while time.monotonic() < until and any(k.state != "over" for k in everybody):
            for keeper in everybody:
                keeper.tick(time.monotonic())
            time.sleep(TICK / 2)
        for keeper in everybody:
            keeper.kill()
        if self._models is not None:
            self._models.end()
        self._watch(self.statuses())
        for channel in self.channels.values():
            channel.close()
