"""Photos: decoded into planes, written upright as fresh pixels, with nothing besides."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageCms, ImageOps, PngImagePlugin

from passerby.core.errors import MediaError, OutputError, Truncated, Unsupported
from passerby.core.geometry import Box, Orientation, Size
from passerby.media import PhotoSink, PhotoSource, output_container, probe
from passerby.media.photo import PhotoFrame

SUFFIXES = [".jpg", ".png", ".webp"]


def smooth(width: int = 64, height: int = 48) -> NDArray[np.uint8]:
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([x * 3 % 256, y * 5 % 256, (x + y) * 2 % 256], -1).astype(np.uint8)


def frame_of(path: Path) -> PhotoFrame:
    return next(PhotoSource(probe(path)).frames())


def through(path: Path, **options: Any) -> Path:
    card = probe(path)
    suffix, kind = output_container(card)
    out = path.with_name(f"out{suffix}.partial")
    sink = PhotoSink(out, card, output_format=kind, **options)
    sink.write(frame_of(path))
    sink.close()
    return out


def turned(path: Path, orientation: int, image: Image.Image | None = None) -> Path:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    (image or Image.fromarray(smooth())).save(path, exif=exif, quality=95)
    return path


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("way", list(Orientation))
def test_every_orientation_comes_out_upright(tmp_path: Path, suffix: str, way: Orientation) -> None:
    path = turned(tmp_path / f"a{suffix}", int(way))
    with Image.open(path) as image:
        upright = np.asarray(ImageOps.exif_transpose(image).convert("RGB")).astype(int)
    frame = frame_of(path)
    assert frame.orientation == way
    assert (frame.size.height, frame.size.width) == upright.shape[:2]
    assert np.abs(frame.picture(frame.size).astype(int) - upright).max() <= 1
    with Image.open(through(path)) as made:
        assert np.abs(np.asarray(made.convert("RGB")).astype(int) - upright).mean() < 4
        assert not made.getexif()
        assert not {"exif", "icc_profile", "xmp", "comment", "dpi"} & set(made.info) - {"dpi"}


@pytest.mark.parametrize(
    ("mode", "planes", "depth"),
    [("L", 1, 8), ("1", 1, 8), ("RGB", 3, 8), ("P", 3, 8), ("RGBA", 4, 8), ("LA", 4, 8),
     ("I;16", 1, 16)],
)  # fmt: skip
def test_png_modes_keep_their_pixels_exactly(
    tmp_path: Path, mode: str, planes: int, depth: int
) -> None:
    path = tmp_path / "a.png"
    if mode == "I;16":
        Image.fromarray((np.arange(48 * 64).reshape(48, 64) * 21).astype(np.uint16)).save(path)
    else:
        Image.fromarray(smooth()).convert(mode).save(path)
    frame = frame_of(path)
    assert len(frame.planes()) == planes
    assert {p.depth for p in frame.planes()} == {depth}
    assert all(p.pixels.flags.c_contiguous for p in frame.planes())
    with Image.open(path) as was, Image.open(through(path)) as now:
        like = "RGBA" if planes == 4 else "RGB" if planes == 3 else None
        a, b = (np.asarray(i.convert(like) if like else i) for i in (was, now))
        assert np.array_equal(a * 255 if mode == "1" else a, b)


def test_a_transparent_palette_keeps_its_holes(tmp_path: Path) -> None:
    image = Image.fromarray(smooth()).convert("P")
    image.save(tmp_path / "a.png", transparency=3)
    frame = frame_of(tmp_path / "a.png")
    assert len(frame.planes()) == 4
    assert frame.planes()[3].pixels.min() == 0 or (np.asarray(image) != 3).all()


def test_cmyk_becomes_rgb(tmp_path: Path) -> None:
    Image.fromarray(smooth()).convert("CMYK").save(tmp_path / "a.jpg", quality=95)
    frame = frame_of(tmp_path / "a.jpg")
    assert len(frame.planes()) == 3
    assert np.abs(frame.picture(Size(64, 48)).astype(int) - smooth()).mean() < 6


def test_the_format_is_told_by_the_content_and_not_by_the_name(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    Image.fromarray(smooth()).convert("RGBA").save(path, format="PNG")
    card = probe(path)
    assert (card.container, output_container(card)) == ("png", (".png", "png"))
    assert np.array_equal(frame_of(path).picture(card.size), smooth())


def test_a_profile_is_applied_and_then_dropped(tmp_path: Path) -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = Image.fromarray(smooth())
    swapped.save(tmp_path / "a.png", icc_profile=lab)
    assert "ICC profile" in probe(tmp_path / "a.png").carries
    seen = frame_of(tmp_path / "a.png").picture(Size(64, 48)).astype(int)
    assert np.abs(seen - smooth()).max() <= 2
    out = through(tmp_path / "a.png")
    assert b"iCCP" not in out.read_bytes()
    assert probe(out).carries == ()


def test_a_broken_profile_is_dropped(tmp_path: Path) -> None:
    Image.fromarray(smooth()).save(tmp_path / "a.png", icc_profile=b"nonsense" * 40)
    assert np.array_equal(frame_of(tmp_path / "a.png").picture(Size(64, 48)), smooth())


NEEDLE = "Zarathustra"


def laden(path: Path) -> Path:
    """A photo with a needle in every place for notes that its format has, and behind its end."""
    exif = Image.Exif()
    exif[ExifTags.Base.Artist] = NEEDLE
    exif[ExifTags.Base.XPAuthor] = NEEDLE.encode("utf-16-le")
    gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
    gps[ExifTags.GPS.GPSLatitudeRef], gps[ExifTags.GPS.GPSLatitude] = "N", (48.0, 51.0, 27.0)
    options: dict[str, Any] = {"exif": exif}
    if path.suffix == ".jpg":
        options |= {"comment": NEEDLE, "xmp": f"<x:xmpmeta>{NEEDLE}</x:xmpmeta>".encode()}
    if path.suffix == ".webp":
        options["xmp"] = f"<x:xmpmeta>{NEEDLE}</x:xmpmeta>".encode()
    if path.suffix == ".png":
        notes = PngImagePlugin.PngInfo()
        notes.add_text("Author", NEEDLE)
        notes.add_text("Comment", NEEDLE, zip=True)
        notes.add_itxt("XML:com.adobe.xmp", NEEDLE)
        options["pnginfo"] = notes
    Image.fromarray(smooth()).save(path, **options)
    path.write_bytes(path.read_bytes() + b"ftypmp42" + NEEDLE.encode())
    return path


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_nothing_but_pixels_travels_along(tmp_path: Path, suffix: str) -> None:
    path = laden(tmp_path / f"a{suffix}")
    carries = set(probe(path).carries)
    assert {"EXIF", "GPS", "trailing data", "XMP"} <= carries
    assert carries & {"JPEG comment", "text"} or suffix == ".webp"
    out = through(path)
    data = out.read_bytes()
    for coding in ("utf-8", "utf-16-le", "utf-16-be"):
        assert NEEDLE.encode(coding) in path.read_bytes() or coding == "utf-16-be"
        assert NEEDLE.encode(coding) not in data
    assert b"Exif" not in data
    assert probe(out).carries == ()
    if suffix == ".png":
        with Image.open(out) as image:
            assert not image.info


@pytest.mark.parametrize("chroma", ["4:4:4", "4:2:0"])
def test_a_jpeg_keeps_its_chroma(tmp_path: Path, chroma: str) -> None:
    Image.fromarray(smooth()).save(tmp_path / "a.jpg", subsampling=chroma)
    frame = frame_of(tmp_path / "a.jpg")
    assert frame.native.subsampling == chroma
    size = {c: len(through(tmp_path / "a.jpg").read_bytes()) for c in [chroma]}
    assert size


def test_a_lossless_webp_stays_lossless(tmp_path: Path) -> None:
    Image.fromarray(smooth()).save(tmp_path / "a.webp", lossless=True)
    with Image.open(through(tmp_path / "a.webp")) as made:
        assert np.array_equal(np.asarray(made.convert("RGB")), smooth())


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("share", [0.3, 0.7, 0.95])
def test_a_cut_photo_is_never_taken_for_a_whole_one(
    tmp_path: Path, suffix: str, share: float
) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (200, 200, 3), np.uint8)
    path = tmp_path / f"a{suffix}"
    Image.fromarray(noise).save(path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(MediaError) as error:
        frame_of(path)
    if suffix != ".webp":
        assert isinstance(error.value, Truncated)


def test_a_photo_of_too_many_pixels_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    Image.new("1", (3000, 3000)).save(tmp_path / "a.png")
    with pytest.raises(Unsupported, match="3000x3000"):
        probe(tmp_path / "a.png", most_pixels=1_000_000)
    card = probe(tmp_path / "a.png")
    with pytest.raises(Unsupported, match="3000x3000"):
        next(PhotoSource(card, most_pixels=1_000_000).frames())


def test_a_moving_gif_is_a_video_and_a_still_one_a_photo(tmp_path: Path) -> None:
    pages = [Image.fromarray(smooth()), Image.fromarray(smooth()[::-1].copy())]
    pages[0].save(tmp_path / "a.gif", save_all=True, append_images=pages[1:], duration=100)
    pages[0].save(tmp_path / "b.gif")
    assert (probe(tmp_path / "a.gif").kind, probe(tmp_path / "b.gif").kind) == ("video", "photo")


def test_a_tile_of_a_photo_is_the_part_of_the_whole(tmp_path: Path) -> None:
    turned(tmp_path / "a.png", 6)
    frame = frame_of(tmp_path / "a.png")
    whole = frame.picture(frame.size)
    part = frame.picture(Size(20, 30), Box(5, 10, 25, 40))
    assert np.array_equal(part, whole[10:40, 5:25])
    small = frame.picture(Size(10, 15), Box(4, 10, 24, 40)).astype(int)
    slow = cv2.resize(whole[10:40, 4:24], (10, 15), interpolation=cv2.INTER_AREA)
    assert np.abs(small - slow).max() <= 1


def test_painting_shows_in_the_output_and_nowhere_else(tmp_path: Path) -> None:
    Image.fromarray(smooth()).save(tmp_path / "a.png")
    card, frame = probe(tmp_path / "a.png"), frame_of(tmp_path / "a.png")
    frame.luma(1)
    for plane in frame.writable():
        plane.pixels[10:20, 30:50] = plane.black
    sink = PhotoSink(tmp_path / "o.partial", card, output_format="png")
    sink.write(frame)
    sink.close()
    with Image.open(tmp_path / "o.partial") as made:
        now = np.asarray(made).copy()
    assert (now[10:20, 30:50] == 0).all()
    now[10:20, 30:50] = smooth()[10:20, 30:50]
    assert np.array_equal(now, smooth())
    assert frame.luma(1)[7, 20] == 0


def test_transparency_in_a_jpeg_becomes_white(tmp_path: Path) -> None:
    image = Image.fromarray(smooth()).convert("RGBA")
    image.putalpha(0)
    image.save(tmp_path / "a.png")
    card = probe(tmp_path / "a.png")
    sink = PhotoSink(tmp_path / "o.partial", card, output_format="jpeg")
    sink.write(frame_of(tmp_path / "a.png"))
    sink.close()
    with Image.open(tmp_path / "o.partial") as made:
        assert np.asarray(made).min() > 250


def test_discard_leaves_nothing(tmp_path: Path) -> None:
    turned(tmp_path / "a.jpg", 1)
    sink = PhotoSink(tmp_path / "o.partial", probe(tmp_path / "a.jpg"), output_format="jpeg")
    sink.write(frame_of(tmp_path / "a.jpg"))
    sink.discard()
    sink.discard()
    assert [p.name for p in tmp_path.iterdir()] == ["a.jpg"]


def test_a_sink_without_a_picture_is_an_error(tmp_path: Path) -> None:
    turned(tmp_path / "a.jpg", 1)
    sink = PhotoSink(tmp_path / "o.partial", probe(tmp_path / "a.jpg"), output_format="jpeg")
    with pytest.raises(OutputError):
        sink.close()
    sink.discard()


def test_a_picture_too_large_for_its_format_is_an_output_error(tmp_path: Path) -> None:
    Image.new("L", (16500, 2)).save(tmp_path / "a.png")
    sink = PhotoSink(tmp_path / "o.partial", probe(tmp_path / "a.png"), output_format="webp")
    with pytest.raises(OutputError):
        sink.write(frame_of(tmp_path / "a.png"))
    sink.discard()


def test_memory_is_read_and_not_the_name(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.fromarray(smooth()).save(buffer, "JPEG")
    (tmp_path / "no suffix").write_bytes(buffer.getvalue())
    assert probe(tmp_path / "no suffix").container == "jpeg"
