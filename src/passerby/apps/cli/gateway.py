"""`passerby live GATEWAY.toml`: many cameras, checked, started, and read anew when asked to."""

from __future__ import annotations

import errno
import json as text
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import typer

from ...core.errors import PasserbyError, UsageError, unforeseen
from .outcome import DONE
from .signals import stopping
from .terminal import complain, say

if TYPE_CHECKING:
    from ...jobs.live import Logins
    from ...jobs.live_settings import LiveSettings
    from ..gateway.config import Gateway

LOOKS: Final = 2.0  # seconds between two looks at the file


def example(wanted: bool) -> None:
    """Prints a file to start from."""
    if wanted:
        from ..gateway.config import example

        typer.echo(example(), nl=False)
        raise typer.Exit


def run(path: Path, *, check: bool, watch: bool, how: str | None, quiet: bool) -> int:
    """Until it is asked to end. `how`: `json` prints the status of all cameras each second."""
    from ..gateway.config import load

    asked = load(path)
    _warn(asked)
    if check:
        say(f"{path}: {_counted(asked)}; nothing is wrong with it")
        return DONE
    again = threading.Event()
    return supervise(
        asked, how=how, quiet=quiet, again=again, fresh=_Rereading(path, again, watch=watch)
    )


def alone(
    settings: LiveSettings,
    logins: Logins,
    *,
    rtsp_port: int | None,
    web_port: int | None,
    how: str | None,
    quiet: bool,
) -> int:
    """One camera on the built-in server, which only this machine reaches."""
    from ..gateway.access import ServeSettings
    from ..gateway.config import Asked, Gateway

    serve = ServeSettings.of(rtsp_port=rtsp_port, web_port=web_port)
    return supervise(Gateway((Asked("camera", settings, logins),), serve), how=how, quiet=quiet)


def supervise(
    asked: Gateway,
    *,
    how: str | None,
    quiet: bool,
    again: threading.Event | None = None,
    fresh: Callable[[], Gateway | None] = lambda: None,
) -> int:
    """Run the cameras until somebody ends it. `again`: what SIGHUP sets; `fresh`: what is wanted
    now, if anything changed."""
    from ..gateway.mqtt import Telling
    from ..gateway.serving import Serving
    from ..gateway.supervisor import Supervisor

    stop = threading.Event()
    failures: list[PasserbyError] = []

    def tell(line: str) -> None:
        if not quiet:
            say(f"{time.strftime('%H:%M:%S')} {line}")

    def fail(error: PasserbyError) -> None:
        failures.append(error)
        stop.set()

    def status(statuses: Mapping[str, dict[str, Any]]) -> None:
        broker.tell(statuses)
        if how == "json":
            try:
                told = {"passerby": "gateway/1", "cameras": statuses}
                print(text.dumps(told), flush=True)
            except OSError as error:
                if error.errno != errno.ENOSPC:  # a disk may have room again
                    stop.set()  # who listened went away

    def wanted() -> Gateway | None:
        try:
            now = fresh()
            if now is not None:
                server.check(now.serve)
                broker.ask(now.mqtt)
                server.ask(now.serve)
            return now
        except UsageError as error:
            _refuse(error)
        except Exception as error:  # whatever it is: it must not end the cameras
            _refuse(unforeseen(error))
        return None

    supervisor = Supervisor(tell=tell, watch=status)
    server = Serving(supervisor.channels, tell=tell, complain=complain, fail=fail)
    broker = Telling(tell)
    with stopping(stop, again), ExitStack() as ending:
        broker.ask(asked.mqtt)
        ending.callback(broker.close)
        supervisor.ask(asked)
        tell(f"{_counted(asked)} (no core dumps; Ctrl-C ends it)")
        ending.callback(server.close)
        server.check(asked.serve)
        server.ask(asked.serve)
        supervisor.run(stop, wanted)
    if failures:
        raise failures[0]
    tell("ended")
    return DONE


class _Rereading:
    """Reads a file again when that is asked for, or when it changed; a wrong one is refused."""

    def __init__(self, path: Path, again: threading.Event, *, watch: bool) -> None:
        self._path, self._again, self._watch = path, again, watch
        self._looked, self._seen = time.monotonic(), self._mark()

    def __call__(self) -> Gateway | None:
        from ..gateway.config import load

        if not self._again.is_set() and not self._changed():
            return None
        self._again.clear()
        self._seen = self._mark()
        try:
            asked = load(self._path)
        except UsageError as error:
            _refuse(error)
            return None
        _warn(asked)
        say(f"{time.strftime('%H:%M:%S')} read again: {_counted(asked)}")
        return asked

    def _changed(self) -> bool:
        if not self._watch or time.monotonic() - self._looked < LOOKS:
            return False
        self._looked, before = time.monotonic(), self._seen
        self._seen = self._mark()
        return self._seen is not None and self._seen != before

    def _mark(self) -> tuple[int, int, int] | None:
        from ..gateway.serving import mark

        return mark(self._path)  # None while it is being written anew


def _refuse(error: PasserbyError) -> None:
    complain(error)
    say("passerby: what was read before goes on")


def _warn(asked: Gateway) -> None:
    for warning in asked.warnings:
        say(f"passerby: warning: {warning}")


def _counted(asked: Gateway) -> str:
    cameras = len(asked.cameras)
    return "1 camera" if cameras == 1 else f"{cameras} cameras"
