"""Whatever travels in a file that is only sound, besides the sound, is a finding."""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.media.carriers import CANARY, id3
from tests.media.sound_files import chunk, tone, write

from passerby.media import FORMS, output_container, probe, write_sound
from passerby.redact import HumNotched
from passerby.verify import walk

Change = Callable[[bytes], bytes]
TAG = (b"TAG" + CANARY).ljust(128, b"\0")
APE = b"APETAGEX" + struct.pack("<4I", 2000, 32, 0, 0x80000000) + bytes(8)


@cache
def clean(suffix: str) -> bytes:
    """A finished file of one kind, in which nothing is found."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        card = probe(write(place / f"a{suffix}", tone(0.5)))
        natural, form = output_container(card)
        assert natural == suffix
        out = place / f"out{suffix}"
        write_sound(out, card, FORMS[form], HumNotched)
        assert not walk(out)
        return out.read_bytes()


def found(data: bytes, place: Path) -> str:
    path = place / "a"
    path.write_bytes(data)
    return "; ".join(f"{f.check} {f.what}" for f in walk(path))


def in_riff(piece: bytes) -> Change:
    def changed(data: bytes) -> bytes:
        size = struct.unpack("<I", data[4:8])[0] + len(piece)
        return data[:4] + struct.pack("<I", size) + data[8:] + piece

    return changed


def in_aiff(piece: bytes) -> Change:
    def changed(data: bytes) -> bytes:
        size = struct.unpack(">I", data[4:8])[0] + len(piece)
        return data[:4] + struct.pack(">I", size) + data[8:] + piece

    return changed


def in_flac(kind: int, body: bytes) -> Change:
    block = bytes([kind]) + len(body).to_bytes(3, "big") + body
    return lambda data: data[:42] + block + data[42:]


def commented(data: bytes) -> bytes:
    """With one comment in the place of nothing, in an Ogg file of Opus."""
    old = b"OpusTags\x06\0\0\0ffmpeg\0\0\0\0"
    said = b"A=" + CANARY
    new = old[:-4] + struct.pack("<II", 1, len(said)) + said
    at = data.index(old)
    page = data.rindex(b"OggS", 0, at)
    assert data[page + 26 : page + 28] == bytes([1, len(old)])
    return data[: page + 27] + bytes([len(new)]) + new + data[at + len(old) :]


@pytest.mark.parametrize(
    ("suffix", "change", "word"),
    [
        *(
            (".wav", in_riff(chunk(name, CANARY)), name.decode().strip())
            for name in (b"bext", b"iXML", b"cart", b"LIST", b"id3 ", b"_PMX", b"cue ", b"what")
        ),
        (".wav", in_riff(chunk(b"JUNK", CANARY)), "hidden"),
        (".wav", lambda data: data + CANARY, "trailing"),
        (".wav", in_riff(chunk(b"data", CANARY)), "broken"),
        *(
            (".aiff", in_aiff(chunk(name, CANARY, ">")), name.decode().strip())
            for name in (b"NAME", b"AUTH", b"ANNO", b"APPL", b"ID3 ", b"MARK")
        ),
        (".aiff", lambda data: data + CANARY, "trailing"),
        (".mp3", lambda data: id3() + data, "a tag"),
        (".mp3", lambda data: data + TAG, "a tag"),
        (".mp3", lambda data: data + APE, "a tag"),
        (".mp3", lambda data: data + CANARY, "bytes"),
        (".mp3", lambda data: data.replace(b"Lavf", b"Made"), "program"),
        (".flac", in_flac(6, CANARY), "a picture"),
        (".flac", in_flac(2, CANARY), "vendor"),
        (".flac", in_flac(5, CANARY), "cue"),
        (".flac", in_flac(1, CANARY), "padding"),
        (".flac", in_flac(4, struct.pack("<I", 2) + b"me" + bytes(4)), "program"),
        (".flac", lambda data: data + TAG, "a tag"),
        (".ogg", commented, "a comment"),
        (".ogg", lambda data: data.replace(b"ffmpeg", b"myself"), "program"),
        (".ogg", lambda data: data + CANARY, "between the pages"),
        (".ogg", lambda data: data.replace(b"OpusHead", b"KateHead"), "no sound"),
    ],
)
def test_each_thing_is_found_and_named(
    tmp_path: Path, suffix: str, change: Change, word: str
) -> None:
    assert word in found(change(clean(suffix)), tmp_path)


@settings(max_examples=60)
@given(st.sampled_from([".wav", ".aiff", ".mp3", ".ogg", ".mka", ".m4a"]), st.floats(0, 0.999))
def test_what_was_cut_short_is_never_clean(
    tmp_path_factory: pytest.TempPathFactory,
    suffix: str,
    share: float,
) -> None:
    data = clean(suffix)
    assert found(data[: int(len(data) * share)], tmp_path_factory.mktemp("cut"))


@settings(max_examples=150)
@given(
    st.sampled_from([".wav", ".aiff", ".mp3", ".flac", ".ogg"]),
    st.lists(st.tuples(st.integers(0, 600), st.integers(0, 255)), min_size=1, max_size=6),
)
def test_whatever_a_header_says_the_walk_ends_with_an_answer(
    tmp_path_factory: pytest.TempPathFactory,
    suffix: str,
    changes: list[tuple[int, int]],
) -> None:
    data = bytearray(clean(suffix))
    for at, value in changes:
        data[at] = value
    found(bytes(data), tmp_path_factory.mktemp("odd"))


def test_a_film_without_its_picture_is_no_film(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(clean(".m4a"))
    assert not walk(path)  # which is why the jobs ask what it is
    assert probe(path).kind == "sound"
