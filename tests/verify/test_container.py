"""Clean files pass; each thing that must not travel along is found in a file that carries it."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from passerby.core.errors import Unreadable
from passerby.verify.container import inspect, walk

from .files import (
    animated,
    before_end,
    box,
    chunk,
    element,
    found,
    grafted,
    in_segment,
    patched,
    photo,
    video,
)

Maker = Callable[[], bytes]


@cache
def mp4() -> bytes:
    return video("mp4", sound="aac")


@cache
def mkv() -> bytes:
    return video("matroska", sound="aac")


@cache
def jpeg() -> bytes:
    return photo("JPEG")


@cache
def png() -> bytes:
    return photo("PNG")


@cache
def webp() -> bytes:
    return photo("WEBP")


CLEAN: dict[str, Maker] = {
    "mp4": mp4,
    "mov": lambda: video("mov", sound="aac"),
    "mov with plain sound": lambda: video("mov", sound="pcm_s16le"),
    "mkv": mkv,
    "webm": lambda: video("webm", "libvpx-vp9", sound="libopus"),
    "mp4, HEVC": lambda: video("mp4", "libx265", options={"x265-params": "log-level=none:info=0"}),
    "mp4, index first": lambda: video("mp4", options={"movflags": "+faststart"}),
    "jpeg": jpeg,
    "jpeg, progressive": lambda: photo("JPEG", progressive=True, quality=90),
    "jpeg, grey": lambda: photo("JPEG", "L"),
    "jpeg, CMYK": lambda: photo("JPEG", "CMYK"),
    "jpeg with restarts": lambda: photo("JPEG", restart_marker_blocks=2),
    "png": png,
    "png with alpha": lambda: photo("PNG", "RGBA"),
    "apng": lambda: animated("PNG"),
    "webp": webp,
    "webp, lossless with alpha": lambda: photo("WEBP", "RGBA", lossless=True),
    "webp, lossy with alpha": lambda: photo("WEBP", "RGBA"),
    "webp, animated": lambda: animated("WEBP"),
}


@pytest.mark.parametrize("make", CLEAN.values(), ids=CLEAN.keys())
def test_a_clean_file_passes(make: Maker, tmp_path: Path) -> None:
    assert walk(written(make(), tmp_path)) == []
    assert inspect(tmp_path / "file").safe


def written(data: bytes, folder: Path) -> Path:
    path = folder / "file"
    path.write_bytes(data)
    return path


def tagged() -> bytes:
    picture = Image.new("RGB", (8, 8))
    exif = picture.getexif()
    exif[0x010F] = "Maker"
    return exif.tobytes()


def text() -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    info.add_text("Author", "somebody")
    return info


def stranger() -> bytes:
    """The video track once more, as a track of another kind."""
    start, stop = found(mp4(), [b"moov", b"trak"])
    return box(b"trak", mp4()[start:stop].replace(b"vide", b"text"))


def in_media(extra: bytes) -> bytes:
    start, stop = found(mp4(), [b"mdat"])
    longer = box(b"mdat", mp4()[start:stop] + extra)
    return mp4()[: start - 8] + longer + mp4()[stop:]


def dated(name: bytes, path: list[bytes]) -> bytes:
    start, _ = found(mp4(), [*path, name])
    return patched(mp4(), start + 4, struct.pack(">I", 3_700_000_000))


def renamed() -> bytes:
    start, _ = found(mp4(), [b"moov", b"trak", b"mdia", b"hdlr"])
    return patched(mp4(), start + 24, b"Phone of Ann")


def spoken() -> bytes:
    start, _ = found(mp4(), [b"moov", b"trak", b"mdia", b"mdhd"])
    return patched(mp4(), start + 20, b"\x15\xc7")  # eng


def profiled() -> bytes:
    """A colour profile behind the picture's other boxes."""
    start, stop = found(mp4(), [b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd"])
    entry = mp4()[start + 8 : stop]
    longer = box(entry[4:8], entry[8:] + box(b"colr", b"prof" + b"x" * 20))
    body = mp4()[start : start + 8] + longer
    path = [b"moov", b"trak", b"mdia", b"minf", b"stbl"]
    whole = grafted(mp4(), path, box(b"stsd", body))
    return whole  # a second description: the walker looks at each


def behind_pixels() -> bytes:
    at = png().index(b"IDAT")
    (size,) = struct.unpack_from(">I", png(), at - 4)
    longer = chunk(b"IDAT", png()[at + 4 : at + 4 + size] + b"secret")
    return png()[: at - 4] + longer + png()[at + 8 + size :]


def riff(piece: bytes) -> bytes:
    longer = webp() + piece
    return patched(longer, 4, struct.pack("<I", len(longer) - 8))


def thumbnailed() -> bytes:
    return jpeg()[:2] + b"\xff\xe0\0\x13JFIF\0\1\1\0\0\1\0\1\1\1abc" + jpeg()[20:]


TITLE = element(0x1549A966, element(0x7BA9, b"At home"))
DATE = element(0x1549A966, element(0x4461, b"\0" * 8))
TAG = element(0x1254C367, element(0x7373, element(0x67C8, element(0x45A3, b"ARTIST"))))
NOT_A_LENGTH = element(
    0x1254C367,
    element(0x7373, element(0x67C8, element(0x45A3, b"DURATION") + element(0x4487, b"Ann"))),
)
SUBTITLES = element(0x1654AE6B, element(0xAE, element(0xD7, b"\3") + element(0x83, b"\x11")))
NAMED = element(
    0x1654AE6B, element(0xAE, element(0xD7, b"\3") + element(0x83, b"\2") + element(0x536E, b"Ann"))
)

PLANTED: dict[str, tuple[Maker, str]] = {
    "a place in udta": (
        lambda: grafted(mp4(), [b"moov", b"udta"], box(b"\xa9xyz", b"+52+13/")),
        "metadata",
    ),
    "tags of the file": (
        lambda: grafted(mp4(), [b"moov"], box(b"meta", b"\0" * 4 + box(b"ilst", b"x" * 16))),
        "metadata",
    ),
    "tags of a track": (
        lambda: grafted(mp4(), [b"moov", b"trak"], box(b"udta", box(b"name", b"Ann"))),
        "metadata",
    ),
    "a vendor's box": (lambda: mp4() + box(b"uuid", b"x" * 24), "metadata"),
    "leftovers in free space": (lambda: mp4() + box(b"free", b"secret"), "hidden"),
    "a date of the film": (lambda: dated(b"mvhd", [b"moov"]), "metadata"),
    "a date of a track": (lambda: dated(b"tkhd", [b"moov", b"trak"]), "metadata"),
    "a date of the media": (lambda: dated(b"mdhd", [b"moov", b"trak", b"mdia"]), "metadata"),
    "a handler's name": (renamed, "metadata"),
    "a language": (spoken, "metadata"),
    "a colour profile": (profiled, "metadata"),
    "a track of text": (lambda: grafted(mp4(), [b"moov"], stranger()), "track"),
    "a second picture": (
        lambda: grafted(mp4(), [b"moov"], stranger().replace(b"text", b"vide")),
        "track",
    ),
    "media of no track": (lambda: in_media(b"secret"), "hidden"),
    "bytes behind the last box": (lambda: mp4() + b"secret, and more", "broken"),
    "the encoder's settings": (lambda: video("mp4", clean=False), "sei"),
    "the encoder's settings in MOV": (lambda: video("mov", clean=False), "sei"),
    "the encoder's settings in MKV": (lambda: video("matroska", clean=False), "sei"),
    "the settings of x265": (
        lambda: video(
            "mp4", "libx265", clean=False, options={"x265-params": "log-level=none:info=1"}
        ),
        "sei",
    ),
    "the muxer's tag": (lambda: video("mp4", clean=False), "metadata"),
    "the muxer's tags in MKV": (lambda: video("matroska", clean=False), "metadata"),
    "a title": (lambda: in_segment(mkv(), TITLE), "metadata"),
    "a date": (lambda: in_segment(mkv(), DATE), "metadata"),
    "a tag": (lambda: in_segment(mkv(), TAG), "metadata"),
    "a tag in disguise": (lambda: in_segment(mkv(), NOT_A_LENGTH), "metadata"),
    "a track of subtitles": (lambda: in_segment(mkv(), SUBTITLES), "track"),
    "a track's name": (lambda: in_segment(mkv(), NAMED), "metadata"),
    "attachments": (lambda: in_segment(mkv(), element(0x1941A469, b"x" * 9)), "metadata"),
    "chapters": (lambda: in_segment(mkv(), element(0x1043A770, b"x" * 9)), "metadata"),
    "leftovers in a void": (lambda: in_segment(mkv(), element(0xEC, b"secret")), "hidden"),
    "another writer": (lambda: mkv().replace(b"Lavf", b"Anns"), "metadata"),
    "a comment": (lambda: photo("JPEG", comment="hello"), "metadata"),
    "EXIF": (lambda: photo("JPEG", exif=tagged()), "metadata"),
    "a profile": (lambda: photo("JPEG", icc_profile=b"profile"), "metadata"),
    "a JFIF thumbnail": (thumbnailed, "thumbnail"),
    "a film behind a photo": (lambda: jpeg() + mp4(), "trailing"),
    "text": (lambda: photo("PNG", pnginfo=text()), "metadata"),
    "EXIF in PNG": (lambda: photo("PNG", exif=tagged()), "metadata"),
    "a profile in PNG": (lambda: photo("PNG", icc_profile=b"profile"), "metadata"),
    "the time": (lambda: before_end(png(), chunk(b"tIME", b"\7\xe8\1\1\1\1\1")), "metadata"),
    "bytes behind a PNG": (lambda: png() + b"secret", "trailing"),
    "bytes behind the pixels": (behind_pixels, "trailing"),
    "EXIF in WebP": (lambda: photo("WEBP", exif=tagged()), "metadata"),
    "XMP in WebP": (lambda: photo("WEBP", xmp=b"<x/>"), "metadata"),
    "a profile in WebP": (lambda: photo("WEBP", icc_profile=b"profile"), "metadata"),
    "another chunk in WebP": (lambda: riff(b"SECR\4\0\0\0abcd"), "metadata"),
    "bytes behind a WebP": (lambda: webp() + b"secret", "trailing"),
    "something else": (lambda: b"MZ" + b"\0" * 64, "unknown"),
    "nothing": (lambda: b"", "broken"),
}


@pytest.mark.parametrize(("make", "check"), PLANTED.values(), ids=PLANTED.keys())
def test_what_must_not_travel_along_is_found(make: Maker, check: str, tmp_path: Path) -> None:
    findings = walk(written(make(), tmp_path))
    assert f"container.{check}" in {f.check for f in findings}
    assert not inspect(tmp_path / "file").safe


@pytest.mark.parametrize("make", [mp4, mkv], ids=["mp4", "mkv"])
def test_the_files_that_are_tampered_with_play(make: Maker, tmp_path: Path) -> None:
    with av.open(str(written(make(), tmp_path))) as container:
        assert sum(1 for _ in container.decode(video=0)) == 10


def test_findings_name_places_and_never_content(tmp_path: Path) -> None:
    path = written(grafted(mp4(), [b"moov", b"udta"], box(b"\xa9xyz", b"+52+13/")), tmp_path)
    (only,) = walk(path)
    assert only.what.startswith("box udta..xyz (byte ")
    assert "52" not in only.what.split("(")[0]


FILES = [mp4, mkv, jpeg, png, webp]


@given(st.sampled_from(FILES), st.data())
def test_a_file_that_was_cut_short_is_never_clean(
    tmp_path_factory: pytest.TempPathFactory, make: Maker, data: st.DataObject
) -> None:
    whole = make()
    length = data.draw(st.integers(0, len(whole) - 1))
    assert walk(written(whole[:length], tmp_path_factory.mktemp("cut")))


@pytest.mark.parametrize(("make", "before"), [(mp4, b"mdat"), (mkv, b"\x18\x53\x80\x67")])
def test_a_film_that_breaks_off_between_its_parts_is_not_clean(
    make: Maker, before: bytes, tmp_path: Path
) -> None:
    whole = make()
    end = whole.index(before) - (4 if before.isalpha() else 0)
    [found] = walk(written(whole[:end], tmp_path))
    assert found.check == "container.broken"
    assert found.what == "there is no track of pictures or sound"


@given(st.sampled_from(FILES), st.data())
def test_whatever_the_bytes_are_the_walk_ends_with_an_answer(
    tmp_path_factory: pytest.TempPathFactory, make: Maker, data: st.DataObject
) -> None:
    damaged = bytearray(make())
    for _ in range(data.draw(st.integers(1, 8))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    walk(written(bytes(damaged), tmp_path_factory.mktemp("fuzz")))


def test_a_file_that_is_not_there_is_an_error_and_not_a_finding(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="can't be read"):
        walk(tmp_path / "nothing.mp4")


def test_a_stream_that_unpacks_to_gigabytes_takes_no_memory(tmp_path: Path) -> None:
    """64 MB of zeros in 64 kB: unpacked a piece at a time."""
    packed = zlib.compress(bytes(1 << 26), 9)
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    data = png()[:8] + header + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
    assert walk(written(data, tmp_path)) == []
