"""What a file is, or in one line what is wrong with it and what to do."""

from __future__ import annotations

import errno
import inspect
import os
import struct
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import av.error
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from tests.media.films import Film, make

from passerby.core.errors import (
    MediaError,
    OutputError,
    PasserbyError,
    Truncated,
    Unreadable,
    Unsupported,
)
from passerby.core.geometry import Orientation, Size
from passerby.media import PhotoSource, StreamCard, VideoSource, probe, sha256
from passerby.media.faults import read_fault, reading, write_fault, writing


def test_a_card_says_what_a_video_is(tmp_path: Path) -> None:
    film = Film(tuple(range(50)), size=(70, 50), sounds=2)
    card = probe(make(tmp_path / "a.mp4", film))
    assert (card.kind, card.container, card.codec) == ("video", "mp4", "h264")
    assert (card.size, card.orientation) == (Size(70, 50), Orientation.UP)
    assert (card.clock.tick, card.frames, card.length) == (Fraction(1, 25), 50, Fraction(2))
    assert card.pixel_format == "yuv420p"
    assert card.streams == (
        StreamCard(0, "video", "h264"),
        StreamCard(1, "audio", "aac"),
        StreamCard(2, "audio", "aac"),
    )
    assert str(card.streams[1]) == "audio aac"


@pytest.mark.parametrize(
    ("suffix", "container"),
    [(".mp4", "mp4"), (".mov", "mov"), (".mkv", "mkv"), (".ts", "mpegts"), (".avi", "avi")],
)
def test_the_container_is_told_by_its_content(tmp_path: Path, suffix: str, container: str) -> None:
    make(tmp_path / f"a{suffix}").rename(tmp_path / "b.bin")
    assert probe(tmp_path / "b.bin").container == container


def test_kinds_are_told_and_never_content(tmp_path: Path) -> None:
    film = Film(tags={"title": "Zarathustra", "location": "+48.8577+002.2950/"}, chapters=("One",))
    card = probe(make(tmp_path / "a.mp4", film))
    assert {"container tags", "GPS", "chapters", "encoder settings"} <= set(card.carries)
    assert "Zarathustra" not in repr(card)
    assert "48.8" not in repr(card)


def boxed(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body) + 8) + kind + body


@pytest.mark.parametrize(
    ("extra", "kind"),
    [
        (boxed(b"free", b"somebody's name"), "unused space with content"),
        (boxed(b"uuid", bytes(16) + b"vendor"), "vendor data"),
        (boxed(b"uuid", bytes.fromhex("be7acfcb97a942e89c71999491e3afac") + b"<x/>"), "XMP"),
        (b"\xff\xd8 a whole JPEG behind the end", "trailing data"),
    ],
)
def test_what_hides_between_and_behind_boxes_is_told(
    tmp_path: Path, extra: bytes, kind: str
) -> None:
    path = make(tmp_path / "a.mp4")
    assert kind not in probe(path).carries
    path.write_bytes(path.read_bytes() + extra)
    assert kind in probe(path).carries


def test_an_encrypted_film_says_so(tmp_path: Path) -> None:
    path = make(tmp_path / "a.mp4")
    data = path.read_bytes()
    at = data.index(b"moov") - 4
    size = struct.unpack(">I", data[at : at + 4])[0]
    box = boxed(b"pssh", bytes(24))
    moov = struct.pack(">I", size + len(box)) + data[at + 4 : at + size] + box
    path.write_bytes(data[:at] + moov + data[at + size :])
    with pytest.raises(Unreadable, match="encrypted"):
        probe(path)


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("empty.mp4", b"", Unreadable),
        ("text.mp4", b"this is a letter and no film\n" * 50, Unreadable),
        ("zeros.jpg", bytes(5000), MediaError),
        ("cut.jpg", b"\xff\xd8\xff\xe0", MediaError),
        ("cut.png", b"\x89PNG\r\n\x1a\n\0\0", MediaError),
        ("cut.gif", b"GIF89a", MediaError),
        ("cut.webp", b"RIFF\x24\0\0\0WEBPVP8 ", MediaError),
        ("list.m3u8", b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\na.ts\n", MediaError),
        ("list.txt", b"ffconcat version 1.0\nfile a.mp4\n", MediaError),
        ("mail.pgp", b"-----BEGIN PGP MESSAGE-----\n", Unreadable),
    ],
)
def test_what_is_no_media_is_an_error_with_a_hint(
    tmp_path: Path, name: str, content: bytes, kind: type[MediaError]
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(kind) as error:
        probe(tmp_path / name)
    assert error.value.path == tmp_path / name
    assert error.value.hint or isinstance(error.value, Unsupported)


def test_missing_files_and_folders_are_errors_with_a_hint(tmp_path: Path) -> None:
    for path in (tmp_path / "none.mp4", tmp_path, tmp_path / "none" / "a.mp4"):
        with pytest.raises(Unreadable) as error:
            probe(path)
        assert error.value.hint


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_an_error(tmp_path: Path) -> None:
    path = make(tmp_path / "a.mp4")
    path.chmod(0)
    with pytest.raises(Unreadable, match="permission"):
        probe(path)


def test_sound_alone_is_told_apart_from_a_film(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("aac", rate=48000)
        stream.codec_context.layout = "mono"
        frame = av.AudioFrame("fltp", "mono", 4800)
        frame.sample_rate = 48000
        np.frombuffer(cast(Any, frame.planes[0]), np.uint8)[:] = 0
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    card = probe(path)
    assert (card.kind, card.container, card.audio) == ("sound", "m4a", (0,))
    with pytest.raises(Unsupported, match="no moving picture"):
        probe(path, stream=0)


def test_a_name_is_never_taken_for_an_address(tmp_path: Path) -> None:
    make(tmp_path / "a.mp4")
    odd = tmp_path / "concat:a.mp4"
    (tmp_path / "a.mp4").rename(odd)
    assert probe(odd).kind == "video"


def test_the_hash_is_of_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert sha256(tmp_path / "a").startswith("ba7816bf8f01cfea414140de5dae2223")
    with pytest.raises(Unreadable):
        sha256(tmp_path / "b")


FOREIGN = [
    kind
    for _, kind in inspect.getmembers(av.error, inspect.isclass)
    if issubclass(kind, av.FFmpegError)
]


@pytest.mark.parametrize("kind", FOREIGN)
def test_no_error_of_the_codec_library_gets_through(kind: type[av.FFmpegError]) -> None:
    with pytest.raises(MediaError) as read, reading(Path("a.mp4")):
        raise kind(errno.EINVAL, "a tag says Zarathustra", "a.mp4")
    with pytest.raises(OutputError) as write, writing(Path("a.mp4")):
        raise kind(errno.ENOSPC, "a tag says Zarathustra", "a.mp4")
    for error in (read.value, write.value):
        assert "Zarathustra" not in str(error)
        assert error.what


def test_bad_data_in_the_middle_is_a_truncation_and_at_the_start_no_media() -> None:
    bad = av.error.InvalidDataError(errno.EINVAL, "")
    assert isinstance(read_fault(bad, Path("a")), Unreadable)
    assert isinstance(read_fault(bad, Path("a"), 5), Truncated)  # type: ignore[arg-type]  # a plain number does


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EDQUOT])
def test_refusals_to_write_say_what_to_do(code: int) -> None:
    assert write_fault(OSError(code, "no"), Path("a")).hint


@settings(max_examples=60)
@given(data=st.data())
def test_a_damaged_file_gives_frames_or_our_own_error(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    base = tmp_path_factory.getbasetemp()
    suffix = data.draw(st.sampled_from([".mp4", ".mkv", ".avi", ".ts", ".png", ".jpg", ".webp"]))
    path = base / f"whole{suffix}"
    if not path.exists():
        if suffix in (".png", ".jpg", ".webp"):
            Image.effect_noise((64, 48), 50).save(path)
        else:
            make(path)
    raw = bytearray(path.read_bytes())
    for at in data.draw(st.lists(st.integers(0, len(raw) - 1), min_size=1, max_size=20)):
        raw[at] = data.draw(st.integers(0, 255))
    bad = base / f"bad{suffix}"
    bad.write_bytes(raw)
    with suppress(PasserbyError):
        card = probe(bad)
        if card.kind == "video":
            for frame in VideoSource(card).frames():
                frame.planes()
        else:
            for photo in PhotoSource(card).frames():
                photo.planes()


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(Unreadable, match="pipe") as error:
            probe(path)
        assert "file first" in error.value.hint


@settings(max_examples=40)
@given(data=st.data())
def test_a_damaged_photo_that_is_accepted_is_shown_or_our_own_error(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """As pictures of the size that was promised, and the same each time."""
    base = tmp_path_factory.getbasetemp()
    suffix = data.draw(st.sampled_from([".png", ".jpg", ".webp", ".tiff", ".bmp", ".gif", ".avif"]))
    path = base / f"whole-photo{suffix}"
    if not path.exists():
        Image.effect_noise((64, 96), 50).convert("RGB").save(path)
    raw = bytearray(path.read_bytes())
    for at in data.draw(st.lists(st.integers(8, len(raw) - 1), max_size=3)):
        raw[at] = data.draw(st.integers(0, 255))
    bad = base / f"bad-photo{suffix}"
    bad.write_bytes(raw[: data.draw(st.integers(8, len(raw)))])
    with suppress(PasserbyError):
        card = probe(bad, accept_damaged=True)
        source = PhotoSource(card, accept_damaged=True)
        pictures = [[f.picture(f.size) for f in source.frames()] for _ in range(2)]
        assert all(np.array_equal(a, b) for a, b in zip(*pictures, strict=True))
