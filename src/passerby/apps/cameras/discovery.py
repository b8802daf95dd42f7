"""Who is there: a probe to the local network, and what answers, believed no further than itself.

WS-Discovery 1.1 (April 2005 namespace) as ONVIF Core Specification 7.3 uses it. A datagram is read
up to 64 KiB; answers that belong to no probe of ours, and those from outside private networks, are
counted and left.
"""

from __future__ import annotations

import socket
import time
import uuid
from dataclasses import dataclass
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from ...core.errors import CameraError, UsageError
from .places import Service, near
from .xml import NotUnderstood, every, plain, read, text

GROUP, PORT = "239.255.255.250", 3702
CAMERAS, DATAGRAMS, ADDRESSES = 256, 4096, 8
_KINDS = (
    ("http://www.onvif.org/ver10/network/wsdl", "NetworkVideoTransmitter"),
    ("http://www.onvif.org/ver10/device/wsdl", "Device"),
)
_AGAIN = 0.4  # seconds until the probe is sent once more: datagrams get lost


@dataclass(frozen=True, slots=True)
class Sighting:
    """Somebody who answered. `service` is None if they name only others than themselves."""

    ip: str
    name: str
    model: str
    service: Service | None


@dataclass(frozen=True, slots=True)
class Answers:
    """Who answered, one for each address, in the order of their addresses; and who was left out."""

    sightings: tuple[Sighting, ...]
    strangers: int = 0


def discover(*, seconds: float, interface: str | None = None, host: str | None = None) -> Answers:
    """Ask the local network and listen for `seconds`, or ask `host` alone until it answers.

    `interface`: the IPv4 address of this machine on the network that is asked.
    """
    ours = {f"urn:uuid:{uuid.uuid4()}": kind for kind in _KINDS}
    found: dict[str, Sighting] = {}
    strangers = 0
    with _socket(interface, host) as probe:
        end = time.monotonic() + seconds
        again = 0.0
        for _ in range(DATAGRAMS):
            now = time.monotonic()
            if now >= end or len(found) >= CAMERAS or (host is not None and host in found):
                break
            if now >= again:
                _send(probe, ours, host or GROUP)
                again = now + _AGAIN if not again else end
            probe.settimeout(max(0.01, min(again, end) - now))
            try:
                data, sender = probe.recvfrom(65_535)
            except TimeoutError:
                continue
            except OSError:  # an answer of the network: nobody listens there
                if host is not None:
                    break
                continue
            ip = str(sender[0])
            if ip != host and not near(ip):
                strangers += 1
                continue
            sighting = _sighting(data, ip, set(ours))
            if sighting is not None and (ip not in found or found[ip].service is None):
                found[ip] = sighting
    order = sorted(found.values(), key=lambda one: socket.inet_aton(one.ip))
    return Answers(tuple(order), strangers)


def _socket(interface: str | None, host: str | None) -> socket.socket:
    probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        if interface is not None:
            own = socket.inet_pton(socket.AF_INET, interface)
            probe.bind((interface, 0))
            probe.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, own)
        if host is None:
            probe.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)  # no router passes it
    except OSError as error:
        probe.close()
        raise UsageError(
            "--interface is no IPv4 address of this machine", hint="`ip -4 address` lists them"
        ) from error
    return probe


def _send(probe: socket.socket, ours: dict[str, tuple[str, str]], to: str) -> None:
    for message, (space, kind) in ours.items():
        try:
            probe.sendto(_probe(message, space, kind), (to, PORT))
        except OSError as error:
            if to != GROUP:
                return
            raise CameraError(
                "this machine has no network that could be asked",
                hint="name one by this machine's address on it: --interface ADDRESS",
            ) from error


def _probe(message: str, space: str, kind: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"'
        ' xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"'
        ' xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery">'
        f"<e:Header><a:MessageID>{message}</a:MessageID>"
        '<a:To e:mustUnderstand="true">urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To>'
        '<a:Action e:mustUnderstand="true">'
        "http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</a:Action></e:Header>"
        f'<e:Body><d:Probe><d:Types xmlns:k="{space}">k:{kind}</d:Types></d:Probe></e:Body>'
        "</e:Envelope>"
    ).encode()


def _sighting(data: bytes, ip: str, ours: set[str]) -> Sighting | None:
    """What a datagram says of its sender; None if it answers no question of ours."""
    try:
        root = read(data)
    except NotUnderstood:
        return None
    match = next(every(root, "ProbeMatch"), None)
    if match is None or text(root, "RelatesTo") not in ours:
        return None
    scopes = _scopes(match)
    own = Service(ip, ip)
    addresses = _words(match, "XAddrs")[:ADDRESSES]
    services = [found for found in map(own.at, addresses) if found is not None]
    services.sort(key=lambda one: one.secure)  # plain HTTP first: every camera speaks it
    return Sighting(
        ip=ip,
        name=scopes.get("name", ""),
        model=scopes.get("hardware", ""),
        service=services[0] if services else None,
    )


def _scopes(match: Element) -> dict[str, str]:
    """`onvif://www.onvif.org/name/Front%20door` and the like, by their kind."""
    found: dict[str, str] = {}
    for scope in _words(match, "Scopes"):
        kind, _, value = scope.removeprefix("onvif://www.onvif.org/").partition("/")
        if value and scope.startswith("onvif://www.onvif.org/"):
            found.setdefault(kind, plain(unquote(value))[:80])
    return found


def _words(match: Element, name: str) -> list[str]:
    found = next(every(match, name), None)
    return [] if found is None else (found.text or "").split()
