"""The built-in server in a thread of its own, with other settings whenever that is asked for.

Note [never none]: where it can't begin with other settings, because a port is taken, cameras go on
and what was served before is served again. Only where there never was anything, all ends.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from ...core.errors import PasserbyError
from .access import ServeSettings
from .channel import Channel
from .server import Listening, check, serve

AGAIN: Final = 5.0  # seconds before what was served before is tried again
LEAVE: Final = 5.0  # seconds in which it ends

_Files = tuple[tuple[int, int, int] | None, ...]
_Wish = tuple[ServeSettings | None, _Files]
_NOTHING: Final[_Wish] = (None, ())


class Serving:
    """Serves `channels`, which may change meanwhile. `tell` hears where, and `complain` of errors
    that it goes on after. `fail` hears of the one that it does not: nothing could ever be served.
    """

    def __init__(
        self,
        channels: Mapping[str, Channel],
        *,
        tell: Callable[[str], None],
        complain: Callable[[PasserbyError], None],
        fail: Callable[[PasserbyError], None],
    ) -> None:
        self._channels, self._tell = channels, tell
        self._complain, self._fail = complain, fail
        self._lock = threading.Lock()
        self._change = threading.Event()
        self._wanted, self._good = _NOTHING, _NOTHING
        self._over, self._said = False, ""
        self._thread: threading.Thread | None = None

    @staticmethod
    def check(settings: ServeSettings | None) -> None:
        """Raises `UsageError` where a certificate or a token is of no use."""
        if settings is not None:
            check(settings)

    def ask(self, settings: ServeSettings | None) -> None:
        """From now on this is what is wanted. Whoever looks is let go if it is something else than
        before, or if a file that it names is: a certificate is renewed under the same name."""
        wish = settings, _files(settings)
        with self._lock:
            if wish == self._wanted:
                return
            self._wanted = wish
            self._change.set()
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="serve", daemon=True)
            self._thread.start()

    def close(self) -> None:
        self._over = True
        self._change.set()
        if self._thread is not None:
            self._thread.join(LEAVE)

    def _work(self) -> None:
        while True:
            with self._lock:
                wish = self._wanted
                self._change.clear()
            if self._over:
                return
            settings, _ = wish
            if settings is None:
                self._change.wait()
                continue
            try:
                serve(self._channels, settings, self._change, ready=self._begun(wish))
            except PasserbyError as error:
                if self._good == _NOTHING:
                    self._fail(error)
                    return
                if str(error) != self._said:
                    self._said = str(error)
                    self._complain(error)
                self._back(wish)

    def _begun(self, wish: _Wish) -> Callable[[Listening], None]:
        def begun(where: Listening) -> None:
            self._good, self._said = wish, ""
            for name in list(self._channels) if where.rtsp else ():
                self._tell(f"{name}: {where.rtsp}{name}")
            for place in (where.rtsps, where.web):
                if place:
                    self._tell(f"served at {place}")

        return begun

    def _back(self, wish: _Wish) -> None:
        """To what was served before, at once; where it was that which failed, after a while."""
        if wish == self._good:
            self._change.wait(AGAIN)
            return
        self._tell("what was served before is served again")
        with self._lock:
            if self._wanted == wish:
                self._wanted = self._good


def _files(settings: ServeSettings | None) -> _Files:
    """What the files that they name are like now."""
    if settings is None:
        return ()
    return tuple(
        mark(path)
        for path in (settings.certificate, settings.key, settings.whip_token_file)
        if path is not None
    )


def mark(path: Path) -> tuple[int, int, int] | None:
    """By which it is seen that a file changed; None where there is none."""
    with suppress(OSError):
        told = path.stat()
        return told.st_mtime_ns, told.st_size, told.st_ino
    return None
