"""Files that are only sound, made on the fly, each with a name in every place that takes one."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from av.audio.stream import AudioStream
from numpy.typing import NDArray
from PIL import Image
from tests.media.carriers import CANARY, NAME, cover, id3
from tests.verify.files import box, grafted

Wave = NDArray[np.float32]
RATE: Final = 44100
KINDS: Final = {  # suffix -> encoder
    ".wav": "pcm_s16le",
    ".aiff": "pcm_s16be",
    ".flac": "flac",
    ".mp3": "libmp3lame",
    ".m4a": "aac",
    ".ogg": "vorbis",
    ".opus": "libopus",
    ".mka": "flac",
    ".webm": "libopus",
    ".aac": "aac",
}


def tone(seconds: float = 2.0, rate: int = RATE, channels: int = 2) -> Wave:
    """A tone between the mains' multiples, with a click in the middle."""
    at = np.arange(round(seconds * rate)) / rate
    wave = (0.2 * np.sin(2 * np.pi * 1033 * at)).astype(np.float32)
    wave[len(wave) // 2 :][:40] = 0.9
    return np.stack([wave * (1 - 0.3 * c) for c in range(channels)])


def write(
    path: Path,
    sound: Wave,
    rate: int = RATE,
    *,
    codec: str = "",
    tags: bool = False,
    chapters: bool = False,
    tracks: int = 1,
) -> Path:
    """`sound` (channels, n) in a file of the kind that `path` names."""
    codec = codec or KINDS[path.suffix]
    layout = {1: "mono", 2: "stereo", 6: "5.1"}[len(sound)]
    made = 48000 if codec == "libopus" else rate
    how = "ipod" if path.suffix == ".m4b" else None
    with av.open(str(path), "w", format=how) as out:
        if tags:
            for key in ("title", "artist", "comment", "date"):
                out.metadata[key] = NAME
        if chapters:
            whole = {"id": 0, "start": 0, "end": 1000, "time_base": Fraction(1, 1000)}
            out.set_chapters([{**whole, "metadata": {"title": NAME}}])  # type: ignore[typeddict-item]  # the rest is in `whole`
        streams = []
        for _ in range(tracks):
            more: dict[str, Any] = {"options": {"strict": "-2"}} if codec == "vorbis" else {}
            stream = out.add_stream(codec, rate=made, **more)
            assert isinstance(stream, AudioStream)
            stream.codec_context.layout = layout
            if tags:
                stream.metadata["title"] = NAME
            streams.append(stream)
        for stream in streams:
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound), "fltp", layout)
            frame.sample_rate, frame.pts = rate, 0
            resampler, at = av.AudioResampler("fltp", layout, made, 4096), 0
            for piece in (*resampler.resample(frame), *resampler.resample(None)):
                piece.pts, piece.time_base = at, Fraction(1, made)
                at += piece.samples
                out.mux(stream.encode(piece))
            out.mux(stream.encode(None))
    return path


def heard(path: Path, track: int = 0) -> tuple[int, Wave]:
    """Samples a second, and all samples (channels, n)."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[track]
        rate, layout = stream.codec_context.sample_rate, stream.codec_context.layout.name
        resampler = av.AudioResampler("fltp", layout, rate)
        pieces = [p.to_ndarray() for f in container.decode(stream) for p in resampler.resample(f)]
        pieces += [p.to_ndarray() for p in resampler.resample(None)]
    return rate, np.concatenate(pieces, axis=1)


def chunk(name: bytes, body: bytes, order: str = "<") -> bytes:
    return struct.pack(order + "4sI", name, len(body)) + body + b"\0" * (len(body) % 2)


def _riff(path: Path) -> Path:
    write(path, tone(), tags=True)
    data = path.read_bytes()
    bext = CANARY.ljust(602, b"\0") + b"A=PCM " + CANARY + b"\r\n"
    extra = chunk(b"bext", bext) + chunk(b"iXML", b"<BWFXML>" + CANARY + b"</BWFXML>")
    extra += chunk(b"cart", CANARY.ljust(2048, b"\0")) + chunk(b"JUNK", CANARY)
    after = chunk(b"LIST", b"INFO" + chunk(b"IART", CANARY)) + chunk(b"id3 ", id3())
    after += chunk(b"_PMX", b"<x:xmpmeta>" + CANARY)
    body = extra + data[12:] + after
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body) + 4) + b"WAVE" + body + CANARY)
    return path


def _aiff(path: Path) -> Path:
    write(path, tone())
    data = path.read_bytes()
    extra = b"".join(chunk(n, CANARY, ">") for n in (b"NAME", b"AUTH", b"(c) ", b"APPL"))
    body = data[12:] + extra + chunk(b"ID3 ", id3(), ">")
    path.write_bytes(b"FORM" + struct.pack(">I", len(body) + 4) + b"AIFF" + body)
    return path


def _mp3(path: Path) -> Path:
    write(path, tone())
    with path.open("rb") as file:
        data = file.read()
    item = struct.pack("<II", len(CANARY), 0) + b"Artist\0" + CANARY
    head = struct.pack("<4I", 2000, len(item) + 32, 1, 0) + bytes(8)
    ape = b"APETAGEX" + head.replace(head[12:16], struct.pack("<I", 0xA0000000), 1) + item
    ape += b"APETAGEX" + head
    old = (b"TAG" + CANARY).ljust(128, b"\0")
    at = data.index(b"\xff\xfb")  # behind the tag that names the encoder
    path.write_bytes(id3() + data[at:] + ape + old)
    return path


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (16, 16), "red").save(out, "JPEG", comment=CANARY)
    return out.getvalue()


def _flac(path: Path) -> Path:
    write(path, tone(), tags=True)
    data = path.read_bytes()
    jpeg = picture()
    said = struct.pack(">II", 3, 10) + b"image/jpeg" + struct.pack(">I", len(CANARY)) + CANARY
    cover = said + struct.pack(">5I", 16, 16, 24, 0, len(jpeg)) + jpeg
    blocks = b""
    for kind, body in ((6, cover), (2, b"abcd" + CANARY), (1, CANARY)):
        blocks += bytes([kind]) + len(body).to_bytes(3, "big") + body
    at = 4 + 4 + 34  # behind STREAMINFO
    path.write_bytes(data[:at] + blocks + data[at:] + (b"TAG" + CANARY).ljust(128, b"\0"))
    return path


def _m4a(path: Path) -> Path:
    """With a cover picture, which is read as a stream of its own, and bytes that nobody needs."""
    write(path, tone())
    data = grafted(path.read_bytes(), [b"moov", b"udta"], cover())
    path.write_bytes(grafted(data, [], box(b"free", CANARY) + box(b"uuid", bytes(16) + CANARY)))
    return path


def _m4b(path: Path) -> Path:
    """A book that is read aloud: tags, and chapters by name."""
    return write(path, tone(), codec="aac", tags=True, chapters=True)


def _tagged(path: Path) -> Path:
    return write(path, tone(), tags=True)


CARRIERS: Final[dict[str, Callable[[Path], Path]]] = {
    ".wav": _riff,
    ".aiff": _aiff,
    ".mp3": _mp3,
    ".flac": _flac,
    ".m4a": _m4a,
    ".m4b": _m4b,
    ".ogg": _tagged,
    ".opus": _tagged,
    ".mka": _tagged,
    ".webm": _tagged,
}
