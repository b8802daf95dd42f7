"""Frames out of a camera as they come, again and again: whatever breaks off is opened anew.

A stream that is received is never a file of this machine: of a remote address only the protocols
that it needs are allowed, and no format that describes other addresses (playlists).
"""

from __future__ import annotations

import stat
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, Literal

import av
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from ..core.errors import MediaError, StreamLost, Unsupported
from ..core.geometry import Orientation, Size
from ..core.live import Arrival
from ..core.time import Clock, Span, Ticks
from .addresses import Address
from .clear import put_on_white
from .continuity import followed, uncounted
from .decode import DecodedFrame
from .faults import FOREIGN
from .formats import Layout, layout, planar
from .opening import FORMATS
from .orient import of_frame
from .slices import joined
from .srt import received
from .two_clocks import TwoClocks
from .upright import upright

OPENING: Final = 5.0  # seconds to answer and to show what is there
SILENCE: Final = 3.0  # seconds without a packet after which a camera counts as lost
PATIENCE: Final = 20.0  # seconds for the very first picture
PICTURELESS: Final = 10.0  # seconds in which something comes, but no picture
WAITS: Final = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)  # seconds between tries
_QUICK: Final = {"fflags": "nobuffer", "analyzeduration": "1000000", "probesize": "1000000"}
_MOST: Final = 8192 * 8192  # pixels

_FORMAT: Final = {"rtsp": "rtsp", "rtmp": "flv", "udp": "mpegts", "tcp": "mpegts"}
_PROTOCOLS: Final = {
    "rtsp": "rtsp,rtp,srtp,tcp,udp,tls",
    "rtmp": "rtmp,rtmps,rtmpt,tcp,tls",
    "http": "http,https,tcp,tls",
    "udp": "udp",
    "tcp": "tcp",
}
_WEB_FORMATS: Final = "mpjpeg,mjpeg,mpegts,flv,h264,hevc,matroska,webm,mov,mp4,jpeg_pipe"

Transport = Literal["tcp", "udp"]
State = Literal["connecting", "open", "lost"]


class LiveFrame(DecodedFrame):
    """A camera's frame. `aspect`: a pixel's width over its height."""

    def __init__(
        self, native: av.VideoFrame, stored: Layout, span: Span, size: Size, aspect: Fraction
    ) -> None:
        super().__init__(native, stored, span, size, Orientation.UP)
        self.aspect = aspect


@dataclass(slots=True)
class Signal:
    """How the camera does, for those who watch: read from any thread, written by the camera's."""

    state: State = "connecting"
    restarts: int = 0
    broken: int = 0  # packets that could not be decoded
    why: str = ""  # why it is away, in our words


class Camera:
    """`arrivals` yields for ever, or to the end of a file, which is played at its own speed.

    Raises `StreamLost` where there was no picture at all within `patience` seconds, or where
    trying again is useless (a wrong password). `transport` is for RTSP. Set `stop` to end it.
    """

    def __init__(
        self,
        address: Address,
        *,
        transport: Transport = "tcp",
        stop: threading.Event | None = None,
        silence: float = SILENCE,
        patience: float = PATIENCE,
        tell: Callable[[Signal], None] = lambda signal: None,
    ) -> None:
        self.address, self.signal = address, Signal()
        self._transport, self._silence, self._patience = transport, silence, patience
        self._stop, self._tell = stop or threading.Event(), tell
        self._section = -1
        self._seen = self._mended = 0.0  # when a picture was decoded, and was whole

    def arrivals(self) -> Generator[Arrival]:
        begun, tries, pictures = time.monotonic(), 0, False
        while not self._stop.is_set():
            lost = StreamLost("the stream ended", path=str(self.address))
            try:
                self._became("connecting")
                with self._opened() as container, closing(self._read(container)) as read:
                    for arrival in read:
                        if not pictures or tries:
                            self._became("open")
                        pictures, tries = True, 0
                        yield arrival
                if self.address.kind == "file":
                    return
            except FOREIGN as error:
                lost = _lost(error, self.address)
            except _Useless as error:
                lost = error
            except MediaError as error:
                lost = StreamLost(error.what, path=str(self.address), hint=error.hint)
            if self._stop.is_set():
                return
            self.signal.restarts += 1
            self._became("lost", lost.what)
            hopeless = isinstance(lost, _Useless) or self.address.kind == "file"
            if not pictures and (hopeless or time.monotonic() - begun > self._patience):
                raise StreamLost(lost.what, path=str(self.address), hint=lost.hint) from None
            self._stop.wait(WAITS[min(tries, len(WAITS) - 1)])
            tries += 1

    def _became(self, state: State, why: str = "") -> None:
        self.signal.state, self.signal.why = state, why
        self._tell(self.signal)

    @contextmanager
    def _opened(self) -> Iterator[InputContainer]:
        """A connection; inside, until it is left."""
        if self.address.kind == "srt":
            with received(self.address.whole, self._silence + OPENING, self._stop) as pipe:
                try:
                    container = av.open(pipe, "r", format="mpegts", options=dict(_QUICK))
                except (av.InvalidDataError, av.EOFError):
                    raise StreamLost("nothing comes from there", hint=_SRT) from None
                with _let_go(container):
                    yield container
            return
        with _let_go(self._connected()) as container:
            yield container

    def _connected(self) -> InputContainer:
        kind, whole = self.address.kind, self.address.whole
        options = dict(_QUICK)
        if kind == "file":
            limits = {"format_whitelist": FORMATS, "protocol_whitelist": "file"}
            return av.open(f"file:{whole}", "r", metadata_errors="replace", options=limits)
        if kind == "device":
            return _device(whole)
        options["protocol_whitelist"] = _PROTOCOLS[kind]
        if kind == "rtsp":
            options |= {"rtsp_transport": self._transport, "allowed_media_types": "video"}
            options["max_delay"] = "300000"  # microseconds to wait for a lost packet of UDP
        if kind == "http":
            options |= {"format_whitelist": _WEB_FORMATS, "use_wallclock_as_timestamps": "1"}
        return av.open(
            whole,
            "r",
            format=_FORMAT.get(kind),
            metadata_errors="replace",
            options=options,
            timeout=(OPENING, self._silence),
        )

    def _read(self, container: InputContainer) -> Generator[Arrival]:
        """Arrivals of one connection; ends where the stream says so."""
        streams = container.streams.video
        if not streams:
            raise Unsupported("sends no picture", hint="choose another of its streams")
        stream = max(streams, key=lambda s: (s.width or 0) * (s.height or 0))
        _prepare(stream)
        told = uncounted(stream, self.address.kind, self._transport)
        if told is not None:
            raise _Useless("sends what can't be told to be whole over UDP", hint=told)
        tick = stream.time_base or Fraction(1, 90_000)
        clocks = TwoClocks(tick, paced=self.address.kind == "file")
        self._section += 1
        # Whether a key frame came since anything was missing, and was decoded; what pictures are.
        mended, whole, shape = False, False, None
        turns = _Turns()
        lost = followed(stream, container.format.name)
        for packet in self._packets(container, stream):
            missing = packet.is_corrupt or (lost is not None and lost.broken(bytes(packet)))
            mended = (mended or packet.is_keyframe) and not missing
            try:
                natives = packet.decode()
            except av.InvalidDataError:
                self.signal.broken += 1
                mended = whole = False
                continue
            if missing:
                self.signal.broken += 1
                whole = False
            for native in natives:
                self._seen = time.monotonic()
                assert isinstance(native, av.VideoFrame)
                if native.is_corrupt:
                    self.signal.broken += 1
                    mended = False
                whole = mended and (whole or bool(native.key_frame))
                self._is_whole(whole)
                turned = turns.of(native)
                its = (native.width, native.height, native.format.name, turned)
                new = clocks.take(native.pts) if shape in (None, its) else clocks.begin(native.pts)
                if new is None:
                    continue
                if new and shape is not None:
                    self._section += 1
                shape = its
                if clocks.wait and self._stop.wait(clocks.wait):
                    return
                yield Arrival(
                    _framed(native, turned, clocks.last, clocks.clock, stream),
                    clock=clocks.clock,
                    arrived=clocks.now,
                    moment=clocks.moment,
                    section=self._section,
                    clean=whole,
                )

    def _packets(
        self, container: InputContainer, stream: VideoStream
    ) -> Iterator[Packet[VideoStream]]:
        """Of `stream`, until `stop` is set; `StreamLost` where what comes makes no picture.

        All streams are read: one whose sound goes on would else be waited for without an end.
        """
        self._mended = time.monotonic()
        self._seen = self._mended + PATIENCE - PICTURELESS
        packets: Iterator[Packet[VideoStream]] = (
            packet for packet in self._all(container) if packet.stream is stream
        )
        return joined(packets) if self.address.kind == "rtsp" else packets

    def _all(self, container: InputContainer) -> Iterator[Any]:
        for packet in container.demux():
            if self._stop.is_set():
                return
            yield packet
            if self.address.kind != "file" and time.monotonic() - self._seen > PICTURELESS:
                raise StreamLost("sends what makes no picture", hint=_REACH)

    def _is_whole(self, whole: bool) -> None:
        """Say so where no picture is, for a long time: all are covered then."""
        now = time.monotonic()
        if whole:
            self._mended, self.signal.why = now, ""
        elif now - self._mended > PICTURELESS:
            self.signal.why = _UNWHOLE


def _device(path: str) -> InputContainer:
    """A camera that hangs on this machine."""
    if sys.platform != "linux":
        raise _Useless("cameras of this machine are opened on Linux only so far", path=path)
    if not stat.S_ISCHR(Path(path).stat().st_mode):
        raise _Useless("is no camera", path=path, hint=_VIDEO)
    return av.open(path, "r", format="v4l2", timeout=(OPENING, None))


@contextmanager
def _let_go(container: InputContainer) -> Iterator[InputContainer]:
    """Closes it in a thread of its own: a camera that is frozen is asked to end, and waited for.

    When Python itself ends, no thread begins any more, and who began one would wait for ever.
    """
    try:
        yield container
    finally:
        if not sys.is_finalizing():
            threading.Thread(target=container.close, name="leaving", daemon=True).start()


def _prepare(stream: VideoStream) -> None:
    """One thread: several hold frames back, or keep to themselves that a slice was damaged."""
    if stream.codec_context is None:
        raise Unsupported("sends a picture of an unknown codec", hint="set the camera to H.264")
    stream.codec_context.thread_count = 1
    stream.codec_context.options = {"max_pixels": str(_MOST), "err_detect": "explode"}


class _Turns:
    """How a stream's pictures have to be turned to stand: asked for when it may have changed.

    Note [side data is looked at seldom] in `decode`: here once, and where the rotation changes.
    """

    def __init__(self) -> None:
        self._turned, self._rotation = Orientation.UP, -1.0

    def of(self, native: av.VideoFrame) -> Orientation:
        if native.rotation != self._rotation:
            self._turned, self._rotation = of_frame(native), native.rotation
        return self._turned


def _framed(
    native: av.VideoFrame, turned: Orientation, at: int, clock: Clock, stream: VideoStream
) -> LiveFrame:
    aspect = stream.sample_aspect_ratio or Fraction(1)
    native = _opaque(native)
    if turned != Orientation.UP:
        native = upright(native, turned)
        aspect = 1 / aspect if turned.turns else aspect
    wanted = planar(native.format.name)
    kind = layout(wanted)
    if kind is None:
        raise Unsupported(f"sends pixels of a kind that is not processed ({native.format.name})")
    if native.format.name != wanted:
        native = native.reformat(format=wanted)
    native.pts, native.time_base = at, clock.tick
    span = Span(Ticks(at), Ticks(at + 1))
    return LiveFrame(native, kind, span, Size(native.width, native.height), aspect)


def _opaque(native: av.VideoFrame) -> av.VideoFrame:
    """On white, where it comes with alpha: what is published of it has none."""
    wanted = planar(native.format.name)
    kind = layout(wanted)
    if kind is None or not kind.alpha:
        return native
    made = native if native.format.name == wanted else native.reformat(format=wanted)
    put_on_white(made, kind)
    return made


class _Useless(StreamLost):
    """Trying again will not help."""


_PASSWORD: Final = "give its user and password with --login-file, or in PASSERBY_LOGIN"


def _lost(error: BaseException, address: Address) -> StreamLost:
    """Our error for a connection that failed; the foreign words may hold the whole address."""
    where: Any = str(address)
    kinds: dict[str, tuple[str, str]] = {
        "HTTPUnauthorizedError": ("asks for a user and password, or for others", _PASSWORD),
        "HTTPForbiddenError": ("does not let this user in", _PASSWORD),
        "HTTPNotFoundError": ("is not there: the device knows no such stream", "check its path"),
        "FileNotFoundError": ("is not there", "check the name"),
        "PermissionError": ("no permission to read it", "ask its owner"),
        "ProtocolNotFoundError": ("needs a protocol that is not allowed", ""),
    }
    device = address.kind == "device"
    for kind in type(error).__mro__:
        if kind.__name__ in kinds:
            what, hint = kinds[kind.__name__]
            hint = _VIDEO if device else hint
            return _Useless(what, path=where, hint=hint)
    plain: dict[str, str] = {
        "ConnectionRefusedError": "nobody answers at that address",
        "TimeoutError": "is silent",
        "ExitError": "is silent",
        "InvalidDataError": "sends what can't be understood",
        "EOFError": "ended",
    }
    for kind in type(error).__mro__:
        if kind.__name__ in plain:
            return StreamLost(
                plain[kind.__name__], path=where, hint=_WHOLE if address.kind == "file" else _REACH
            )
    return StreamLost("can't be reached", path=where, hint=_VIDEO if device else _REACH)


_UNWHOLE: Final = "sends no whole picture: set it to key frames (IDR), not intra refresh"
_VIDEO: Final = "ls -l /dev/video* shows what there is, and which group may open it"
_SRT: Final = "check the address, the passphrase, and that it sends MPEG-TS"
_WHOLE: Final = "check that it is a video, and that it was copied whole"
_REACH: Final = "check the address, and that the device is on"
