"""An ONVIF camera on loopback, which can be told to misbehave."""

from __future__ import annotations

import base64
import hashlib
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

USER, PASSWORD = "watch", "s3cret&Word"
SOAP = "http://www.w3.org/2003/05/soap-envelope"
Reply = Callable[["Device", str], "tuple[int, bytes] | None"]


@dataclass
class Device:
    """`answers`: what it says instead of the truth, by question. `asked`: what it was asked."""

    ip: str
    port: int = 0
    answers: dict[str, Reply] = field(default_factory=dict)
    closed: bool = True
    digest: bool = False
    stream_host: str = ""
    asked: list[tuple[str, str, str]] = field(default_factory=list)

    def reply(self, name: str, body: str, authorization: str) -> tuple[int, bytes]:
        self.asked.append((name, body, authorization))
        if name in self.answers:
            own = self.answers[name](self, body)
            if own is not None:
                return own
        if self.closed and name != "GetSystemDateAndTime" and not self._knows(body, authorization):
            return 401, b"" if self.digest else fault("Sender not authorized")
        if name == "GetSystemDateAndTime":
            now = time.gmtime()
            date = "".join(
                f"<{n}>{v}</{n}>" for n, v in zip(("Year", "Month", "Day"), now[:3], strict=True)
            )
            hour = "".join(
                f"<{n}>{v}</{n}>"
                for n, v in zip(("Hour", "Minute", "Second"), now[3:6], strict=True)
            )
            inside = f"<UTCDateTime><Time>{hour}</Time><Date>{date}</Date></UTCDateTime>"
        elif name == "GetDeviceInformation":
            inside = "<Manufacturer>Acme</Manufacturer><Model>Eye [red]3</Model>"
        elif name == "GetCapabilities":
            inside = f"<Media><XAddr>http://{self.ip}:{self.port}/onvif/media</XAddr></Media>"
        elif name == "GetProfiles":
            inside = (
                '<Profiles token="a&amp;1"><Name>Large</Name><VideoEncoderConfiguration>'
                "<Encoding>H264</Encoding><Resolution><Width>1280</Width><Height>720</Height>"
                "</Resolution></VideoEncoderConfiguration></Profiles>"
            )
        else:
            host = self.stream_host or self.ip
            inside = (
                f"<MediaUri><Uri>rtsp://{USER}:s3cret%26Word@{host}:554/live?password=hunter2"
                "&amp;channel=1</Uri></MediaUri>"
            )
        return 200, envelope(f"<{name}Response>{inside}</{name}Response>")

    def _knows(self, body: str, authorization: str) -> bool:
        if self.digest:
            said = dict(re.findall(r'(\w+)="?([^",]+)"?', authorization))
            who = _md5(f"{USER}:cam:{PASSWORD}")
            what = _md5(f"POST:{said.get('uri')}")
            mixed = f"{who}:n1:{said.get('nc')}:{said.get('cnonce')}:auth:{what}"
            return said.get("response") == _md5(mixed)
        said = dict(re.findall(r"<[wu]:(Username|Password|Nonce|Created)\b[^>]*>([^<]*)", body))
        nonce = base64.b64decode(said.get("Nonce", ""))
        mix = nonce + said.get("Created", "").encode() + PASSWORD.encode()
        right = base64.b64encode(hashlib.sha1(mix).digest()).decode()
        return said.get("Username") == USER and said.get("Password") == right


def _md5(words: str) -> str:
    return hashlib.md5(words.encode()).hexdigest()


def envelope(inside: str) -> bytes:
    return f'<e:Envelope xmlns:e="{SOAP}"><e:Body>{inside}</e:Body></e:Envelope>'.encode()


def fault(reason: str) -> bytes:
    return envelope(f"<e:Fault><e:Reason><e:Text>{reason}</e:Text></e:Reason></e:Fault>")


@contextmanager
def served(device: Device) -> Generator[Device]:
    """`device` answers HTTP on a port of its own."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            found = re.search(r"<t:(\w+)", body)
            name = found[1] if found else ""
            status, data = device.reply(name, body, self.headers.get("Authorization", ""))
            with suppress(OSError):
                self.send_response(status)
                if status == 401 and device.digest:
                    self.send_header(
                        "WWW-Authenticate", 'Digest realm="cam", nonce="n1", qop="auth"'
                    )
                if 300 <= status < 400:
                    self.send_header("Location", data.decode())
                self.end_headers()
                drip = data.startswith(b"DRIP")
                for start in range(0, len(data), 1 if drip else 1 << 16):
                    self.wfile.write(data[start : start + (1 if drip else 1 << 16)])
                    time.sleep(0.05 if drip else 0)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer((device.ip, 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    device.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield device
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def announced(*datagrams: Callable[[str], str]) -> Generator[None]:
    """Somebody on 127.0.0.1 answers probes, to the group and to itself, with these datagrams."""
    heard = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    heard.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    heard.bind(("", 3702))
    group = struct.pack("4s4s", socket.inet_aton("239.255.255.250"), socket.inet_aton("127.0.0.1"))
    heard.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
    heard.settimeout(0.05)
    done = threading.Event()

    def answer() -> None:
        while not done.is_set():
            try:
                data, sender = heard.recvfrom(65_535)
            except TimeoutError:
                continue
            found = re.search(rb"MessageID>([^<]+)<", data)
            for datagram in datagrams if found else ():
                assert found
                heard.sendto(datagram(found[1].decode()).encode(), sender)

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        heard.close()


def match(address: str, name: str = "Front%20door") -> Callable[[str], str]:
    """What a camera says to a probe."""

    def say(message: str) -> str:
        return (
            f"<E><H><RelatesTo>{message}</RelatesTo></H><ProbeMatch><Scopes>onvif://www.onvif.org/"
            f"name/{name} onvif://www.onvif.org/hardware/Eye</Scopes><XAddrs>{address}</XAddrs>"
            "</ProbeMatch></E>"
        )

    return say
