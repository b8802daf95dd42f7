"""The manifest that we write passes; one with anything more in it is found."""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.media.certificates import papers

from passerby.media import credentials
from passerby.verify import holds_store, walk
from passerby.verify.cbor import Tagged, decoded

from .files import before_end, box, chunk, grafted, patched, photo, video

SAID = {
    "passerby": "0.1.0",
    "plan": "plan/1",
    "hidden": ["face"],
    "style": "veil",
    "regions": 3,
    "policy": {"top": 0.25, "least": 2.0},
    "original_sha256": "0" * 64,
}
PARTS = {"jpeg": lambda: photo("JPEG"), "png": lambda: photo("PNG")}
FILMS = {kind: lambda kind=kind: video(kind, sound="aac") for kind in ("mp4", "mov")}


@cache
def signed(kind: str, key: str, folder: Path) -> bytes:
    made = papers(folder / key, key)
    before, after = folder / "before", folder / "after"
    before.write_bytes((PARTS | FILMS)[kind]())
    who = credentials.load(made.certificate, made.key)
    credentials.sign(before, after, kind, who, SAID)
    return after.read_bytes()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("signed")


def found(data: bytes, folder: Path) -> list[str]:
    path = folder / "file"
    path.write_bytes(data)
    return [finding.what for finding in walk(path)]


@pytest.mark.parametrize("key", ["p256", "p384", "p521", "ed25519", "rsa"])
@pytest.mark.parametrize("kind", [*PARTS, *FILMS])
def test_what_we_sign_passes(folder: Path, kind: str, key: str) -> None:
    assert found(signed(kind, key, folder), folder) == []
    assert holds_store(folder / "file")


def test_a_store_of_many_jpeg_segments_passes_and_is_judged_as_a_whole(folder: Path) -> None:
    data = signed("jpeg", "rsa", folder)
    store = store_of(signed("png", "rsa", folder))
    at = data.index(b"\xff\xeb")
    size = int.from_bytes(data[at + 2 : at + 4], "big")
    assert found(data[:at] + segments(store, 999) + data[at + 2 + size :], folder) == []
    more = changed(store, [b"c2pa"], lambda inner: [*inner, inner[-1]])
    assert found(data[:at] + segments(more, 999) + data[at + 2 + size :], folder)
    backwards = segments(store, 999, step=-1)
    assert found(data[:at] + backwards + data[at + 2 + size :], folder)


def segments(store: bytes, most: int, step: int = 1) -> bytes:
    pieces = [store[8:][i : i + most] for i in range(0, len(store) - 8, most)]
    whole = [
        b"JP\0\1" + struct.pack(">I", number) + store[:8] + piece
        for number, piece in enumerate(pieces, 1)
    ]
    return b"".join(b"\xff\xeb" + struct.pack(">H", len(s) + 2) + s for s in whole[::step])


def store_of(png: bytes) -> bytes:
    at = png.index(b"caBX")
    return png[at + 4 : at + 4 + int.from_bytes(png[at - 4 : at], "big")]


def with_store(store: bytes, folder: Path) -> bytes:
    """A PNG with `store`; its signature no longer fits, which is not what is looked at here."""
    return before_end(photo("PNG"), chunk(b"caBX", store))


def children(body: bytes) -> list[bytes]:
    pieces, at = [], 0
    while at < len(body):
        size = int.from_bytes(body[at : at + 4], "big")
        pieces.append(body[at : at + size])
        at += size
    return pieces


def changed(store: bytes, path: list[bytes], how: Callable[[list[bytes]], list[bytes]]) -> bytes:
    """`store` with the pieces of the part at `path`, a list of labels, passed through `how`."""
    pieces = children(store[8:])
    if len(path) == 1:
        return box(b"jumb", b"".join(how(pieces)))
    deeper = [changed(piece, path[1:], how) if path[1] in piece[:80] else piece for piece in pieces]
    return box(b"jumb", b"".join(deeper))


def part(kind: bytes, label: bytes, *contents: bytes) -> bytes:
    uuid = kind + bytes.fromhex("00110010800000aa00389b71")
    return box(b"jumb", box(b"jumd", uuid + b"\3" + label + b"\0") + b"".join(contents))


MANIFEST, SAYS = [b"c2pa", b"urn:c2pa"], [b"c2pa", b"urn:c2pa", b"c2pa.assertions"]
CBOR = box(b"cbor", b"\xa0")
PLANTED: dict[str, tuple[list[bytes], bytes]] = {
    "a thumbnail": (SAYS, part(b"cbor", b"c2pa.thumbnail.claim", CBOR)),
    "a picture": (SAYS, part(b"\x40\xcb\x0c\x32", b"c2pa.thumbnail.claim.jpeg", CBOR)),
    "an ingredient": (SAYS, part(b"cbor", b"c2pa.ingredient.v3", CBOR)),
    "a place": (SAYS, part(b"json", b"stds.exif", box(b"json", b"{}"))),
    "the author": (SAYS, part(b"cbor", b"cawg.identity", CBOR)),
    "a second statement": (SAYS, part(b"cbor", b"org.passerby.redaction", CBOR)),
    "data": (MANIFEST, part(b"c2db", b"c2pa.databoxes", part(b"cbor", b"c2pa.data", CBOR))),
    "credentials": (MANIFEST, part(b"c2vc", b"c2pa.credentials")),
    "a second claim": (MANIFEST, part(b"c2cl", b"c2pa.claim.v2", CBOR)),
    "a loose box": (MANIFEST, box(b"free", b"somebody")),
    "an earlier manifest": ([b"c2pa"], part(b"c2ma", b"urn:c2pa:earlier")),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_part_that_no_output_needs_is_found(folder: Path, name: str) -> None:
    path, piece = PLANTED[name]
    store = changed(store_of(signed("png", "p256", folder)), path, lambda inner: [*inner, piece])
    assert found(with_store(store, folder), folder)


def test_a_part_that_is_missing_is_found(folder: Path) -> None:
    store = store_of(signed("png", "p256", folder))
    assert found(with_store(store, folder), folder) == []
    assert found(with_store(changed(store, MANIFEST, lambda inner: inner[:-1]), folder), folder)


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        (b"org.passerby.style", b"org.someone.style "),
        (b"kc2pa.edited", b"kc2pa.placed"),
        (b"jumbf manifest", b"Anna's archive"),
        (b"hPasserby", b"hPassersb"),
        (b"xmp.iid:", b"xmp-Anna"),
        (b"gregions\3", b"gregiona\3"),
        (b"dleast", b"dLeast"),
        (b"dveil", b"dAnna"),
        (b"x@" + b"0" * 64, b"x@" + b"Anna" * 16),
        (b"cpadI" + bytes(9), b"cpadI" + b"Anna\0Anna"),
        (b"digitalsourcetype/humanEdits", b"digitalsourcetype/human-Edit"),
    ],
    ids=lambda piece: piece[:12].decode(),
)
def test_a_value_that_says_more_is_found(folder: Path, was: bytes, becomes: bytes) -> None:
    data = signed("png", "p256", folder)
    store = store_of(data)
    if was not in store:  # the length of the padding depends on that of the rest
        at = store.index(b"cpad") + 4
        was, becomes = store[at - 4 : at + 3], store[at - 4 : at + 1] + b"Al"
    assert len(was) == len(becomes)
    assert found(with_store(store.replace(was, becomes, 1), folder), folder)


def test_the_padding_of_the_signature_must_be_blank(folder: Path) -> None:
    store = store_of(signed("png", "p256", folder))
    at = store.rindex(b"cpad") + 200
    assert not store[at]
    assert found(with_store(patched(store, at, b"Anna"), folder), folder)


def test_a_second_store_is_found(folder: Path) -> None:
    store = store_of(signed("png", "p256", folder))
    twice = before_end(with_store(store, folder), chunk(b"caBX", store))
    assert any("PNG chunk caBX" in what for what in found(twice, folder))
    assert found(with_store(store + store, folder), folder)
    film = signed("mp4", "p256", folder)
    at = film.index(b"uuid") - 4
    size = int.from_bytes(film[at : at + 4], "big")
    assert any("box uuid" in what for what in found(film + film[at : at + size], folder))


def test_bytes_behind_the_store_of_a_film_are_found(folder: Path) -> None:
    film = signed("mp4", "p256", folder)
    at = film.index(b"uuid") - 4
    size = int.from_bytes(film[at : at + 4], "big")
    for more, what in ((bytes(4), []), (b"Anna", ["bytes behind a C2PA manifest"])):
        box_ = struct.pack(">I", size + 4) + film[at + 4 : at + size] + more
        found_ = found(photoless(film, at, size) + box_, folder)
        assert [one.partition(" (")[0] for one in found_] == what


def photoless(film: bytes, at: int, size: int) -> bytes:
    """`film` with its manifest blanked, so that no offset moves."""
    return film[: at + 4] + b"free" + bytes(size - 8) + film[at + size :]


def test_another_box_with_a_uuid_is_found(folder: Path) -> None:
    film = grafted(video("mp4"), [], box(b"uuid", bytes(16) + b"Anna"))
    assert any("box uuid" in what for what in found(film, folder))


@given(st.data())
def test_no_change_to_a_store_breaks_the_walk(folder: Path, data: st.DataObject) -> None:
    store = store_of(signed("png", "p256", folder))
    at = data.draw(st.integers(0, len(store) - 1))
    new = data.draw(st.binary(min_size=1, max_size=4))
    found(
        with_store(patched(store, at, new)[: data.draw(st.integers(at, len(store)))], folder),
        folder,
    )


@pytest.mark.parametrize(
    ("data", "value"),
    [
        ("00", 0),
        ("1903e8", 1000),
        ("3903e7", -1000),
        ("f90000", 0.0),
        ("fa47c35000", 100000.0),
        ("fb3ff199999999999a", 1.1),
        ("f4", False),
        ("f6", None),
        ("43010203", b"\1\2\3"),
        ("6449455446", "IETF"),
        ("83010203", [1, 2, 3]),
        ("a26161016162820203", {"a": 1, "b": [2, 3]}),
        ("c11a514b67b0", Tagged(1, 1363896240)),
    ],
)
def test_values_are_read_as_the_standard_s_examples_say(data: str, value: object) -> None:
    assert decoded(bytes.fromhex(data)) == value


@pytest.mark.parametrize(
    "data",
    ["", "0000", "18", "5f", "9f", "ff", "a16161", "a2616101616102", "a18001", "81" * 40, "62ff"],
)
def test_what_is_no_value_is_refused(data: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - of whatever words
        decoded(bytes.fromhex(data))
