"""Films made on the fly, each of which carries one thing that must not travel along.

All carry the same canary; `NAME` is written where the item is a name, a text or a place.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from tests.media.films import Film, make
from tests.verify.files import box, grafted

NAME = "Zarathustra-7QX"
CANARY = NAME.encode()
MS = Fraction(1, 1000)
XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")

Maker = Callable[[Path], Path]


def film(**more: object) -> Film:
    return Film(tuple(range(0, 1000, 40)), MS, **more)  # type: ignore[arg-type]  # a row's own words


def planted(path: list[bytes], piece: bytes, suffix: str = ".mp4") -> Maker:
    """A film with `piece` at the end of the box at `path`; its index is behind its media."""

    def made(folder: Path) -> Path:
        file = make(folder / f"a{suffix}", film(sounds=1))
        file.write_bytes(grafted(file.read_bytes(), path, piece))
        return file

    return made


def track(handler: bytes, entry: bytes) -> Maker:
    """The last sound track becomes one of another kind, and its samples say the canary."""

    def made(folder: Path) -> Path:
        file = make(folder / "a.mp4", film(sounds=2))
        data = file.read_bytes()
        with av.open(str(file)) as container:
            pieces = [bytes(p) for p in container.demux(audio=1) if p.size >= len(CANARY)]
        at = data.rindex(pieces[-1])
        data = data[:at] + CANARY.ljust(len(pieces[-1]), b"\0") + data[at + len(pieces[-1]) :]
        for old, new in ((b"soun", handler), (b"mp4a", entry)):
            at = data.rindex(old)
            data = data[:at] + new + data[at + 4 :]
        file.write_bytes(data)
        return file

    return made


def tagged(suffix: str, **more: object) -> Maker:
    """Tags as FFmpeg writes them into that container."""
    tags = {"title": NAME, "artist": NAME, "location": "+48.8577+002.2950/", "comment": NAME,
            "creation_time": "2024-05-17T08:21:33.000000Z"}  # fmt: skip
    if suffix == ".ts":
        tags = {"service_name": NAME, "service_provider": NAME}

    def made(folder: Path) -> Path:
        codec = "mpeg4" if suffix == ".avi" else "libx264"
        moments = {"moments": tuple(range(25)), "tick": Fraction(1, 25)}
        return make(folder / f"a{suffix}", Film(**moments, tags=tags, codec=codec, **more))  # type: ignore[arg-type]  # a row's own words

    return made


def sei(kind: int, payload: bytes) -> Maker:
    """A bare H.264 stream with side information before every picture."""
    unit = b"\0\0\0\1\x06" + bytes([kind, len(payload)]) + payload + b"\x80"

    def made(folder: Path) -> Path:
        file = make(folder / "a.h264", Film(tuple(range(25))))
        data = file.read_bytes()
        for first in (b"\0\0\1\x65", b"\0\0\1\x41", b"\0\0\1\x01"):
            data = data.replace(first, unit[1:] + first)
        file.write_bytes(data)
        return file

    return made


def cover() -> bytes:
    """Tags with a picture, as shops and phones write them."""
    picture = box(b"data", struct.pack(">II", 13, 0) + b"\xff\xd8\xff" + CANARY)
    handler = box(b"hdlr", bytes(8) + b"mdirappl" + bytes(9))
    return box(b"meta", bytes(4) + handler + box(b"ilst", box(b"covr", picture)))


def captions(text: bytes) -> bytes:
    """CEA-608 captions as broadcasts put them into pictures."""
    pairs = [text[i : i + 2].ljust(2, b"\0") for i in range(0, len(text), 2)][:20]
    body = b"".join(b"\xfc" + pair for pair in pairs)
    return b"\xb5\x00\x31GA94\x03" + bytes([0xC0 | len(pairs), 0xFF]) + body + b"\xff"


def id3() -> bytes:
    """A tag with a name and a cover picture, as it lies before the sound in an MP3 file."""
    name = b"\x03" + CANARY
    cover = b"\0image/jpeg\0\3\0\xff\xd8\xff" + CANARY
    frames = b"".join(
        kind + struct.pack(">IH", len(body), 0) + body for kind, body in
        ((b"TPE1", name), (b"APIC", cover))
    )  # fmt: skip
    size = bytes(len(frames) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\3\0\0" + size + frames


def mp3(suffix: str) -> Maker:
    """A film whose sound was an MP3 file, with its tag before the first packet and the old short
    tag behind the last."""
    old = (b"TAG" + CANARY).ljust(128, b"\0")

    def made(folder: Path) -> Path:
        silent = make(folder / "silent.avi", Film(tuple(range(25)), codec="mpeg4"))
        path = folder / f"a{suffix}"
        with av.open(str(silent)) as given, av.open(str(path), "w") as file:
            picture = file.add_stream_from_template(given.streams.video[0])
            sound = file.add_stream("libmp3lame", rate=44100)
            assert isinstance(sound, AudioStream)
            tone = AudioFrame(format="s16p", layout="stereo", samples=44100)
            tone.sample_rate, tone.pts = 44100, 0
            for plane in tone.planes:
                plane.update(b"\x10\x03" * 20 + bytes(plane.buffer_size - 40))
            packets = [*sound.encode(tone), *sound.encode(None)]
            for number, packet in enumerate(packets):
                data = bytes(packet)
                if number == 0:
                    data = id3() + data
                if number == len(packets) - 1:
                    data += old
                copy = av.Packet(data)
                copy.pts, copy.dts, copy.time_base = packet.pts, packet.dts, packet.time_base
                copy.duration, copy.stream = packet.duration, sound
                file.mux(copy)
            for piece in given.demux(video=0):
                if piece.dts is not None:
                    piece.stream = picture
                    file.mux(piece)
        silent.unlink()
        return path

    return made


CARRIERS: dict[str, Maker] = {
    "a place in udta": planted(
        [b"moov", b"udta"], box(b"\xa9xyz", struct.pack(">HH", len(CANARY), 0x15C7) + CANARY)
    ),
    "a place in loci": planted([b"moov", b"udta"], box(b"loci", bytes(6) + CANARY + bytes(16))),
    "cover art": planted([b"moov", b"udta"], cover()),
    "QuickTime's text": planted(
        [b"moov", b"udta"], box(b"\xa9nam", b"\0\x0f\x15\xc7" + CANARY), ".mov"
    ),
    "XMP": planted([], box(b"uuid", XMP + b"<x:xmpmeta>" + CANARY)),
    "a vendor's box": planted([], box(b"uuid", bytes(range(16)) + NAME.encode("utf-16-le"))),
    "leftovers in free space": planted([], box(b"free", CANARY)),
    "trailing bytes": planted([], b"SEFT" + CANARY * 3),
    "telemetry": track(b"meta", b"gpmd"),
    "timecode": track(b"tmcd", b"tmcd"),
    "subtitles": track(b"text", b"tx3g"),
    "tags of an MP4": tagged(".mp4"),
    "tags of a MOV": tagged(".mov"),
    "tags, attachment and chapters of an MKV": tagged(".mkv", attachment=CANARY, chapters=(NAME,)),
    "chapters of an MP4": tagged(".mp4", chapters=(NAME, NAME)),
    "INFO of an AVI": tagged(".avi"),
    "ID3 in the sound of an MP4": mp3(".mp4"),
    "ID3 in the sound of an AVI": mp3(".avi"),
    "ID3 in the sound of an MKV": mp3(".mkv"),
    "service names of a TS": tagged(".ts"),
    "user data in the pictures": sei(5, bytes(range(16)) + CANARY),
    "captions in the pictures": sei(4, captions(CANARY)),
}


def there(path: Path) -> bool:
    """Is the canary in the file, in any of the ways in which it was put there?"""
    data = path.read_bytes()
    ways = [NAME.encode(c) for c in ("utf-8", "utf-16-le", "utf-16-be")]
    ways.append(captions(CANARY)[10:40])
    return any(way in data for way in ways)
