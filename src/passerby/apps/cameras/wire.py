"""One HTTP request to one camera, bounded in bytes and in time. Nothing is followed anywhere.

Written on `http.client`, because it follows no redirect, reads no proxy from the environment, asks
for no compression, and gives back as few bytes as one wants of an answer.
"""

from __future__ import annotations

import hashlib
import secrets
import socket
import ssl
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse
from urllib.request import parse_http_list, parse_keqv_list

from ...core.errors import CameraError, CameraSilent
from .places import Login, Service

LARGEST = 1 << 20  # bytes of an answer; 64 profiles take about 200 kB


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `challenge`: how it wants to be logged in to, from a 401."""

    status: int
    body: bytes
    challenge: str = ""


class Deadline:
    """How long one camera may take, all requests together."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        return self._end - time.monotonic()


def post(
    service: Service, body: bytes, *, action: str, login: Login | None, deadline: Deadline
) -> Answer:
    """Send `body`, once more with an HTTP digest if the camera wants one.

    Never with HTTP basic, which hands the password to whoever answers.
    """
    answer = _once(service, body, action, "", deadline)
    if answer.status == 401 and login is not None and answer.challenge:
        proof = _digest(answer.challenge, service.path, login)
        if proof:
            answer = _once(service, body, action, proof, deadline)
    return answer


def _once(service: Service, body: bytes, action: str, proof: str, deadline: Deadline) -> Answer:
    headers = {
        "Content-Type": f'application/soap+xml; charset=utf-8; action="{action}"',
        "Connection": "close",
        "User-Agent": "passerby",
    } | ({"Authorization": proof} if proof else {})
    try:
        with _connected(service, deadline) as connection:
            connection.request("POST", service.path, body, headers)
            response = connection.getresponse()
            with response:
                data = response.read(LARGEST + 1)
                status, challenge = response.status, _challenge(response)
            if deadline.left <= 0:  # what was cut reads like an end
                raise TimeoutError
    except (OSError, HTTPException, ValueError) as error:
        if deadline.left <= 0 or isinstance(error, TimeoutError):
            raise CameraSilent(
                f"{service.host} does not answer in time",
                hint="see that it is on, or give it a longer --timeout",
            ) from None
        if isinstance(error, ConnectionRefusedError):
            raise CameraSilent(
                f"{service.host} takes no connection on port {service.port}",
                hint="if its page is on another port, name it: --host ADDRESS:PORT",
            ) from None
        raise CameraSilent(
            f"{service.host} can't be asked on port {service.port} ({type(error).__name__})",
            hint="see that the address and the port are right",
        ) from None
    if len(data) > LARGEST:
        raise CameraError(
            f"{service.host} answers more than {LARGEST >> 20} MiB, so it is no camera"
        )
    if 300 <= status < 400:
        raise CameraError(
            f"{service.host} sends us to another address, which is not followed",
            hint="name the one that it should be asked at: --host ADDRESS:PORT",
        )
    return Answer(status, data, challenge)


@contextmanager
def _connected(service: Service, deadline: Deadline) -> Generator[HTTPConnection]:
    """A connection that is cut when the time is up, however the bytes drip."""
    seconds = deadline.left
    if seconds <= 0:
        raise TimeoutError
    plain = socket.create_connection((service.ip, service.port), timeout=seconds)
    raw = plain  # what is cut: shutting it down wakes whoever reads, through TLS too

    def cut() -> None:
        with suppress(OSError):
            raw.shutdown(socket.SHUT_RDWR)

    watch = threading.Timer(max(0.0, deadline.left), cut)
    watch.daemon = True
    watch.start()
    connection = HTTPConnection(service.host, service.port)
    try:
        connection.sock = _wrapped(plain, service) if service.secure else plain
        yield connection
    finally:
        watch.cancel()
        connection.close()
        plain.close()


def _wrapped(plain: socket.socket, service: Service) -> ssl.SSLSocket:
    """TLS with whatever certificate: cameras sign their own, and plain HTTP is the alternative.

    What is sent holds no password, only digests of one.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    # A duplicate, so that the other one stays and can be cut from the watch.
    return context.wrap_socket(plain.dup(), server_hostname=service.host)


def _challenge(response: HTTPResponse) -> str:
    """The first digest that is asked for in a way that is known here."""
    for header in response.headers.get_all("WWW-Authenticate") or ():
        scheme, _, rest = header.strip().partition(" ")
        if scheme.lower() == "digest" and _algorithm(_keys(rest)):
            return str(rest)
    return ""


def _keys(challenge: str) -> dict[str, str]:
    try:
        found = parse_keqv_list(parse_http_list(challenge))
    except (ValueError, IndexError):
        return {}
    return {key.lower(): value for key, value in found.items()}


def _algorithm(keys: dict[str, str]) -> str:
    known = {"": "md5", "MD5": "md5", "SHA-256": "sha256"}
    wanted = keys.get("qop", "auth").replace(" ", "").split(",")
    usable = "nonce" in keys and "realm" in keys and "auth" in wanted
    return known.get(keys.get("algorithm", "").upper(), "") if usable else ""


def _digest(challenge: str, path: str, login: Login) -> str:
    """RFC 7616, or RFC 2069 for a camera that names no `qop`."""
    keys = _keys(challenge)
    algorithm = _algorithm(keys)

    def of(*words: str) -> str:
        joined = ":".join(words).encode()
        return hashlib.new(algorithm, joined, usedforsecurity=False).hexdigest()

    realm, nonce, ours, count = keys["realm"], keys["nonce"], secrets.token_hex(8), "00000001"
    who, what = of(login.user, realm, login.password), of("POST", path)
    said = {"username": login.user, "realm": realm, "nonce": nonce, "uri": path}
    if "qop" in keys:
        said["response"] = of(who, nonce, count, ours, "auth", what)
    else:
        said["response"] = of(who, nonce, what)
    said |= {key: keys[key] for key in ("opaque",) if key in keys}
    quoted = [f'{key}="{_escaped(value)}"' for key, value in said.items()]
    bare = [f"algorithm={keys['algorithm']}"] if "algorithm" in keys else []
    bare += [f"qop=auth, nc={count}", f'cnonce="{ours}"'] if "qop" in keys else []
    line = "Digest " + ", ".join(quoted + bare)
    return line if line.isprintable() and line.isascii() else ""


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')
