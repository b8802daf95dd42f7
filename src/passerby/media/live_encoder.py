"""Live pictures into H.264 packets: one size, steady moments, a key frame every two seconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import av
import cv2
import numpy as np
from av.bitstream import BitStreamFilterContext
from av.container import OutputContainer
from av.stream import Stream
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType
from av.video.plane import VideoPlane
from numpy.typing import NDArray

from ..core.errors import OutputError
from ..core.frame import Frame
from ..core.geometry import Size
from .camera import LiveFrame
from .encoders import UNITS
from .faults import FOREIGN
from .native import rows_of
from .upright import limited

UNIT: Final = Fraction(1, 90_000)
KEYS: Final = 2.0  # seconds between key frames
_ALONE: Final = 1920 * 1088  # pixels up to which one thread is enough: two cost a quarter more
_QUICK: Final = ("ultrafast", "superfast")  # speeds at which that is so


@dataclass(frozen=True, slots=True)
class Coded:
    """One packet of H.264, Annex B; `at`: in `UNIT`s. A key frame brings its own headers."""

    data: bytes
    at: int
    key: bool


@dataclass(frozen=True, slots=True)
class Shape:
    """What is published: the size stays what it was at first, whatever the camera does later."""

    size: Size
    aspect: Fraction

    @classmethod
    def of(cls, frame: Frame) -> Shape:
        """Of even sides, as H.264 has them with halved chroma."""
        aspect = frame.aspect if isinstance(frame, LiveFrame) else Fraction(1)
        width, height = frame.size.width & ~1, frame.size.height & ~1
        return cls(Size(max(2, width), max(2, height)), aspect)


class LiveEncoder:
    """Encodes pictures as they come; moments in seconds from the first. Errors: `OutputError`."""

    def __init__(self, shape: Shape, speed: str, crf: int) -> None:
        self.shape = shape
        size = shape.size
        context = av.CodecContext.create("libx264", "w")
        assert isinstance(context, VideoCodecContext)
        context.width, context.height, context.pix_fmt = size.width, size.height, "yuv420p"
        context.time_base, context.framerate = UNIT, Fraction(30)
        context.sample_aspect_ratio = shape.aspect
        context.color_range = 1
        context.options = {
            "preset": speed,
            "tune": "zerolatency",
            "crf": str(crf),
            "flags": "+bitexact",
            "g": "600",
            "forced-idr": "1",
        }
        if size.width * size.height <= _ALONE and speed in _QUICK:
            context.options |= {"threads": "1"}
        self._context = context
        self._strip = BitStreamFilterContext(f"filter_units=remove_types={UNITS['h264']}", "h264")
        self._key: float | None = None
        self._last = -1
        self._blank = _blank(size)

    def show(
        self, frame: Frame, moment: float, *, key: bool = False, halvings: int = 0
    ) -> list[Coded]:
        native = frame.native
        assert isinstance(native, av.VideoFrame)
        fits = _fitted(native, self.shape.size)
        if halvings:
            fits = _vague(fits, halvings)
        elif fits is native:
            fits = _own(native)
        return self._encode(fits, moment, key)

    def curtain(self, moment: float, *, key: bool = False) -> list[Coded]:
        return self._encode(self._blank, moment, key)

    def _encode(self, native: av.VideoFrame, moment: float, key: bool) -> list[Coded]:
        if self._key is None or moment - self._key >= KEYS or key:
            self._key, kind = moment, PictureType.I
        else:
            kind = PictureType.NONE
        self._last = max(self._last + 1, round(moment / UNIT))
        native.pts, native.time_base, native.pict_type = self._last, UNIT, kind
        try:
            packets = [
                stripped
                for packet in self._context.encode(native)
                for stripped in self._strip.filter(packet)
            ]
            return [_coded(bytes(packet), packet.pts or 0) for packet in packets]
        except FOREIGN as error:
            raise OutputError("the picture can't be encoded") from error


def stream_of(container: OutputContainer, shape: Shape) -> Stream:
    """A stream that takes `LiveEncoder`'s packets."""
    size = shape.size
    return container.add_mux_stream(
        "h264", rate=Fraction(30), width=size.width, height=size.height, time_base=UNIT
    )


def packet_of(coded: Coded, stream: Stream, shift: int = 0) -> av.Packet[Stream]:
    """For `stream`, `shift` units earlier."""
    packet: av.Packet[Stream] = av.Packet(coded.data)
    packet.pts = packet.dts = coded.at - shift
    packet.time_base, packet.stream, packet.is_keyframe = UNIT, stream, coded.key
    return packet


def loose(coded: Coded) -> av.Packet[Stream]:
    """Of no stream, for who takes packets apart."""
    packet: av.Packet[Stream] = av.Packet(coded.data)
    packet.pts = packet.dts = coded.at
    packet.time_base, packet.is_keyframe = UNIT, coded.key
    return packet


def _coded(data: bytes, at: int) -> Coded:
    return Coded(data, at, b"\0\0\1\x65" in data[:4096] or b"\0\0\1\x25" in data[:4096])


def _blank(size: Size) -> av.VideoFrame:
    """Dark grey: a black picture looks like a broken camera."""
    blank = av.VideoFrame(size.width, size.height, "yuv420p")
    for plane, value in zip(blank.planes, (40, 128, 128), strict=True):
        rows_of(plane)[:] = value
    blank.color_range = 1
    return blank


def _fitted(native: av.VideoFrame, size: Size) -> av.VideoFrame:
    """The picture in the published size and format; of another shape, with bars around it."""
    full = native.color_range == 2 or native.format.name.startswith(("yuvj", "gray"))
    inner = _inside(_size(native), size)
    if native.format.name == "yuv420p" and not full and inner == size == _size(native):
        return native  # a conversion into the same costs as much as half of the encoder
    fits = limited(native, inner)
    if inner == size:
        return fits
    whole = _blank(size)
    for grid, to, part in zip((1, 2, 2), whole.planes, fits.planes, strict=True):
        x = (size.width - inner.width) // 2 // 2 * 2 // grid
        y = (size.height - inner.height) // 2 // 2 * 2 // grid
        width, height = inner.width // grid, inner.height // grid
        rows_of(to)[y : y + height, x : x + width] = rows_of(part)[:height, :width]
    return whole


def _vague(native: av.VideoFrame, halvings: int) -> av.VideoFrame:
    """A picture of its own with no more detail than it has when it is halved so often, as large."""
    vague = av.VideoFrame(native.width, native.height, native.format.name)
    for plane, to in zip(native.planes, vague.planes, strict=True):
        size = plane.width, plane.height
        small = max(1, plane.width >> halvings), max(1, plane.height >> halvings)
        mean = cv2.resize(_shown(plane), small, interpolation=cv2.INTER_AREA)
        _shown(to)[:] = cv2.resize(mean, size, interpolation=cv2.INTER_LINEAR)
    vague.colorspace, vague.color_range = native.colorspace, 1
    return vague


def _shown(plane: VideoPlane) -> NDArray[np.uint8]:
    """A native plane without its padding; a view."""
    return rows_of(plane)[: plane.height, : plane.width]


def _own(native: av.VideoFrame) -> av.VideoFrame:
    """The same pixels under marks of their own: the decoder's frame keeps its moment."""
    planes: Sequence[np.ndarray[tuple[int, int], np.dtype[np.uint8]]] = [
        rows_of(plane) for plane in native.planes
    ]
    copy = av.VideoFrame(native.width, native.height, native.format.name)
    for to, rows in zip(copy.planes, planes, strict=True):
        fresh = rows_of(to)
        width = min(rows.shape[1], fresh.shape[1])
        fresh[:, :width] = rows[:, :width]
    copy.colorspace, copy.color_range = native.colorspace, 1
    return copy


def _size(native: av.VideoFrame) -> Size:
    return Size(native.width, native.height)


def _inside(size: Size, limit: Size) -> Size:
    """The largest even size of the same shape that fits; the limit itself where shapes agree."""
    if abs(size.width * limit.height - size.height * limit.width) <= 2 * max(
        limit.width, limit.height
    ):
        return limit
    share = min(limit.width / size.width, limit.height / size.height)
    even = [max(2, int(side * share) & ~1) for side in (size.width, size.height)]
    return Size(even[0], even[1])
