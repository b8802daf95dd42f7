"""Every format of photo, in and out: pixels, pages, depth, colours, orientation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import pytest
from PIL import ExifTags, Image, ImageOps

from passerby.core.errors import MediaError, Truncated, Unsupported
from passerby.core.geometry import Orientation, Size
from passerby.media import probe
from passerby.verify import walk

from .photos import (
    NEEDLE,
    P3,
    SRGB,
    SUFFIXES,
    chunk,
    deep_heic,
    deep_png,
    exif,
    frames,
    in_jpeg,
    laden,
    needles,
    noise,
    pages,
    profile,
    save,
    segment,
    smooth,
    through,
    xmp,
)


def seen(path: Path) -> Any:
    (frame,) = frames(path)
    return frame.picture(frame.size).astype(int)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_goes_in_comes_out(tmp_path: Path, suffix: str) -> None:
    out = through(save(tmp_path / f"a{suffix}"))
    off = {".jpg": 3, ".avif": 6, ".gif": 12, ".heic": 3, ".webp": 6}.get(suffix, 0)
    assert np.abs(seen(tmp_path / f"a{suffix}") - smooth()).mean() <= off
    with Image.open(out) as made:
        assert np.abs(np.asarray(made.convert("RGB")).astype(int) - smooth()).mean() <= 2 * off
    assert walk(out) == []


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_nothing_but_pixels_travels_along(tmp_path: Path, suffix: str) -> None:
    path = laden(tmp_path / f"a{suffix}")
    assert needles(path)
    assert probe(path).carries
    out = through(path)
    assert not needles(out)
    assert walk(out) == []
    assert probe(out).carries == ()


@pytest.mark.parametrize("out", [".jpg", ".png", ".webp", ".tiff", ".gif", ".bmp"])
@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_any_mode_goes_into_any_format(tmp_path: Path, mode: str, out: str) -> None:
    if mode == "I;16":
        image = Image.fromarray(smooth()[..., 0].astype(np.uint16) << 8)
    else:
        image = Image.fromarray(smooth()).convert(mode)
    made = through(save(tmp_path / "a.png", image), out)
    assert walk(made) == []
    with Image.open(made) as now:
        now.load()
        was = image if mode != "I;16" else Image.fromarray(smooth()[..., 0])
        shown = Image.fromarray(np.asarray(now) >> 8).convert("L") if now.mode == "I;16" else now
        a, b = (np.asarray(i.convert("L")).astype(int) for i in (was, shown))
    assert np.abs(a - b).mean() < 8


@pytest.mark.parametrize("bands", [3, 4])
def test_a_png_of_sixteen_bits_keeps_them(tmp_path: Path, bands: int) -> None:
    samples = np.random.default_rng(2).integers(0, 65536, (20, 30, bands)).astype(np.uint16)
    path = deep_png(tmp_path / "a.png", samples)
    (frame,) = frames(path)
    assert [p.depth for p in frame.planes()] == [16] * bands
    assert np.array_equal(np.dstack([p.pixels for p in frame.planes()]), samples)
    out = through(path)
    assert walk(out) == []
    (again,) = frames(out)
    assert np.array_equal(np.dstack([p.pixels for p in again.planes()]), samples)


def test_sixteen_bits_become_eight_where_a_format_has_no_more_and_it_is_said(
    tmp_path: Path,
) -> None:
    from passerby.media import PhotoSink, PhotoSource

    path = deep_png(tmp_path / "a.png", (smooth().astype(np.uint16) * 257))
    card = probe(path)
    sink = PhotoSink(tmp_path / "o", card, output_format="jpeg")
    sink.write(next(PhotoSource(card).frames()))
    sink.close()
    assert sink.notes == ["more than 8 bits a sample become 8"]
    assert np.abs(seen(tmp_path / "o") - smooth()).mean() < 3


def test_ten_bit_heic_is_read_and_said_to_become_eight(tmp_path: Path) -> None:
    (frame,) = frames(deep_heic(tmp_path / "a.heic"))
    assert np.abs(frame.picture(frame.size).astype(int) - smooth()).mean() < 3
    assert frame.native.notes == ("more than 8 bits a sample become 8",)


def test_every_page_of_a_tiff_comes_out_whatever_its_size(tmp_path: Path) -> None:
    sizes = [(64, 48), (30, 90), (33, 21)]
    path = pages(tmp_path / "a.tiff", sizes, compression="tiff_deflate")
    assert probe(path).frames == 3
    shown = frames(path)
    assert [(f.size.width, f.size.height) for f in shown] == sizes
    assert [f.span.start for f in shown] == [0, 1, 2]
    out = through(path)
    assert walk(out) == []
    for number, (frame, size) in enumerate(zip(frames(out), sizes, strict=True)):
        assert np.array_equal(frame.picture(Size(*size)), noise(number, *size))


def test_a_reduced_copy_in_a_tiff_is_no_page(tmp_path: Path) -> None:
    images = [Image.fromarray(noise(i)) for i in range(2)]
    images[1].encoderinfo = {"tiffinfo": {254: 1}}
    images[0].save(tmp_path / "a.tiff", save_all=True, append_images=images[1:])
    card = probe(tmp_path / "a.tiff")
    assert card.frames == 1
    assert "second pictures" in card.carries


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "packbits", "jpeg", "group4"])
def test_tiffs_of_any_compression_are_read(tmp_path: Path, compression: str | None) -> None:
    image = Image.fromarray(smooth()).convert("1" if compression == "group4" else "RGB")
    path = save(tmp_path / "a.tiff", image, compression=compression)
    assert np.abs(seen(path) - np.asarray(image.convert("RGB"))).mean() < 6


@pytest.mark.parametrize("order", ["progressive", "arithmetic free"])
def test_progressive_jpegs_are_read(tmp_path: Path, order: str) -> None:
    path = save(tmp_path / "a.jpg", progressive=order == "progressive", optimize=True)
    assert np.abs(seen(path) - smooth()).mean() < 3


def test_the_inverted_cmyk_of_photoshop_is_not_a_negative(tmp_path: Path) -> None:
    path = save(tmp_path / "a.jpg", Image.fromarray(smooth()).convert("CMYK"))
    assert b"Adobe" in path.read_bytes()
    assert np.abs(seen(path) - smooth()).mean() < 6


# Orientation.


def troubled(kind: str, path: Path) -> tuple[Path, int]:
    """A JPEG whose orientation is told in a troubled way, and the one to be shown."""
    tag = ExifTags.Base.Orientation
    match kind:
        case "nought" | "nine" | "huge":
            made = Image.Exif()
            made[tag] = {"nought": 0, "nine": 9, "huge": 60000}[kind]
            return save(path, exif=made), 1
        case "as text":
            made = Image.Exif()
            made[tag] = 6
            data = bytearray(made.tobytes())
            at = data.index(b"\x12\x01", 6) if b"\x12\x01" in data else data.index(b"\x01\x12")
            data[at + 2 : at + 4] = data[at + 2 : at + 4][::-1] and b"\x00\x02"
            return save(path, exif=bytes(data)), 1
        case "none but other tags":
            return save(path, exif=exif()), 1
        case "exif and xmp disagree":
            made = Image.Exif()
            made[tag] = 6
            return save(path, exif=made, xmp=xmp('tiff:Orientation="3"')), 6
        case "exif upright, xmp turned":
            made = Image.Exif()
            made[tag] = 1
            return save(path, exif=made, xmp=xmp('tiff:Orientation="3"')), 1
        case "only in the thumbnail":
            made = Image.Exif()
            made[ExifTags.Base.Artist] = NEEDLE
            made.get_ifd(ExifTags.IFD.IFD1)[tag] = 8
            return save(path, exif=made), 1
        case "two blocks of EXIF":
            first, second = Image.Exif(), Image.Exif()
            first[tag], second[tag] = 6, 8
            save(path, exif=second)
            return in_jpeg(path, segment(0xE1, first.tobytes())), 6
        case "motorola order":
            body = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x08\0\0\0\0\0\0"
            return in_jpeg(save(path), segment(0xE1, body)), 8
        case "cut short":
            body = b"Exif\0\0MM\0*\0\0\0\x08\0\x09\x01\x12\0\x03"
            return in_jpeg(save(path), segment(0xE1, body)), 1
        case _:
            body = b"Exif\0\0" + b"\xff" * 40
            return in_jpeg(save(path), segment(0xE1, body)), 1


TROUBLES = [
    "nought", "nine", "huge", "as text", "none but other tags", "exif and xmp disagree",
    "exif upright, xmp turned", "only in the thumbnail", "two blocks of EXIF", "motorola order",
    "cut short", "garbage",
]  # fmt: skip


@pytest.mark.parametrize("kind", TROUBLES)
@pytest.mark.filterwarnings("ignore")
def test_a_troubled_orientation_is_shown_as_programs_show_it(tmp_path: Path, kind: str) -> None:
    path, way = troubled(kind, tmp_path / "a.jpg")
    card = probe(path)
    assert card.orientation == Orientation(way)
    out = through(path)
    with Image.open(out) as made:
        assert made.size == (card.size.width, card.size.height)
    assert walk(out) == []


@pytest.mark.parametrize("suffix", [".tiff", ".heic", ".avif"])
@pytest.mark.parametrize("way", list(Orientation))
def test_formats_that_turn_by_themselves_are_turned_once(
    tmp_path: Path, suffix: str, way: Orientation
) -> None:
    tag = Image.Exif()
    tag[ExifTags.Base.Orientation] = int(way)
    image = Image.fromarray(smooth())
    image.info["exif"] = tag.tobytes()
    upright = np.asarray(ImageOps.exif_transpose(image))
    path = tmp_path / f"a{suffix}"
    if suffix == ".heic":
        how: dict[str, Any] = {"quality": -1, "chroma": 444, "exif": tag.tobytes()}
        pillow_heif.encode("RGB", (64, 48), smooth().tobytes(), path, **how)
    else:
        save(path, exif=tag)
    (frame,) = frames(tmp_path / f"a{suffix}")
    assert (frame.size.height, frame.size.width) == upright.shape[:2]
    assert np.abs(frame.picture(frame.size).astype(int) - upright).mean() < 6
    with Image.open(through(tmp_path / f"a{suffix}", ".png")) as made:
        assert np.abs(np.asarray(made).astype(int) - upright).mean() < 6


# Colours.


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tiff", ".heic", ".avif"])
def test_wide_colours_are_shown_as_they_were_meant(tmp_path: Path, suffix: str) -> None:
    """A middle green of Display P3 is a stronger green in sRGB, and not the same numbers."""
    flat = np.full((48, 64, 3), (60, 160, 70), np.uint8)
    path = save(tmp_path / f"a{suffix}", Image.fromarray(flat), icc_profile=profile(P3))
    (frame,) = frames(path)
    red, green, blue = (int(np.median(p.pixels)) for p in frame.planes())
    assert red < 50
    assert 155 <= green <= 170
    assert blue < 70
    assert frame.native.notes == ("colours are converted to sRGB",)
    assert not needles(through(path))


def test_a_profile_that_changes_nothing_leaves_every_pixel_alone(tmp_path: Path) -> None:
    curve = profile(SRGB, 2.2)
    path = save(tmp_path / "a.png", icc_profile=curve)
    (frame,) = frames(path)
    off = np.abs(frame.picture(frame.size).astype(int) - smooth()).max()
    from PIL import ImageCms

    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    (same,) = frames(save(tmp_path / "b.png", icc_profile=srgb))
    assert np.array_equal(same.picture(same.size), smooth())
    assert same.native.notes == ()
    assert 0 < off < 40  # a plain gamma is not quite sRGB's curve


# What is carried, by kind.


def test_gain_maps_depth_maps_motion_and_second_pictures_are_named(tmp_path: Path) -> None:
    path = save(
        tmp_path / "a.jpg",
        xmp=xmp('xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" GCamera:MotionPhoto="1"'),
    )
    in_jpeg(
        path,
        segment(0xE2, b"MPF\0MM\0*"),
        segment(0xE2, b"urn:iso:std:iso:ts:21496:-1\0\0\0\0\0"),
        segment(0xEB, b"JP\0\1"),
        segment(0xEC, b"Ducky"),
        segment(0xED, b"Photoshop 3.0\x008BIM\x04\x0c\0\0\0\0\0\0"),
        segment(0xFE, b"hello"),
    )
    path.write_bytes(path.read_bytes() + b"\0\0\0\x18ftypmp42")
    assert set(probe(path).carries) == {
        "XMP", "gain map", "motion video", "second pictures", "content credentials", "vendor data",
        "Photoshop resources", "preview picture", "JPEG comment", "trailing data",
    }  # fmt: skip


def test_auxiliary_pictures_of_a_heic_are_named(tmp_path: Path) -> None:
    path = save(tmp_path / "a.heic")
    data = path.read_bytes()
    box = b"urn:com:apple:photo:2020:aux:hdrgainmap\0"
    aux = (12 + len(box)).to_bytes(4, "big") + b"auxC\0\0\0\0" + box
    at = data.index(b"meta") - 4
    size = int.from_bytes(data[at : at + 4], "big")
    path.write_bytes(
        data[:at] + (size + len(aux)).to_bytes(4, "big") + data[at + 4 : at + size] + aux
        + data[at + size :]
    )  # fmt: skip
    from passerby.media.anatomy import anatomy

    assert "gain map" in anatomy(path, "heif", 10).carries


# What is refused.


@pytest.mark.parametrize(
    ("head", "word"),
    [
        (b"II*\0\x10\0\0\0CR\2\0", "raw"),
        (b"FUJIFILMCCD-RAW ", "raw"),
        (b"\0\0\0\x18ftypcrx ", "raw"),
        (b"8BPS\0\1", "Photoshop"),
        (b"\xff\x0a\0\0", "JPEG XL"),
        (b"\0\0\0\x0cjP  \r\n", "JPEG 2000"),
        (b"%PDF-1.7", "PDF"),
        (b"\0\0\0\x18ftyphevc\0\0\0\0hevc", "moving HEIC"),
    ],
)
def test_what_is_not_processed_is_named_with_advice(tmp_path: Path, head: bytes, word: str) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(head.ljust(200, b"\0"))
    with pytest.raises(Unsupported, match=word) as error:
        probe(path)
    assert "first" in error.value.hint


@pytest.mark.parametrize("tag", [50706, 33421])
def test_a_raw_file_that_looks_like_a_tiff_is_told_by_its_tags(tmp_path: Path, tag: int) -> None:
    save(tmp_path / "a.tiff", tiffinfo={tag: 1})
    with pytest.raises(Unsupported, match="raw"):
        probe(tmp_path / "a.tiff")


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.99])
def test_a_cut_photo_is_never_taken_for_a_whole_one(
    tmp_path: Path, suffix: str, share: float
) -> None:
    path = save(tmp_path / f"a{suffix}", Image.fromarray(noise(1, 200, 150)))
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(MediaError):
        frames(path)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    head = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", b"\0\0\xea\x60\0\0\xea\x60\1\0\0\0\0")
    (tmp_path / "a.png").write_bytes(head + chunk(b"IDAT", b"x") + chunk(b"IEND", b""))
    with pytest.raises(Unsupported, match="60000x60000"):
        probe(tmp_path / "a.png")
    pages(tmp_path / "b.tiff", [(10, 10), (900, 900)])
    with pytest.raises(Unsupported, match="900x900"):
        list(__import__("passerby").media.PhotoSource(
            probe(tmp_path / "b.tiff", most_pixels=100_000)).frames())  # fmt: skip


def test_a_jpeg_of_a_thousand_scans_is_refused(tmp_path: Path) -> None:
    data = save(tmp_path / "a.jpg").read_bytes()
    at = data.index(b"\xff\xda")
    (tmp_path / "a.jpg").write_bytes(data[:-2] + data[at:-2] * 1000 + data[-2:])
    with pytest.raises(Unsupported, match="scans"):
        probe(tmp_path / "a.jpg")


def test_a_cut_heic_says_so(tmp_path: Path) -> None:
    data = save(tmp_path / "a.heic", Image.fromarray(noise(1, 200, 150))).read_bytes()
    (tmp_path / "a.heic").write_bytes(data[:-40])
    with pytest.raises(Truncated):
        probe(tmp_path / "a.heic")
