"""What an ONVIF camera says of itself and of its streams: five questions, fixed in their wording.

ONVIF Core Specification 5.9.4 (login by WS-UsernameToken), 8.1 and 8.3 (device), ONVIF Media
Service Specification 5.2 and 5.15. The password never leaves: a digest of it does, with a nonce
and the time.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape, quoteattr

from ...core.errors import CameraError, CameraLogin
from .places import Login, Service, hidden, without_login
from .wire import Deadline, post
from .xml import NotUnderstood, every, first, plain, read, text

PROFILES = 64  # a recorder has one or two for each of its cameras
DEVICE = "http://www.onvif.org/ver10/device/wsdl"
MEDIA = "http://www.onvif.org/ver10/media/wsdl"
_SECURITY = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"


@dataclass(frozen=True, slots=True)
class Stream:
    """One profile. `address` without a login; empty if the camera gives none that can be used."""

    name: str
    codec: str
    width: int
    height: int
    rate: str
    address: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What a camera told: who made it, its streams, and what was wrong with what it told."""

    maker: str
    model: str
    streams: tuple[Stream, ...]
    notes: tuple[str, ...] = ()


def ask(service: Service, login: Login | None, *, seconds: float) -> Told:
    """Ask the camera at `service`; all of it takes no longer than `seconds`.

    Raises CameraLogin if it wants a login, or another; CameraError if it is no such camera.
    """
    talk = _Talk(service, login, Deadline(seconds))
    talk.set_clock()
    try:
        about = talk.ask(service, DEVICE, "GetDeviceInformation")
    except _Fault:
        about = None
    media, notes = talk.media()
    profiles = talk.ask(media, MEDIA, "GetProfiles")
    found = [one for one in every(profiles, "Profiles") if one.get("token")]
    if len(found) > PROFILES:
        notes += (f"it has more than {PROFILES} profiles, of which these are the first",)
    streams = tuple(talk.stream(media, profile) for profile in found[:PROFILES])

    def said(name: str) -> str:
        return hidden(text(about, name), login)

    return Told(said("Manufacturer"), said("Model"), streams, notes)


class _Fault(CameraError):
    """The camera understood, and won't."""


class _Talk:
    def __init__(self, service: Service, login: Login | None, deadline: Deadline) -> None:
        self._device, self._login, self._deadline = service, login, deadline
        self._ahead = timedelta()

    def set_clock(self) -> None:
        """How far the camera's clock is ahead: a digest with another time is refused as too old."""
        try:
            said = self.ask(self._device, DEVICE, "GetSystemDateAndTime", login=False)
        except (CameraLogin, _Fault):
            return  # it should tell everybody, and does not; our own clock has to do
        moment = first(said, "UTCDateTime")
        names = ("Year", "Month", "Day", "Hour", "Minute", "Second")
        try:
            year, month, day, hour, minute, second = (int(text(moment, name)) for name in names)
            theirs = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        except (ValueError, OverflowError):
            return
        self._ahead = theirs - datetime.now(UTC)

    def media(self) -> tuple[Service, tuple[str, ...]]:
        """Where to ask for streams: on the same host, whatever the camera says."""
        wanted = "<t:Category>Media</t:Category>"
        said = self.ask(self._device, DEVICE, "GetCapabilities", wanted)
        address = text(said, "Media", "XAddr")
        if not address:
            raise CameraError(
                f"{self._device.host} speaks ONVIF, but has no media service, so it has no streams",
                hint="if it is a camera, its maker's pattern may do: --vendor NAME",
            )
        same = self._device.at(address)
        if same is not None:
            return same, ()
        try:
            path = urlsplit(address).path
        except ValueError:
            path = ""
        own = self._device.at(f"{self._device.address.partition('/onvif')[0]}{path or '/'}")
        note = "it names another host for its media service; it was asked itself instead"
        return own or self._device, (note,)

    def stream(self, media: Service, profile: Element) -> Stream:
        token = quoteattr(profile.get("token", ""))[1:-1]
        wanted = (
            '<t:StreamSetup><s:Stream xmlns:s="http://www.onvif.org/ver10/schema">RTP-Unicast'
            '</s:Stream><s:Transport xmlns:s="http://www.onvif.org/ver10/schema">'
            "<s:Protocol>RTSP</s:Protocol></s:Transport></t:StreamSetup>"
            f"<t:ProfileToken>{token}</t:ProfileToken>"
        )
        address, note = "", ""
        try:
            address = text(self.ask(media, MEDIA, "GetStreamUri", wanted), "MediaUri", "Uri")
        except _Fault:
            note = "the camera gives no address for it"
        if address and not self._usable(address):
            address, note = "", "the camera names another host for it, or no stream: not offered"
        video = first(profile, "VideoEncoderConfiguration")
        return Stream(
            name=hidden(text(profile, "Name") or plain(profile.get("token", "")), self._login),
            codec=hidden(text(video, "Encoding"), self._login),
            width=_number(text(video, "Resolution", "Width")),
            height=_number(text(video, "Resolution", "Height")),
            rate=str(_number(text(video, "RateControl", "FrameRateLimit")) or ""),
            address=without_login(address, self._login),
            note=note,
        )

    def _usable(self, address: str) -> bool:
        try:
            parts = urlsplit(address)
            return (
                parts.scheme in {"rtsp", "rtsps"}
                and (parts.port or 554) > 0
                and self._device.same(parts.hostname)
                and not any(c.isspace() for c in address)
            )
        except ValueError:
            return False

    def ask(
        self, service: Service, space: str, name: str, inside: str = "", *, login: bool = True
    ) -> Element:
        """One question; its answer's body. Raises CameraLogin, _Fault or CameraError."""
        who = self._login if login else None
        token = _token(who, datetime.now(UTC) + self._ahead) if who is not None else ""
        envelope = (
            '<?xml version="1.0" encoding="utf-8"?>'
            '<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope">'
            f"<e:Header>{token}</e:Header>"
            f'<e:Body><t:{name} xmlns:t="{space}">{inside}</t:{name}></e:Body></e:Envelope>'
        )
        answer = post(
            service,
            envelope.encode(),
            action=f"{space}/{name}",
            login=who,
            deadline=self._deadline,
        )
        try:
            root = read(answer.body)
        except NotUnderstood as error:
            if answer.status == 401:
                raise self._unwelcome() from None
            raise CameraError(
                f"{service.host} answers, but not as an ONVIF camera does ({error})",
                hint="ONVIF may be off in its settings; --vendor NAME tells a maker's pattern",
            ) from None
        fault = first(root, "Fault")
        if answer.status == 401 or (fault is not None and _login_wanted(fault)):
            raise self._unwelcome()
        if fault is not None or answer.status >= 400:
            raise _Fault(
                f"{service.host} does not answer {name}",
                hint="--vendor NAME tells its maker's pattern without asking it",
            )
        body = first(root, "Body")
        if body is None or first(body, f"{name}Response") is None:
            raise CameraError(
                f"{service.host} answers, but not as an ONVIF camera does (another answer)",
                hint="ONVIF may be off in its settings; --vendor NAME tells a maker's pattern",
            )
        return body

    def _unwelcome(self) -> CameraLogin:
        host = self._device.host
        if self._login is None:
            return CameraLogin(
                f"{host} wants a login",
                hint="--login-file FILE with USER:PASSWORD in it, or PASSERBY_LOGIN",
            )
        return CameraLogin(
            f"{host} refuses the login: wrong user or password, or its clock is wrong",
            hint="many cameras have users of their own for ONVIF, in their network settings",
        )


def _token(login: Login, moment: datetime) -> str:
    """WS-Security UsernameToken Profile 1.0, 3.1: Base64(SHA-1(nonce + created + password)).

    SHA-1 is what the profile prescribes and what cameras know.
    """
    nonce, created = secrets.token_bytes(16), moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    secret = nonce + created.encode() + login.password.encode()
    digest = hashlib.sha1(secret, usedforsecurity=False).digest()
    kind = f"{_SECURITY}username-token-profile-1.0#PasswordDigest"
    coding = f"{_SECURITY}soap-message-security-1.0#Base64Binary"
    return (
        f'<w:Security e:mustUnderstand="1" xmlns:w="{_SECURITY}wssecurity-secext-1.0.xsd">'
        f"<w:UsernameToken><w:Username>{escape(login.user)}</w:Username>"
        f'<w:Password Type="{kind}">{base64.b64encode(digest).decode()}</w:Password>'
        f'<w:Nonce EncodingType="{coding}">{base64.b64encode(nonce).decode()}</w:Nonce>'
        f'<u:Created xmlns:u="{_SECURITY}wssecurity-utility-1.0.xsd">{created}</u:Created>'
        "</w:UsernameToken></w:Security>"
    )


def _login_wanted(fault: Element) -> bool:
    said = " ".join(plain(e.text or "") for e in fault.iter()).lower().replace(" ", "")
    return any(word in said for word in ("notauthorized", "failedauthentication", "unauthorized"))


def _number(words: str) -> int:
    try:
        return max(0, min(int(float(words)), 100_000))
    except (ValueError, OverflowError):
        return 0
