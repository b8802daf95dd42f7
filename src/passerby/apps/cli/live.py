"""Publish a camera in which nobody can be recognised: RTSP and others in, RTSP and others out.

[bold]passerby live rtsp://camera/stream --to rtsp://server/garden[/bold]

The raw picture stays in the memory of this process. A frame that is not decided in time is covered
whole, and so is every frame while whoever looks fails. Sound is dropped. Ctrl-C ends it.

The camera's user and password: [bold]--login-file FILE[/bold] with USER:PASSWORD in it, or the
environment's PASSERBY_LOGIN; for the targets --to-login-file or PASSERBY_TO_LOGIN.
"""

from __future__ import annotations

import json as text
import os
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ...core.errors import UsageError
from . import gateway
from .options import (
    TALK,
    WHAT,
    WHERE,
    DeviceOption,
    HideOption,
    PresetOption,
    QuietOption,
    SmallestOption,
    ZoneOption,
    kinds,
    sizes,
)
from .options import Style as StyleName
from .outcome import DONE
from .signals import stopping
from .terminal import plain, say

if TYPE_CHECKING:
    from ...jobs.live import Status

CAMERA = "The camera"
_WRITTEN = "passerby live --example prints one"
MANY = "Many cameras, with GATEWAY.toml"


def live(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE|GATEWAY.toml",
            help="rtsp://, rtmp://, http:// (MJPEG), udp:// or tcp:// (MPEG-TS), srt://, camera:0 "
            "(of this machine), or a video file, which is played at its own speed. A file that "
            "ends in .toml names many cameras.",
        ),
    ],
    to: Annotated[
        list[str] | None,
        typer.Option(
            "--to",
            metavar="TARGET",
            show_default=False,
            help="Where it is published: rtsp:// or rtmp:// of a server that takes streams, "
            "udp:// or tcp:// (MPEG-TS), NAME.m3u8 (HLS), or FOLDER/ for recordings. May be given "
            "several times.",
            rich_help_panel=WHERE,
        ),
    ] = None,
    hide: HideOption = None,
    style: Annotated[
        StyleName | None,
        typer.Option(
            "--style",
            show_default="veil",
            help="How it is hidden: veil and solid keep nothing of it.",
            rich_help_panel=WHAT,
        ),
    ] = None,
    preset: PresetOption = None,
    device: DeviceOption = None,
    zone: ZoneOption = None,
    count: Annotated[
        bool,
        typer.Option(
            "--count",
            help="Count people and vehicles in view: --status json tells their mean and most of "
            "the last minute.",
            rich_help_panel=TALK,
        ),
    ] = False,
    smallest: SmallestOption = None,
    delay: Annotated[
        float | None,
        typer.Option(
            "--delay",
            metavar="SECONDS",
            min=0.2,
            max=10,
            show_default="0.5",
            help="How long a frame waits at most; under the heaviest load up to two seconds. Who "
            "is seen late is still covered from where they came in, if that is not longer ago.",
            rich_help_panel=WHAT,
        ),
    ] = None,
    transport: Annotated[
        Literal["tcp", "udp"] | None,
        typer.Option(
            "--transport",
            show_default="tcp",
            help="How RTSP brings the pictures.",
            rich_help_panel=CAMERA,
        ),
    ] = None,
    silence: Annotated[
        float | None,
        typer.Option(
            "--silence",
            metavar="SECONDS",
            min=0.5,
            max=60,
            show_default="3",
            help="Without a picture for so long, the camera counts as lost and is opened anew.",
            rich_help_panel=CAMERA,
        ),
    ] = None,
    login_file: Annotated[
        Path | None,
        typer.Option(
            "--login-file",
            metavar="FILE",
            show_default=False,
            help="Holds USER:PASSWORD of the camera in its first line.",
            rich_help_panel=CAMERA,
        ),
    ] = None,
    to_login_file: Annotated[
        Path | None,
        typer.Option(
            "--to-login-file",
            metavar="FILE",
            show_default=False,
            help="The same for the servers that it is published to.",
            rich_help_panel=WHERE,
        ),
    ] = None,
    serve: Annotated[
        bool,
        typer.Option(
            "--serve",
            help="Serve it from here, to this machine alone: rtsp://127.0.0.1:8554/camera, and a "
            "page on http://127.0.0.1:8080/. Others reach it with a GATEWAY.toml.",
            rich_help_panel=WHERE,
        ),
    ] = False,
    rtsp_port: Annotated[
        int | None,
        typer.Option(
            "--rtsp-port",
            metavar="PORT",
            min=0,
            max=65535,
            show_default="8554",
            help="With --serve: another port; 0 takes any that is free.",
            rich_help_panel=WHERE,
        ),
    ] = None,
    web_port: Annotated[
        int | None,
        typer.Option(
            "--web-port",
            metavar="PORT",
            min=0,
            max=65535,
            show_default="8080",
            help="With --serve: the same for the page.",
            rich_help_panel=WHERE,
        ),
    ] = None,
    keep_hours: Annotated[
        float | None,
        typer.Option(
            "--keep-hours",
            metavar="HOURS",
            min=0.01,
            show_default="for ever",
            help="With FOLDER/: delete recordings that are older.",
            rich_help_panel=WHERE,
        ),
    ] = None,
    keep_gigabytes: Annotated[
        float | None,
        typer.Option(
            "--keep-gigabytes",
            metavar="GB",
            min=0.001,
            show_default="all",
            help="With FOLDER/: delete the oldest recordings when there is more.",
            rich_help_panel=WHERE,
        ),
    ] = None,
    piece: Annotated[
        float | None,
        typer.Option(
            "--piece",
            metavar="SECONDS",
            min=1,
            max=3600,
            show_default="60",
            help="With FOLDER/: how long one recording lasts.",
            rich_help_panel=WHERE,
        ),
    ] = None,
    seconds: Annotated[
        float | None,
        typer.Option(
            "--for",
            metavar="SECONDS",
            min=0.1,
            show_default="until Ctrl-C",
            help="End after so long.",
            rich_help_panel=TALK,
        ),
    ] = None,
    status: Annotated[
        Literal["line", "json", "none"] | None,
        typer.Option(
            "--status",
            show_default="line on a terminal",
            help="json prints one JSON object a second on standard output, for supervisors.",
            rich_help_panel=TALK,
        ),
    ] = None,
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Only look at what is written there, and say it.", rich_help_panel=MANY
        ),
    ] = False,
    watch_config: Annotated[
        bool,
        typer.Option(
            "--watch-config",
            help="Read it again when it changes, as SIGHUP does: only cameras of which something "
            "else is written are started anew.",
            rich_help_panel=MANY,
        ),
    ] = False,
    example: Annotated[
        bool,
        typer.Option(
            "--example",
            callback=gateway.example,
            is_eager=True,
            help="Print one, and end.",
            rich_help_panel=MANY,
        ),
    ] = False,
    quiet: QuietOption = False,
) -> int:
    from ...jobs import live as job
    from ...jobs.live_settings import LiveSettings

    many = source.lower().endswith(".toml")
    said = [
        to, hide, style, preset, device, zone, count, smallest, delay, transport, silence,
        login_file, to_login_file, serve, rtsp_port, web_port, keep_hours, keep_gigabytes, piece,
        seconds,
    ]  # fmt: skip
    if many and any(given not in (None, False) for given in said):
        raise UsageError("what cameras do is written in the file", path=source, hint=_WRITTEN)
    if not many and (check or watch_config):
        raise UsageError("--check and --watch-config are for a GATEWAY.toml", hint=_WRITTEN)
    if many:
        return gateway.run(Path(source), check=check, watch=watch_config, how=status, quiet=quiet)
    if not to and not serve:
        raise UsageError("nothing says where it is published", hint="--to TARGET, or --serve")
    settings = LiveSettings.of(
        source=source,
        to=tuple(to or ()),
        hide=kinds(hide),
        style=style,
        preset=preset,
        device=device,
        zones=None if zone is None else tuple(zone),
        smallest=sizes(smallest),
        count=count,
        delay=delay,
        transport=transport,
        silence=silence,
        seconds=seconds,
        keep_hours=keep_hours,
        keep_gigabytes=keep_gigabytes,
        piece_seconds=piece,
    )
    logins = job.Logins(
        _login(login_file, "PASSERBY_LOGIN"), _login(to_login_file, "PASSERBY_TO_LOGIN")
    )
    if serve:
        return gateway.alone(
            settings, logins, rtsp_port=rtsp_port, web_port=web_port, how=status, quiet=quiet
        )
    how = status or ("line" if sys.stderr.isatty() and not quiet else "none")
    stop = threading.Event()
    teller = _Teller(how, quiet=quiet, stop=stop)
    if not quiet:
        places = ", ".join(str(address) for address in settings.targets)
        say(f"{settings.address} -> {places} (no core dumps; Ctrl-C ends it)")
    with stopping(stop):
        try:
            ended = job.live(settings, logins, stop=stop, tell=teller)
        finally:
            teller.close()
    if not quiet:
        say(_summary(ended))
    return DONE


def _login(file: Path | None, variable: str) -> str | None:
    """`USER:PASSWORD` from a file's first line, or from the environment."""
    if file is None:
        return os.environ.get(variable) or None
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError("can't be read", path=file, hint="it holds USER:PASSWORD") from error
    if not lines or ":" not in lines[0]:
        raise UsageError("holds no USER:PASSWORD in its first line", path=file)
    return lines[0].strip()


class _Teller:
    """Writes the status: a line that redraws itself, JSON lines, or only what changes."""

    def __init__(self, how: str, *, quiet: bool, stop: threading.Event) -> None:
        self._how, self._quiet, self._stop = how, quiet, stop
        self._state: tuple[object, ...] = ()
        self._drawn = False

    def __call__(self, status: Status) -> None:
        if self._how == "json":
            try:
                print(text.dumps(status.as_dict()), flush=True)
            except OSError:  # the supervisor went away, and nobody would end this otherwise
                self._stop.set()
        elif self._how == "line":
            with suppress(OSError):
                sys.stderr.write(f"\r\x1b[K{plain(_line(status))}")
                sys.stderr.flush()
            self._drawn = True
        elif not self._quiet:
            state = (
                status.state,
                status.why,
                *((n, t["state"]) for n, t in status.targets.items()),
            )
            if state != self._state:
                say(f"{time.strftime('%H:%M:%S')} {_states(status)}")
            self._state = state

    def close(self) -> None:
        if self._drawn:
            with suppress(OSError):
                sys.stderr.write("\n")


def _states(status: Status) -> str:
    why = f" ({status.why})" if status.state == "lost" and status.why else ""
    targets = "".join(f"; {name} {one['state']}" for name, one in status.targets.items())
    return f"camera {status.state}{why}{targets}"


def _line(status: Status) -> str:
    return (
        f"{_states(status)} | in {status.came} out {status.shown} covered {status.covered} "
        f"{f'thinned {status.thinned} ' if status.thinned else ''}dropped {status.dropped} "
        f"| {status.latency_ms} ms"
    )


def _summary(status: Status) -> str:
    again = f", camera opened again {status.reconnects} times" if status.reconnects else ""
    thinned = f"{status.thinned} only looked at, " if status.thinned else ""
    return (
        f"{status.came} frames came: {status.shown} shown, {status.covered} covered whole, "
        f"{thinned}{status.dropped} dropped; {status.latency_ms} ms behind{again}"
    )
