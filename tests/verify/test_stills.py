"""GIF, TIFF and BMP: clean ones pass, and whatever is planted is found."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, TiffImagePlugin

from passerby.verify import walk
from passerby.verify.gifs import _ends


def picture(seed: int = 0, width: int = 61, height: int = 43) -> Image.Image:
    return Image.fromarray(
        np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    )


def saved(kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    picture().save(file, kind, **options)
    return file.getvalue()


def found(path: Path, data: bytes) -> set[str]:
    path.write_bytes(data)
    return {finding.check.removeprefix("container.") for finding in walk(path)}


@pytest.mark.parametrize("bits", [1, 3, 8])
def test_clean_gifs_pass(tmp_path: Path, bits: int) -> None:
    file = io.BytesIO()
    picture().quantize(1 << bits).save(file, "GIF")
    assert found(tmp_path / "a", file.getvalue()) == set()
    images = [picture(i).quantize(1 << bits) for i in range(3)]
    file = io.BytesIO()
    images[0].save(file, "GIF", save_all=True, append_images=images[1:], loop=2, duration=50)
    assert found(tmp_path / "a", file.getvalue()) == set()


@pytest.mark.parametrize(
    ("piece", "check"),
    [
        (b"\x21\xfe\x03abc\0", "metadata"),
        (b"\x21\xff\x0bXMP DataXMP\x03abc\0", "metadata"),
        (b"\x21\xff\x0bICCRGBG1012\x03abc\0", "metadata"),
        (b"\x21\x01\x0cabcdefghijkl\x03abc\0", "metadata"),
        (b"\x21\xff\x0bNETSCAPE2.0\x05\x01\0\0ab\0", "hidden"),
        (b"\x21\xf9\x06\0\0\0\0ab\0", "hidden"),
    ],
)
def test_what_is_planted_in_a_gif_is_found(tmp_path: Path, piece: bytes, check: str) -> None:
    data = saved("GIF")
    at = data.index(b"\x2c", 13 + 768)
    assert found(tmp_path / "a", data[:at] + piece + data[at:]) == {check}


def test_bytes_behind_a_gif_and_behind_its_codes_are_found(tmp_path: Path) -> None:
    data = saved("GIF")
    assert found(tmp_path / "a", data + b"x") == {"trailing"}
    assert data.endswith(b"\0\x3b")
    assert found(tmp_path / "a", data[:-2] + b"\x06secret\0\x3b") == {"hidden"}


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_cut_files_are_broken(tmp_path: Path, share: float) -> None:
    for kind in ("GIF", "TIFF", "BMP"):
        data = saved(kind)
        assert "broken" in found(tmp_path / "a", data[: int(len(data) * share)])


@given(st.integers(2, 8), st.integers(0, 2**32 - 1), st.integers(1, 9000), st.integers(1, 255))
def test_the_end_of_codes_is_found_where_a_slow_reader_finds_it(
    bits: int, seed: int, count: int, colours: int
) -> None:
    """The twin walks code by code, as a decoder does."""
    values = np.random.default_rng(seed).integers(0, min(1 << bits, colours + 1), (1, count))
    image = Image.fromarray(values.astype(np.uint8), "P")
    image.putpalette(list(range(3 << bits))[: 3 << bits] if bits < 7 else bytes(3 << bits))
    file = io.BytesIO()
    image.save(file, "GIF", optimize=False)
    data = file.getvalue()
    size, coded = slow_codes(data)
    assert slow_end(coded, size)
    assert _ends(coded, size)
    assert not _ends(coded + b"\0", size)
    assert not _ends(coded[:-1], size)


def slow_codes(data: bytes) -> tuple[int, bytes]:
    at = 13 + (3 << ((data[10] & 7) + 1) if data[10] & 0x80 else 0)
    while data[at] == 0x21:
        at += 2
        while data[at]:
            at += 1 + data[at]
        at += 1
    at += 10 + (3 << ((data[at + 9] & 7) + 1) if data[at + 9] & 0x80 else 0)
    size, coded, at = data[at], b"", at + 1
    while data[at]:
        coded += data[at + 1 : at + 1 + data[at]]
        at += 1 + data[at]
    return size, coded


def slow_end(coded: bytes, bits: int) -> bool:
    number, at = int.from_bytes(coded, "little"), 0
    clear, width, entries, fresh = 1 << bits, bits + 1, (1 << bits) + 2, True
    while at + width <= 8 * len(coded):
        code = number >> at & ((1 << width) - 1)
        at += width
        if code == clear:
            width, entries, fresh = bits + 1, (1 << bits) + 2, True
        elif code == clear + 1:
            return 8 * len(coded) - at < 8 and number >> at == 0
        else:
            entries += 0 if fresh else 1
            fresh = False
            if entries == 1 << width and width < 12:
                width += 1
    return False


@pytest.mark.parametrize("mode", ["1", "L", "RGB", "RGBA"])
@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_deflate"])
def test_clean_tiffs_pass(tmp_path: Path, mode: str, compression: str | None) -> None:
    file = io.BytesIO()
    picture().convert(mode).save(file, "TIFF", compression=compression)
    assert found(tmp_path / "a", file.getvalue()) == set()


def test_what_is_planted_in_a_tiff_is_found(tmp_path: Path) -> None:
    for tag, value in ((315, "me"), (305, "program"), (700, b"<x>"), (34675, b"icc"), (269, "n")):
        tags = TiffImagePlugin.ImageFileDirectory_v2()
        tags[tag] = value
        assert found(tmp_path / "a", saved("TIFF", tiffinfo=tags)) == {"metadata"}
    data = saved("TIFF")
    assert found(tmp_path / "a", data + b"secret") == {"trailing"}
    (at,) = struct.unpack("<I", data[4:8])
    moved = data[:at] + b"s" * 40 + data[at:]
    assert found(tmp_path / "a", moved[:4] + struct.pack("<I", at + 40) + moved[8:]) - {"broken"}


@pytest.mark.parametrize("mode", ["1", "L", "RGB"])
def test_clean_bmps_pass_and_planted_ones_do_not(tmp_path: Path, mode: str) -> None:
    file = io.BytesIO()
    picture().convert(mode).save(file, "BMP")
    data = file.getvalue()
    assert found(tmp_path / "a", data) == set()
    assert found(tmp_path / "a", data + b"x") == {"trailing"}
    assert found(tmp_path / "a", data[:6] + b"abcd" + data[10:]) == {"hidden"}
    (start,) = struct.unpack("<I", data[10:14])
    wider = data[:10] + struct.pack("<I", start + 6) + data[14:start] + b"secret" + data[start:]
    assert found(tmp_path / "a", wider)
    if mode != "1":  # of 61 pixels, whose rows end on the boundary
        assert found(tmp_path / "a", data[:-1] + b"x") == {"hidden"}


@given(st.binary(max_size=200), st.sampled_from([b"GIF89a", b"II*\0", b"MM\0*", b"BM"]))
def test_no_file_is_too_strange_to_be_walked(
    tmp_path_factory: pytest.TempPathFactory, rest: bytes, head: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "strange"
    path.write_bytes(head + rest)
    assert isinstance(walk(path), list)
