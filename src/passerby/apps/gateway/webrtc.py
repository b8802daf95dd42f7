"""WebRTC out of the built-in server (WHEP): the encoded stream as it is.

Needs the extra `webrtc`. No server is asked for this machine's address (STUN), no name is looked
up, and nothing is sent to an address that an offer names: whoever wants the stream sends first.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

from aioice import ice
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError

from ...media.live_encoder import loose
from .channel import Channel, Receiver

MOST_SESSIONS: Final = 32
PATIENCE: Final = 15.0  # seconds until it has to be connected
_CANDIDATE: Final = re.compile(r"^a=(?:candidate:.*|end-of-candidates)\r?\n", re.MULTILINE)
_found_here = ice.get_host_addresses
_outwards: ContextVar[bool] = ContextVar("outwards", default=False)


class Unacceptable(ValueError):
    """An offer that can't be answered."""


class Track(MediaStreamTrack):
    """What a channel publishes, as packets; begins to receive when somebody can."""

    kind = "video"

    def __init__(self, channel: Channel) -> None:
        super().__init__()
        self._channel = channel
        self._receiver: Receiver | None = None

    async def recv(self) -> Any:
        if self._receiver is None:
            self._receiver = self._channel.subscribe(fresh=True)
        coded = await self._receiver.next()
        if coded is None or self.readyState != "live":
            self.stop()
            raise MediaStreamError
        return loose(coded)

    def stop(self) -> None:
        super().stop()
        if self._receiver is not None:
            self._receiver.close()


class Whep:
    """Sessions of those who watch. `host`: what the server listens on, and nothing else does."""

    def __init__(self, host: str) -> None:
        self._sessions: dict[str, tuple[Channel, RTCPeerConnection]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        only(host)

    @property
    def full(self) -> bool:
        return len(self._sessions) >= MOST_SESSIONS

    async def offer(self, channel: Channel, offer: str) -> tuple[str, str]:
        """A session's name and the answer. `Unacceptable` for what is no offer of ours."""
        name, line = secrets.token_urlsafe(16), connection()
        self._sessions[name] = (channel, line)
        track = Track(channel)
        try:
            answer = await answered(line, track, channel, offer)
        except BaseException:  # raised again
            track.stop()
            await self.end(channel, name)
            raise

        @line.on("connectionstatechange")
        async def changed() -> None:
            if line.connectionState in ("failed", "closed", "disconnected"):
                track.stop()
                await self.end(channel, name)

        late = asyncio.create_task(self._patience(channel, name))
        self._tasks.add(late)
        late.add_done_callback(self._tasks.discard)
        return name, answer

    async def end(self, channel: Channel, name: str) -> bool:
        """False where there is no such session."""
        found = self._sessions.get(name)
        if found is None or found[0] is not channel:
            return False
        del self._sessions[name]
        for sender in found[1].getSenders():
            if sender.track is not None:
                sender.track.stop()
        await found[1].close()
        return True

    async def close(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()
        for name, (channel, _) in tuple(self._sessions.items()):
            await self.end(channel, name)

    async def _patience(self, channel: Channel, name: str) -> None:
        await asyncio.sleep(PATIENCE)
        found = self._sessions.get(name)
        if found is not None and found[1].connectionState != "connected":
            await self.end(channel, name)


async def answered(line: RTCPeerConnection, track: Track, channel: Channel, offer: str) -> str:
    """Our answer, with our own addresses in it."""
    offer = _CANDIDATE.sub("", offer)
    if "m=video" not in offer or " H264/90000" not in offer:
        raise Unacceptable
    sending = line.addTransceiver(track, direction="sendonly")
    sending.setCodecPreferences(h264())
    heard(sending.sender, channel)
    try:
        await line.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        await line.setLocalDescription(await line.createAnswer())
    except (ValueError, KeyError, IndexError, AssertionError, AttributeError) as error:
        raise Unacceptable from error
    return str(line.localDescription.sdp)


def heard(sender: RTCRtpSender, channel: Channel) -> None:
    """Who lost packets asks for a key frame, and the encoder hears of it."""
    sender._send_keyframe = channel.ask_key  # type: ignore[method-assign]  # no other door


def h264() -> list[Any]:
    """What may be sent: H.264, and packets that were lost once more."""
    known = RTCRtpSender.getCapabilities("video").codecs
    return [codec for codec in known if codec.mimeType.lower() in ("video/h264", "video/rtx")]


@contextmanager
def outwards() -> Iterator[None]:
    """Inside, a connection that we begin may use every address of this machine."""
    token = _outwards.set(True)
    try:
        yield
    finally:
        _outwards.reset(token)


def only(host: str) -> None:
    """From now on connections use what is listened on, or are begun `outwards`."""
    # aioice takes every address of this machine but its own; there is no other way to say it.
    ice.get_host_addresses = addresses(host)


def addresses(host: str) -> Callable[..., list[str]]:
    """The addresses of this machine that are told, of those that are listened on."""

    def told(use_ipv4: bool = True, use_ipv6: bool = True) -> list[str]:
        if _outwards.get():
            return ["127.0.0.1", *_found_here(use_ipv4=True, use_ipv6=True)]
        if ipaddress.ip_address(host).is_unspecified:
            return ["127.0.0.1", *_found_here(use_ipv4=True, use_ipv6=":" in host)]
        return [host]

    return told


def connection() -> RTCPeerConnection:
    """Asks no server for anything; the library's default asks one of its own choice."""
    return RTCPeerConnection(RTCConfiguration(iceServers=[]))
