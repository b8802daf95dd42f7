"""Photos that break off: refused, or shown as far as they go, with the rest plain and told."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from passerby.core.errors import MediaError, Truncated
from passerby.core.geometry import Box, Orientation
from passerby.media import MovingSource, PhotoSource, probe
from passerby.media.heif_tiles import Left, left_of

from .photos import chunk, deep_png, moving, noise, pages, save, smooth

SIZE = (320, 640)
KINDS = [".jpg", ".png", ".webp", ".heic", ".bmp", ".tiff"]


def picture() -> Image.Image:
    """Grain on a slope, so that every kind has bytes for each row."""
    grain = noise(3, *SIZE).astype(int) // 4
    return Image.fromarray((smooth(*SIZE) // 2 + grain).astype(np.uint8))


def cut(path: Path, share: float) -> Path:
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


def lenient(path: Path) -> PhotoSource:
    return PhotoSource(probe(path, accept_damaged=True), accept_damaged=True)


def rgb(path: Path) -> np.ndarray:
    (frame,) = PhotoSource(probe(path)).frames()
    return frame.picture(frame.size).astype(int)


@pytest.mark.parametrize("suffix", KINDS)
@pytest.mark.parametrize("share", [0.45, 0.8])
def test_what_is_there_is_shown_and_the_rest_is_plain_and_told(
    tmp_path: Path, suffix: str, share: float
) -> None:
    path = save(tmp_path / f"a{suffix}", picture())
    whole = rgb(path)
    cut(path, share)
    with pytest.raises(MediaError) as refused:
        list(PhotoSource(probe(path)).frames())
    assert "--accept-damaged" in refused.value.hint
    assert isinstance(refused.value, Truncated)
    source = lenient(path)
    other = save(tmp_path / f"other{suffix}", Image.new("RGB", SIZE, (200, 30, 90)))
    rgb(other)  # what a decoder left in memory must not be taken for what is missing
    (frame,) = source.frames()
    rgb(other)
    (again,) = source.frames()
    seen = frame.picture(frame.size).astype(int)
    assert np.array_equal(seen, again.picture(again.size))
    (told,) = source.damage
    grey = (np.abs(seen - 128) <= 1).all(axis=(1, 2))
    gone = int(grey.sum())
    assert f"{-(-100 * gone // SIZE[1])} % of the picture" in told
    # Blocks of different rows may be coded together, so that some more goes than was cut.
    assert 1 - share - 0.12 < gone / SIZE[1] < 1 - share + 0.35
    assert np.abs(seen - whole)[~grey].max() <= 1


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_a_picture_on_its_side_loses_what_was_stored_last(tmp_path: Path, suffix: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    path = cut(save(tmp_path / f"a{suffix}", picture(), exif=exif), 0.5)
    (frame,) = lenient(path).frames()
    assert frame.orientation == Orientation.TURN_90
    left = frame.picture(frame.size, None)[:, : frame.size.width // 4]
    assert (np.abs(left.astype(int) - 128) <= 1).all()


@pytest.mark.parametrize(("way", "side"), [(1, 0), (8, 1), (3, 2), (6, 3)])
def test_a_heic_that_its_decoder_turns_is_grey_where_it_was_stored_last(
    tmp_path: Path, way: int, side: int
) -> None:
    exif = Image.Exif()
    exif[0x0112] = way
    path, how = tmp_path / "a.heic", {"quality": -1, "chroma": 444, "exif": exif.tobytes()}
    pillow_heif.encode("RGB", SIZE, picture().tobytes(), path, **how)
    (frame,) = lenient(cut(path, 0.6)).frames()
    seen = np.rot90(frame.picture(frame.size), -side).astype(int)  # the missing part at the bottom
    grey = (np.abs(seen - 128) <= 1).all(axis=2)
    assert grey[-seen.shape[0] // 4 :].all()
    assert not grey[: seen.shape[0] // 4].any(axis=1).all()


def tiled(there: int, turn: int = 0) -> bytes:
    """The description of a HEIC of 2 x 3 tiles of 512, and so many bytes that `there` of the six
    tiles of a hundred bytes each are whole."""

    def box(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", 8 + len(body)) + name + body

    places = struct.pack(">IHH", 1 << 24, 0x4400, 7)
    places += struct.pack(">HHHHII", 9, 1, 0, 1, 0, 8)
    for tile in range(6):
        places += struct.pack(">HHHHII", tile + 1, 0, 0, 1, 1000 + 100 * tile, 100)
    made = box(b"pitm", struct.pack(">IH", 0, 9)) + box(b"iloc", places)
    parts = struct.pack(">HH6H", 9, 6, *range(1, 7))
    made += box(b"iref", bytes(4) + box(b"dimg", parts))
    made += box(b"ispe", struct.pack(">III", 0, 512, 512))
    made += box(b"ispe", struct.pack(">III", 0, 1500, 900)) + box(b"irot", bytes([turn]))
    made += box(b"idat", bytes([0, 0, 1, 2]) + struct.pack(">HH", 1500, 900))
    data = box(b"ftyp", b"heic" + bytes(8)) + box(b"meta", bytes(4) + made)
    return data.ljust(1000, b"\0") + bytes(100 * there + 50 * (there < 6))


@pytest.mark.parametrize(
    ("there", "rows"), [(0, 0), (2, 0), (3, 512), (4, 512), (5, 512), (6, 900)]
)
def test_a_row_of_tiles_is_there_when_all_of_it_is(there: int, rows: int) -> None:
    assert left_of(tiled(there)) == Left(0, rows)
    assert left_of(tiled(there, 3)) == Left(3, rows)


def test_a_progressive_jpeg_becomes_coarser_and_it_is_said(tmp_path: Path) -> None:
    path = save(tmp_path / "a.jpg", picture(), progressive=True)
    whole = rgb(path)
    source = lenient(cut(path, 0.6))
    (frame,) = source.frames()
    assert "coarser" in source.damage[0]
    off = np.abs(frame.picture(frame.size).astype(int) - whole).mean()
    assert 1 < off < 40


def test_a_jpeg_without_its_last_bytes_is_whole_but_broken(tmp_path: Path) -> None:
    path = save(tmp_path / "a.jpg", picture())
    whole = rgb(path)
    path.write_bytes(path.read_bytes()[:-2])
    with pytest.raises(Truncated):
        rgb(path)
    source = lenient(path)
    (frame,) = source.frames()
    assert np.array_equal(frame.picture(frame.size), whole)
    assert "all of its pixels can be read" in source.damage[0]


def test_a_png_with_a_wrong_byte_within_is_shown_up_to_there(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", picture())
    whole = rgb(path)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(Truncated):
        rgb(path)
    source = lenient(path)
    (frame,) = source.frames()
    assert source.damage
    seen = frame.picture(frame.size).astype(int)
    assert np.array_equal(seen[:60], whole[:60])


def test_a_png_of_sixteen_bits_keeps_them_in_what_is_left(tmp_path: Path) -> None:
    deep = np.random.default_rng(5).integers(0, 1 << 16, (90, 70, 4)).astype(np.uint16)
    (frame,) = lenient(cut(deep_png(tmp_path / "a.png", deep), 0.5)).frames()
    kept = np.dstack([p.pixels for p in frame.planes()])
    gone = int((kept[..., 0] == 1 << 15).all(axis=1).argmax())
    assert 40 <= gone <= 45
    assert np.array_equal(kept[:gone], deep[:gone])
    assert (kept[gone:, :, :3] == 1 << 15).all()
    assert (kept[gone:, :, 3] == 0xFFFF).all()


@pytest.mark.parametrize("suffix", [".webp", ".heic", ".gif", ".jpg", ".png"])
def test_where_nothing_is_left_it_stays_an_error(tmp_path: Path, suffix: str) -> None:
    path = cut(save(tmp_path / f"a{suffix}", picture()), 0.0005)
    with pytest.raises(MediaError) as error:
        list(lenient(path).frames())
    assert "--accept-damaged" not in error.value.hint


@pytest.mark.parametrize("suffix", [".gif", ".avif"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_what_can_not_be_mended_is_an_error_whose_advice_does_not_go_in_circles(
    tmp_path: Path, suffix: str, share: float
) -> None:
    path = save(tmp_path / f"a{suffix}", picture())
    whole = rgb(path)
    cut(path, share)
    try:
        source = lenient(path)
        (frame,) = source.frames()
    except Truncated:
        with pytest.raises(Truncated) as refused:
            list(lenient(path).frames())
        assert "--accept-damaged" not in refused.value.hint
        return
    assert suffix == ".avif"  # its decoder now and then takes what was stuffed in
    assert source.damage
    seen = frame.picture(frame.size).astype(int)
    grey = (np.abs(seen - 128) <= 1).all(axis=(1, 2))
    assert np.abs(seen - whole)[~grey].max() <= 1


@pytest.mark.parametrize("suffix", [".gif", ".png", ".webp"])
def test_a_moving_picture_is_shown_up_to_its_damage(tmp_path: Path, suffix: str) -> None:
    path = moving(tmp_path / f"a{suffix}", 5)
    whole = [f.picture(f.size) for f in MovingSource(probe(path)).frames()]
    cut(path, 0.7)
    with pytest.raises(MediaError):
        list(MovingSource(probe(path)).frames())
    source = MovingSource(probe(path, accept_damaged=True), accept_damaged=True)
    seen = list(source.frames())
    assert len(seen) == 3
    assert "3 of " in source.damage[0]
    for frame, was in zip(seen, whole, strict=False):
        assert np.array_equal(frame.picture(frame.size), was)


def test_pages_behind_the_damage_are_not_given(tmp_path: Path) -> None:
    path = pages(tmp_path / "a.tiff", [(64, 48)] * 4, compression="tiff_lzw")
    data = bytearray(path.read_bytes())
    third = data.index(b"\x80", len(data) // 2 + 2000)
    data[third : third + 600] = bytes(600)
    path.write_bytes(data)
    source = lenient(path)
    seen = list(source.frames())
    assert 0 < len(seen) < 4
    assert f"{len(seen)} of 4 pages" in source.damage[0]


def test_whole_photos_are_not_called_damaged(tmp_path: Path) -> None:
    for suffix in (*KINDS, ".avif", ".gif"):
        source = lenient(save(tmp_path / f"a{suffix}", picture()))
        assert len(list(source.frames())) == 1
        assert source.damage == []


def test_a_lying_size_does_not_fill_the_memory(tmp_path: Path) -> None:
    for name, data in (
        ("a.webp", b"RIFF\xf0\xff\xff\xffWEBPVP8 \xf0\xff\xff\xef" + bytes(30)),
        ("a.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\xff\xff\xff\xffmdat" + bytes(30)),
        ("a.png", b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", b"\0\0\x27\x10\0\0\x27\x10\x08\2\0\0\0")),
    ):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(MediaError):
            list(lenient(tmp_path / name).frames())


def test_the_same_part_is_looked_at_in_tiles(tmp_path: Path) -> None:
    (frame,) = lenient(cut(save(tmp_path / "a.jpg", picture()), 0.5)).frames()
    low = frame.picture(frame.size, Box(0, 500, 320, 640))
    assert (np.abs(low.astype(int) - 128) <= 1).all()
