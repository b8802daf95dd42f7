"""Find cameras on the local network, and tell the addresses of their streams.

[bold]passerby cameras[/bold] asks who is there; [bold]passerby cameras --host 192.168.1.64[/bold]
asks one camera, with a login, for its streams. Only this command looks around, while it runs.

The login is USER:PASSWORD from [bold]--login-file FILE[/bold], the environment's PASSERBY_LOGIN, or
is asked for. It goes to cameras that you name, never to others that answer.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...core.errors import CameraError, CameraLogin, CameraSilent, UsageError, failure
from .login import read_login
from .options import JsonOption
from .outcome import DONE, FAILED
from .terminal import complain, plain, put, say

if TYPE_CHECKING:
    from ..cameras import Login, Service, Sighting, Stream

PATIENCE = 4  # a camera's whole talk takes so many times as long as one answer may


@dataclass(frozen=True, slots=True)
class Camera:
    """What is known of one camera. `error`: why its streams are not."""

    address: str
    name: str = ""
    maker: str = ""
    model: str = ""
    streams: tuple[Stream, ...] = ()
    notes: tuple[str, ...] = ()
    error: CameraError | None = None

    def as_dict(self) -> dict[str, Any]:
        return {
            "address": self.address,
            "name": self.name,
            "maker": self.maker,
            "model": self.model,
            "wants_login": isinstance(self.error, CameraLogin),
            "streams": [asdict(stream) for stream in self.streams],
            "notes": list(self.notes),
            "error": None if self.error is None else failure(self.error),
        }


def cameras(
    host: Annotated[
        list[str] | None,
        typer.Option(
            "--host",
            metavar="ADDRESS[:PORT]",
            show_default="whoever answers",
            help="Ask this camera alone, and log in to it; may be given several times.",
        ),
    ] = None,
    vendor: Annotated[
        str | None,
        typer.Option(
            "--vendor",
            metavar="NAME",
            show_default=False,
            help="With --host: don't ask, tell where this maker's cameras have their streams. "
            "amcrest, axis, dahua, hanwha, hikvision, hisilicon, huawei, reolink, tapo or "
            "uniview.",
        ),
    ] = None,
    channel: Annotated[
        int,
        typer.Option("--channel", min=1, max=9, help="With --vendor: which input of a recorder."),
    ] = 1,
    login_file: Annotated[
        Path | None,
        typer.Option(
            "--login-file",
            metavar="FILE",
            show_default=False,
            help="Holds USER:PASSWORD of the camera in its first line.",
        ),
    ] = None,
    interface: Annotated[
        str | None,
        typer.Option(
            "--interface",
            metavar="ADDRESS",
            show_default="the system's choice",
            help="This machine's address on the network that is asked.",
        ),
    ] = None,
    timeout: Annotated[
        float,
        typer.Option("--timeout", metavar="SECONDS", min=0.2, max=60, help="How long to wait."),
    ] = 3.0,
    json: JsonOption = False,
) -> int:
    from ..cameras import Login, named

    if vendor is not None:
        if not host:
            raise UsageError("--vendor needs --host", hint="which camera it is, by its address")
        found = [_patterned(vendor, *named(one), channel) for one in host]
    elif host:
        words = read_login(login_file, "PASSERBY_LOGIN")
        login = None if words is None else Login.of(words)
        found = [_asked(*named(one), login, timeout, interface, json) for one in host]
    else:
        if login_file is not None:
            raise UsageError(
                "--login-file needs --host", hint="a login goes to cameras that you name, only"
            )
        found = _around(timeout, interface)
    wrong = [camera.error for camera in found if camera.error is not None]
    code = FAILED if host and wrong else DONE
    if json:
        put({"passerby": "cameras/1", "exit": code, "cameras": [c.as_dict() for c in found]})
    else:
        _show(found)
    for error in wrong:
        complain(error)
    return code


def _patterned(vendor: str, host: str, port: int | None, channel: int) -> Camera:
    from ..cameras import streams

    note = "it was not asked: its maker's usual addresses, which may differ"
    return Camera(
        host, "", vendor.lower(), "", streams(vendor, host, port, channel=channel), (note,)
    )


def _asked(
    host: str,
    port: int | None,
    login: Login | None,
    seconds: float,
    interface: str | None,
    script: bool,
) -> Camera:
    """One camera that the person named."""
    from ..cameras import Service, discover, resolve

    try:
        ip = resolve(host)
        service, name = Service(host, ip, port or 80), ""
        if port is None and ":" not in ip:  # it may say itself on which port it answers
            seen = discover(seconds=min(seconds, 1.5), interface=interface, host=ip).sightings
            for one in seen:
                name = one.name
                service = replace(one.service, host=host) if one.service else service
    except CameraError as error:
        return Camera(host, error=error)
    camera = _told(service, login, seconds, Camera(host, name))
    if isinstance(camera.error, CameraLogin) and login is None and not script:
        login = _prompted(host)
        camera = camera if login is None else _told(service, login, seconds, Camera(host, name))
    return camera


def _around(seconds: float, interface: str | None) -> list[Camera]:
    """Everybody who answers; they are asked without a login."""
    from ..cameras import discover

    answers = discover(seconds=seconds, interface=interface)
    if answers.strangers:
        say(f"{answers.strangers} answers from outside private networks were left alone")
    if not answers.sightings:
        raise CameraSilent(
            "no camera answers",
            hint="see that ONVIF is on in the camera's settings, name this machine's address on "
            "the camera's network with --interface, or the camera itself with --host",
        )

    def of(one: Sighting) -> Camera:
        camera = Camera(one.ip, one.name, "", one.model)
        if one.service is None:
            note = "it names only other hosts than itself: not followed"
            return replace(camera, notes=(note,))
        return _told(one.service, None, seconds, camera)

    with ThreadPoolExecutor(max_workers=8) as several:
        return list(several.map(of, answers.sightings))


def _told(service: Service, login: Login | None, seconds: float, camera: Camera) -> Camera:
    from ..cameras import ask, hidden

    try:
        told = ask(service, login, seconds=seconds * PATIENCE)
    except CameraError as error:
        return replace(camera, error=error)
    return replace(
        camera,
        name=hidden(camera.name, login),
        maker=told.maker,
        model=told.model or camera.model,
        streams=told.streams,
        notes=camera.notes + told.notes,
    )


def _prompted(host: str) -> Login | None:
    """The login, from the person at the terminal; None if there is none."""
    from ..cameras import Login

    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    user = typer.prompt(f"User at {plain(host)}", err=True)
    return Login(user, typer.prompt("Password", err=True, hide_input=True))


def _show(found: Sequence[Camera]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("Camera", "Name", "Made by", "Stream", "Picture", "Address"):
        table.add_column(title, overflow="fold")
    for camera in found:
        made = f"{camera.maker} {camera.model}".strip()
        who = [camera.address, camera.name, made]
        for stream in camera.streams:
            size = f"{stream.width}x{stream.height}" if stream.width else ""
            rate = f"{stream.rate}/s" if stream.rate else ""
            picture = " ".join(part for part in (stream.codec, size, rate) if part)
            cells = [*who, stream.name, picture, stream.address or stream.note]
            table.add_row(*(Text(plain(cell)) for cell in cells))
            who = ["", "", ""]
        if not camera.streams:
            why = "wants a login" if isinstance(camera.error, CameraLogin) else ""
            cells = [*who, "", "", why or ("none" if camera.error is None else "not told")]
            table.add_row(*(Text(plain(cell)) for cell in cells))
    Console(file=sys.stdout, width=None if sys.stdout.isatty() else 240).print(table)
    for camera in found:
        for note in camera.notes:
            say(f"{camera.address}: {note}")
    first = next((s.address for c in found for s in c.streams if s.address), None)
    if first is not None:
        say(f"the first of them: {first}")
        say("with who is seen there hidden: passerby live ADDRESS --to recordings/")
        if "***" in first:
            say("whoever opens an address with *** puts the password in there")
