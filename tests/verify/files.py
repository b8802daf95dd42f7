"""Clean files made on the fly with PyAV and Pillow, and the surgery that plants things in them."""

from __future__ import annotations

import io
import struct
from typing import Any

import av
import numpy as np
from av.bitstream import BitStreamFilterContext
from PIL import Image

SIZE = (64, 48)
CODEC_BITEXACT = 0x800000


def video(
    container: str,
    codec: str = "libx264",
    *,
    sound: str | None = None,
    clean: bool = True,
    options: dict[str, str] | None = None,
) -> bytes:
    """Ten frames of noise. `clean`: written the way an output is; else as libraries do it."""
    file = io.BytesIO()
    flags = {"fflags": "+bitexact"} if clean else {}
    with av.open(file, "w", container, container_options=flags) as out:
        stream = out.add_stream(codec, rate=25, options=options or {})
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        if clean:
            stream.codec_context.flags |= CODEC_BITEXACT
        voice = out.add_stream(sound, rate=48000, layout="stereo") if sound else None
        assert voice is None or isinstance(voice, av.AudioStream)
        out.start_encoding()
        kinds = {"libx264": "6", "libx265": "39-40"}
        sieve = (
            BitStreamFilterContext(f"filter_units=remove_types={kinds[codec]}", stream, stream)
            if clean and codec in kinds
            else None
        )
        noise = np.random.default_rng(0)
        for i in range(11):
            frame = None
            if i < 10:
                pixels = noise.integers(0, 256, (SIZE[1] * 3 // 2, SIZE[0]), np.uint8)
                frame = av.VideoFrame.from_ndarray(pixels, format="yuv420p")
            for packet in stream.encode(frame):
                out.mux(sieve.filter(packet) if sieve else packet)
        if voice:
            silence = av.AudioFrame.from_ndarray(
                np.zeros((2, 960), np.float32), format="fltp", layout="stereo"
            )
            silence.rate = 48000
            out.mux(voice.encode(silence))
            out.mux(voice.encode())
    return file.getvalue()


def photo(kind: str, mode: str = "RGB", **saving: Any) -> bytes:
    """A small picture of noise, saved by Pillow with `saving`."""
    noise = np.random.default_rng(0).integers(0, 256, (48, 64, len(mode)), np.uint8)
    picture = Image.fromarray(noise.squeeze(), mode)
    file = io.BytesIO()
    picture.save(file, kind, **saving)
    return file.getvalue()


def animated(kind: str, **saving: Any) -> bytes:
    noise = np.random.default_rng(0).integers(0, 256, (3, 48, 64, 3), np.uint8)
    frames = [Image.fromarray(n) for n in noise]
    file = io.BytesIO()
    frames[0].save(file, kind, save_all=True, append_images=frames[1:], **saving)
    return file.getvalue()


def box(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), name) + body


def grafted(data: bytes, path: list[bytes], piece: bytes) -> bytes:
    """`piece` at the end of the first box at `path` (moov is behind mdat, so no offset moves)."""
    if not path:
        return data + piece
    at = 0
    while True:
        size, name = struct.unpack_from(">I4s", data, at)
        if name == path[0]:
            body = grafted(data[at + 8 : at + size], path[1:], piece)
            return data[:at] + box(name, body) + data[at + size :]
        at += size


def found(data: bytes, path: list[bytes]) -> tuple[int, int]:
    """Start and end of the body of the first box at `path`."""
    at, stop = 0, len(data)
    for wanted in path:
        while True:
            size, name = struct.unpack_from(">I4s", data, at)
            if name == wanted:
                break
            at += size
        at, stop = at + 8, at + size
    return at, stop


def patched(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


def element(name: int, body: bytes) -> bytes:
    return (
        name.to_bytes((name.bit_length() + 7) // 8, "big")
        + (len(body) | 1 << 56).to_bytes(8, "big")
        + body
    )


def in_segment(data: bytes, piece: bytes) -> bytes:
    """`piece` at the end of a Matroska file's one segment."""
    at = data.index(b"\x18\x53\x80\x67") + 4
    size = int.from_bytes(data[at : at + 8], "big")
    return patched(data, at, (size + len(piece)).to_bytes(8, "big")) + piece


def chunk(name: bytes, body: bytes) -> bytes:
    """A PNG chunk."""
    import zlib

    return struct.pack(">I4s", len(body), name) + body + zlib.crc32(name + body).to_bytes(4, "big")


def before_end(png: bytes, piece: bytes) -> bytes:
    """`piece` before a PNG's closing chunk."""
    return png[:-12] + piece + png[-12:]
